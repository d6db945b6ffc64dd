//! What a batch changes in memory before it writes: memberships and messages.

use chrono::NaiveDateTime;

use crate::wire::{Message, Role, RoomId, Seq, UserId};

/// A message by its room and its id.
pub type MessageAt = (RoomId, Seq);

/// A member of a room, as the batch leaves them.
pub struct Membership {
    pub role: Role,
    pub mark: Seq,
    pub sent_at: Option<NaiveDateTime>,
    pub new: bool,
    pub marked: bool,
    /// Whether the mark was set at the end of the room: nothing of their own lies above it.
    pub at_end: bool,
    /// Whether `sent_at` changed although the mark did not rise.
    pub paced: bool,
}

/// A message that is acted on.
pub struct Target {
    pub message: Message,
    /// Of a new message, in its one spelling.
    pub key: Option<String>,
    pub touched: bool,
}

impl Target {
    pub fn author(&self) -> UserId {
        self.message.author.id
    }
}
