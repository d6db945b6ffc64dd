//! A client that stops reading costs its own socket, and nobody else's time.

use crate::common::process::memory;
use crate::common::scale::scale;
use crate::common::*;
use std::time::{Duration, Instant};

async fn whoever_stops_reading_is_closed_with_4408(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut slow = Socket::open_with_small_buffer(&bob).await;
    slow.join("den").await;
    let mut writer = ann.socket_in("den").await;
    // About 32 KB a frame, 20 MB in all: 1 MiB waits long before the end, whatever the system buffers below.
    let body = "🦀".repeat(4000);
    let mut sent = 0;
    while server.metric("klatch_slow_sockets_closed_total").await == 0.0 {
        for _ in 0..20 {
            sent += 1;
            assert_eq!(writer.say("den", &body).await, sent, "the others go on");
            assert_eq!(writer.message().await["id"], sent);
        }
        assert!(sent < 600, "nobody was closed");
    }
    writer.expect_where("bob's leaving", |f| f["type"] == "presence" && f["left"] == json!([bob.user])).await;
    assert_eq!(slow.closed().await.0, 4408);
    // What it was given by then is whole and in order; the rest is for the catch-up.
    let mut cursor = 0;
    for frame in slow.kept().filter(|frame| frame["type"] == "message") {
        assert_eq!(frame["message"]["seq"], cursor + 1);
        cursor += 1;
    }
    let (joined, missed) = bob.socket().await.catch_up("den", cursor, &Value::Null).await;
    assert_eq!(joined["reset"], false);
    assert_eq!(numbers(&missed, "seq"), (cursor + 1..=sent).collect::<Vec<_>>());
}

/// A page that was asked for waits for room instead of overflowing the queue.
async fn a_page_asked_for_never_closes_its_socket(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut writer = ann.socket_in("den").await;
    let body = "🦀".repeat(4000);
    for _ in 0..15 {
        writer.say_many("den", std::iter::repeat_n(body.clone(), 20)).await;
    }
    let mut slow = Socket::open_with_small_buffer(&bob).await;
    slow.send_json(json!({"type": "join", "room": "den", "after": 0})).await;
    for _ in 0..50 {
        slow.send_json(json!({"type": "history", "room": "den", "limit": 100})).await;
    }
    // Others see that it was let in; only then does it begin to read.
    writer.expect_where("bob's coming", |f| f["type"] == "presence" && f["count"] == 2).await;
    let mut histories = 0;
    let mut seqs = vec![];
    while histories < 50 || seqs.len() < 300 {
        let frame = slow.next().await;
        match frame["type"].as_str() {
            Some("joined" | "changes") => seqs.extend(numbers(frame["messages"].as_array().unwrap(), "seq")),
            Some("history") => histories += 1,
            Some("error") => panic!("{frame}"),
            _ => {}
        }
    }
    assert_eq!(seqs, (1..=300).collect::<Vec<_>>());
}

/// The buffers between the two are large enough to take what waits at once, when it is read again.
async fn pages_that_had_to_wait_all_come(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut writer = ann.socket_in("den").await;
    writer.say_many("den", std::iter::repeat_n("🦀".repeat(4000), 20)).await;
    let mut reader = bob.socket_in("den").await;
    for n in 0..60 {
        reader.send_json(json!({"type": "history", "room": "den", "limit": 100, "ref": n.to_string()})).await;
    }
    // Others are served meanwhile, and this one reads nothing.
    for n in 0..20 {
        writer.say("den", &format!("message {n}")).await;
    }
    for n in 0..60 {
        let reference = json!(n.to_string());
        reader.expect_where("a page", |f| f["type"] == "history" && f["ref"] == reference).await;
    }
}
/// Messages of about 32 KB in a round, which is once without slow readers and once with new ones.
const MESSAGES: usize = 400;
const SLOW_READERS: usize = 4;

#[tokio::test]
async fn many_megabytes_past_slow_readers_delay_nobody_and_take_no_memory() {
    // Whoever reads frame by frame here answers no pings.
    let server = Options::sqlite().heartbeat_secs(3600).start().await;
    let [ann, bob, cat] = server.people(["ann", "bob", "cat"]).await;
    ann.makes_room("alone").await;
    ann.makes_room("den").await;
    let (mut writer, mut reader) = (ann.socket().await, Raw::open(&bob).await);
    for room in ["alone", "den"] {
        writer.join(room).await;
        reader.send(Frame::text(json!({"type": "join", "room": room}).to_string())).await;
        while reader.json().await["type"] != "joined" {}
    }
    let body = "🦀".repeat(4000);
    // Of each round, which a pause of the machine spoils by itself.
    let (mut control, mut beside) = (vec![], vec![]);
    let (mut alone, mut at_most) = (0, 0);
    for _ in 0..scale().slow_rounds {
        control.push(p99(latencies("alone", MESSAGES / 2, &body, &mut writer, &mut reader).await));
        alone = alone.max(memory(&server));
        let mut slow = vec![];
        for _ in 0..SLOW_READERS {
            let mut socket = Socket::open_with_small_buffer(&cat).await;
            socket.join("den").await;
            slow.push(socket);
        }
        beside.push(p99(latencies("den", MESSAGES, &body, &mut writer, &mut reader).await));
        at_most = at_most.max(memory(&server));
        for mut socket in slow {
            assert_eq!(socket.closed().await.0, 4408);
        }
    }
    eprintln!("p99 {control:?} alone, {beside:?} beside; memory {alone} and {at_most} bytes");
    let (control, beside) = (median(control), median(beside));
    // The second summand is for what else runs on the machine.
    assert!(beside < 2 * control + Duration::from_millis(20), "{beside:?} beside slow readers, {control:?} without");
    let waiting = SLOW_READERS as u64 * 1024 * 1024;
    assert!(at_most < alone + 2 * waiting + 16 * 1024 * 1024, "{at_most} bytes, {alone} without");
}

/// From each send to its whole arrival at another socket, one message after another.
async fn latencies(room: &str, count: usize, body: &str, writer: &mut Socket, reader: &mut Raw) -> Vec<Duration> {
    let mut latencies = vec![];
    for _ in 0..count {
        let began = Instant::now();
        writer.send_json(json!({"type": "send", "room": room, "key": new_key(), "body": body})).await;
        while reader.frame().await.1.len() < body.len() {}
        latencies.push(began.elapsed());
        writer.expect("sent").await;
        writer.message().await;
    }
    latencies
}

fn p99(mut latencies: Vec<Duration>) -> Duration {
    latencies.sort();
    latencies[latencies.len() * 99 / 100]
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

// Not about storage.
on_sqlite![
    whoever_stops_reading_is_closed_with_4408,
    a_page_asked_for_never_closes_its_socket,
    pages_that_had_to_wait_all_come,
];
