//! What the calls about rooms are given and answer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::chat::room_lists::Listed;
use crate::wire::{Notify, Room, Seq};

#[derive(Deserialize, ToSchema)]
pub struct MakeRoom {
    /// 1 to 64 of `a-z 0-9 -`
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9-]+$")]
    pub slug: String,
    #[schema(max_length = 100, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    pub title: Option<String>,
    #[schema(max_length = 500, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    pub topic: Option<String>,
    /// `public` (default), `private` or `direct`
    #[schema(value_type = Option<crate::wire::RoomKind>)]
    pub kind: Option<String>,
}

/// What of a room is to be otherwise; what is left out stays.
#[derive(Default, Deserialize, ToSchema)]
pub struct ChangeRoom {
    #[schema(max_length = 100, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    pub title: Option<String>,
    #[schema(max_length = 500, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    pub topic: Option<String>,
    /// An archived room can only be read.
    pub archived: Option<bool>,
    /// Seconds that somebody must wait from one message to their next; 0 for none.
    #[schema(minimum = 0, maximum = 86400)]
    pub slow_secs: Option<i32>,
    /// Words that nobody but moderators may send, in any case; at most 200.
    #[schema(max_items = 200)]
    pub blocked_words: Option<Vec<String>>,
    /// Whether nobody but moderators may send links.
    pub blocks_links: Option<bool>,
    /// Whether new members of the chat join the room by themselves; for admins.
    pub default: Option<bool>,
}

/// The room's own name, so that none is deleted by a slip.
#[derive(Deserialize, ToSchema)]
pub struct Confirm {
    pub confirm: String,
}

#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Rooms {
    pub rooms: Vec<ListedRoom>,
}

/// A room, and how the user stands to it.
#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ListedRoom {
    #[serde(flatten)]
    pub room: Room,
    pub member: bool,
    /// Messages ever sent in the room.
    pub count: i64,
    /// The member's read mark.
    pub read: Seq,
    pub unread: i64,
    pub mentions: i64,
    pub notify: Notify,
    /// Whether it stands first in the user's list.
    pub starred: bool,
}

impl From<Listed> for ListedRoom {
    fn from(listed: Listed) -> Self {
        let Listed { room, member, count, read, unread, mentions, notify, starred } = listed;
        Self { room, member, count, read, unread, mentions, notify, starred }
    }
}
