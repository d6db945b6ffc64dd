//! Messages stored and delivered a second, and how long one takes from its send to the last of its receivers: 100 rooms
//! of 10 sockets, on SQLite and on Postgres.
//!
//!   cargo bench --bench messages                  about two minutes
//!   cargo bench --bench messages -- --rounds 9    longer, with a truer spread
//!   cargo bench --bench messages -- --seconds 20  longer measurements
//!   cargo bench --bench messages -- --rooms 500 --seats 2
//!
//! Rounds on both databases take turns, so that a machine that slows down meanwhile slows both. The load runs on the cores
//! that the server runs on: what it took of them is told too.

// A part of what the tests stand on: how a server, a database and an account are made.
#[allow(dead_code, unused_imports, unused_macros)]
#[path = "../../tests/all/common/mod.rs"]
mod common;

mod disk;
mod figures;
mod frames;
mod load;
mod machine;
mod rooms;
mod socket;
mod spread;

use std::time::Duration;

use common::{Database, Options, Server};
use figures::{Figure, table};
use rooms::{Rooms, Shape};

/// The messages a second of the second measurement, and of the third.
const STEADY: u64 = 1_000;
const BUSY: u64 = 10_000;

struct Arguments {
    rounds: usize,
    /// How long each measurement takes.
    length: Duration,
    shape: Shape,
}

impl Arguments {
    fn read() -> Self {
        let mut read = Self { rounds: 3, length: Duration::from_secs(4), shape: Shape { rooms: 100, seats: 10 } };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            // Cargo's own word to every benchmark.
            if name == "--bench" {
                continue;
            }
            let value = arguments.next().and_then(|value| value.parse::<u64>().ok()).filter(|&value| value > 0);
            match (name.as_str(), value) {
                ("--rounds", Some(rounds)) => read.rounds = rounds as usize,
                ("--seconds", Some(seconds)) => read.length = Duration::from_secs(seconds),
                ("--rooms", Some(rooms)) => read.shape.rooms = rooms as usize,
                ("--seats", Some(seats)) => read.shape.seats = seats as usize,
                _ => panic!("{name}: the options are --rounds, --seconds, --rooms and --seats N"),
            }
        }
        read
    }
}

/// A server with its rooms, and what was measured on it so far.
struct Subject {
    database: Database,
    server: Server,
    rooms: Rooms,
    figures: Vec<Figure>,
}

impl Subject {
    async fn on(database: Database, shape: Shape) -> Self {
        let options = Options::on(database).option("--sockets-per-user", 0);
        let server = Server::start(options).await;
        let rooms = Rooms::open(&server, shape).await;
        Self { database, server, rooms, figures: Vec::new() }
    }

    async fn measure(&mut self, length: Duration) {
        let saturated = self.rooms.saturate(length).await;
        let steady = self.rooms.keep_up(STEADY, length).await;
        let busy = self.rooms.keep_up(BUSY, length).await;
        self.figures.push(Figure { saturated, steady, busy });
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    tokio::task::LocalSet::new().run_until(measure(Arguments::read())).await;
}

async fn measure(arguments: Arguments) {
    let mut databases = vec![Database::Sqlite];
    if machine::has_postgres() {
        databases.push(Database::Postgres);
    } else {
        eprintln!("PostgreSQL is not installed: SQLite only");
    }
    let mut subjects = Vec::new();
    for database in databases {
        let Shape { rooms, seats } = arguments.shape;
        eprintln!("{database:?}: {rooms} rooms of {seats} sockets …");
        subjects.push(Subject::on(database, arguments.shape).await);
    }
    // The databases are both kept below the folder for temporary files.
    let folder = subjects[0].server.data_dir();
    let mut syncs = vec![disk::syncs_a_second(&folder)];
    for round in 1..=arguments.rounds {
        for subject in &mut subjects {
            eprintln!("round {round} of {}, {:?}", arguments.rounds, subject.database);
            subject.measure(arguments.length).await;
        }
        syncs.push(disk::syncs_a_second(&folder));
    }
    let columns: Vec<_> = subjects.iter().map(|it| (it.database, it.figures.as_slice())).collect();
    let Shape { rooms, seats } = arguments.shape;
    println!("{rooms} rooms of {seats} sockets; {}", machine::described(&folder));
    println!("medians of {} rounds (least to most)\n", arguments.rounds);
    println!("{}", table(STEADY, BUSY, &columns));
    println!("The disk alone, beside it: {} `fdatasync` of 4 KiB a second", spread::spread(&syncs));
}
