//! What a delivery costs as the room grows.

use super::{Checks, Report, Setting, for_a_delivery};
use crate::grid::Grid;
use crate::plot;
use crate::servers::Kind;
use crate::subject::Subject;

const SIZES: [usize; 7] = [100, 300, 1_000, 3_000, 6_000, 10_000, 15_000];

pub fn measure(setting: &Setting) -> Report {
    let room = vec!["stadium".to_owned()];
    let mut subjects: Vec<(Subject, Vec<String>)> = setting
        .among(&[Kind::Floor, Kind::Klatch, Kind::Before, Kind::Bun])
        .into_iter()
        .map(|kind| {
            let mut subject = setting.start(kind);
            let klatch = setting.klatches().contains(&kind);
            let cookies = if klatch { subject.members(&room[0], 2) } else { Vec::new() };
            (subject, cookies)
        })
        .collect();
    let mut cpu = Grid::new("CPU of the server for a delivery, µs");
    let mut checks = Checks::new();
    let mut opened = 0;
    for size in SIZES {
        setting.say(&format!("curve: {size} sockets"));
        for (subject, cookies) in &mut subjects {
            subject.join(&room[0], cookies.clone(), size - opened);
        }
        opened = size;
        let row = format!("{size} sockets");
        for _ in 0..setting.rounds {
            for (subject, _) in &mut subjects {
                let heard = subject.saturate(&room, 1, setting.seconds);
                cpu.add(&row, subject.kind.name(), for_a_delivery(&heard));
                checks.add(&row, subject.kind.name(), &heard);
            }
        }
    }
    let lines: Vec<(String, Vec<(f64, f64)>)> = cpu
        .columns
        .iter()
        .map(|column| {
            let at = |size: &usize| (*size as f64, cpu.median(&format!("{size} sockets"), column));
            (column.clone(), SIZES.iter().map(at).collect())
        })
        .collect();
    let plots = vec![("curve.svg", plot::lines("CPU for a delivery, µs, by sockets in the room", &lines))];
    let ratios = cpu.by(Kind::Floor.name(), "the same, by the floor's");
    let mut grids = vec![cpu, ratios];
    grids.extend(checks.grids());
    Report { grids, plots }
}
