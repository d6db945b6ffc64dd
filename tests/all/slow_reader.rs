//! A client that stops reading costs its own socket, and nobody else's time.

use crate::common::*;

async fn whoever_stops_reading_is_closed_with_4408(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut slow = Socket::open_with_small_buffer(&bob).await;
    slow.join("den").await;
    let mut writer = ann.socket_in("den").await;
    // About 32 KB a frame, 20 MB in all: 1 MiB waits long before the end, whatever the system buffers below.
    let body = "🦀".repeat(4000);
    for n in 0..600 {
        assert_eq!(writer.say("den", &body).await, n + 1, "the others go on");
        assert_eq!(writer.message().await["id"], n + 1);
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
    assert_eq!(numbers(&missed, "seq"), (cursor + 1..=600).collect::<Vec<_>>());
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
on_both_databases![pages_that_had_to_wait_all_come];
on_both_databases![whoever_stops_reading_is_closed_with_4408, a_page_asked_for_never_closes_its_socket];
