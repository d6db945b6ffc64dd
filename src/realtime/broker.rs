//! Broker: what the instances of one chat tell each other.
//!
//! It only wakes. What it carries is committed already, and whatever is lost, late, doubled or out of order on the way,
//! the database has it: rooms read what they miss, and the hub polls. So nothing here waits for anybody: a word that
//! finds no place is dropped.
//!
//! | file | between |
//! |---|---|
//! | `memory` | instances in one process: the only one of a server that is alone, or several in a test |
//! | `redis` | instances that share a Redis |
//!
//! Both pass on to the `listeners`, the rooms that are listened to here; each is a `receiver` whose queue may be full.

mod listeners;
mod memory;
mod receiver;
mod redis;

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::Recipient;
use serde::{Deserialize, Serialize};

use crate::base::start_error::StartError;
use crate::chat::batch::Change;
use crate::chat::events::Event;
use crate::chat::journal::Publish;
pub use crate::realtime::broker::listeners::Listening;
pub use crate::realtime::broker::memory::Bus;
use crate::realtime::broker::redis::Redis;
use crate::realtime::presence::PresenceSnapshot;
use crate::wire::{Message, RoomId, User, UserId};

/// Something for the instances where a room is in use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomMessage {
    /// Copies of what is committed, in the order of their numbers.
    Changes {
        changes: Vec<Change>,
    },
    Typing {
        user: User,
    },
    People {
        sheet: PresenceSnapshot,
    },
    /// An instance has begun to listen: say who is there.
    Who,
}

/// What an instance hears of the others, as its hub does.
#[derive(Clone, Debug, PartialEq, actix::Message)]
#[rtype(result = "()")]
pub enum Inbound {
    Event(Event),
    /// Words may have been missed, to rooms too: ask the database.
    Missed,
}

/// What a room hears.
#[derive(Clone, Debug, PartialEq, actix::Message)]
#[rtype(result = "()")]
pub enum RoomInbound {
    RoomMessage(RoomMessage),
    /// From here on words are heard. What was said before is in the database.
    Listening,
    /// Somebody may be mentioned in a message that was there when the room was opened here.
    Mentioned {
        users: Vec<UserId>,
        message: Arc<Message>,
    },
}

/// One instance's way to the others.
pub trait Broker: Send + Sync {
    /// Tells all other instances.
    fn publish(&self, event: &Event);

    /// Tells the other instances that listen to the room.
    fn tell(&self, room: RoomId, word: &RoomMessage);

    /// Listens to a room for as long as the value lives, and a little longer. Of two listeners to one room the later
    /// counts.
    fn listen(&self, room: RoomId, to: Recipient<RoomInbound>) -> Listening;

    /// Whether words arrive as they should. Where they don't, the database is asked more often.
    fn is_healthy(&self) -> bool;

    /// How long a number that is missing may still be on its way.
    fn patience(&self) -> Duration;

    /// Words are exchanged only among those that follow the same run of numbers.
    fn set_epoch(&self, epoch: &str);
}

/// How instances are connected.
pub enum BrokerConfig {
    Alone,
    Redis(Box<redis::Client>),
}

impl BrokerConfig {
    /// # Errors
    /// An address of Redis that is none.
    pub fn of(redis_url: Option<&str>) -> Result<Self, StartError> {
        redis_url.map_or(Ok(Self::Alone), |url| redis::client(url).map(|client| Self::Redis(Box::new(client))))
    }

    /// Connects an instance. It hears of the others from the database alone until they answer.
    pub fn connect(self, instance: &str, epoch: &str, hub: Recipient<Inbound>) -> SharedBroker {
        match self {
            Self::Alone => Bus::default().join(epoch, hub),
            Self::Redis(client) => Arc::new(Redis::start(*client, instance, epoch, hub)),
        }
    }
}

pub type SharedBroker = Arc<dyn Broker>;

impl Publish for SharedBroker {
    fn publish_changes(&self, room: RoomId, changes: &[Change]) {
        self.tell(room, &RoomMessage::Changes { changes: changes.to_vec() });
    }
}
