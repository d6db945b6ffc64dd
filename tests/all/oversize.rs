//! Frames of up to 64 KiB; what is larger is refused from its header, before it is buffered.

use crate::common::raw::{CLOSE, CONTINUATION, PING, PONG};
use crate::common::*;
use std::time::{Duration, Instant};
use tokio::time::timeout;

const LIMIT: usize = 64 * 1024;

async fn raw_socket() -> (Server, Raw) {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    let raw = Raw::open(&ann).await;
    (server, raw)
}

/// A JSON object of exactly so many bytes that is answered with `not_found`.
fn padded(length: usize) -> String {
    let text = json!({"type": "join", "room": "nowhere", "padding": ""}).to_string();
    let padding = format!("\"padding\":\"{}\"", "x".repeat(length - text.len()));
    text.replace("\"padding\":\"\"", &padding)
}

#[tokio::test]
async fn a_frame_of_64_kib_is_read() {
    let (_server, mut raw) = raw_socket().await;
    let text = padded(LIMIT);
    assert_eq!(text.len(), LIMIT);
    for _ in 0..2 {
        raw.send(Frame::text(text.clone())).await;
        assert_eq!(raw.json().await["code"], "not_found");
    }
}

#[tokio::test]
async fn one_byte_more_is_1009() {
    let (_server, mut raw) = raw_socket().await;
    raw.send(Frame::text(padded(LIMIT + 1))).await;
    assert_eq!(raw.closed().await, Some(1009));
}

/// Nothing follows the header, so the answer cannot have waited for the payload.
#[tokio::test]
async fn the_header_alone_is_refused() {
    for length in [LIMIT as u64 + 1, 1 << 40, (1 << 63) - 1] {
        let (_server, mut raw) = raw_socket().await;
        raw.send(Frame::text("").declaring(length)).await;
        assert_eq!(raw.closed().await, Some(1009), "{length}");
    }
}

#[tokio::test]
async fn a_length_above_2_to_the_63_is_refused() {
    let (_server, mut raw) = raw_socket().await;
    raw.send(Frame::text("").declaring(1 << 63)).await;
    assert!(matches!(raw.closed().await, Some(1002 | 1009)), "the RFC wants the top bit clear");
}

#[tokio::test]
async fn a_fragmented_message_of_64_kib_is_read() {
    let (_server, mut raw) = raw_socket().await;
    let text = padded(LIMIT);
    let (head, tail) = text.split_at(LIMIT / 2);
    raw.send(Frame::text(head).unfinished()).await;
    raw.send(Frame::new(CONTINUATION, tail)).await;
    assert_eq!(raw.json().await["code"], "not_found");
}

#[tokio::test]
async fn a_fragmented_message_counts_as_a_whole() {
    let (_server, mut raw) = raw_socket().await;
    let text = padded(LIMIT);
    let (head, _) = text.split_at(LIMIT / 2);
    raw.send(Frame::text(head).unfinished()).await;
    // One byte too many together with what is there; again the header alone.
    raw.send(Frame::new(CONTINUATION, "").declaring(LIMIT as u64 / 2 + 1)).await;
    assert_eq!(raw.closed().await, Some(1009));
}

/// Asserts that a message whose parts come one after another, each long before its sender would count as gone, is not
/// waited for much longer than for an answer to a ping.
async fn is_not_waited_for(mut parts: impl Iterator<Item = Vec<u8>>, answers_pings: bool) {
    let server = Options::sqlite().heartbeat_secs(1).start().await;
    let ann = server.person("ann").await;
    let mut raw = Raw::open(&ann).await;
    let began = Instant::now();
    loop {
        raw.write(&parts.next().expect("it never ends")).await;
        let Ok((opcode, payload)) = timeout(Duration::from_millis(50), raw.frame()).await else { continue };
        match opcode {
            PING if answers_pings => raw.send(Frame::new(PONG, payload)).await,
            CLOSE => {
                assert_eq!(payload[..2], 4409_u16.to_be_bytes());
                break;
            }
            _ => {}
        }
    }
    assert!(began.elapsed() > Duration::from_secs(1), "a slow line is no crime");
}

#[tokio::test]
async fn a_frame_that_comes_byte_by_byte_is_not_waited_for() {
    let frame = Frame::text("x".repeat(LIMIT)).bytes();
    is_not_waited_for(frame.into_iter().map(|byte| vec![byte]), false).await;
}

#[tokio::test]
async fn a_fragmented_message_that_never_ends_is_not_waited_for() {
    let first = Frame::text("x").unfinished().bytes();
    let next = Frame::new(CONTINUATION, "").unfinished().bytes();
    is_not_waited_for(std::iter::once(first).chain(std::iter::repeat(next)), true).await;
}

#[tokio::test]
async fn a_fragmented_message_that_never_ends_is_1009() {
    let (_server, mut raw) = raw_socket().await;
    raw.send(Frame::text("x").unfinished()).await;
    for _ in 0..=LIMIT / 1024 {
        raw.send(Frame::new(CONTINUATION, vec![b'x'; 1024]).unfinished()).await;
    }
    assert_eq!(raw.closed().await, Some(1009));
}
