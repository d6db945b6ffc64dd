//! Resident memory of an idle socket that has joined a room.

use std::time::Duration;

use super::{Report, Setting};
use crate::grid::Grid;
use crate::plot;

/// So that what is made once is there before.
const WARM_UP: usize = 64;
const SOCKETS: usize = 8_000;
/// Until what was used to let them in is given back, as far as it will be.
const REST: Duration = Duration::from_secs(1);

pub fn measure(setting: &Setting) -> Report {
    let mut memory = Grid::new("resident memory of an idle socket, KB");
    let row = "8,000 sockets in a room";
    for round in 1..=setting.rounds {
        for kind in &setting.kinds {
            setting.say(&format!("memory: round {round} of {}, {}", setting.rounds, kind.name()));
            let mut subject = setting.start(*kind);
            subject.open("warm", WARM_UP);
            subject.saturate(&["warm".to_owned()], 1, 0.2);
            std::thread::sleep(REST);
            let before = subject.resident_bytes();
            subject.open("stadium", SOCKETS);
            std::thread::sleep(REST);
            let grown = subject.resident_bytes().saturating_sub(before);
            memory.add(row, kind.name(), grown as f64 / SOCKETS as f64 / 1e3);
        }
    }
    let bars: Vec<(String, f64)> =
        memory.columns.iter().map(|column| (column.clone(), memory.median(row, column))).collect();
    let plots = vec![("memory.svg", plot::bars("resident memory of an idle socket, KB", &bars))];
    Report { grids: vec![memory], plots }
}
