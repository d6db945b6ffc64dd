//! A small HTTP request while a room of 8,000 gets 6 messages a second.

use std::time::{Duration, Instant};

use super::{Checks, Report, Setting};
use crate::grid::Grid;
use crate::http::Http;
use crate::orders::Order;

const SOCKETS: usize = 8_000;
const RATE: f64 = 6.0;
const SECONDS: f64 = 6.0;
/// From one request to the next.
const BETWEEN: Duration = Duration::from_millis(5);
/// One for each worker at least, so that every worker is asked.
const CONNECTIONS: usize = 8;

pub fn measure(setting: &Setting) -> Report {
    let room = "stadium";
    let mut latency = Grid::new("GET /healthz, ms");
    let mut checks = Checks::new();
    for kind in setting.klatches() {
        setting.say(&format!("http: {} …", kind.name()));
        let mut subject = setting.start(kind);
        subject.open(room, SOCKETS);
        for round in 1..=setting.rounds {
            setting.say(&format!("http: round {round} of {}", setting.rounds));
            let address = subject.server.address.clone();
            let mut add = |when: &str, mut times: Vec<f64>| {
                times.sort_by(f64::total_cmp);
                let at = |part: f64| times[((part * times.len() as f64).ceil() as usize).max(1) - 1];
                latency.add(&format!("{when}: p50"), kind.name(), at(0.5));
                latency.add(&format!("{when}: p99"), kind.name(), at(0.99));
                latency.add(&format!("{when}: worst"), kind.name(), at(1.0));
            };
            add("nothing else happens", ask(&address, SECONDS / 3.0));
            subject.begin(&Order::Pace { rooms: vec![room.to_owned()], rate: RATE, seconds: SECONDS });
            let times = ask(&address, SECONDS);
            add("6 messages a second to 8,000 sockets", times);
            checks.add("6 messages a second to 8,000 sockets", kind.name(), &subject.answer());
        }
    }
    let mut grids = vec![latency];
    grids.extend(checks.grids());
    Report { grids, plots: Vec::new() }
}

/// Milliseconds of each request, from the time it was to be sent.
fn ask(address: &str, seconds: f64) -> Vec<f64> {
    let mut connections: Vec<Http> =
        (0..CONNECTIONS).map(|_| Http::connect(address).expect("a server that listens")).collect();
    let start = Instant::now();
    let count = (seconds / BETWEEN.as_secs_f64()) as u32;
    let ask_at = |number: u32| {
        let due = start + BETWEEN * number;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let answer = connections[number as usize % CONNECTIONS].get("/healthz");
        answer.expect("an answer").ok(200);
        due.elapsed().as_secs_f64() * 1e3
    };
    (0..count).map(ask_at).collect()
}
