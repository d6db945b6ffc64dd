//! RFC 6455, frame by frame: fragments, control frames, masks, and what breaks the rules.

use crate::common::raw::{BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT};
use crate::common::*;

async fn raw_socket() -> (Server, Raw) {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    let raw = Raw::open(&ann).await;
    (server, raw)
}

/// A frame whose answer tells that it was understood: the room is not there, and its `ref` comes back.
fn question(reference: &str) -> String {
    json!({"type": "join", "room": "nowhere", "ref": reference}).to_string()
}

async fn is_answered(raw: &mut Raw, reference: &str) {
    let answer = raw.json().await;
    assert_eq!((&answer["code"], &answer["ref"]), (&json!("not_found"), &json!(reference)));
}

/// Asserts that these frames, on a new socket, close it with this code.
async fn closes_with(code: u16, frames: &[Frame]) {
    let (_server, mut raw) = raw_socket().await;
    for frame in frames {
        raw.send(frame.clone()).await;
    }
    assert_eq!(raw.closed().await, Some(code), "{frames:?}");
}

#[tokio::test]
async fn a_fragmented_message_is_one_message() {
    let (_server, mut raw) = raw_socket().await;
    // Every byte a fragment of its own, the é of the ref split in two.
    let text = question("é");
    let (last, others) = text.as_bytes().split_last().unwrap();
    for (at, byte) in others.iter().enumerate() {
        let opcode = if at == 0 { TEXT } else { CONTINUATION };
        raw.send(Frame::new(opcode, [*byte]).unfinished()).await;
    }
    raw.send(Frame::new(CONTINUATION, [*last])).await;
    is_answered(&mut raw, "é").await;
}

#[tokio::test]
async fn empty_fragments_are_fragments() {
    let (_server, mut raw) = raw_socket().await;
    raw.send(Frame::text("").unfinished()).await;
    raw.send(Frame::new(CONTINUATION, "").unfinished()).await;
    raw.send(Frame::new(CONTINUATION, question("a"))).await;
    is_answered(&mut raw, "a").await;
}

#[tokio::test]
async fn control_frames_may_come_between_fragments() {
    let (_server, mut raw) = raw_socket().await;
    let text = question("a");
    let (head, tail) = text.split_at(10);
    raw.send(Frame::text(head).unfinished()).await;
    raw.send(Frame::new(PING, "between")).await;
    assert_eq!(raw.expect(PONG).await, b"between");
    raw.send(Frame::new(PONG, "unasked for")).await;
    raw.send(Frame::new(CONTINUATION, tail)).await;
    is_answered(&mut raw, "a").await;
}

#[tokio::test]
async fn frames_may_come_in_any_pieces() {
    let (_server, mut raw) = raw_socket().await;
    let mut bytes = vec![];
    for reference in ["a", "b", "c"] {
        bytes.extend(Frame::text(question(reference)).bytes());
    }
    // Three at once, then one byte at a time.
    raw.write(&bytes).await;
    for byte in bytes {
        raw.write(&[byte]).await;
    }
    for reference in ["a", "b", "c", "a", "b", "c"] {
        is_answered(&mut raw, reference).await;
    }
}

#[tokio::test]
async fn every_frame_has_its_own_mask() {
    let (_server, mut raw) = raw_socket().await;
    for mask in [[0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF], [1, 2, 3, 4]] {
        let mut frame = Frame::text(question("a"));
        frame.mask = Some(mask);
        raw.send(frame).await;
        is_answered(&mut raw, "a").await;
    }
}

#[tokio::test]
async fn a_ping_is_answered_with_its_own_payload() {
    let (_server, mut raw) = raw_socket().await;
    for payload in [vec![], b"hello".to_vec(), vec![0xFF; 125]] {
        raw.send(Frame::new(PING, payload.clone())).await;
        assert_eq!(raw.expect(PONG).await, payload);
    }
}

#[tokio::test]
async fn a_close_is_echoed() {
    for code in [1000, 1001, 1002, 1003, 1007, 1011, 3000, 4999] {
        let (_server, mut raw) = raw_socket().await;
        raw.send(Frame::close(code, b"bye")).await;
        assert_eq!(raw.closed().await, Some(code));
    }
}

