//! What happened, told to whoever must act on it.
//!
//! One instance alone needs no courier: an event goes straight to this instance's [`Hub`](crate::hub::Hub).

use actix::prelude::*;

use crate::protocol::{RoomId, UserId};

/// Something that is committed and that sockets or rooms must act on.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum Event {
    /// A session was ended: its sockets close with 4401.
    SessionEnded {
        token_hash: String,
    },
    /// A room was made, or its title or topic changed.
    RoomChanged {
        room: RoomId,
    },
    MemberAdded {
        room: RoomId,
        user: UserId,
    },
    /// Nothing committed after this may reach that user.
    MemberRemoved {
        room: RoomId,
        user: UserId,
    },
}

/// Carries events to every instance that must act on them.
#[derive(Clone)]
pub struct Broker {
    here: Recipient<Event>,
}

impl Broker {
    /// For an instance that is alone.
    pub fn memory(here: Recipient<Event>) -> Self {
        Self { here }
    }

    /// Waits while the receiver's queue is full. When the receiver is gone, so is everybody who could act.
    pub async fn publish(&self, event: Event) {
        if let Err(error) = self.here.send(event).await {
            tracing::error!(%error, "an event found no receiver");
        }
    }
}
