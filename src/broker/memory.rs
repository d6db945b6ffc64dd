//! Between instances in one process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix::prelude::*;

use super::listeners::{Listeners, Listening};
use super::{Broker, Event, Heard, RoomHeard, Word};
use crate::mailbox::see_off;
use crate::protocol::RoomId;

/// What the instances of one process are connected by.
#[derive(Clone, Default)]
pub struct Bus {
    members: Arc<Mutex<Vec<Arc<Member>>>>,
}

struct Member {
    hub: Recipient<Heard>,
    listeners: Arc<Listeners>,
}

/// One instance on a [`Bus`].
struct Memory {
    bus: Bus,
    me: Arc<Member>,
}

impl Bus {
    /// Joins the bus as another instance.
    pub fn join(&self, hub: Recipient<Heard>) -> Arc<dyn Broker> {
        let me = Arc::new(Member { hub, listeners: Arc::default() });
        self.members.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&me));
        Arc::new(Memory { bus: self.clone(), me })
    }
}

impl Memory {
    fn others(&self) -> Vec<Arc<Member>> {
        let members = self.bus.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.iter().filter(|member| !Arc::ptr_eq(member, &self.me)).cloned().collect()
    }
}

impl Broker for Memory {
    fn publish(&self, event: &Event) {
        for member in self.others() {
            if let Err(SendError::Full(_)) = member.hub.try_send(Heard::Event(event.clone())) {
                see_off(member.hub.send(Heard::Missed));
            }
        }
    }

    fn tell(&self, room: RoomId, word: &Word) {
        for member in self.others() {
            member.listeners.hear(room, RoomHeard::Word(word.clone()));
        }
    }

    fn listen(&self, room: RoomId, to: Recipient<RoomHeard>) -> Listening {
        let listening = self.me.listeners.listen(room, to);
        self.me.listeners.hear(room, RoomHeard::Listening);
        listening
    }

    fn is_well(&self) -> bool {
        true
    }

    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    fn follow(&self, _: &str) {}
}
