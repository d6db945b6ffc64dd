//! One client of the load: sends, edits, deletes, reacts, loses its connection, comes back behind its cursor, and
//! sends again under the same key what was not answered.

use super::talk::ROOMS;
use crate::common::{self, *};
use crate::history::{Event, Message, Recorder};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// What the driver wants of the clients.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    Load,
    /// Have everything answered, begin nothing new.
    Finish,
    /// Read up to these numbers.
    Settle(BTreeMap<String, u64>),
}

/// Longer than a restart of the server on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
/// What was `unavailable` is asked for again after so long.
const AGAIN: Duration = Duration::from_millis(50);

/// How the server ends a socket.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manners {
    /// With `bye` and 1012, rather than in any way.
    pub says_bye: bool,
    /// And somebody always serves: every handshake succeeds, and nothing is `unavailable`.
    pub never_away: bool,
}

/// Code and reason of a close frame, if there was one.
type End = Option<(u16, String)>;

/// A turn with a socket is over.
#[derive(Debug)]
struct Cut;

#[derive(Debug)]
pub struct Client {
    person: Person,
    rng: StdRng,
    recorder: Recorder,
    manners: Manners,
    hung_up: bool,
    said_bye: bool,
    /// How the server ended the socket, as far as it was read.
    end: Option<End>,
    epoch: Value,
    /// Joins without an answer.
    joining: usize,
    cursors: HashMap<&'static str, u64>,
    /// Sends without an answer: room, key, body.
    pending: Vec<(&'static str, String, String)>,
    /// Changes on their way, by their `ref`: room and number in the history.
    asked: HashMap<String, (&'static str, u64)>,
    /// Own messages: room, id, key.
    mine: Vec<(&'static str, u64, String)>,
    /// Joins and keys of sends that were `unavailable`.
    rejoin: Vec<&'static str>,
    resend: Vec<String>,
}

impl Client {
    pub fn new(person: Person, rng: StdRng, recorder: Recorder, manners: Manners) -> Self {
        Self {
            person,
            rng,
            recorder,
            manners,
            hung_up: false,
            said_bye: false,
            end: None,
            epoch: Value::Null,
            joining: 0,
            cursors: ROOMS.map(|room| (room, 0)).into(),
            pending: vec![],
            asked: HashMap::new(),
            mine: vec![],
            rejoin: vec![],
            resend: vec![],
        }
    }

    /// Lives through as many sockets as it takes.
    pub async fn run(mut self, mut phases: watch::Receiver<Phase>, finished: mpsc::Sender<()>) {
        let mut finished = Some(finished);
        loop {
            let mut socket = self.connect().await;
            (self.hung_up, self.end) = (false, None);
            // Those who come as a drain begins are let in and told at once.
            self.said_bye = socket.welcome["type"] == "bye";
            if self.turn(&mut socket, &mut phases, &mut finished).await.is_ok() {
                return;
            }
            self.check_manners(socket).await;
            // Their answers will never come.
            self.asked.clear();
            self.rejoin.clear();
            self.resend.clear();
        }
    }

    async fn connect(&self) -> Socket {
        // Not `eventually`: the borrow in an async closure would keep this future from being spawned.
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(socket) = Socket::try_open(&self.person).await {
                return socket;
            }
            assert!(!self.manners.never_away, "{} is not let in", self.person.name);
            assert!(Instant::now() < deadline, "a server to connect to: not within {LIMIT:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn check_manners(&mut self, mut socket: Socket) {
        if !self.manners.says_bye || self.hung_up {
            return;
        }
        // What could not be written may have been overtaken by words that are not read yet.
        let mut end = self.end.take();
        while end.is_none() {
            match socket.next_or_end().await {
                Ok(frame) => self.take(frame),
                Err(told) => end = Some(told),
            }
        }
        assert!(matches!(end, Some(Some((1012, _)))), "{end:?}");
        assert!(self.said_bye, "`bye` comes before the end");
    }

    /// One socket's time: `Ok` when all is settled.
    async fn turn(
        &mut self,
        socket: &mut Socket,
        phases: &mut watch::Receiver<Phase>,
        finished: &mut Option<mpsc::Sender<()>>,
    ) -> Result<(), Cut> {
        for room in ROOMS {
            self.join(socket, room).await?;
        }
        // What follows needs the rooms joined, so the answers come first.
        self.joining = ROOMS.len();
        while self.joining > 0 {
            self.read(socket).await?;
        }
        for (room, key, body) in self.pending.clone() {
            self.try_send(socket, room, key, body).await?;
        }
        loop {
            self.read_answers(socket).await?;
            let phase = phases.borrow_and_update().clone();
            match phase {
                Phase::Load => {
                    if self.rng.random_bool(0.01) {
                        self.hung_up = true; // as clients do too
                        return Err(Cut);
                    }
                    for _ in 0..self.rng.random_range(1..4) {
                        self.act(socket).await?;
                    }
                    self.think(socket).await?;
                }
                Phase::Finish => {
                    if let Some(finished) = finished.take() {
                        finished.send(()).await.expect("the driver listens");
                    }
                    tokio::select! {
                        read = socket.read_or_end() => self.take_or_end(read)?,
                        _ = phases.changed() => {}
                    }
                }
                Phase::Settle(goals) => {
                    if ROOMS.iter().all(|room| self.cursors[room] >= goals[*room]) {
                        return Ok(());
                    }
                    self.read(socket).await?;
                }
            }
        }
    }

    async fn join(&self, socket: &mut Socket, room: &str) -> Result<(), Cut> {
        let mut frame = json!({"type": "join", "room": room, "after": self.cursors[room]});
        if !self.epoch.is_null() {
            frame["epoch"] = self.epoch.clone();
        }
        self.put(socket, frame).await
    }

    /// Asks again for what the database could not do.
    async fn ask_again(&mut self, socket: &mut Socket) -> Result<(), Cut> {
        if self.rejoin.is_empty() && self.resend.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(AGAIN).await;
        for room in std::mem::take(&mut self.rejoin) {
            self.join(socket, room).await?;
        }
        let keys = std::mem::take(&mut self.resend);
        let again: Vec<_> = self.pending.iter().filter(|(_, key, _)| keys.contains(key)).cloned().collect();
        for (room, key, body) in again {
            self.try_send(socket, room, key, body).await?;
        }
        Ok(())
    }

    /// One change, chosen at random.
    async fn act(&mut self, socket: &mut Socket) -> Result<(), Cut> {
        let room = *ROOMS.choose(&mut self.rng).expect("rooms");
        let own = self.mine.choose(&mut self.rng).cloned();
        match (self.rng.random_range(0..100), own) {
            (0..20, Some((room, id, _))) if room != ROOMS[0] => {
                let body = format!("edited {}", self.rng.next_u32());
                let frame = json!({"type": "edit", "room": room, "id": id, "body": body});
                self.ask(socket, room, id, Some(body), frame).await
            }
            (20..30, Some((room, id, _))) if room != ROOMS[0] => {
                let frame = json!({"type": "delete", "room": room, "id": id});
                self.ask(socket, room, id, None, frame).await
            }
            (30..45, _) if room != ROOMS[0] && self.cursors[room] > 0 => {
                // Not every number is a message's; what is not is refused.
                let id = self.rng.random_range(1..=self.cursors[room]);
                let emoji = ["👍", "🎉", "🦀"].choose(&mut self.rng).expect("emoji");
                let on = self.rng.random_bool(0.7);
                let frame = json!({"type": "react", "room": room, "id": id, "emoji": emoji, "on": on});
                self.ask(socket, room, id, None, frame).await
            }
            (45..50, Some((room, _, key))) => {
                // Answered long ago: nothing may come of it but the same answer.
                let body = format!("again {}", self.rng.next_u32());
                self.try_send(socket, room, key, body).await
            }
            _ => {
                let (key, body) = (new_key(), format!("message {}", self.rng.next_u32()));
                self.pending.push((room, key.clone(), body.clone()));
                self.try_send(socket, room, key, body).await
            }
        }
    }

    async fn try_send(&mut self, socket: &mut Socket, room: &str, key: String, body: String) -> Result<(), Cut> {
        let frame = json!({"type": "send", "room": room, "key": key, "body": body});
        self.recorder.note(&self.person.name, room, Event::Tried { key, body });
        self.put(socket, frame).await
    }

    async fn ask(
        &mut self,
        socket: &mut Socket,
        room: &'static str,
        id: u64,
        body: Option<String>,
        mut frame: Value,
    ) -> Result<(), Cut> {
        let change = self.rng.next_u64();
        frame["ref"] = json!(change.to_string());
        self.asked.insert(change.to_string(), (room, change));
        self.recorder.note(&self.person.name, room, Event::Asked { change, id, body });
        self.put(socket, frame).await
    }

    async fn put(&self, socket: &mut Socket, frame: Value) -> Result<(), Cut> {
        if socket.try_send(&frame).await { Ok(()) } else { Err(Cut) }
    }

    async fn read_answers(&mut self, socket: &mut Socket) -> Result<(), Cut> {
        while !self.pending.is_empty() || !self.asked.is_empty() {
            self.read(socket).await?;
        }
        Ok(())
    }

    /// A person's pause between two messages, in which frames are read.
    async fn think(&mut self, socket: &mut Socket) -> Result<(), Cut> {
        let pause = Duration::from_millis(self.rng.random_range(20..120));
        let end = Instant::now() + pause;
        while let Ok(read) = tokio::time::timeout_at(end, socket.read_or_end()).await {
            self.take_or_end(read)?;
        }
        Ok(())
    }

    async fn read(&mut self, socket: &mut Socket) -> Result<(), Cut> {
        let name = format!("a frame for {}, which waits for {:?} {:?}", self.person.name, self.pending, self.asked);
        let read = common::wait::within(LIMIT, &name, socket.read_or_end()).await;
        self.take_or_end(read)?;
        self.ask_again(socket).await
    }

    fn take_or_end(&mut self, read: Result<Value, End>) -> Result<(), Cut> {
        match read {
            Ok(frame) => self.take(frame),
            Err(end) => {
                self.end = Some(end);
                return Err(Cut);
            }
        }
        Ok(())
    }

    /// Writes down what a frame tells.
    fn take(&mut self, frame: Value) {
        self.said_bye |= frame["type"] == "bye";
        let Some(room) = ROOMS.into_iter().find(|room| frame["room"] == *room) else {
            return;
        };
        let note = |event| self.recorder.note(&self.person.name, room, event);
        match frame["type"].as_str().expect("a type") {
            "joined" => {
                let after = Some(self.cursors[room]);
                let (seq, reset) = (number(&frame, "seq"), frame["reset"] == true);
                let messages = messages(&frame);
                let last = messages.last().map(|message| message.seq);
                note(Event::Joined { after, seq, reset, messages });
                self.epoch = frame["epoch"].clone();
                self.joining -= 1;
                match (reset, last) {
                    (true, _) => self.cursors.insert(room, seq),
                    (false, Some(last)) => self.cursors.insert(room, last),
                    (false, None) => None,
                };
            }
            "changes" => {
                let messages = messages(&frame);
                self.cursors.insert(room, messages.last().expect("a page is not empty").seq);
                note(Event::Changes { messages });
            }
            "message" => {
                let message = Message::of(&frame["message"]);
                self.cursors.insert(room, message.seq);
                note(Event::Live { message });
            }
            "sent" => {
                let (key, id) = (frame["key"].as_str().expect("a key").to_owned(), number(&frame, "id"));
                note(Event::Sent { key: key.clone(), id });
                self.answered(room, id, key);
            }
            "done" => {
                let (id, seq) = (number(&frame, "id"), number(&frame, "seq"));
                let (_, change) = self.change_of(&frame).expect("an answer to a change");
                self.recorder.note(&self.person.name, room, Event::Done { change, id, seq });
            }
            "error" => self.refused(room, &frame),
            _ => {}
        }
    }

    fn answered(&mut self, room: &'static str, id: u64, key: String) {
        let before = self.pending.len();
        self.pending.retain(|(_, pending, _)| *pending != key);
        if self.pending.len() < before {
            self.mine.push((room, id, key));
        }
    }

    fn refused(&mut self, room: &'static str, frame: &Value) {
        let code = frame["code"].as_str().expect("a code");
        assert!(!(self.manners.never_away && code == "unavailable"), "{frame}");
        if let Some(key) = frame["key"].as_str() {
            assert_eq!(code, "unavailable", "a send is not refused: {frame}");
            self.resend.push(key.to_owned());
        } else if let Some((room, change)) = self.change_of(frame) {
            // Whether a change that is `unavailable` was made is not known, and it is not asked for again.
            match code {
                "not_found" | "forbidden" => self.recorder.note(&self.person.name, room, Event::Refused { change }),
                "unavailable" => {}
                code => panic!("{code}: {frame}"),
            }
        } else {
            assert_eq!(code, "unavailable", "a join is not refused: {frame}");
            self.rejoin.push(room);
        }
    }

    fn change_of(&mut self, frame: &Value) -> Option<(&'static str, u64)> {
        self.asked.remove(frame["ref"].as_str()?)
    }
}

fn number(frame: &Value, field: &str) -> u64 {
    frame[field].as_u64().expect("a number")
}

fn messages(frame: &Value) -> Vec<Message> {
    frame["messages"].as_array().expect("messages").iter().map(Message::of).collect()
}
