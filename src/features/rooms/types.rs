//! What the calls about rooms are given and answer.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::wire::ListedRoom;

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
    /// Where the list goes on; `null` at its end.
    pub cursor: Option<String>,
}

/// Which rooms are listed.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RoomSearch {
    /// Those that the user is a member of, or only the others.
    pub member: Option<bool>,
    /// How a slug, a title or a word of a title begins, in whatever case.
    #[serde(default)]
    pub q: String,
    /// At most so many; 50, if left out.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
    /// What the list before gave.
    pub cursor: Option<String>,
}
