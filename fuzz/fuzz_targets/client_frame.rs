//! The parser of clients' frames: any text, and frames whose meaning is known beforehand.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use klatch_fuzz::wire::client_frame::{
    ClientFrame, Edit, History, Idle, InRoom, Join, OfMessage, Parsed, React, Read, Send, parse,
};
use klatch_fuzz::wire::refusal::Code;
use klatch_fuzz::wire::{Key, MAX_FRAME_BYTES, Seq};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

/// What an answer to a bad frame may say, in bytes. Far less than the frame: answers cost the server, not the asker.
const MAX_ANSWER: usize = 1024;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(&data[..data.len().min(MAX_FRAME_BYTES)]) {
        any_text_is_read(text);
    }
    if let Ok(wanted) = Wanted::arbitrary_take_rest(Unstructured::new(data)) {
        is_read_back(&wanted);
    }
});

fn any_text_is_read(text: &str) {
    let parsed = parse(text);
    assert!(parsed.reference.as_ref().is_none_or(|reference| reference.chars().count() <= 64));
    match &parsed.frame {
        Ok(frame) => {
            // Deeper nesting than a `Value` may have, and numbers too large for one, are passed over in unknown fields.
            if let Ok(Value::Object(object)) = serde_json::from_str(text) {
                assert_eq!(parsed.reference.as_deref(), object.get("ref").and_then(Value::as_str));
                says(frame, &object);
            }
            if let ClientFrame::Send(send) = frame {
                has_one_spelling(&send.key);
            }
        }
        Err(refusal) => {
            assert!(matches!(refusal.code, Code::BadFrame | Code::UnknownType | Code::Invalid));
            let message = refusal.wording.to_string();
            assert!(!message.is_empty());
            assert!(message.len() <= MAX_ANSWER, "{} bytes", message.len());
        }
    }
}

/// The frame has the fields of the object, and nothing else.
fn says(frame: &ClientFrame, object: &Map<String, Value>) {
    let word = |name: &str| object[name].as_str().expect("a string").to_owned();
    let number = |value: &Value| value.as_i64().unwrap_or(Seq::MIN);
    let whole = |name: &str| number(&object[name]);
    let perhaps = |name: &str| object.get(name).filter(|value| !value.is_null()).map(number);
    let room = object.get("room").and_then(Value::as_str).unwrap_or_default().to_owned();
    let room_id = perhaps("room_id");
    let expected = match word("type").as_str() {
        "join" => {
            let epoch = object.get("epoch").and_then(Value::as_str).map(str::to_owned);
            ClientFrame::Join(Join { room, room_id, after: perhaps("after"), epoch })
        }
        "leave" => ClientFrame::Leave(InRoom { room }),
        "send" => {
            let reply_to = perhaps("reply_to");
            ClientFrame::Send(Send { room, room_id, key: word("key"), body: word("body"), reply_to })
        }
        "edit" => ClientFrame::Edit(Edit { room, room_id, id: whole("id"), body: word("body") }),
        "delete" => ClientFrame::Delete(OfMessage { room, room_id, id: whole("id") }),
        "react" => {
            let on = object["on"].as_bool().expect("a bool");
            ClientFrame::React(React { room, room_id, id: whole("id"), emoji: word("emoji"), on })
        }
        "history" => ClientFrame::History(History {
            room,
            before: perhaps("before"),
            after: perhaps("after"),
            around: perhaps("around"),
            since: object.get("since").and_then(Value::as_str).map(str::to_owned),
            limit: perhaps("limit"),
        }),
        "read" => ClientFrame::Read(Read { room, room_id, seq: whole("seq") }),
        "typing" => ClientFrame::Typing(InRoom { room }),
        "idle" => ClientFrame::Idle(Idle { on: object["on"].as_bool().expect("a bool") }),
        other => panic!("{other} is no type"),
    };
    assert_eq!(*frame, expected);
}

