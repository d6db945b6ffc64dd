//! The whole wire, as types: what a client may send and what it may be told.
//!
//! `docs/protocol.md` is the contract for people; the frames of a socket are [`ClientFrame`](crate::wire::ClientFrame) and [`ServerFrame`](crate::wire::ServerFrame), and the
//! objects they share with the JSON API are [`User`], [`Room`] and [`Message`].

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, SecondsFormat};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use crate::wire::extras::Extras;
use crate::wire::refusal::Refusal;

pub type UserId = i64;
pub type RoomId = i64;
/// A number in a room: that of a change (`seq`), or of the change that sent a message (its `id`). They start at 1.
pub type Seq = i64;

/// The most bytes that the payload of a frame, or of all fragments of a message, may have.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;
/// The most Unicode scalar values in a message's body, after trimming.
pub const MAX_BODY_CHARS: usize = 4_000;
/// The most messages on one page of a catch-up or a history.
pub const MAX_PAGE_MESSAGES: i64 = 100;
/// The most bytes of encoded messages on one page; the first message always fits.
pub const MAX_PAGE_BYTES: usize = 256 * 1024;
/// Messages on a page when nobody asks for another number, and in `joined`.
pub const DEFAULT_PAGE_MESSAGES: i64 = 20;
/// A client further behind than this starts anew.
pub const MAX_CATCH_UP: Seq = 10_000;
/// The most messages that are told as unread, or as mentions.
pub const MAX_UNREAD: i64 = 1_000;
/// Distinct emoji on one message.
pub const MAX_EMOJI: usize = 20;
/// People of a direct talk.
pub const MAX_DIRECT_PEOPLE: i64 = 12;
/// Users listed beside an emoji.
pub const MAX_REACTION_USERS: usize = 100;
/// People listed by name in a room; above it presence tells only their number.
pub const MAX_PEOPLE: usize = 200;
/// Bytes that may wait for a socket before it is closed as too slow.
pub const MAX_WAITING_BYTES: usize = 1024 * 1024;
/// Bad frames in a row that end a socket.
pub const MAX_BAD_FRAMES: u8 = 10;

/// A person as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct User {
    pub id: UserId,
    pub username: String,
    pub display_name: String,
    /// What features add, each under its name.
    #[serde(flatten)]
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    #[cfg_attr(test, ts(skip))]
    pub extras: Extras,
}

/// Who may see a room and how it is entered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum RoomKind {
    /// Everybody sees it; a first `join` makes one a member.
    #[default]
    Public,
    /// Only members see it; a member adds others.
    Private,
    /// A private room between people, where every message is a mention.
    Direct,
}

impl RoomKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Direct => "direct",
        }
    }

    pub fn from_column(kind: &str) -> Self {
        match kind {
            "private" => Self::Private,
            "direct" => Self::Direct,
            _ => Self::Public,
        }
    }
}

/// A room, with the number of its latest change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Room {
    pub id: RoomId,
    pub slug: String,
    pub title: String,
    pub topic: String,
    pub kind: RoomKind,
    pub seq: Seq,
    /// Present, and true, where the room can only be read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    #[cfg_attr(test, ts(as = "Option<bool>"))]
    pub archived: bool,
    /// Seconds that somebody must wait from one message to their next; left out where they need not.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false, minimum = 0)]
    #[cfg_attr(test, ts(as = "Option<i32>"))]
    pub slow_secs: i32,
}

fn is_zero(number: &i32) -> bool {
    *number == 0
}

/// What somebody may do in the whole chat; each may do what those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum InstanceRole {
    /// Sees only the rooms they are in.
    Guest,
    Member,
    /// Moderates the rooms they see, and sees to people.
    Admin,
    /// An admin whom only owners can act on.
    Owner,
}

impl InstanceRole {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// What is not understood may do the least.
    pub fn from_column(role: &str) -> Self {
        match role {
            "owner" => Self::Owner,
            "admin" => Self::Admin,
            "member" => Self::Member,
            _ => Self::Guest,
        }
    }
}

/// What a member may do in a room beside talking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Moderator,
    Member,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Moderator => "moderator",
            Self::Member => "member",
        }
    }

    pub fn from_column(role: &str) -> Self {
        match role {
            "moderator" => Self::Moderator,
            _ => Self::Member,
        }
    }
}

/// What of a room a member wants to be told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// Of every message.
    All,
    /// Of mentions alone; in a direct talk every message is one.
    #[default]
    Mentions,
    /// Not even mentions: no `mention` frames.
    None,
}

impl Notify {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Mentions => "mentions",
            Self::None => "none",
        }
    }

    pub fn from_column(level: &str) -> Self {
        match level {
            "mentions" => Self::Mentions,
            "none" => Self::None,
            _ => Self::All,
        }
    }
}

/// A member of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Member {
    pub user: User,
    pub role: Role,
}

