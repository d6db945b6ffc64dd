//! Words on their way to Redis. They are bounded in number and in bytes; one that finds no place is dropped, since a Redis
//! that is slow must not hold anybody up: the others ask the database.

use std::sync::Arc;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::base::metrics::{Counted, METRICS};

/// Words that wait to be published, those under way included.
const MAX_WORDS: usize = 4_096;
/// Bytes of them.
const MAX_BYTES: usize = 16 << 20;

pub type Queue = Receiver<Outgoing>;

pub struct Outbox {
    words: Sender<Outgoing>,
    /// A permit for each byte that may still come.
    room: Arc<Semaphore>,
}

pub struct Outgoing {
    channel: String,
    payload: Vec<u8>,
    waiting: Waiting,
}

/// What a word takes until it is published or dropped.
pub struct Waiting {
    _room: OwnedSemaphorePermit,
    _counted: Counted,
}

pub fn new() -> (Outbox, Queue) {
    let (words, queue) = mpsc::channel(MAX_WORDS);
    (Outbox { words, room: Arc::new(Semaphore::new(MAX_BYTES)) }, queue)
}

impl Outbox {
    pub fn put(&self, channel: String, payload: Vec<u8>) {
        let bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let put = Arc::clone(&self.room).try_acquire_many_owned(bytes).ok().and_then(|room| {
            let waiting = Waiting { _room: room, _counted: Counted::one(&METRICS.words_outgoing) };
            self.words.try_send(Outgoing { channel, payload, waiting }).ok()
        });
        if put.is_none() {
            METRICS.words_dropped.of("outgoing").increment(1);
        }
    }
}

impl Outgoing {
    pub fn into_parts(self) -> ((String, Vec<u8>), Waiting) {
        ((self.channel, self.payload), self.waiting)
    }
}
