//! Room pages with 20 messages.

use std::time::{Duration, Instant};

use super::{Report, Setting};
use crate::grid::Grid;
use crate::http::Http;
use crate::process::cpu_seconds;

const MESSAGES: usize = 20;
const CONNECTIONS: usize = 4;
const LENGTH: Duration = Duration::from_secs(3);

pub fn measure(setting: &Setting) -> Report {
    let mut pages = Grid::new("GET /rooms/den with 20 messages");
    for kind in setting.klatches() {
        let mut subject = setting.start(kind);
        let mut member = subject.sign_up();
        member.post("/api/v1/rooms", r#"{"slug":"den"}"#).expect("an answer").ok(201);
        for number in 0..MESSAGES {
            let key = format!("00000000-0000-4000-8000-{number:012x}");
            let body = format!(r#"{{"key":"{key}","body":"It **works** here: see line {number} of the log."}}"#);
            member.post("/api/v1/rooms/den/messages", &body).expect("an answer").ok(201);
        }
        for round in 1..=setting.rounds {
            setting.say(&format!("pages: round {round} of {}, {}", setting.rounds, kind.name()));
            let pids = subject.server.pids();
            let (start, cpu) = (Instant::now(), cpu_seconds(&pids));
            let readers: Vec<_> = (0..CONNECTIONS).map(|_| read(&member)).collect();
            let read: Vec<(u64, usize)> = readers.into_iter().map(|reader| reader.join().expect("pages")).collect();
            let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds(&pids) - cpu);
            let count: u64 = read.iter().map(|(count, _)| count).sum();
            pages.add("pages a second of a core", kind.name(), count as f64 / cpu);
            pages.add("pages a second, the readers on the same cores", kind.name(), count as f64 / seconds);
            pages.add("bytes of a page", kind.name(), read[0].1 as f64);
        }
    }
    Report { grids: vec![pages], plots: Vec::new() }
}

/// How many, and how large one is.
fn read(member: &Http) -> std::thread::JoinHandle<(u64, usize)> {
    let mut http = member.again().expect("a server that listens");
    std::thread::spawn(move || {
        let (start, mut count, mut bytes) = (Instant::now(), 0, 0);
        while start.elapsed() < LENGTH {
            bytes = http.get("/rooms/den").expect("an answer").ok(200).len();
            count += 1;
        }
        (count, bytes)
    })
}
