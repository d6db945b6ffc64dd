//! From the start of the process to its first answer, on a database that exists.

use super::{Report, Setting};
use crate::grid::Grid;
use crate::servers::Kind;

/// Starts of a round: one takes no time.
const STARTS: usize = 5;

pub fn measure(setting: &Setting) -> Report {
    let mut start = Grid::new("start to the first answered request");
    for kind in setting.among(&[Kind::Klatch]) {
        setting.say(&format!("start: {} …", kind.name()));
        let mut subject = setting.start(kind);
        let room = "den".to_owned();
        subject.open(&room, 2);
        subject.saturate(&[room], 8, 1.0);
        let mut server = subject.without_load();
        for _ in 0..setting.rounds * STARTS {
            start.add("ms", kind.name(), server.restart_klatch(&setting.programs) * 1e3);
        }
    }
    Report { grids: vec![start], plots: Vec::new() }
}
