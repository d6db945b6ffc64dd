//! The system's clock is set back and forth while people talk: only what is shown of times tells.

use crate::common::raw::{CLOSE, PING, PONG, TEXT};
use crate::common::*;
use std::time::Duration;
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(30);

/// The clock that a server sees; times that only pass go on as ever.
struct Clock {
    folder: TempDir,
}

impl Clock {
    fn new() -> Self {
        let clock = Self { folder: tempfile::tempdir().expect("a temporary directory") };
        clock.set(0);
        clock
    }

    fn given_to(&self, options: Options) -> Options {
        let libraries = std::fs::read_dir("/usr/lib").expect("a folder");
        let library = libraries
            .map(|folder| folder.expect("an entry").path().join("faketime/libfaketimeMT.so.1"))
            .find(|path| path.exists())
            .expect("the Debian package faketime");
        let file = self.folder.path().join("clock");
        options
            .environment("LD_PRELOAD", &library.to_string_lossy())
            .environment("FAKETIME_TIMESTAMP_FILE", &file.to_string_lossy())
            .environment("FAKETIME_NO_CACHE", "1")
            .environment("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    }

    /// So many days from the true time.
    fn set(&self, days: i32) {
        let new = self.folder.path().join("new");
        std::fs::write(&new, format!("{days:+}d\n")).expect("a file");
        std::fs::rename(new, self.folder.path().join("clock")).expect("a file");
    }
}

/// How many days a message was sent from now.
fn days_from_now(message: &Value) -> i64 {
    let sent: chrono::DateTime<chrono::Utc> = message["sent_at"].as_str().expect("a time").parse().expect("RFC 3339");
    // To the nearest day.
    (sent - chrono::Utc::now() + chrono::TimeDelta::hours(12)).num_hours().div_euclid(24)
}

/// The jumps: a day back, a year forth, to and fro, and right in the end.
const JUMPS: [i32; 5] = [-1, 365, -1, 365, 0];

async fn order_and_unread_do_not_go_by_the_clock(options: Options) {
    let clock = Clock::new();
    let server = clock.given_to(options).start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut talker, mut watcher, mut late) =
        (ann.socket_in("den").await, bob.socket_in("den").await, bob.socket_in("den").await);
    let joined = watcher.join("den").await;
    let (epoch, mut seq) = (&joined["epoch"], 0);
    for (n, days) in (1..).zip(JUMPS) {
        clock.set(days);
        let id = talker.say("den", &format!("message {n}")).await;
        let shown = watcher.message().await;
        assert_eq!((&shown["id"], days_from_now(&shown)), (&json!(id), days.into()), "the server sees this clock");
        let edit = json!({"type": "edit", "room": "den", "id": id, "body": format!("edited {n}")});
        let done = talker.ask_ok(edit).await;
        assert_eq!((id, done["seq"].as_u64()), (seq + 1, Some(seq + 2)));
        seq += 2;
        assert_eq!(watcher.message().await["seq"], seq, "the edit comes after the message");
        // From the start, by way of the cursor: each message in the order of its latest change.
        let (_, caught_up) = late.catch_up("den", 0, epoch).await;
        assert_eq!(numbers(&caught_up, "seq"), (1..=n).map(|n| 2 * n).collect::<Vec<_>>());
        let history = late.ask_ok(json!({"type": "history", "room": "den"})).await;
        let ids: Vec<u64> = (1..=n).map(|n| 2 * n - 1).collect();
        assert_eq!(numbers(history["messages"].as_array().expect("messages"), "id"), ids);
        // Two are unread, then one is.
        if n > 1 {
            late.send_json(json!({"type": "read", "room": "den", "seq": id - 2})).await;
            let read = watcher.expect("read").await;
            assert_eq!((&read["seq"], &read["unread"]), (&json!(id - 2), &json!(1)));
        }
    }
    assert_eq!(ann.reads_whole_room("den").await.len(), JUMPS.len());
}

async fn sessions_outlast_a_clock_that_was_wrong(options: Options) {
    let clock = Clock::new();
    let server = clock.given_to(options).in_haste().start().await;
    let [ann, bob, eve] = server.people(["ann", "bob", "eve"]).await;
    ann.makes_room("den").await;
    let (mut anns, mut bobs) = (ann.socket_in("den").await, bob.socket_in("den").await);
    for (n, days) in (1..).zip([-1, 365, -365, 365, 0]) {
        clock.set(days);
        anns.say("den", &format!("{days} days")).await;
        assert_eq!(days_from_now(&bobs.message().await), i64::from(days), "the server sees this clock");
        if days > 30 {
            // By this clock it is long unused; it will do again when the clock is right.
            eve.http.get("/me").await.ok(401);
            // What ran out long ago, by this clock, is deleted.
            let ended = (chrono::Utc::now() - chrono::TimeDelta::days(50)).format("%Y-%m-%d %H:%M:%S");
            server.execute(&format!(
                "INSERT INTO sessions (token_hash, user_id, created_at, seen_at, expires_at, agent, address) \
                 SELECT 'long ago', id, '{ended}', '{ended}', '{ended}', '', '' FROM users WHERE username = 'ann'"
            ));
            let there = "SELECT count(*) FROM sessions WHERE token_hash = 'long ago'";
            eventually(PATIENCE * 3, "its end", async || (server.number(there) == 0).then_some(())).await;
        } else {
            eve.http.get("/me").await.ok(200);
        }
        // The sessions of open sockets are looked at every few seconds: once they were, one that did end is over.
        let name = format!("visitor-{n}");
        let mut ended = server.person(&name).await.socket().await;
        server
            .execute(&format!("DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE username = '{name}')"));
        assert_eq!(ended.closed_within(LIMIT).await.0, 4401);
    }
    for person in [&ann, &bob, &eve] {
        person.http.get("/me").await.ok(200);
        person.socket().await;
    }
}

/// Who answers pings stays, and who does not is closed, wherever the clock goes.
#[tokio::test]
async fn heartbeats_do_not_go_by_the_clock() {
    let clock = Clock::new();
    let server = clock.given_to(Options::sqlite()).heartbeat_secs(1).start().await;
    let ann = server.person("ann").await;
    let (mut answering, mut silent) = (Raw::open(&ann).await, Raw::open(&ann).await);
    for days in JUMPS {
        clock.set(days);
        let payload = answering.expect(PING).await;
        answering.send(Frame::new(PONG, payload)).await;
    }
    loop {
        match silent.frame().await {
            (CLOSE, payload) => break assert_eq!(payload[..2], 4409_u16.to_be_bytes()),
            (PING | TEXT, _) => {}
            (other, _) => panic!("opcode {other}"),
        }
    }
    answering.send(Frame::new(PING, "still here")).await;
    assert_eq!(answering.expect(PONG).await, b"still here");
}

#[tokio::test]
async fn limits_do_not_go_by_the_clock() {
    let clock = Clock::new();
    let server = clock.given_to(Options::sqlite()).option("--send-rate", 1).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    for days in [365, -1] {
        // Far more than the bucket holds, in far less than refills it.
        clock.set(days);
        let mut refused = vec![];
        for n in 0..20 {
            let send = json!({"type": "send", "room": "den", "key": new_key(), "body": n.to_string()});
            refused.push(socket.ask(send).await);
        }
        let refused = refused.iter().rfind(|answer| answer["code"] == "rate_limited").expect("a limit");
        let wait = refused["retry_after_ms"].as_u64().expect("milliseconds");
        assert!((1..=1_000).contains(&wait), "{refused}");
        eventually(LIMIT, "the bucket to refill", async || {
            let send = json!({"type": "send", "room": "den", "key": new_key(), "body": "again"});
            (socket.ask(send).await["type"] == "sent").then_some(())
        })
        .await;
    }
}

on_both_databases![order_and_unread_do_not_go_by_the_clock, sessions_outlast_a_clock_that_was_wrong];
