//! What the API is given and answers, beside the objects of [`crate::protocol`].

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, IntoResponses, ToSchema};

use crate::error::{Code, Refusal};
use crate::protocol::{AuditEntry, Member, Message, Notify, Report, Room, Sanction, Seq, User, UserId};
use crate::store::rooms::Listed;
use crate::web::preferences::Preferences;

/// Why a call was not served.
#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ErrorBody {
    #[cfg_attr(test, ts(inline))]
    error: ErrorDetail,
}

#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
struct ErrorDetail {
    code: Code,
    /// For people, in their language.
    message: String,
    /// When trying again can help, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

impl From<&Refusal> for ErrorBody {
    fn from(refusal: &Refusal) -> Self {
        let Refusal { code, retry_after_ms, .. } = *refusal;
        Self {
            error: ErrorDetail { code, message: Preferences::present().language.say(&refusal.wording), retry_after_ms },
        }
    }
}

/// What every call can answer.
#[derive(IntoResponses)]
pub enum Always {
    /// `unavailable`: the database did not answer
    #[response(status = 503)]
    _Unavailable(ErrorBody),
}

/// What every call that changes something can answer.
#[derive(IntoResponses)]
pub enum Changing {
    /// `forbidden`: the request came from another site, or does not say from where
    #[response(status = 403)]
    _Forbidden(ErrorBody),
}

/// What every call that needs a session can answer.
#[derive(IntoResponses)]
pub enum WithSession {
    /// `unauthorized`: no session, or one that has ended
    #[response(status = 401)]
    _Unauthorized(ErrorBody),
}

/// What every call with a body can answer.
#[derive(IntoResponses)]
pub enum WithBody {
    /// `bad_frame`: not JSON, or a field missing or of the wrong type
    #[response(status = 400)]
    _BadFrame(ErrorBody),
    /// `invalid`: more than 64 KiB
    #[response(status = 413)]
    _TooLarge(ErrorBody),
    /// `bad_frame`: the body is not declared as application/json
    #[response(status = 415)]
    _OtherType(ErrorBody),
    /// `invalid`: a value out of range
    #[response(status = 422)]
    _Invalid(ErrorBody),
}

/// What every call about a room can answer.
#[derive(IntoResponses)]
pub enum OfRoom {
    /// `not_found`: no such room, or none that this user may see
    #[response(status = 404)]
    _NotFound(ErrorBody),
}

#[derive(Deserialize, ToSchema)]
pub struct SignUp {
    /// 2 to 32 of `A-Z a-z 0-9 . _ -`; unique without regard to case.
    #[schema(min_length = 2, max_length = 32, pattern = "^[A-Za-z0-9._-]+$")]
    pub username: String,
    #[schema(min_length = 8, max_length = 256)]
    pub password: String,
    /// What others see; the username if left out.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    pub display_name: Option<String>,
    /// The token of an invitation, the last part of its link.
    pub invitation: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub struct LogIn {
    pub username: String,
    pub password: String,
}

/// What of one's profile is to be otherwise; what is left out stays.
#[derive(Deserialize, ToSchema)]
pub struct ChangeProfile {
    #[schema(max_length = 64)]
    pub display_name: Option<String>,
    /// At most 300 characters, in one line or a few.
    #[schema(max_length = 300)]
    pub about: Option<String>,
    /// A name of the IANA database, such as `Europe/Berlin`, or empty.
    pub time_zone: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub struct SetPassword {
    pub old: String,
    #[schema(min_length = 8, max_length = 256)]
    pub new: String,
}

#[derive(Deserialize, ToSchema)]
pub struct DeleteAccount {
    pub password: String,
    pub messages: WithMessages,
}

/// What becomes of somebody's messages when their account is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WithMessages {
    /// They stay, under "Deleted user".
    Keep,
    Remove,
}

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
    #[schema(value_type = Option<crate::protocol::RoomKind>)]
    pub kind: Option<String>,
}

/// What of a room is to be otherwise; what is left out stays.
#[derive(Deserialize, ToSchema)]
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

/// A role: in a room `moderator` or `member`, in the chat `owner`, `admin`, `member` or `guest`.
#[derive(Deserialize, ToSchema)]
pub struct SetRole {
    pub role: String,
}

/// How long something holds, and why.
#[derive(Deserialize, ToSchema)]
pub struct For {
    /// For ever if left out.
    #[schema(minimum = 1, maximum = 5_256_000)]
    pub minutes: Option<i64>,
    /// For the log.
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

/// Why something is done.
#[derive(Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub struct Why {
    #[schema(max_length = 500)]
    #[param(max_length = 500)]
    pub reason: Option<String>,
}

/// The room's own name, so that none is deleted by a slip.
#[derive(Deserialize, ToSchema)]
pub struct Confirm {
    pub confirm: String,
}

#[derive(Deserialize, ToSchema)]
pub struct BeginDirect {
    /// The names of 1 to 11 others.
    #[schema(min_items = 1, max_items = 11)]
    pub users: Vec<String>,
}

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
}

/// `all`, `mentions` or `none`.
#[derive(Deserialize, ToSchema)]
pub struct SetNotify {
    pub notify: String,
}

/// Which entries of a log.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Older {
    /// Only entries with a lower id; the latest if left out.
    #[param(minimum = 1)]
    pub before: Option<i64>,
}

/// Entries, newest first.
#[derive(Serialize, ToSchema)]
pub struct AuditLog {
    pub entries: Vec<AuditEntry>,
    /// Whether there are older ones.
    pub more: bool,
}

#[derive(Serialize, ToSchema)]
pub struct Reports {
    pub reports: Vec<Report>,
}

#[derive(Serialize, ToSchema)]
pub struct Sanctions {
    pub sanctions: Vec<Sanction>,
}

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
    /// The id of whom the client sends for: with somebody else's session, as after another login, nothing is stored.
    pub author: Option<UserId>,
}

/// Which messages of a room.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
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

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// How a username, a display name or a word in one begins, in whatever case.
    #[serde(default)]
    pub q: String,
    /// At most so many.
    #[param(minimum = 1, maximum = 50, default = 20)]
    pub limit: Option<i64>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MemberSearch {
    /// How a username, a display name or a word in one begins, in whatever case.
    #[serde(default)]
    pub q: String,
    /// At most so many; without it all.
    #[param(minimum = 1, maximum = 50)]
    pub limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Users {
    /// First those of whom the username begins so, then by username.
    pub users: Vec<User>,
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

#[derive(Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Members {
    pub members: Vec<Member>,
}
