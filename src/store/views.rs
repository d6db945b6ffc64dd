//! What a page shows, read as of one moment.

use super::connection::{AnyConnection, snapshot};
use super::messages::{Page, latest};
use super::rooms::{Listed, list, permitted};
use crate::error::Refusal;
use crate::policy::{Action, Object, may};
use crate::protocol::{DEFAULT_PAGE_MESSAGES, Room, UserId};

/// A room as its page shows it.
pub struct RoomView {
    pub room: Room,
    /// Its latest messages.
    pub latest: Page,
    /// All rooms that the reader may see, by their names.
    pub rooms: Vec<Listed>,
    /// Whether the reader may remove what others wrote.
    pub removes: bool,
}

/// The room of this name, if `user` may see it.
pub fn room(connection: &mut AnyConnection, slug: &str, user: UserId) -> Result<RoomView, Refusal> {
    snapshot(connection, |connection| {
        let (found, actor) = permitted(connection, slug, user, Action::See)?;
        let latest = latest(connection, found.room.id, None, DEFAULT_PAGE_MESSAGES)?;
        let rooms = list(connection, user)?;
        let removes = may(actor, Action::RemoveMessage, Object { place: Some(found.place()), whose: None }).is_ok();
        Ok(RoomView { room: found.room, latest, rooms, removes })
    })
}
