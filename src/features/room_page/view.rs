//! What the page of a room shows, ready for its templates: what one look-up or one cut decides is decided here, since
//! it costs a template many times as much.

use serde::Serialize;

use crate::features::moderation::permissions::Powers;
use crate::features::room_page::messages::ShownMessage;
use crate::wire::{ListedRoom, Room, Seq, User};

/// The values of `room.html`.
#[derive(Serialize)]
pub struct RoomPage<'a> {
    pub room: &'a Room,
    /// Those that the reader is in, or the first of many, and the open one.
    pub rooms: Vec<ListedRoom>,
    /// Oldest first.
    pub messages: Vec<ShownMessage<'a>>,
    /// By their names; none, where they are many.
    pub members: &'a [User],
    /// The id of the message that they lie around; the latest where there is none.
    pub at: Option<Seq>,
    /// Whether one of them has what `css/rich.css` is for.
    pub rich: bool,
    /// Whether there are older ones.
    pub more: bool,
    /// Whether there are newer ones.
    pub newer: bool,
    /// Whether the reader may remove what others wrote.
    pub removes: bool,
    pub may: Powers,
    /// Whether the reader is an admin.
    pub administers: bool,
}
