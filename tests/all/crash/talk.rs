//! Clients that talk while parts fail, and the judgement in the end.

use super::client::{Client, Manners, Phase};
use crate::common::{self, *};
use crate::history::{History, Message, Recorder, Room, check};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// In the first nothing but sends happens, so that its numbers can be checked without an allowance.
pub const ROOMS: [&str; 3] = ["log", "den", "attic"];

/// How long until the last answer, on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A load that runs.
pub struct Talk {
    reader: Person,
    recorder: Recorder,
    phase: watch::Sender<Phase>,
    finished: mpsc::Receiver<()>,
    clients: Vec<JoinHandle<()>>,
}

impl Talk {
    /// Makes the rooms and has so many clients, each somebody else, talk in them.
    pub async fn begin(server: &Server, clients: usize, seed: u64, manners: Manners) -> Self {
        Self::begin_at(&server.address, clients, seed, manners).await
    }

    /// As `begin`, at whoever listens there: a balancer, perhaps.
    pub async fn begin_at(address: &str, clients: usize, seed: u64, manners: Manners) -> Self {
        let reader = Person::sign_up_at(address, "reader").await;
        for room in ROOMS {
            reader.makes_room(room).await;
        }
        let recorder = Recorder::default();
        let (phase, phases) = watch::channel(Phase::Load);
        let (tell, finished) = mpsc::channel(clients);
        let mut running = vec![];
        for n in 0..clients {
            let person = Person::sign_up_at(address, &format!("client-{n}")).await;
            let client = Client::new(person, StdRng::seed_from_u64(seed + n as u64), recorder.clone(), manners);
            running.push(tokio::spawn(client.run(phases.clone(), tell.clone())));
        }
        Self { reader, recorder, phase, finished, clients: running }
    }

    /// How much has happened so far.
    pub fn records(&self) -> usize {
        self.recorder.records().len()
    }

    /// Waits until the clients are answered again: so many more things have happened.
    pub async fn goes_on(&self, more: usize) {
        let goal = self.records() + more;
        eventually(LIMIT, "a load", async || (self.records() >= goal).then_some(())).await;
    }

    /// Has everything answered and read, and judges what was recorded by what is stored.
    pub async fn end(mut self) -> BTreeMap<String, Room> {
        self.phase.send_replace(Phase::Finish);
        for _ in 0..self.clients.len() {
            let done = common::wait::within(LIMIT, "all clients to be answered", self.finished.recv()).await;
            done.expect("every client lives");
        }
        let rooms = stored(&self.reader).await;
        let goals = rooms.iter().map(|(name, room)| (name.clone(), room.seq)).collect();
        self.phase.send_replace(Phase::Settle(goals));
        for client in self.clients {
            client.await.expect("a client that reached the last number");
        }
        let records = self.recorder.records();
        let sizes: Vec<_> = rooms.values().map(|room| (room.messages.len(), room.seq)).collect();
        eprintln!("{} records; messages and numbers of the rooms: {sizes:?}", records.len());
        let history = History { records, rooms };
        if let Err(violation) = check(&history) {
            panic!("{violation}");
        }
        history.rooms
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
