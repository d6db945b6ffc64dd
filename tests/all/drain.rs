//! SIGTERM: not ready, no new sockets, each socket its `bye` and 1012, then the end with status 0.

use crate::common::socket::handshake;
use crate::common::*;
use futures_util::StreamExt;
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;

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

#[tokio::test]
async fn a_second_sigterm_ends_it_at_once() {
    let mut server = Options::sqlite().option("--drain-secs", 600).start().await;
    let ann = server.person("ann").await;
    let mut sockets = vec![];
    for _ in 0..10 {
        sockets.push(ann.socket().await);
    }
    server.signal(libc::SIGTERM);
    let http = server.stranger();
    let unready = async || Some(http.get("page:/readyz").await).filter(|answer| answer.status == 503);
    eventually(PATIENCE, "/readyz to turn 503", unready).await;
    server.signal(libc::SIGTERM);
    server.exit(PATIENCE).await;
}

/// Everybody's return must not come at once, so neither may their going.
#[tokio::test]
async fn byes_are_spread_over_the_drain() {
    let mut server = Options::sqlite().option("--drain-secs", 4).start().await;
    let people = server.people(["ann", "bob"]).await;
    let mut sockets = vec![];
    for n in 0..40 {
        sockets.push(people[n % 2].socket().await);
    }
    server.signal(libc::SIGTERM);
    let began = Instant::now();
    let ends: Vec<_> = sockets
        .into_iter()
        .map(|mut socket| {
            tokio::spawn(async move {
                let bye = socket.expect("bye").await;
                let after = began.elapsed();
                assert_eq!(socket.closed().await.0, 1012);
                (after, bye["reconnect_after_ms"].as_u64().expect("milliseconds"))
            })
        })
        .collect();
    let (mut times, mut delays) = (vec![], vec![]);
    for end in ends {
        let (time, delay) = end.await.expect("a bye");
        times.push(time);
        delays.push(delay);
    }
    times.sort();
    delays.sort_unstable();
    let (first, last) = (times[0], times[times.len() - 1]);
    assert!(last - first >= Duration::from_secs(2), "from {first:?} to {last:?}");
    let most = (1..times.len()).map(|n| times[n] - times[n - 1]).max().unwrap();
    assert!(most <= Duration::from_secs(2), "spread, and not all at the end: {times:?}");
    delays.dedup();
    assert!(delays.len() > 20, "random for each: {delays:?}");
    assert_eq!(server.exit(PATIENCE).await.code(), Some(0));
}

/// An upgrade is refused, or its socket gets its `bye` as all others do: there is nothing in between.
#[tokio::test]
async fn sockets_opened_while_the_drain_begins_get_their_bye() {
    let mut server = Options::sqlite().option("--drain-secs", 1).start().await;
    let ann = server.person("ann").await;
    let (opened, mut openings) = tokio::sync::mpsc::unbounded_channel();
    let ends: Vec<_> = (0..30)
        .map(|_| {
            let (ann, opened) = (ann.clone(), opened.clone());
            tokio::spawn(async move {
                let (cookie, origin) = (ann.http.cookie(), format!("http://{}", ann.address));
                let stream = handshake(&ann.address, cookie.as_deref(), &[("Origin", &origin)], None).await;
                let _ = opened.send(());
                match stream {
                    Ok(stream) => Some(last_words(stream).await),
                    Err(status) => {
                        assert!([503, 0].contains(&status), "{status}");
                        None
                    }
                }
            })
        })
        .collect();
    // Some are open, some are on their way.
    for _ in 0..5 {
        openings.recv().await.expect("an answer to a handshake");
    }
    server.signal(libc::SIGTERM);
    let mut open = 0;
    for end in ends {
        if let Some((kind, code)) = end.await.expect("a socket's end") {
            assert_eq!((kind.as_str(), code), ("bye", 1012));
            open += 1;
        }
    }
    assert!(open >= 5, "{open} were open");
    assert_eq!(server.exit(PATIENCE).await.code(), Some(0));
}

/// The type of a socket's last text frame, and the code it was closed with.
async fn last_words(mut stream: tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>) -> (String, u16) {
    let end = async {
        let mut last = Value::Null;
        loop {
            match stream.next().await.expect("a close frame before the end").expect("a frame") {
                Message::Text(text) => last = serde_json::from_str(&text).expect("JSON"),
                Message::Close(close) => {
                    let kind = last["type"].as_str().unwrap_or_default().to_owned();
                    return (kind, close.map_or(0, |close| close.code.into()));
                }
                _ => {}
            }
        }
    };
    wait::within(PATIENCE, "a close frame", end).await
}

/// As a closed terminal, a rotated log or an administrator's slip sends them.
#[tokio::test]
async fn signals_that_mean_something_else_change_nothing_and_quit_drains() {
    let mut server = Options::sqlite().option("--drain-secs", 1).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let named =
        [libc::SIGHUP, libc::SIGUSR1, libc::SIGUSR2, libc::SIGALRM, libc::SIGVTALRM, libc::SIGPROF, libc::SIGIO];
    let others = [libc::SIGPWR, libc::SIGSTKFLT, libc::SIGPIPE, libc::SIGWINCH, libc::SIGRTMIN(), libc::SIGRTMAX()];
    for signal in [&named[..], &others].concat() {
        server.signal(signal);
        socket.say("den", &format!("after {signal}")).await;
    }
    server.signal(libc::SIGQUIT);
    assert_eq!(socket.closed().await.0, 1012);
    assert_eq!(server.exit(PATIENCE).await.code(), Some(0));
}

on_both_databases![what_is_sent_before_the_bye_is_stored_and_answered];

// Not about storage.
on_sqlite![each_socket_gets_its_bye_and_1012, while_draining_it_is_alive_and_not_ready];
