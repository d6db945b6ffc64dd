//! What a batch keeps beside the messages themselves: each kind is a [`Projection`], a file of its own.
//!
//! A projection reads what is kept of the messages that the batch acts on, follows each change of one, and writes what
//! became of it: in the batch's transaction, and so under the same rule when the batch is run again.

use std::collections::HashMap;

use diesel::QueryResult;

use crate::chat::batch::people::People;
use crate::chat::batch::targets::{MessageAt, Target};
use crate::chat::rooms::RoomState;
use crate::db::connection::AnyConnection;
use crate::render::Rendered;
use crate::wire::{Message, RoomId, Seq, UserId};

pub trait Projection {
    /// Reads what is kept of these messages, and adds what a message shows of it. Nothing, for what is only added to.
    fn load(
        &mut self,
        connection: &mut AnyConnection,
        rooms: &[RoomId],
        ids: &[Seq],
        found: &mut HashMap<MessageAt, Target>,
    ) -> QueryResult<()> {
        let _ = (connection, rooms, ids, found);
        Ok(())
    }

    /// Follows a change of a message, in memory.
    fn follow(&mut self, event: &MessageEvent<'_>, effect: &mut Effect<'_>);

    /// Writes what changed, once the messages are written.
    fn store(&self, connection: &mut AnyConnection) -> QueryResult<()>;
}

/// What happens to a message.
pub struct MessageEvent<'a> {
    pub room: &'a RoomState,
    pub people: &'a People,
    pub by: UserId,
    pub what: What<'a>,
}

pub enum What<'a> {
    Sent {
        rendered: &'a Rendered,
        /// The author of the message that this one answers.
        answered: Option<UserId>,
        /// Who is in the room, where that matters: see [`Rendered::mentions_here`].
        present: &'a [UserId],
    },
    Edited {
        rendered: &'a Rendered,
        answered: Option<UserId>,
    },
    Deleted,
}

/// What projections add to a change.
pub struct Effect<'a> {
    /// As it is after the change.
    pub message: &'a mut Message,
    /// Who is told that they were mentioned.
    pub mentioned: Vec<UserId>,
    /// Who was mentioned and is so no more.
    pub unmentioned: Vec<UserId>,
}