/// How a member stands to a room.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Standing {
    /// Messages ever sent in the room.
    pub count: i64,
    /// The member's read mark.
    pub read: Seq,
    /// Exact below 1,000, which stands for that many or more.
    #[schema(maximum = 1000)]
    pub unread: i64,
    /// Exact below 1,000, which stands for that many or more.
    #[schema(maximum = 1000)]
    pub mentions: i64,
    pub notify: Notify,
    /// At the top of their list.
    pub starred: bool,
    /// The number of the latest change by which somebody's `unread` or `mentions` became less; told to nobody.
    #[serde(skip)]
    pub lowered: Seq,
}

/// A room in `welcome`.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MemberRoom {
    #[serde(flatten)]
    pub room: Room,
    #[serde(flatten)]
    pub standing: Standing,
}

/// A room in a list; of one that the user is no member of the numbers are 0.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ListedRoom {
    #[serde(flatten)]
    pub room: Room,
    pub member: bool,
    #[serde(flatten)]
    pub standing: Standing,
    /// The others of a direct talk, with their states.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    #[cfg_attr(test, ts(as = "Option<Vec<User>>"))]
    pub people: Vec<User>,
}

/// A message in its latest state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Message {
    /// The number it was sent with; never changes.
    pub id: Seq,
    /// The number of its latest change.
    pub seq: Seq,
    /// The UUID its author's client made for it.
    pub key: String,
    pub author: User,
    /// As the author wrote it (Markdown); empty once deleted.
    pub body: String,
    /// The body rendered and sanitised; empty once deleted.
    pub html: String,
    #[serde(serialize_with = "rfc3339_millis", deserialize_with = "from_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    #[cfg_attr(test, ts(as = "String"))]
    pub sent_at: NaiveDateTime,
    #[serde(
        default,
        serialize_with = "rfc3339_millis_opt",
        deserialize_with = "from_rfc3339_opt",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>, format = DateTime)]
    #[cfg_attr(test, ts(as = "Option<String>"))]
    pub edited_at: Option<NaiveDateTime>,
    /// Present, and true, when the message was deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    #[cfg_attr(test, ts(as = "Option<bool>"))]
    pub deleted: bool,
    /// Present, and true, when it was a moderator who deleted it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    #[cfg_attr(test, ts(as = "Option<bool>"))]
    pub removed: bool,
    /// The id of the message this one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// In the order in which their emoji was first used on the message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    #[cfg_attr(test, ts(as = "Option<Vec<Reaction>>"))]
    pub reactions: Vec<Reaction>,
}

/// A message as JSON: encoded once, however many frames it goes into.
#[derive(Clone, Debug)]
pub struct EncodedMessage {
    pub id: Seq,
    pub seq: Seq,
    json: Arc<RawValue>,
}

impl EncodedMessage {
    /// Bytes of JSON.
    pub fn json_len(&self) -> usize {
        self.json.get().len()
    }
}

impl From<&Message> for EncodedMessage {
    fn from(message: &Message) -> Self {
        // A plain struct with string keys: serialising it into memory has no way to fail.
        let json = to_raw_value(message).expect("messages serialise");
        Self { id: message.id, seq: message.seq, json: json.into() }
    }
}

impl Serialize for EncodedMessage {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(to)
    }
}

/// All of one emoji on a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Reaction {
    pub emoji: String,
    pub count: usize,
    /// Usernames, the first [`MAX_REACTION_USERS`].
    pub users: Vec<String>,
}

/// Those present in a room: all of them up to [`MAX_PEOPLE`], else none by name.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct People {
    pub count: usize,
    pub users: Vec<User>,
}

/// What a client calls a message: a UUID, shown to all as the client wrote it, and the same in either case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub written: String,
    /// The UUID's one spelling, in lower case: what is unique for its author.
    pub canonical: String,
}

impl Key {
    /// # Errors
    /// `invalid`: not a UUID with hyphens.
    pub fn parse(written: &str) -> Result<Self, Refusal> {
        match uuid::Uuid::try_parse(written) {
            Ok(uuid) if written.len() == 36 => {
                Ok(Self { written: written.to_owned(), canonical: uuid.hyphenated().to_string() })
            }
            _ => Err(Refusal::invalid("key: must be a UUID")),
        }
    }
}

/// What the log calls a request, and `X-Request-Id` tells its client: 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(pub u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A time on the wire: RFC 3339 in UTC with milliseconds.
pub fn format_time(time: &NaiveDateTime) -> String {
    DateTime::<chrono::Utc>::from_naive_utc_and_offset(*time, chrono::Utc).to_rfc3339_opts(SecondsFormat::Millis, true)
}

pub(crate) fn rfc3339_millis<S: Serializer>(time: &NaiveDateTime, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&format_time(time))
}

pub(crate) fn rfc3339_millis_opt<S: Serializer>(time: &Option<NaiveDateTime>, to: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => rfc3339_millis(time, to),
        None => to.serialize_none(),
    }
}

fn from_rfc3339<'de, D: Deserializer<'de>>(from: D) -> Result<NaiveDateTime, D::Error> {
    DateTime::<chrono::Utc>::deserialize(from).map(|time| time.naive_utc())
}

fn from_rfc3339_opt<'de, D: Deserializer<'de>>(from: D) -> Result<Option<NaiveDateTime>, D::Error> {
    Ok(Option::<DateTime<chrono::Utc>>::deserialize(from)?.map(|time| time.naive_utc()))
}
