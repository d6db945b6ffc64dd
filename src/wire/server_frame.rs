//! What a client may be told, and the codes a socket is closed with.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::wire::refusal::Code;
use crate::wire::types::{EncodedMessage, MemberRoom, Message, RoomId, Seq, User, UserId};

/// The version of the wire contract.
pub const PROTOCOL: u32 = 1;

/// A frame to a client. Optional fields are left out when they do not apply.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame<'a> {
    Welcome {
        /// That of `docs/protocol.md` which the server keeps to: [`PROTOCOL`].
        protocol: u32,
        user: &'a User,
        instance: &'a str,
        build: &'a str,
        heartbeat_secs: u64,
        limits: Limits,
        rooms: &'a [MemberRoom],
        /// The ids of those whom the user has blocked.
        blocks: &'a [UserId],
    },
    Blocks {
        /// The ids of those whom the user has blocked now.
        blocks: &'a [UserId],
    },
    Joined {
        #[serde(flatten)]
        reference: Ref<'a>,
        room: &'a str,
        id: RoomId,
        title: &'a str,
        topic: &'a str,
        epoch: &'a str,
        seq: Seq,
        #[cfg_attr(test, ts(as = "Vec<Message>"))]
        messages: &'a [EncodedMessage],
        more: bool,
        reset: bool,
        #[cfg_attr(test, ts(as = "crate::wire::types::People"))]
        people: &'a RawValue,
        read: Seq,
    },
    Changes {
        room: &'a str,
        #[cfg_attr(test, ts(as = "Vec<Message>"))]
        messages: &'a [EncodedMessage],
        more: bool,
    },
    Left {
        #[serde(flatten)]
        reference: Ref<'a>,
        room: &'a str,
        reason: LeftReason,
    },
    Sent {
        #[serde(flatten)]
        reference: Ref<'a>,
        room: &'a str,
        key: &'a str,
        id: Seq,
        seq: Seq,
    },
    Done {
        #[serde(flatten)]
        reference: Ref<'a>,
        room: &'a str,
        id: Seq,
        seq: Seq,
    },
    Message {
        room: &'a str,
        #[cfg_attr(test, ts(as = "Message"))]
        message: &'a EncodedMessage,
    },
    History {
        #[serde(flatten)]
        reference: Ref<'a>,
        room: &'a str,
        messages: &'a [Message],
        more: bool,
        /// Where the page need not end with what was asked for or with the latest message.
        #[serde(skip_serializing_if = "Option::is_none")]
        newer: Option<bool>,
    },
    Presence {
        room: &'a str,
        count: usize,
        joined: &'a [User],
        left: &'a [User],
    },
    Typing {
        room: &'a str,
        user: &'a User,
    },
    /// People of the joined rooms and the direct talks have changed.
    State {
        users: &'a [&'a PersonState],
    },
    /// `count` is the room's count of messages ever sent when these numbers were true: the base from which `activity`
    /// makes unread grow.
    Read {
        room: &'a str,
        seq: Seq,
        unread: i64,
        mentions: i64,
        count: i64,
        /// The room's number when these numbers were true, where they fell by something else than reading: a `mention`
        /// up to it is in them.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<Seq>,
        /// Set back by its owner; else a mark only rises.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        #[cfg_attr(test, ts(as = "Option<bool>"))]
        back: bool,
    },
    Activity {
        room: &'a str,
        seq: Seq,
        count: i64,
    },
    Mention {
        room: &'a str,
        message: &'a Message,
    },
    Room {
        room: &'a str,
        member: bool,
    },
    Error {
        code: Code,
        message: &'a str,
        #[serde(flatten)]
        reference: Ref<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    Bye {
        reason: &'a str,
        reconnect_after_ms: u64,
    },
}

/// What has changed about somebody: of each extra that they have or had what it is now, or null.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PersonState {
    pub id: UserId,
    pub username: String,
    #[serde(flatten)]
    #[cfg_attr(test, ts(skip))]
    pub extras: Map<String, Value>,
}

/// The `ref` of the frame that is answered.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Ref<'a> {
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<&'a str>,
}

impl<'a> From<&'a Option<String>> for Ref<'a> {
    fn from(reference: &'a Option<String>) -> Self {
        Self { reference: reference.as_deref() }
    }
}

/// What a client may count on: characters of a body and bytes of a frame.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Limits {
    pub body: usize,
    pub frame: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum LeftReason {
    Asked,
    Removed,
    Deleted,
}

impl ServerFrame<'_> {
    /// The frame as JSON text.
    pub fn to_json(&self) -> Vec<u8> {
        // Plain structs with string keys: serialising them into memory has no way to fail.
        serde_json::to_vec(self).expect("server frames serialise")
    }
}

/// Why a socket is closed: the code tells the client what to do (`docs/protocol.md`, "Closing").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Close {
    Normal = 1000,
    Protocol = 1002,
    Binary = 1003,
    InvalidUtf8 = 1007,
    BadFrames = 1008,
    TooLarge = 1009,
    GoingAway = 1012,
    Full = 1013,
    SessionEnded = 4401,
    Banned = 4403,
    TooSlow = 4408,
    NoPong = 4409,
    TooManySockets = 4429,
}

impl Close {
    pub const ALL: [Self; 13] = [
        Self::Normal,
        Self::Protocol,
        Self::Binary,
        Self::InvalidUtf8,
        Self::BadFrames,
        Self::TooLarge,
        Self::GoingAway,
        Self::Full,
        Self::SessionEnded,
        Self::Banned,
        Self::TooSlow,
        Self::NoPong,
        Self::TooManySockets,
    ];

    pub fn code(self) -> u16 {
        self as u16
    }

    /// The code in a word, for the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Protocol => "protocol_error",
            Self::Binary => "binary_frame",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::BadFrames => "bad_frames",
            Self::TooLarge => "too_large",
            Self::GoingAway => "going_away",
            Self::Full => "full",
            Self::SessionEnded => "session_ended",
            Self::Banned => "banned",
            Self::TooSlow => "too_slow",
            Self::NoPong => "no_pong",
            Self::TooManySockets => "too_many_sockets",
        }
    }

    /// A text for the people who debug a client; at most 123 bytes, as a close frame allows.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Normal => "",
            Self::Protocol => "protocol error",
            Self::Binary => "text frames only",
            Self::InvalidUtf8 => "invalid UTF-8",
            Self::BadFrames => "ten bad frames in a row",
            Self::TooLarge => "frame too large",
            Self::GoingAway => "going away, reconnect",
            Self::Full => "this instance is full",
            Self::SessionEnded => "session ended",
            Self::Banned => "banned",
            Self::TooSlow => "too slow: 1 MiB is waiting",
            Self::NoPong => "no answer to pings",
            Self::TooManySockets => "too many sockets",
        }
    }
}
