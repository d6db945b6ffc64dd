//! Pings: who answers none for two heartbeats is closed with 4409.

use crate::common::raw::{CLOSE, PING, PONG, TEXT};
use crate::common::*;

#[tokio::test]
async fn who_answers_no_ping_is_closed_with_4409() {
    let server = Options::sqlite().heartbeat_secs(1).start().await;
    let ann = server.person("ann").await;
    let mut raw = Raw::open(&ann).await;
    let mut pings = 0;
    loop {
        let (opcode, payload) = raw.frame().await;
        match opcode {
            PING => pings += 1,
            CLOSE => {
                assert_eq!(payload[..2], 4409_u16.to_be_bytes());
                break;
            }
            TEXT => {}
            other => panic!("opcode {other}"),
        }
    }
    assert!(pings > 0, "asked before it was closed");
}

#[tokio::test]
async fn who_answers_pings_stays() {
    let server = Options::sqlite().heartbeat_secs(1).start().await;
    let ann = server.person("ann").await;
    let mut raw = Raw::open(&ann).await;
    // Five heartbeats: more than twice what an unanswered one is given.
    for _ in 0..5 {
        let payload = raw.expect(PING).await;
        raw.send(Frame::new(PONG, payload)).await;
    }
    raw.send(Frame::new(PING, "still here")).await;
    assert_eq!(raw.expect(PONG).await, b"still here");
}

#[tokio::test]
async fn the_welcome_tells_the_heartbeat() {
    let server = Options::sqlite().heartbeat_secs(7).start().await;
    let ann = server.person("ann").await;
    assert_eq!(ann.socket().await.welcome["heartbeat_secs"], 7);
}

/// A socket that answers no ping is no longer among the people.
#[tokio::test]
async fn who_was_closed_for_silence_has_left() {
    let server = Options::sqlite().heartbeat_secs(1).start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut silent = Raw::open(&bob).await;
    silent.send(Frame::text(r#"{"type":"join","room":"den"}"#)).await;
    while silent.json().await["type"] != "joined" {}
    let mut socket = ann.socket_in("den").await;
    let gone = |f: &Value| f["type"] == "presence" && f["left"] == json!([bob.user]);
    // The library answers ann's pings while it waits for this.
    socket.expect_where("bob's leaving", gone).await;
    assert_eq!(silent.closed().await, Some(4409));
}
