//! What is measured, and with what.

mod curve;
mod fanout;
mod http;
mod large;
mod latency;
mod memory;
mod pages;
mod start;
mod storm;

use crate::grid::Grid;
use crate::orders::Heard;
use crate::servers::{Kind, Programs};
use crate::subject::Subject;

type Measure = fn(&Setting) -> Report;

/// Everything that can be asked for, in the order in which it is done.
pub const ALL: [(&str, Measure); 9] = [
    ("fanout", fanout::measure),
    ("memory", memory::measure),
    ("large", large::measure),
    ("latency", latency::measure),
    ("http", http::measure),
    ("storm", storm::measure),
    ("pages", pages::measure),
    ("start", start::measure),
    ("curve", curve::measure),
];

pub struct Setting {
    pub programs: Programs,
    pub kinds: Vec<Kind>,
    pub rounds: usize,
    /// How long each measurement takes, in seconds.
    pub seconds: f64,
    /// Length of the payload that klatch delivers, and hence everybody.
    pub bytes: usize,
}

#[derive(Default)]
pub struct Report {
    pub grids: Vec<Grid>,
    /// Files by their names.
    pub plots: Vec<(&'static str, String)>,
}

impl Setting {
    pub fn start(&self, kind: Kind) -> Subject {
        Subject::start(kind, &self.programs, self.bytes)
    }

    /// Those of these that were asked for.
    pub fn among(&self, kinds: &[Kind]) -> Vec<Kind> {
        self.kinds.iter().copied().filter(|kind| kinds.contains(kind)).collect()
    }

    pub fn klatches(&self) -> Vec<Kind> {
        self.among(&[Kind::Klatch, Kind::Before])
    }

    pub fn say(&self, what: &str) {
        eprintln!("{what}");
    }
}

/// The length of the payload that klatch delivers of one of our messages. Numbers have three digits by then.
pub fn payload_bytes(programs: &Programs) -> usize {
    let mut subject = Subject::start(Kind::Klatch, programs, 0);
    let room = "probe".to_owned();
    subject.open(&room, 1);
    let heard = subject.saturate(&[room], 4, 0.3);
    const HEADER: u64 = 4;
    (heard.bytes / heard.deliveries.max(1) - HEADER) as usize
}

/// Microseconds of the server for a delivery.
fn for_a_delivery(heard: &Heard) -> f64 {
    heard.server_cpu * 1e6 / heard.deliveries as f64
}

/// Whether the figures are the server's: how busy the load was, and what did not come.
#[derive(Default)]
struct Checks {
    busiest: Grid,
    missing: Grid,
}

impl Checks {
    fn new() -> Self {
        Self {
            busiest: Grid::new("cores that the load took (at 0.95 and more it is the limit)"),
            missing: Grid::new("deliveries that did not come"),
        }
    }

    fn add(&mut self, row: &str, column: &str, heard: &Heard) {
        self.busiest.add(row, column, heard.load_cpu / heard.seconds);
        self.missing.add(row, column, heard.missing as f64);
        if heard.load_cpu / heard.seconds >= 0.95 {
            eprintln!("  the load is the limit: {row}, {column}");
        }
    }

    /// What did not come is shown where there is any.
    fn grids(self) -> Vec<Grid> {
        let all_came = self.missing.is_zero();
        if all_came { vec![self.busiest] } else { vec![self.busiest, self.missing] }
    }
}
