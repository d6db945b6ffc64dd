//! What a client may send: one JSON object a frame, told apart by `type`.

use std::fmt::Display;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

use crate::wire::refusal::{Code, Refusal};
use crate::wire::types::{RoomId, Seq};

/// A frame from a client, its shape checked and nothing else.
#[derive(Debug, PartialEq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Command", tag = "type", rename_all = "snake_case"))]
pub enum ClientFrame {
    Join(Join),
    Leave(InRoom),
    Send(Send),
    Edit(Edit),
    Delete(OfMessage),
    React(React),
    History(History),
    Read(Read),
    Typing(InRoom),
    Idle(Idle),
}

/// A frame as it was read: what it says, or why it can't be used, and the `ref` that its answer carries either way.
#[derive(Debug)]
pub struct Parsed {
    pub reference: Option<String>,
    pub frame: Result<ClientFrame, Refusal>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Join {
    pub room: String,
    #[serde(default, deserialize_with = "whole_or_none")]
    pub room_id: Option<RoomId>,
    #[serde(default, deserialize_with = "whole_or_none")]
    pub after: Option<Seq>,
    pub epoch: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct InRoom {
    pub room: String,
}

/// Whether the page is not in use.
#[derive(Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Idle {
    pub on: bool,
}

#[derive(Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Send {
    pub room: String,
    #[serde(default, deserialize_with = "whole_or_none")]
    pub room_id: Option<RoomId>,
    pub key: String,
    pub body: String,
    #[serde(default, deserialize_with = "whole_or_none")]
    pub reply_to: Option<Seq>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Edit {
    pub room: String,
    #[serde(default, deserialize_with = "whole_or_none")]
    pub room_id: Option<RoomId>,
    #[serde(deserialize_with = "whole")]
    pub id: Seq,
    pub body: String,
}

#[derive(Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct OfMessage {
    pub room: String,
    #[serde(default, deserialize_with = "whole_or_none")]
    pub room_id: Option<RoomId>,
    #[serde(deserialize_with = "whole")]
    pub id: Seq,
}

#[derive(Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct React {
    pub room: String,
    #[serde(default, deserialize_with = "whole_or_none")]
    pub room_id: Option<RoomId>,
    #[serde(deserialize_with = "whole")]
    pub id: Seq,
    pub emoji: String,
    pub on: bool,
}

#[derive(Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct History {
    pub room: String,
    #[serde(default, deserialize_with = "whole_or_none")]
    pub before: Option<Seq>,
    #[serde(default, deserialize_with = "whole_or_none")]
    pub after: Option<Seq>,
    #[serde(default, deserialize_with = "whole_or_none")]
    pub around: Option<Seq>,
    pub since: Option<String>,
    #[serde(default, deserialize_with = "whole_or_none")]
    pub limit: Option<i64>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Read {
    pub room: String,
    #[serde(default, deserialize_with = "whole_or_none")]
    pub room_id: Option<RoomId>,
    #[serde(deserialize_with = "whole")]
    pub seq: Seq,
}

/// A whole number. One that is too large for any room is out of range and not of the wrong type: it becomes
/// [`Seq::MIN`], which is no number either.
fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Seq, D::Error> {
    let number = Number::deserialize(from)?;
    let beyond = || number.is_u64().then_some(Seq::MIN);
    number.as_i64().or_else(beyond).ok_or_else(|| D::Error::custom("a whole number was expected"))
}

fn whole_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Seq>, D::Error> {
    #[derive(Deserialize)]
    struct Whole(#[serde(deserialize_with = "whole")] Seq);
    Ok(Option::<Whole>::deserialize(from)?.map(|Whole(number)| number))
}

const MAX_REF_CHARS: usize = 64;
const MAX_CAUSE_CHARS: usize = 200;

/// Reads one frame. Unknown fields are passed over, so that a newer client can talk to an older server; a field given
/// twice is a bad frame.
pub fn parse(text: &str) -> Parsed {
    /// Of any shape, so that a bad frame's answer carries the `ref` wherever there is one.
    #[derive(Deserialize)]
    struct Envelope {
        r#type: Option<Value>,
        r#ref: Option<Value>,
    }
    let envelope: Envelope = match serde_json::from_str(text) {
        Ok(envelope) => envelope,
        Err(error) => return Parsed { reference: None, frame: Err(bad_frame(error)) },
    };
    let reference = match envelope.r#ref {
        None | Some(Value::Null) => None,
        Some(Value::String(reference)) => Some(reference),
        Some(_) => return Parsed { reference: None, frame: Err(bad_frame("ref must be a string")) },
    };
    if reference.as_ref().is_some_and(|reference| reference.chars().count() > MAX_REF_CHARS) {
        return Parsed { reference: None, frame: Err(Refusal::new(Code::Invalid, "ref: at most 64 characters")) };
    }
    let Some(Value::String(kind)) = envelope.r#type else {
        return Parsed { reference, frame: Err(bad_frame("type must be a string")) };
    };
    let frame = match kind.as_str() {
        "join" => shape(text, ClientFrame::Join),
        "leave" => shape(text, ClientFrame::Leave),
        "send" => shape(text, ClientFrame::Send),
        "edit" => shape(text, ClientFrame::Edit),
        "delete" => shape(text, ClientFrame::Delete),
        "react" => shape(text, ClientFrame::React),
        "history" => shape(text, ClientFrame::History),
        "read" => shape(text, ClientFrame::Read),
        "typing" => shape(text, ClientFrame::Typing),
        "idle" => shape(text, ClientFrame::Idle),
        _ => Err(Refusal::new(Code::UnknownType, "this type of frame is not known here")),
    };
    Parsed { reference, frame }
}

fn shape<'a, T: Deserialize<'a>>(text: &'a str, frame: fn(T) -> ClientFrame) -> Result<ClientFrame, Refusal> {
    serde_json::from_str(text).map(frame).map_err(bad_frame)
}

/// The cause may repeat a value of the frame, however long that is: only its beginning is told.
fn bad_frame(why: impl Display) -> Refusal {
    let why: String = why.to_string().chars().take(MAX_CAUSE_CHARS).collect();
    Refusal::new(Code::BadFrame, "not a frame: {why}").with("why", why)
}
