//! The rooms that are listened to here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix::prelude::*;
use tokio::sync::Notify;

use crate::realtime::broker::RoomInbound;
use crate::realtime::broker::receiver::Receiver;
use crate::wire::RoomId;

/// Tells the listeners to one room apart: a later one has a higher number.
pub type ListenerId = u64;

/// Who wants to hear of which room. What is wanted is written down here; whoever listens in truth is woken to follow it.
#[derive(Default)]
pub struct Listeners {
    inner: Mutex<Inner>,
    /// Something else is wanted than before.
    pub changed: Notify,
}

#[derive(Default)]
struct Inner {
    rooms: HashMap<RoomId, (ListenerId, Receiver<RoomInbound>)>,
    last: ListenerId,
}

/// Listens to a room for as long as it lives.
pub struct Listening {
    room: RoomId,
    id: ListenerId,
    listeners: Arc<Listeners>,
}

impl Listeners {
    pub fn listen(self: &Arc<Self>, room: RoomId, to: Recipient<RoomInbound>) -> Listening {
        let mut inner = self.inner();
        inner.last += 1;
        let id = inner.last;
        inner.rooms.insert(room, (id, Receiver::new(to, RoomInbound::Listening)));
        drop(inner);
        self.changed.notify_one();
        Listening { room, id, listeners: Arc::clone(self) }
    }

    /// The rooms that are wanted, and by whom.
    pub fn wanted(&self) -> HashMap<RoomId, ListenerId> {
        self.inner().rooms.iter().map(|(room, (id, _))| (*room, *id)).collect()
    }

    /// Passes something on.
    pub fn hear(&self, room: RoomId, heard: RoomInbound) {
        if let Some((_, receiver)) = self.inner().rooms.get(&room) {
            receiver.hear(heard);
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut inner = self.listeners.inner();
        // A newer listener to the same room stays.
        if inner.rooms.get(&self.room).is_some_and(|(id, _)| *id == self.id) {
            inner.rooms.remove(&self.room);
            drop(inner);
            self.listeners.changed.notify_one();
        }
    }
}
