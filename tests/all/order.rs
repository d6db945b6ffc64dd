//! One dense order in a room: the same for everyone, each number once.

use crate::common::*;
use std::collections::BTreeSet;

async fn everyone_sees_the_same_order_without_a_gap(server: Server) {
    let names = ["ann", "bob", "cleo", "dan"];
    let people = server.people(names).await;
    people[0].makes_room("den").await;
    let mut watcher = people[0].socket_in("den").await;
    let mut other_watcher = people[1].socket_in("den").await;
    let mut writers = vec![];
    for person in &people {
        let mut socket = person.socket_in("den").await;
        let name = person.name.clone();
        writers.push(tokio::spawn(async move {
            let bodies = (0..100).map(|n| format!("{name} {n}"));
            socket.say_many("den", bodies).await
        }));
    }
    let mut ids = BTreeSet::new();
    for writer in writers {
        let mine = writer.await.unwrap();
        assert!(mine.is_sorted(), "what one socket sends keeps its order");
        ids.extend(mine);
    }
    assert_eq!(ids, (1..=400).collect(), "each number once, none left out");
    let mut seen = vec![];
    for seq in 1..=400 {
        let message = watcher.message().await;
        assert_eq!(message["seq"], seq);
        assert_eq!(other_watcher.message().await, message);
        seen.push(message);
    }
    assert_eq!(people[2].reads_whole_room("den").await, seen);
}

/// Numbers may be left out only where a later change of the same message replaced them; none comes twice or late.
async fn changes_of_one_message_rise_and_end_with_the_last(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut socket, mut watcher) = (ann.socket_in("den").await, bob.socket_in("den").await);
    socket.say("den", "draft 0").await;
    for n in 1..=100 {
        socket.send_json(json!({"type": "edit", "room": "den", "id": 1, "body": format!("draft {n}")})).await;
    }
    let seen = watcher.messages_up_to("den", "draft 100").await;
    let seqs = numbers(&seen, "seq");
    assert!(seqs.windows(2).all(|two| two[0] < two[1]), "{seqs:?}");
    assert_eq!(seqs.last(), Some(&101));
    for message in &seen {
        let draft = message["seq"].as_u64().unwrap() - 1;
        assert_eq!(message["body"], format!("draft {draft}"), "each number with its own state");
    }
}

/// What a client is shown is in the database: whoever asks by another way finds it.
async fn what_is_shown_can_be_read(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut socket, mut watcher) = (ann.socket_in("den").await, bob.socket_in("den").await);
    for n in 0..20 {
        let frame = json!({"type": "send", "room": "den", "key": new_key(), "body": n.to_string()});
        socket.send_json(frame).await;
        let shown = watcher.message().await;
        let page = bob.http.get("/rooms/den/messages?limit=1").await.ok(200);
        assert_eq!(page["messages"], json!([shown]));
    }
}

on_both_databases![
    everyone_sees_the_same_order_without_a_gap,
    changes_of_one_message_rise_and_end_with_the_last,
    what_is_shown_can_be_read,
];
