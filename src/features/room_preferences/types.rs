//! What the calls about one's own view of a room are given.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::wire::{RoomId, Seq};

/// Which rooms are read; all, if left out.
#[derive(Deserialize, ToSchema)]
pub struct ReadRooms {
    pub rooms: Option<Vec<String>>,
}

/// Where what is unread begins.
#[derive(Deserialize, ToSchema)]
pub struct UnreadFrom {
    /// The id of a message.
    #[schema(value_type = i64, minimum = 1)]
    pub from: Seq,
    /// The id of the room that is meant, where another one may have its name by now.
    #[schema(value_type = Option<i64>)]
    pub room_id: Option<RoomId>,
}

/// `all`, `mentions` or `none`.
#[derive(Deserialize, ToSchema)]
pub struct SetNotify {
    pub notify: String,
}
