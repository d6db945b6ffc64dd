//! Three instances on one Postgres and one Redis, behind HAProxy as operators run it: what it costs to be several, and
//! what is noticed when a part fails.
//!
//!   cargo bench --bench instances                  about two minutes
//!   cargo bench --bench instances -- --rounds 9    longer, with a truer spread
//!
//! Everything runs on the same cores, the load too.

// A part of what the tests stand on: how instances, their database, Redis and balancer are started.
#[allow(dead_code, unused_imports, unused_macros)]
#[path = "../../tests/all/common/mod.rs"]
mod common;

#[path = "../messages/frames.rs"]
mod frames;
#[allow(dead_code)]
#[path = "../messages/machine.rs"]
mod machine;
#[path = "../messages/socket.rs"]
mod socket;
#[path = "../messages/spread.rs"]
mod spread;

mod cpu;
mod failures;
mod seats;

use std::time::Duration;

use common::server::lasting_port;
use common::{Chat, Haproxy};
use cpu::Used;
use failures::{Outage, Return};
use seats::{Heard, Seats, milliseconds};
use spread::spread;

const INSTANCES: usize = 3;
/// Messages a second while nothing fails, and for how long.
const RATE: u64 = 500;
const LENGTH: Duration = Duration::from_secs(8);

/// What a round without failures measured.
struct Steady {
    heard: Heard,
    used: Used,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    tokio::task::LocalSet::new().run_until(measure(rounds())).await;
}

fn rounds() -> usize {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => 3,
        ["--rounds", rounds] => rounds.parse().expect("--rounds takes a number"),
        _ => panic!("the only option is --rounds N"),
    }
}

async fn measure(rounds: usize) {
    let chat = Chat::with(INSTANCES, |options| {
        options.option("--sockets-per-user", 0).listen(format!("127.0.0.1:{}", lasting_port()))
    });
    let mut chat = chat.await;
    let balancer = Haproxy::before(&chat.instances).await;
    let seats = Seats::open(&chat).await;
    let (mut steady, mut outages, mut returns) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}: {RATE} messages a second, then {:?} without Redis", failures::AWAY);
        let before = Used::by(&chat);
        let heard = seats.hear(RATE, LENGTH).await;
        steady.push(Steady { heard, used: Used::by(&chat) - before });
        outages.push(failures::outage(&mut chat, &seats).await);
    }
    drop(seats);
    let visitor = failures::visitor(&balancer).await;
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}: kill -9 of an instance");
        returns.push(failures::kill(&mut chat.instances[round % INSTANCES], &visitor).await);
    }
    println!("{}; medians of {rounds} rounds (least to most)\n", machine::described(std::path::Path::new("/tmp")));
    print(&steady, &outages, &returns);
}

fn print(steady: &[Steady], outages: &[Outage], returns: &[Return]) {
    println!("|  |  |\n| --- | --- |");
    let messages = (RATE * LENGTH.as_secs()) as f64;
    let measured = |name: &str, of: &dyn Fn(&Steady) -> f64| {
        println!("| {name} | {} |", spread(&steady.iter().map(of).collect::<Vec<_>>()));
    };
    let latency = |where_: &str, of: fn(&Heard) -> &Vec<Duration>| {
        measured(&format!("{where_}: p50, ms"), &|it| milliseconds(of(&it.heard), 0.5));
        measured(&format!("{where_}: p99, ms"), &|it| milliseconds(of(&it.heard), 0.99));
    };
    latency("inside the sender's instance", |heard| &heard.inside);
    latency("at another instance", |heard| &heard.across);
    let microseconds = |time: Duration| time.as_secs_f64() * 1e6 / messages;
    measured("CPU of Redis for a message, µs", &|it| microseconds(it.used.redis));
    measured("CPU of Postgres for a message, µs", &|it| microseconds(it.used.postgres));
    measured("CPU of all instances for a message, µs", &|it| microseconds(it.used.instances));
    let outage = |name: &str, of: &dyn Fn(&Outage) -> f64| {
        println!("| {name} | {} |", spread(&outages.iter().map(of).collect::<Vec<_>>()));
    };
    outage("10 s without Redis: deliveries", &|it| it.deliveries as f64);
    outage("10 s without Redis: later than 100 ms", &|it| it.late as f64);
    outage("10 s without Redis: the latest, ms", &|it| it.latest);
    outage("10 s without Redis: lost", &|it| it.lost as f64);
    let killed = |name: &str, of: &dyn Fn(&Return) -> f64| {
        println!("| {name} | {} |", spread(&returns.iter().map(of).collect::<Vec<_>>()));
    };
    killed("kill -9 of an instance: its sockets", &|it| it.sockets as f64);
    killed("kill -9 of an instance: until half of them are live again, ms", &|it| it.half);
    killed("kill -9 of an instance: until all are, ms", &|it| it.all);
}
