//! How each server is talked to: where its sockets are, how one joins a room there, and what a message looks like.

use serde::{Deserialize, Serialize};

use crate::frames::{TEXT, masked};

/// Needs klatch's Markdown parser and sanitiser, as most messages do.
const BODY: &str = "It works here: see line 42 of the log, then try it once more.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dialect {
    /// The path is the room; what a member says, everybody gets.
    Plain,
    Klatch,
    /// Engine.IO 4 with Socket.IO 5 in it.
    SocketIo,
    /// As Plain, in JSON.
    Channels,
}

/// What to do about a frame that came before the room was joined.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Wait,
    Say(String),
    Joined,
}

impl Dialect {
    pub fn path(self, room: &str) -> String {
        match self {
            Self::Plain => format!("/{room}"),
            Self::Klatch => "/ws".to_owned(),
            Self::SocketIo => "/socket.io/?EIO=4&transport=websocket".to_owned(),
            Self::Channels => format!("/ws/chat/{room}/"),
        }
    }

    /// Whether the handshake alone joins.
    pub fn joins_by_path(self) -> bool {
        matches!(self, Self::Plain | Self::Channels)
    }

    /// `cursor` is what klatch is told of an earlier visit.
    pub fn step(self, heard: &[u8], room: &str, cursor: Option<&Cursor>) -> Step {
        match self {
            Self::Plain | Self::Channels => Step::Wait,
            Self::Klatch if heard.starts_with(br#"{"type":"welcome""#) => Step::Say(match cursor {
                None => format!(r#"{{"type":"join","room":"{room}"}}"#),
                Some(Cursor { seq, epoch }) => {
                    format!(r#"{{"type":"join","room":"{room}","after":{seq},"epoch":"{epoch}"}}"#)
                }
            }),
            Self::Klatch if heard.starts_with(br#"{"type":"joined""#) => Step::Joined,
            Self::SocketIo if heard.starts_with(b"0") => Step::Say("40".to_owned()),
            Self::SocketIo if heard.starts_with(b"40") => Step::Say(format!(r#"420["join","{room}"]"#)),
            Self::SocketIo if heard.starts_with(b"430") => Step::Joined,
            Self::Klatch | Self::SocketIo => Step::Wait,
        }
    }

    pub fn is_delivery(self, payload: &[u8]) -> bool {
        match self {
            Self::Plain | Self::Channels => true,
            Self::Klatch => payload.starts_with(br#"{"type":"message""#),
            Self::SocketIo => payload.starts_with(br#"42["message""#),
        }
    }

    /// What a frame that is no delivery is answered with.
    pub fn answer(self, payload: &[u8]) -> Option<&'static [u8]> {
        assert!(!payload.starts_with(br#"{"type":"error""#), "{}", String::from_utf8_lossy(payload));
        (self == Self::SocketIo && payload == b"2").then_some(b"3")
    }

    /// A frame that says something, so that what is delivered has this many bytes (klatch adds its own to them).
    pub fn message(self, room: &str, run: u32, number: u64, bytes: usize) -> Vec<u8> {
        let filled = |before: &str, after: &str, delivered: usize| {
            format!("{before}{}{after}", "x".repeat(bytes.saturating_sub(delivered)))
        };
        let payload = match self {
            Self::Plain => filled("", "", 0),
            // A key is its author's for ever.
            Self::Klatch => format!(
                r#"{{"type":"send","room":"{room}","key":"{run:08x}-0000-4000-8000-{number:012x}","body":"{BODY}"}}"#
            ),
            Self::SocketIo => filled(r#"42["message",""#, r#""]"#, r#"42["message",""]"#.len()),
            Self::Channels => filled(r#"{"message": ""#, r#""}"#, r#"{"message": ""}"#.len()),
        };
        masked(TEXT, payload.as_bytes())
    }
}

/// How far a client of klatch has read.
#[derive(Clone, Debug)]
pub struct Cursor {
    pub seq: u64,
    pub epoch: String,
}

impl Cursor {
    /// Of a `joined` frame: found, not parsed. Its own number stands before its messages.
    pub fn of(joined: &[u8]) -> Option<Self> {
        let text = str::from_utf8(joined).ok()?;
        let after = |name: &str| text.split_once(name).map(|(_, rest)| rest);
        let seq = after(r#""seq":"#)?;
        let seq = seq[..seq.find(|letter: char| !letter.is_ascii_digit())?].parse().ok()?;
        let epoch = after(r#""epoch":""#)?.split_once('"')?.0.to_owned();
        Some(Self { seq, epoch })
    }
}
