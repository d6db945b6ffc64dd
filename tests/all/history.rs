//! What clients did and were shown, written down, and what the database held in the end: the matter that
//! [`check`] judges. Nothing here knows how the history came about, so that any load and any faults can be judged.

mod checker;
mod faults;
mod people;

pub use checker::check;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

/// One state of a message, as anybody was shown it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub id: u64,
    pub seq: u64,
    pub author: String,
    pub key: String,
    pub body: String,
    pub deleted: bool,
    pub reply_to: Option<u64>,
    /// Everything else (HTML, times, reactions), compared as a whole.
    pub rest: String,
}

impl Message {
    pub fn of(json: &Value) -> Self {
        let mut rest = json.as_object().expect("a message").clone();
        let mut take = |field: &str| rest.remove(field).unwrap_or_default();
        Self {
            id: take("id").as_u64().expect("an id"),
            seq: take("seq").as_u64().expect("a number"),
            author: take("author")["username"].as_str().expect("an author").to_owned(),
            key: take("key").as_str().expect("a key").to_owned(),
            body: take("body").as_str().expect("a body").to_owned(),
            deleted: take("deleted") == true,
            reply_to: take("reply_to").as_u64(),
            rest: Value::Object(rest).to_string(),
        }
    }
}

#[derive(Clone, Debug)]
pub enum Event {
    /// A send was put on the wire, for the first time or again.
    Tried { key: String, body: String },
    /// `sent` came back.
    Sent { key: String, id: u64 },
    /// An edit (with its body), a deletion or a reaction was put on the wire. `change` is unique in a history.
    Asked { change: u64, id: u64, body: Option<String> },
    /// `done` came back.
    Done { change: u64, id: u64, seq: u64 },
    /// An error came back: it changed nothing.
    Refused { change: u64 },
    /// `joined`, with the messages it carried.
    Joined { after: Option<u64>, seq: u64, reset: bool, messages: Vec<Message> },
    /// A further page of the catch-up.
    Changes { messages: Vec<Message> },
    /// A live frame.
    Live { message: Message },
    /// A `mention` frame.
    Mentioned { message: Message },
    /// The client's membership is about to end.
    Leaving,
    /// It has ended, and after that the room's number was this.
    Gone { seq: u64 },
    /// The client is about to be a member again.
    Entering,
    /// `welcome` told the client's read mark.
    Marked { read: u64 },
    /// The client may not do this any more, and after that was answered the room's number was this.
    Barred { from: Right, seq: u64 },
    /// The client is about to be allowed it again; before that the room's number was this.
    Allowing { right: Right, seq: u64 },
}

/// What somebody may do in a room, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// Send messages and edit one's own. Everybody has it, to begin with.
    Talk,
    /// Remove what others wrote. Nobody has it, to begin with.
    Moderate,
}

/// A message that somebody removed as a moderator, by the room's log.
#[derive(Clone, Debug)]
pub struct Removal {
    pub by: String,
    pub room: String,
    pub id: u64,
}

/// Something that happened to one client in one room. A client is one author.
#[derive(Clone, Debug)]
pub struct Record {
    pub client: String,
    pub room: String,
    pub event: Event,
}

/// What the database holds of a room at the end, oldest message first.
#[derive(Clone, Debug, Default)]
pub struct Room {
    /// The number of the last change.
    pub seq: u64,
    pub messages: Vec<Message>,
    /// Whether nothing but sends happened here, so that no number may be missing from anybody's sight.
    pub only_sends: bool,
}

/// What a fresh `welcome` told somebody of a room in the end.
#[derive(Clone, Debug)]
pub struct Marks {
    pub client: String,
    pub room: String,
    pub read: u64,
    pub unread: u64,
    pub mentions: u64,
}

/// Whom a client took to be in a room in the end.
#[derive(Clone, Debug)]
pub struct Seen {
    pub client: String,
    pub room: String,
    pub people: BTreeSet<String>,
}

/// Records in the order they happened, and the end they came to. Every client is expected to have read up to the
/// last number of each room it joined.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub records: Vec<Record>,
    pub rooms: BTreeMap<String, Room>,
    /// As far as it was asked for.
    pub marks: Vec<Marks>,
    pub removals: Vec<Removal>,
    pub seen: Vec<Seen>,
    /// Who had sockets in each room when that was seen.
    pub present: BTreeMap<String, BTreeSet<String>>,
}

/// Where clients write down what happens, in one order.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<Vec<Record>>>);

impl Recorder {
    pub fn note(&self, client: &str, room: &str, event: Event) {
        let (client, room) = (client.to_owned(), room.to_owned());
        self.0.lock().expect("no client panicked").push(Record { client, room, event });
    }

    pub fn len(&self) -> usize {
        self.0.lock().expect("no client panicked").len()
    }

    /// All that was written down; nothing is left.
    pub fn take(&self) -> Vec<Record> {
        std::mem::take(&mut self.0.lock().expect("no client panicked"))
    }
}

/// A broken promise, and the piece of history that shows it.
#[derive(Debug)]
pub struct Violation {
    pub rule: &'static str,
    pub finding: String,
    pub excerpt: Vec<Record>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.rule, self.finding)?;
        for Record { client, room, event } in &self.excerpt {
            writeln!(f, "  {client} in {room}: {event:?}")?;
        }
        Ok(())
    }
}
