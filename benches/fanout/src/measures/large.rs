//! CPU of the server for a delivery in a room of 8,000.

use super::{Checks, Report, Setting, for_a_delivery};
use crate::grid::Grid;
use crate::servers::Kind;
use crate::subject::Subject;

const SOCKETS: usize = 8_000;

pub fn measure(setting: &Setting) -> Report {
    let room = vec!["stadium".to_owned()];
    let mut subjects: Vec<Subject> = setting
        .among(&[Kind::Floor, Kind::Klatch, Kind::Before, Kind::Bun, Kind::Actix])
        .into_iter()
        .map(|kind| {
            setting.say(&format!("large: {} …", kind.name()));
            let mut subject = setting.start(kind);
            subject.open(&room[0], SOCKETS);
            subject
        })
        .collect();
    let mut cpu = Grid::new("CPU of the server for a delivery, µs");
    let mut checks = Checks::new();
    for round in 1..=setting.rounds {
        setting.say(&format!("large: round {round} of {}", setting.rounds));
        for (name, in_flight) in [("a room of 8,000, one message at a time", 1), ("a room of 8,000, 8 in flight", 8)] {
            for subject in &mut subjects {
                let heard = subject.saturate(&room, in_flight, setting.seconds);
                cpu.add(name, subject.kind.name(), for_a_delivery(&heard));
                checks.add(name, subject.kind.name(), &heard);
            }
        }
    }
    let ratios = cpu.by(Kind::Floor.name(), "the same, by the floor's");
    let mut grids = vec![cpu, ratios];
    grids.extend(checks.grids());
    Report { grids, plots: Vec::new() }
}
