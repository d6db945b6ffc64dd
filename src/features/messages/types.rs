//! What the calls about messages are given and answer.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::wire::{Message, RoomId, Seq, UserId};

#[derive(Deserialize, ToSchema)]
pub struct SendMessage {
    /// A UUID that the client makes, once for each message: sending it again stores nothing.
    #[schema(format = "uuid")]
    pub key: String,
    /// Markdown, 1 to 4,000 characters after trimming.
    #[schema(min_length = 1, max_length = 4000, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    pub body: String,
    /// The id of the message this one answers.
    pub reply_to: Option<Seq>,
    /// The id of the room that is meant: nothing is stored in another one that has its name by now.
    #[schema(value_type = Option<i64>)]
    pub room_id: Option<RoomId>,
    /// The id of whom the client sends for: with somebody else's session, as after another login, nothing is stored.
    pub author: Option<UserId>,
}

#[derive(Deserialize, ToSchema)]
pub struct EditMessage {
    /// Markdown, 1 to 4,000 characters after trimming.
    #[schema(min_length = 1, max_length = 4000, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    pub body: String,
}

/// Which room is meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MeantRoom {
    /// The id of the room that is meant, where another one may have its name by now.
    #[param(value_type = Option<i64>)]
    pub room_id: Option<RoomId>,
}

/// Which messages of a room.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Only messages with a lower id; the latest if left out.
    #[param(value_type = Option<i64>, minimum = 1)]
    pub before: Option<Seq>,
    /// Only messages with a higher id, from there on.
    #[param(value_type = Option<i64>, minimum = 0)]
    pub after: Option<Seq>,
    /// Messages on both sides of this id.
    #[param(value_type = Option<i64>, minimum = 1)]
    pub around: Option<Seq>,
    /// Messages on both sides of the first that was sent then or later.
    #[param(format = DateTime)]
    pub since: Option<String>,
    /// At most so many; a page may have fewer and still not be the last.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<i64>,
}

#[derive(Deserialize, ToSchema)]
pub struct Draft {
    /// 1 to 4,000 characters after trimming; Markdown.
    pub body: String,
}

#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Preview {
    /// Sanitised.
    pub html: String,
}

/// Messages, oldest first.
#[derive(Serialize, ToSchema)]
pub struct Messages {
    pub messages: Vec<Message>,
    /// Whether there are older ones.
    pub more: bool,
    /// Whether there are newer ones, where `after`, `around` or `since` was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newer: Option<bool>,
}
