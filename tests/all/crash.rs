//! The crash proof: a server that is killed with -9 at random moments, or drained, loses, doubles and reorders nothing
//! that it told anybody. `KLATCH_TEST_SEED` repeats or varies a run.

pub mod client;
pub mod talk;

use crate::common::server::lasting_port;
use crate::common::*;
use client::Habits;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::time::Duration;
use talk::{ROOMS, Talk};

const CLIENTS: usize = 12;

async fn kills_lose_double_and_reorder_nothing(options: Options) {
    under_load(options, Habits::default(), async |server, rng| {
        for _ in 0..scale().kills {
            moment(rng).await;
            server.restart().await;
        }
    })
    .await;
}

/// Each socket is told, and each process ends by itself in time.
async fn drains_under_load_lose_double_and_reorder_nothing(options: Options) {
    let habits = Habits { says_bye: true, ..Habits::default() };
    under_load(options.option("--drain-secs", 1), habits, async |server, rng| {
        for _ in 0..scale().drains {
            moment(rng).await;
            server.signal(libc::SIGTERM);
            assert_eq!(server.exit(Duration::from_secs(1 + 5)).await.code(), Some(0));
            server.restart().await;
        }
    })
    .await;
}

/// The moment of a fault, not a wait for anything.
async fn moment(rng: &mut StdRng) {
    tokio::time::sleep(Duration::from_millis(rng.random_range(50..1500))).await;
}

/// Clients do what clients do while `faults` happen; what they were told is held against the database then.
async fn under_load(options: Options, habits: Habits, faults: impl AsyncFnOnce(&mut Server, &mut StdRng)) {
    let seed = std::env::var("KLATCH_TEST_SEED").map_or(20_260_101, |seed| seed.parse().expect("a number"));
    eprintln!("KLATCH_TEST_SEED={seed}");
    let address = format!("127.0.0.1:{}", lasting_port());
    let mut server = options.listen(address).start().await;
    let talk = Talk::begin(&server, CLIENTS, seed, habits).await;
    faults(&mut server, &mut StdRng::seed_from_u64(seed)).await;
    let rooms = talk.end().await;
    assert!(ROOMS.iter().all(|room| rooms[*room].messages.len() > CLIENTS), "there was a load");
}

on_both_databases![kills_lose_double_and_reorder_nothing, drains_under_load_lose_double_and_reorder_nothing];