#[tokio::test]
async fn a_close_without_a_code_is_echoed_without_one() {
    let (_server, mut raw) = raw_socket().await;
    raw.send(Frame::new(CLOSE, "")).await;
    assert!(matches!(raw.closed().await, None | Some(1000)));
}

#[tokio::test]
async fn a_close_code_nobody_may_send_is_1002() {
    for code in [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535] {
        closes_with(1002, &[Frame::close(code, b"")]).await;
    }
}

#[tokio::test]
async fn a_close_with_half_a_code_is_1002() {
    closes_with(1002, &[Frame::new(CLOSE, [3])]).await;
}

#[tokio::test]
async fn a_close_whose_reason_is_no_utf_8_is_1007() {
    closes_with(1007, &[Frame::close(1000, &[0xFF])]).await;
}

#[tokio::test]
async fn a_binary_frame_is_1003() {
    closes_with(1003, &[Frame::new(BINARY, question("a"))]).await;
    closes_with(1003, &[Frame::new(BINARY, "").unfinished()]).await;
}

#[tokio::test]
async fn invalid_utf_8_is_1007() {
    for bytes in [&b"\xFF"[..], b"\xC3\x28", b"\xED\xA0\x80", b"\xF4\x90\x80\x80", b"\xC0\xAF", b"\xE2\x82"] {
        closes_with(1007, &[Frame::text(bytes)]).await;
    }
    let fragments = [Frame::text(&b"\xC3"[..]).unfinished(), Frame::new(CONTINUATION, &b"\x28"[..])];
    closes_with(1007, &fragments).await;
}

#[tokio::test]
async fn an_unmasked_frame_is_1002() {
    closes_with(1002, &[Frame::text(question("a")).unmasked()]).await;
    closes_with(1002, &[Frame::new(PING, "").unmasked()]).await;
}

#[tokio::test]
async fn reserved_bits_are_1002() {
    for bits in [0b001, 0b010, 0b100, 0b111] {
        closes_with(1002, &[Frame::text(question("a")).reserved(bits)]).await;
    }
    closes_with(1002, &[Frame::new(PING, "").reserved(0b100)]).await;
}

#[tokio::test]
async fn an_unknown_opcode_is_1002() {
    for opcode in [0x3, 0x7, 0xB, 0xF] {
        closes_with(1002, &[Frame::new(opcode, "")]).await;
    }
}

#[tokio::test]
async fn a_fragmented_control_frame_is_1002() {
    for opcode in [PING, PONG, CLOSE] {
        closes_with(1002, &[Frame::new(opcode, "").unfinished()]).await;
    }
}

#[tokio::test]
async fn a_control_frame_above_125_bytes_is_1002() {
    for opcode in [PING, PONG, CLOSE] {
        closes_with(1002, &[Frame::new(opcode, [b'x'; 126])]).await;
    }
}

#[tokio::test]
async fn a_continuation_of_nothing_is_1002() {
    closes_with(1002, &[Frame::new(CONTINUATION, question("a"))]).await;
    closes_with(1002, &[Frame::new(CONTINUATION, "").unfinished()]).await;
}

#[tokio::test]
async fn a_new_message_within_another_is_1002() {
    closes_with(1002, &[Frame::text("{").unfinished(), Frame::text(question("a"))]).await;
}

/// A connection that ends without a close frame is an end as well.
#[tokio::test]
async fn a_cut_connection_leaves_the_room() {
    let server = Server::start(Options::sqlite()).await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut raw = Raw::open(&bob).await;
    raw.send(Frame::text(r#"{"type":"join","room":"den"}"#)).await;
    while raw.json().await["type"] != "joined" {}
    let mut socket = ann.socket_in("den").await;
    // In the middle of a frame.
    raw.write(&Frame::text(question("a")).bytes()[..7]).await;
    drop(raw);
    socket.expect_where("bob's leaving", |f| f["type"] == "presence" && f["left"] == json!([bob.user])).await;
}
