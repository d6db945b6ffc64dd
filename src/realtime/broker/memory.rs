//! Between instances in one process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix::prelude::*;

use crate::chat::events::Event;
use crate::realtime::broker::listeners::{Listeners, Listening};
use crate::realtime::broker::receiver::Receiver;
use crate::realtime::broker::{Broker, Inbound, RoomInbound, RoomMessage};
use crate::wire::RoomId;

/// What the instances of one process are connected by.
#[derive(Clone, Default)]
pub struct Bus {
    members: Arc<Mutex<Vec<Arc<Member>>>>,
}

struct Member {
    epoch: Mutex<String>,
    hub: Receiver<Inbound>,
    listeners: Arc<Listeners>,
}

/// One instance on a [`Bus`], which it leaves when it is dropped.
struct Memory {
    bus: Bus,
    me: Arc<Member>,
}

impl Bus {
    /// Joins the bus as another instance.
    pub fn join(&self, epoch: &str, hub: Recipient<Inbound>) -> Arc<dyn Broker> {
        let hub = Receiver::new(hub, Inbound::Missed);
        let me = Arc::new(Member { epoch: Mutex::new(epoch.to_owned()), hub, listeners: Arc::default() });
        self.members().push(Arc::clone(&me));
        Arc::new(Memory { bus: self.clone(), me })
    }

    fn members(&self) -> MutexGuard<'_, Vec<Arc<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    fn epoch(&self) -> MutexGuard<'_, String> {
        self.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn others(&self) -> Vec<Arc<Member>> {
        let epoch = self.me.epoch().clone();
        let other = |member: &&Arc<Member>| !Arc::ptr_eq(member, &self.me) && *member.epoch() == epoch;
        self.bus.members().iter().filter(other).cloned().collect()
    }
}

impl Broker for Memory {
    fn publish(&self, event: &Event) {
        for member in self.others() {
            member.hub.hear(Inbound::Event(event.clone()));
        }
    }

    fn tell(&self, room: RoomId, word: &RoomMessage) {
        for member in self.others() {
            member.listeners.hear(room, RoomInbound::RoomMessage(word.clone()));
        }
    }

    fn listen(&self, room: RoomId, to: Recipient<RoomInbound>) -> Listening {
        let listening = self.me.listeners.listen(room, to);
        self.me.listeners.hear(room, RoomInbound::Listening);
        listening
    }

    fn is_healthy(&self) -> bool {
        true
    }

    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    fn set_epoch(&self, epoch: &str) {
        epoch.clone_into(&mut self.me.epoch());
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.bus.members().retain(|member| !Arc::ptr_eq(member, &self.me));
    }
}
