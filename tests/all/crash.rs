//! The crash proof: a server that is killed with -9 at random moments, or drained, loses, doubles and reorders nothing
//! that it told anybody. `KLATCH_TEST_SEED` repeats or varies a run.

mod client;

use crate::common::server::lasting_port;
use crate::common::{self, *};
use crate::history::{History, Message, Recorder, Room, check};
use client::{Client, Manners, Phase};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

const CLIENTS: usize = 12;
const KILLS: usize = 20;
const DRAINS: usize = 6;

/// In the first nothing but sends happens, so that its numbers can be checked without an allowance.
pub const ROOMS: [&str; 3] = ["log", "den", "attic"];

async fn twenty_kills_lose_double_and_reorder_nothing(options: Options) {
    under_load(options, Manners::default(), async |server, rng| {
        for _ in 0..KILLS {
            moment(rng).await;
            server.restart().await;
        }
    })
    .await;
}

/// Each socket is told, and each process ends by itself in time.
async fn drains_under_load_lose_double_and_reorder_nothing(options: Options) {
    let manners = Manners { says_bye: true };
    under_load(options.option("--drain-secs", 1), manners, async |server, rng| {
        for _ in 0..DRAINS {
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
async fn under_load(options: Options, manners: Manners, faults: impl AsyncFnOnce(&mut Server, &mut StdRng)) {
    let seed = std::env::var("KLATCH_TEST_SEED").map_or(20_260_101, |seed| seed.parse().expect("a number"));
    eprintln!("KLATCH_TEST_SEED={seed}");
    let address = format!("127.0.0.1:{}", lasting_port());
    let mut server = options.listen(address).start().await;
    let reader = server.person("reader").await;
    for room in ROOMS {
        reader.makes_room(room).await;
    }
    let recorder = Recorder::default();
    let (phase, phases) = watch::channel(Phase::Load);
    let (tell, mut finished) = mpsc::channel(CLIENTS);
    let mut clients = vec![];
    for n in 0..CLIENTS {
        let person = server.person(&format!("client-{n}")).await;
        let client = Client::new(person, StdRng::seed_from_u64(seed + n as u64), recorder.clone(), manners);
        clients.push(tokio::spawn(client.run(phases.clone(), tell.clone())));
    }
    drop(tell); // so that its other end hears when no client is left
    let mut rng = StdRng::seed_from_u64(seed);
    faults(&mut server, &mut rng).await;
    phase.send_replace(Phase::Finish);
    for _ in 0..CLIENTS {
        let limit = Duration::from_secs(60);
        let done = common::wait::within(limit, "all clients to be answered", finished.recv()).await;
        done.expect("every client lives");
    }
    let rooms = stored(&reader).await;
    let goals = rooms.iter().map(|(name, room)| (name.clone(), room.seq)).collect();
    phase.send_replace(Phase::Settle(goals));
    for client in clients {
        client.await.expect("a client that reached the last number");
    }
    let records = recorder.records();
    let sizes: Vec<_> = rooms.values().map(|room| (room.messages.len(), room.seq)).collect();
    eprintln!("{} records; messages and numbers of the rooms: {sizes:?}", records.len());
    assert!(sizes.iter().all(|(messages, _)| *messages > CLIENTS), "there was a load");
    if let Err(violation) = check(&History { records, rooms }) {
        panic!("{violation}");
    }
}

/// Every room as somebody reads it who was not there.
async fn stored(reader: &Person) -> BTreeMap<String, Room> {
    let mut rooms = BTreeMap::new();
    for name in ROOMS {
        let room = reader.http.get(&format!("/rooms/{name}")).await.ok(200);
        let messages = reader.reads_whole_room(name).await;
        let room = Room {
            seq: room["seq"].as_u64().expect("a number"),
            messages: messages.iter().map(Message::of).collect(),
            only_sends: name == ROOMS[0],
        };
        rooms.insert(name.to_owned(), room);
    }
    rooms
}

on_both_databases![twenty_kills_lose_double_and_reorder_nothing, drains_under_load_lose_double_and_reorder_nothing];
