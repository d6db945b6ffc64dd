//! Frames: what comes from a client, and what goes to all.

use std::hint::black_box;

use chrono::NaiveDateTime;
use criterion::{Criterion, Throughput};
use klatch::wire::frame::{self, Reader};
use klatch::wire::{EncodedMessage, Extras, Message, ServerFrame, User};

/// As a browser sends it: masked.
fn send(body: &str) -> Vec<u8> {
    let key = "00000000-0000-4000-8000-000000000000";
    let json = format!(r#"{{"type":"send","room":"den","key":"{key}","body":"{body}"}}"#);
    let mask = [1, 2, 3, 4];
    // FIN and text; a length of 16 bits, of a masked payload.
    let mut bytes = vec![0x81, 0x80 | 126];
    let length = u16::try_from(json.len()).expect("a frame of less than 64 KiB");
    bytes.extend(length.to_be_bytes());
    bytes.extend(mask);
    bytes.extend(json.bytes().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

pub fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame parse");
    for (name, length) in [("short", 40), ("long", 4_000)] {
        let bytes = send(&"x".repeat(length));
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |bencher| {
            let mut reader = Reader::default();
            bencher.iter(|| {
                reader.feed(black_box(&bytes));
                let message = reader.next_message().expect("a good frame");
                // So that the next one begins with an empty buffer, as it does on a socket.
                assert!(reader.next_message().expect("nothing bad").is_none());
                message
            });
        });
    }
    group.finish();
}

pub fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame encode");
    for (name, length) in [("short", 40), ("long", 4_000)] {
        let body = "x".repeat(length);
        let message = Message {
            id: 12_345,
            seq: 12_345,
            key: "00000000-0000-4000-8000-000000000000".to_owned(),
            author: User {
                id: 7,
                username: "ann".to_owned(),
                display_name: "Ann".to_owned(),
                extras: Extras::default(),
            },
            html: format!("<p>{body}</p>\n"),
            body,
            sent_at: NaiveDateTime::default(),
            edited_at: None,
            deleted: false,
            removed: false,
            reply_to: None,
            reactions: Vec::new(),
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let message = EncodedMessage::from(black_box(&message));
                frame::text(&ServerFrame::Message { room: "den", message: &message }.to_json())
            });
        });
    }
    group.finish();
}
