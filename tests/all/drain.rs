//! SIGTERM: not ready, no new sockets, each socket its `bye` and 1012, then the end with status 0.

use crate::common::socket::handshake;
use crate::common::*;
use std::time::Duration;

async fn each_socket_gets_its_bye_and_1012(options: Options) {
    let mut server = options.option("--drain-secs", 1).start().await;
    let ann = server.person("ann").await;
    let mut sockets = vec![];
    for _ in 0..5 {
        sockets.push(ann.socket().await);
    }
    server.signal(libc::SIGTERM);
    let mut delays = vec![];
    for socket in &mut sockets {
        assert_eq!(socket.closed().await.0, 1012);
        let bye = socket.expect("bye").await;
        assert!(bye["reason"].is_string());
        delays.push(bye["reconnect_after_ms"].as_u64().expect("milliseconds"));
    }
    delays.dedup();
    assert!(delays.len() > 1, "random for each: {delays:?}");
    assert_eq!(server.exit(PATIENCE).await.code(), Some(0));
}

/// As long as sockets are still to be closed, the operator's questions are answered and upgrades are not.
async fn while_draining_it_is_alive_and_not_ready(options: Options) {
    let mut server = options.option("--drain-secs", 3).start().await;
    let ann = server.person("ann").await;
    let mut sockets = vec![];
    for _ in 0..20 {
        sockets.push(ann.socket().await);
    }
    server.signal(libc::SIGTERM);
    let http = server.stranger();
    let unready = async || Some(http.get("page:/readyz").await).filter(|answer| answer.status == 503);
    eventually(PATIENCE, "/readyz to turn 503", unready).await;
    http.get("page:/healthz").await.ok(200);
    let origin = server.url();
    let refused = handshake(&server.address, ann.http.cookie().as_deref(), &[("Origin", &origin)], None).await;
    assert_eq!(refused.map(drop), Err(503));
    assert_eq!(server.exit(PATIENCE + Duration::from_secs(3)).await.code(), Some(0));
}

/// A socket is served until its own `bye`: what was answered is stored, and what was stored is numbered as ever.
async fn what_is_sent_before_the_bye_is_stored_and_answered(options: Options) {
    let mut server = options.option("--drain-secs", 1).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut writers = vec![];
    for writer in 0..4 {
        let mut socket = ann.socket_in("den").await;
        writers.push(tokio::spawn(async move {
            let mut answered = vec![];
            for n in 0.. {
                let (key, body) = (new_key(), format!("{writer} {n}"));
                let frame = json!({"type": "send", "room": "den", "key": key, "body": body});
                socket.try_send(&frame).await;
                loop {
                    match socket.next_or_end().await {
                        Ok(frame) if frame["key"] == key.as_str() && frame["type"] == "sent" => {
                            answered.push((key, frame["id"].as_u64().unwrap()));
                            break;
                        }
                        Ok(frame) => assert_ne!(frame["type"], "error", "{frame}"),
                        Err(end) => {
                            assert_eq!(end.expect("a close frame").0, 1012);
                            return answered;
                        }
                    }
                }
            }
            answered
        }));
    }
    // Messages flow before the signal comes.
    let mut watcher = ann.socket_in("den").await;
    watcher.message().await;
    server.signal(libc::SIGTERM);
    let mut answered = vec![];
    for writer in writers {
        answered.extend(writer.await.unwrap());
    }
    assert_eq!(server.exit(PATIENCE).await.code(), Some(0));
    server.restart().await;
    let stored = ann.reads_whole_room("den").await;
    assert!(numbers(&stored, "id").into_iter().eq(1..=stored.len() as u64), "dense");
    for (key, id) in answered {
        assert_eq!(stored[id as usize - 1]["key"], key.as_str(), "message {id}");
    }
}

#[tokio::test]
async fn without_sockets_it_ends_at_once() {
    let mut server = Options::sqlite().option("--drain-secs", 60).start().await;
    server.signal(libc::SIGTERM);
    assert_eq!(server.exit(PATIENCE).await.code(), Some(0));
}

on_both_databases![
    each_socket_gets_its_bye_and_1012,
    while_draining_it_is_alive_and_not_ready,
    what_is_sent_before_the_bye_is_stored_and_answered,
];
