//! What came from Redis and is not passed on yet. It is bounded in number and in bytes; what finds no place is dropped, and
//! everybody asks the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::aio::{AsyncPushSender, SendError};
use redis::{PushInfo, Value};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::base::metrics::{Counted, METRICS};

/// Words that wait to be passed on.
const MAX_WORDS: usize = 8_192;
/// Bytes of them.
const MAX_BYTES: usize = 16 << 20;

struct Incoming {
    push: PushInfo,
    _room: OwnedSemaphorePermit,
    _counted: Counted,
}

pub struct Inbox {
    words: Receiver<Incoming>,
    dropped: Arc<AtomicBool>,
}

/// Where a connection puts what Redis sends by itself.
#[derive(Clone)]
pub struct PushSender {
    words: Sender<Incoming>,
    /// A permit for each byte that may still come.
    room: Arc<Semaphore>,
    dropped: Arc<AtomicBool>,
}

pub fn new() -> (PushSender, Inbox) {
    let (sender, words) = mpsc::channel(MAX_WORDS);
    let dropped = Arc::<AtomicBool>::default();
    let slot = PushSender { words: sender, room: Arc::new(Semaphore::new(MAX_BYTES)), dropped: Arc::clone(&dropped) };
    (slot, Inbox { words, dropped })
}

impl Inbox {
    pub async fn next(&mut self) -> Option<PushInfo> {
        self.words.recv().await.map(|incoming| incoming.push)
    }

    /// Whether something was dropped since this was last asked.
    pub fn has_dropped(&self) -> bool {
        self.dropped.swap(false, Ordering::Relaxed)
    }
}

impl AsyncPushSender for PushSender {
    /// Called while the connection reads.
    fn send(&self, push: PushInfo) -> Result<(), SendError> {
        let bytes = push.data.iter().map(|value| if let Value::BulkString(bytes) = value { bytes.len() } else { 0 });
        let bytes = u32::try_from(bytes.sum::<usize>()).unwrap_or(u32::MAX);
        let put = Arc::clone(&self.room).try_acquire_many_owned(bytes).ok().and_then(|room| {
            self.words.try_send(Incoming { push, _room: room, _counted: Counted::one(&METRICS.words_incoming) }).ok()
        });
        if put.is_none() {
            METRICS.words_dropped.of("incoming").increment(1);
            self.dropped.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}
