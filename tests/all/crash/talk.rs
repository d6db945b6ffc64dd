//! Clients that talk while parts fail, and the judgement in the end.

use super::client::{Client, Habits, Phase};
use crate::common::*;
use crate::history::{History, Marks, Message, Recorder, Removal, Room, Seen, check};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Nothing but sends happens here, so that its numbers can be checked without an allowance.
pub const LOG: &str = "log";
pub const ROOMS: [&str; 3] = [LOG, "den", "attic"];

/// How long until the last answer, on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A load that runs.
pub struct Talk {
    reader: Person,
    rooms: Vec<&'static str>,
    recorder: Recorder,
    phase: watch::Sender<Phase>,
    told: mpsc::Receiver<()>,
    clients: Vec<JoinHandle<(Client, Option<Socket>)>>,
    people: Vec<Person>,
}

impl Talk {
    /// Makes the rooms and has so many clients, each somebody else, talk in them.
    pub async fn begin(server: &Server, clients: usize, seed: u64, habits: Habits) -> Self {
        Self::begin_at(&server.address, clients, seed, habits).await
    }

    /// As `begin`, at whoever listens there: a balancer, perhaps.
    pub async fn begin_at(address: &str, clients: usize, seed: u64, habits: Habits) -> Self {
        let reader = Person::sign_up_at(address, "reader").await;
        for room in ROOMS {
            reader.makes_room(room).await;
        }
        let mut people = vec![];
        for n in 0..clients {
            people.push((Person::sign_up_at(address, &format!("client-{n}")).await, habits.clone()));
        }
        Self::among(reader, &ROOMS, people, seed)
    }

    /// Has these people talk, in rooms that are there and that the reader may read.
    pub fn among(reader: Person, rooms: &[&'static str], people: Vec<(Person, Habits)>, seed: u64) -> Self {
        let recorder = Recorder::default();
        let (phase, phases) = watch::channel(Phase::Load);
        let (tell, told) = mpsc::channel(2 * people.len());
        let (mut clients, mut names) = (vec![], vec![]);
        for (n, (person, habits)) in people.into_iter().enumerate() {
            names.push(person.clone());
            let client = Client::new(person, StdRng::seed_from_u64(seed + n as u64), recorder.clone(), habits);
            clients.push(tokio::spawn(client.run(phases.clone(), tell.clone())));
        }
        Self { reader, rooms: rooms.to_vec(), recorder, phase, told, clients, people: names }
    }

    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Waits until the clients are answered again: so many more things have happened.
    pub async fn goes_on(&self, more: usize) {
        let goal = self.recorder.len() + more;
        eventually(LIMIT, "a load", async || (self.recorder.len() >= goal).then_some(())).await;
    }

    /// Has everything answered and read, and judges what was recorded by what is stored.
    pub async fn end(mut self) -> BTreeMap<String, Room> {
        assert!(self.settles(LIMIT).await, "not everything was answered and read within {LIMIT:?}");
        let mut history = self.part().await;
        // Whoever has just come back is told of a moment later.
        history.seen.clear();
        judge(&history);
        history.rooms
    }

    /// Has everything answered, and then read; false where that takes too long.
    pub async fn settles(&mut self, limit: Duration) -> bool {
        self.phase.send_replace(Phase::Finish);
        if !self.all_tell(limit).await {
            return false;
        }
        let rooms = self.stored().await;
        let goals = rooms.into_iter().map(|(name, room)| (name, room.seq)).collect();
        self.phase.send_replace(Phase::Settle(goals));
        self.all_tell(limit).await
    }

    async fn all_tell(&mut self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        for _ in 0..self.clients.len() {
            if !matches!(tokio::time::timeout_at(end, self.told.recv()).await, Ok(Some(()))) {
                return false;
            }
        }
        true
    }

    /// Stops the clients and gives what they were told, and what is stored. Those that had settled tell whom they see.
    pub async fn part(self) -> History {
        self.phase.send_replace(Phase::Part);
        let (mut seen, mut present) = (vec![], BTreeMap::<String, BTreeSet<String>>::new());
        // Kept until the last has stopped: nobody sees anybody leave.
        let mut stopped = vec![];
        let end = Instant::now() + Duration::from_secs(10);
        for mut client in self.clients {
            match tokio::time::timeout_at(end, &mut client).await {
                Ok(Ok((client, Some(socket)))) => stopped.push((client, socket)),
                Ok(_) => {}
                Err(_) => client.abort(),
            }
        }
        for (client, _) in &stopped {
            for (room, people) in client.people() {
                present.entry(room.to_owned()).or_default().insert(client.name().to_owned());
                seen.push(Seen { client: client.name().to_owned(), room: room.to_owned(), people: people.clone() });
            }
        }
        drop(stopped);
        let mut marks = vec![];
        for person in &self.people {
            eventually(LIMIT, "a session", async || person.is_signed_in().await.then_some(())).await;
            let socket = person.socket().await;
            marks.extend(socket.welcome["rooms"].as_array().expect("rooms").iter().map(|room| marks_of(person, room)));
        }
        let rooms = stored(&self.reader, &self.rooms).await;
        let removals = removals(&self.reader, &self.rooms).await;
        History { records: self.recorder.take(), rooms, marks, removals, seen, present }
    }

    /// Every room as somebody reads it who was not there.
    pub async fn stored(&self) -> BTreeMap<String, Room> {
        stored(&self.reader, &self.rooms).await
    }
}

async fn stored(reader: &Person, names: &[&'static str]) -> BTreeMap<String, Room> {
    let mut rooms = BTreeMap::new();
    for name in names {
        let room = reader.http.get(&format!("/rooms/{name}")).await.ok(200);
        let messages = reader.reads_whole_room(name).await;
        let room = Room {
            seq: room["seq"].as_u64().expect("a number"),
            messages: messages.iter().map(Message::of).collect(),
            only_sends: *name == LOG,
        };
        rooms.insert((*name).to_owned(), room);
    }
    rooms
}

/// What the logs of the rooms tell, of those that the reader moderates.
async fn removals(reader: &Person, names: &[&'static str]) -> Vec<Removal> {
    let mut removals = vec![];
    for name in names {
        let mut older = String::new();
        loop {
            let log = reader.http.get(&format!("/rooms/{name}/audit{older}")).await.ok(200);
            let entries = log["entries"].as_array().expect("entries");
            for entry in entries.iter().filter(|entry| entry["act"] == "message_removed") {
                let by = entry["actor"].as_str().expect("a name").to_owned();
                removals.push(Removal { by, room: (*name).to_owned(), id: entry["message"].as_u64().expect("an id") });
            }
            if log["more"] == false {
                break;
            }
            older = format!("?before={}", entries.last().expect("a page is not empty")["id"]);
        }
    }
    removals
}

fn marks_of(person: &Person, room: &Value) -> Marks {
    let number = |field: &str| room[field].as_u64().expect("a number");
    Marks {
        client: person.name.clone(),
        room: room["slug"].as_str().expect("a slug").to_owned(),
        read: number("read"),
        unread: number("unread"),
        mentions: number("mentions"),
    }
}

/// Fails with the first broken promise and the few records that show it.
pub fn judge(history: &History) {
    let sizes: Vec<_> = history.rooms.values().map(|room| (room.messages.len(), room.seq)).collect();
    eprintln!("{} records; messages and numbers of the rooms: {sizes:?}", history.records.len());
    if let Err(violation) = check(history) {
        panic!("{violation}");
    }
}
