//! From the moment a message was to be sent until a socket has it: 1,000 sockets, 50 messages a second.

use super::{Checks, Report, Setting};
use crate::grid::Grid;
use crate::orders::Order;
use crate::servers::Kind;
use crate::subject::Subject;

const SOCKETS: usize = 1_000;
const RATE: f64 = 50.0;
const SECONDS: f64 = 4.0;

pub fn measure(setting: &Setting) -> Report {
    let room = "hall";
    let mut subjects: Vec<Subject> = setting
        .among(&[Kind::Floor, Kind::Klatch, Kind::Before, Kind::Bun, Kind::Actix])
        .into_iter()
        .map(|kind| {
            let mut subject = setting.start(kind);
            subject.open(room, SOCKETS);
            subject
        })
        .collect();
    let mut latency = Grid::new("1,000 sockets, 50 messages a second: latency, ms");
    let mut checks = Checks::new();
    for round in 1..=setting.rounds {
        setting.say(&format!("latency: round {round} of {}", setting.rounds));
        for subject in &mut subjects {
            let order = Order::Pace { rooms: vec![room.to_owned()], rate: RATE, seconds: SECONDS };
            let heard = subject.order(&order);
            let kind = subject.kind.name();
            latency.add("p50", kind, heard.p50);
            latency.add("p99", kind, heard.p99);
            latency.add("worst", kind, heard.worst);
            checks.add("50 messages a second", kind, &heard);
        }
    }
    let mut grids = vec![latency];
    grids.extend(checks.grids());
    Report { grids, plots: Vec::new() }
}
