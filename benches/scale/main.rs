//! What reading costs in a large database: two million messages in 2,000 public rooms, and somebody in 200 of them who has
//! read nothing, beside somebody in the same rooms who has read everything; and what sends cost while much is removed, or
//! the doctor looks at all of it. On SQLite and on Postgres.
//!
//!   cargo bench --bench scale                      some minutes: the databases are made first
//!   cargo bench --bench scale -- --rounds 41       more requests of each kind, for a truer spread
//!   cargo bench --bench scale -- --messages 200000 --large 50000
//!
//! Requests of the two take turns, so that a machine that slows down meanwhile slows both.

// A part of what the tests stand on: how a server, a database and an account are made.
#[allow(dead_code, unused_imports, unused_macros)]
#[path = "../../tests/all/common/mod.rs"]
mod common;

#[allow(dead_code)]
#[path = "../messages/machine.rs"]
mod machine;
#[path = "../messages/spread.rs"]
mod spread;

mod beside;
mod database;

use std::time::Instant;

use beside::People;
use common::{Database, Options, Person, Server};
use database::Size;
use spread::spread;

/// The most that reading may cost whoever has read nothing, beside whoever has read everything.
const MOST_RATIO: f64 = 2.0;
/// The most bytes of a room's page.
const MOST_PAGE: usize = 60_000;

struct Arguments {
    rounds: usize,
    size: Size,
}

impl Arguments {
    fn read() -> Self {
        let mut read = Self { rounds: 21, size: Size { messages: 2_000_000, rooms: 2_000, own: 200, large: 500_000 } };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            // Cargo's own word to every benchmark.
            if name == "--bench" {
                continue;
            }
            let value = arguments.next().and_then(|value| value.parse::<u64>().ok()).filter(|&value| value > 0);
            match (name.as_str(), value) {
                ("--rounds", Some(rounds)) => read.rounds = rounds as usize,
                ("--messages", Some(messages)) => read.size.messages = messages,
                ("--large", Some(large)) => read.size.large = large,
                _ => panic!("{name}: the options are --rounds, --messages and --large N"),
            }
        }
        read
    }
}

/// What is asked for.
#[derive(Clone, Copy)]
enum Asked {
    Page,
    Welcome,
    Rooms,
}

impl Asked {
    const ALL: [Self; 3] = [Self::Page, Self::Welcome, Self::Rooms];

    fn name(self) -> &'static str {
        match self {
            Self::Page => "a room's page",
            Self::Welcome => "`welcome`",
            Self::Rooms => "`GET /rooms`",
        }
    }

    /// Milliseconds, and the bytes of a page.
    async fn take(self, person: &Person) -> (f64, usize) {
        let since = Instant::now();
        let bytes = match self {
            Self::Page => {
                let page = person.http.get("page:/rooms/room-1").await;
                assert_eq!(page.status, 200, "{}", page.text);
                page.text.len()
            }
            Self::Welcome => person.socket().await.welcome.to_string().len(),
            Self::Rooms => person.http.get("/rooms?limit=100").await.ok(200).to_string().len(),
        };
        (since.elapsed().as_secs_f64() * 1_000.0, bytes)
    }
}

/// Says whether all is as it is to be.
async fn measure(database: Database, arguments: &Arguments) -> bool {
    eprintln!("{database:?}: {} messages in {} rooms …", arguments.size.messages, arguments.size.rooms);
    let options = Options::on(database)
        .option("--send-rate", 0)
        .option("--write-rate", 0)
        .option("--signup-rate", 0)
        .option("--sockets-per-user", 0)
        .option("--audit-days", 30);
    let mut server = Server::start(options).await;
    let [reader, lurker] = server.people(["reader", "lurker"]).await;
    let people = beside::people(&server).await;
    database::fill(&server, &arguments.size, &reader, &lurker, &people);
    server.restart().await;
    let [reader, lurker] = [reader.at(&server), lurker.at(&server)];
    let People { owner, sender, leaver } = people;
    let people = People { owner: owner.at(&server), sender: sender.at(&server), leaver: leaver.at(&server) };
    for asked in Asked::ALL {
        asked.take(&reader).await;
    }
    let before = server.metric("process_resident_memory_bytes").await;
    let mut is_well = true;
    println!("\n{database:?}, medians of {} requests in ms (least to most):\n", arguments.rounds);
    println!("| | all is read | nothing is read | ratio |\n| --- | --- | --- | --- |");
    let mut page_bytes = 0;
    for asked in Asked::ALL {
        let (mut read, mut unread) = (Vec::new(), Vec::new());
        for _ in 0..arguments.rounds {
            read.push(asked.take(&reader).await.0);
            let (took, bytes) = asked.take(&lurker).await;
            unread.push(took);
            if matches!(asked, Asked::Page) {
                page_bytes = bytes;
            }
        }
        let ratio = median(&unread) / median(&read);
        is_well &= ratio <= MOST_RATIO;
        println!("| {} | {} | {} | {ratio:.2} |", asked.name(), spread(&read), spread(&unread));
    }
    let after = server.metric("process_resident_memory_bytes").await;
    is_well &= page_bytes < MOST_PAGE;
    println!("\nThe page of whoever has read nothing: {page_bytes} bytes.");
    println!("Memory of the server: {:.0} MiB before, {:.0} MiB after.", before / 1_048_576.0, after / 1_048_576.0);
    is_well & beside::measure(&server, &people).await
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments = Arguments::read();
    let mut databases = vec![Database::Sqlite];
    if machine::has_postgres() {
        databases.push(Database::Postgres);
    } else {
        eprintln!("PostgreSQL is not installed: SQLite only");
    }
    let mut is_well = true;
    println!("{}", machine::described(&std::env::temp_dir()));
    for database in databases {
        is_well &= measure(database, &arguments).await;
    }
    if !is_well {
        eprintln!(
            "not as it is to be: at most {MOST_RATIO} times the cost, {MOST_PAGE} bytes of a page, sends as quick and the \
             memory as flat as benches/scale/beside.rs says"
        );
        std::process::exit(1);
    }
}
