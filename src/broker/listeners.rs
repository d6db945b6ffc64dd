//! The rooms that are listened to here.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix::prelude::*;
use tokio::sync::Notify;

use super::RoomHeard;
use crate::mailbox::see_off;
use crate::protocol::RoomId;

/// Who wants to hear of which room. What is wanted is written down here; whoever listens in truth is woken to follow it.
#[derive(Default)]
pub struct Listeners {
    inner: Mutex<Inner>,
    /// Something else is wanted than before.
    pub changed: Notify,
}

#[derive(Default)]
struct Inner {
    rooms: HashMap<RoomId, Listener>,
    last: u64,
}

struct Listener {
    number: u64,
    to: Recipient<RoomHeard>,
    /// Its queue was full when something came for it: it will be told to read the database.
    missed: Arc<AtomicBool>,
}

/// Listens to a room for as long as it lives.
pub struct Listening {
    room: RoomId,
    number: u64,
    listeners: Arc<Listeners>,
}

impl Listeners {
    pub fn listen(self: &Arc<Self>, room: RoomId, to: Recipient<RoomHeard>) -> Listening {
        let mut inner = self.inner();
        inner.last += 1;
        let number = inner.last;
        inner.rooms.insert(room, Listener { number, to, missed: Arc::default() });
        drop(inner);
        self.changed.notify_one();
        Listening { room, number, listeners: Arc::clone(self) }
    }

    /// The rooms that are wanted.
    pub fn rooms(&self) -> Vec<RoomId> {
        self.inner().rooms.keys().copied().collect()
    }

    /// Passes something on.
    pub fn hear(&self, room: RoomId, heard: RoomHeard) {
        if let Some(listener) = self.inner().rooms.get(&room) {
            listener.hear(heard);
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    fn hear(&self, heard: RoomHeard) {
        let Err(SendError::Full(_)) = self.to.try_send(heard) else { return };
        if !self.missed.swap(true, Ordering::Relaxed) {
            let (told, missed) = (self.to.send(RoomHeard::Listening), Arc::clone(&self.missed));
            see_off(async move {
                let told = told.await;
                missed.store(false, Ordering::Relaxed);
                told
            });
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut inner = self.listeners.inner();
        // A newer listener to the same room stays.
        if inner.rooms.get(&self.room).is_some_and(|listener| listener.number == self.number) {
            inner.rooms.remove(&self.room);
            drop(inner);
            self.listeners.changed.notify_one();
        }
    }
}