/// A key in either case is one key, and what it is known by is a key again.
fn has_one_spelling(written: &str) {
    if let Ok(key) = Key::parse(written) {
        assert_eq!(key.written, written);
        assert_eq!(key.canonical, written.to_ascii_lowercase());
        assert_eq!(Key::parse(&key.canonical).map(|again| again.canonical), Ok(key.canonical));
    }
}

/// A frame that a client may want to send, and how it writes it.
#[derive(Arbitrary, Debug)]
struct Wanted {
    what: What,
    room: String,
    text: String,
    number: Seq,
    other: Option<Seq>,
    word: Option<String>,
    on: bool,
    /// A field that no server knows.
    unknown: String,
    /// Whether what is not there is written as `null`.
    nulls: bool,
    pretty: bool,
}

#[derive(Arbitrary, Debug)]
enum What {
    Join,
    Leave,
    Send,
    Edit,
    Delete,
    React,
    History,
    Read,
    Typing,
    Idle,
}

fn is_read_back(wanted: &Wanted) {
    let Wanted { room, text, number, other, word, on, .. } = wanted;
    let (room, text, id, seq, room_id) = (room.clone(), text.clone(), *number, *number, *other);
    let (value, frame) = match wanted.what {
        What::Join => (
            json!({"type": "join", "room": room, "room_id": room_id, "after": other, "epoch": word}),
            ClientFrame::Join(Join { room, room_id, after: *other, epoch: word.clone() }),
        ),
        What::Leave => (json!({"type": "leave", "room": room}), ClientFrame::Leave(InRoom { room })),
        What::Send => (
            json!({"type": "send", "room": room, "room_id": room_id, "key": wanted.unknown, "body": text, "reply_to": other}),
            ClientFrame::Send(Send { room, room_id, key: wanted.unknown.clone(), body: text, reply_to: *other }),
        ),
        What::Edit => (
            json!({"type": "edit", "room": room, "room_id": room_id, "id": id, "body": text}),
            ClientFrame::Edit(Edit { room, room_id, id, body: text }),
        ),
        What::Delete => (
            json!({"type": "delete", "room": room, "room_id": room_id, "id": id}),
            ClientFrame::Delete(OfMessage { room, room_id, id }),
        ),
        What::React => (
            json!({"type": "react", "room": room, "room_id": room_id, "id": id, "emoji": text, "on": on}),
            ClientFrame::React(React { room, room_id, id, emoji: text, on: *on }),
        ),
        What::History => (
            json!({"type": "history", "room": room, "before": other, "after": other, "around": id, "since": word, "limit": other}),
            ClientFrame::History(History {
                room,
                before: *other,
                after: *other,
                around: Some(id),
                since: word.clone(),
                limit: *other,
            }),
        ),
        What::Read => (
            json!({"type": "read", "room": room, "room_id": room_id, "seq": seq}),
            ClientFrame::Read(Read { room, room_id, seq }),
        ),
        What::Typing => (json!({"type": "typing", "room": room}), ClientFrame::Typing(InRoom { room })),
        What::Idle => (json!({"type": "idle", "on": on}), ClientFrame::Idle(Idle { on: *on })),
    };
    let Value::Object(mut object) = value else { unreachable!("an object was written") };
    // A name of its own, so that it is no field of the frame.
    object.insert(format!("x-{}", wanted.unknown), json!([number, {"room": wanted.text}]));
    let reference: Option<String> = word.as_ref().map(|word| word.chars().take(64).collect());
    object.insert("ref".to_owned(), json!(reference));
    if !wanted.nulls {
        object.retain(|_, value| !value.is_null());
    }
    let value = Value::Object(object);
    let text = if wanted.pretty { format!("{value:#}") } else { value.to_string() };
    let Parsed { reference: read_reference, frame: read } = parse(&text);
    assert_eq!((read, read_reference), (Ok(frame), reference), "{text}");
}
