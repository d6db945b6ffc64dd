//! `join` with `after` and `epoch`: what changed since, and when it cannot be told.

use crate::common::*;

/// A room with five messages, and a socket in it.
async fn den_with_five(ann: &Person) -> (Socket, Value) {
    ann.makes_room("den").await;
    let mut socket = ann.socket().await;
    let epoch = socket.join("den").await["epoch"].clone();
    for n in 1..=5 {
        socket.say("den", &n.to_string()).await;
    }
    (socket, epoch)
}

async fn a_catch_up_gives_every_later_change_in_order_of_seq(server: Server) {
    let ann = server.person("ann").await;
    let (mut socket, epoch) = den_with_five(&ann).await;
    socket.say("den", "six").await;
    socket.ask_ok(json!({"type": "edit", "room": "den", "id": 2, "body": "two"})).await;
    socket.ask_ok(json!({"type": "delete", "room": "den", "id": 3})).await;
    socket.ask_ok(json!({"type": "react", "room": "den", "id": 1, "emoji": "👍", "on": true})).await;
    let (joined, messages) = ann.socket().await.catch_up("den", 5, &epoch).await;
    assert_eq!(joined["reset"], false);
    assert_eq!(joined["more"], false);
    assert_eq!(joined["seq"], 9);
    assert_eq!(joined["epoch"], epoch);
    assert_eq!(numbers(&messages, "seq"), [6, 7, 8, 9]);
    assert_eq!(numbers(&messages, "id"), [6, 2, 3, 1]);
    let mut stored = ann.reads_whole_room("den").await;
    stored.sort_by_key(|message| message["seq"].as_u64());
    assert_eq!(messages, stored[2..], "each as the database has it");
}

async fn a_number_that_a_later_change_replaced_is_left_out(server: Server) {
    let ann = server.person("ann").await;
    let (mut socket, epoch) = den_with_five(&ann).await;
    for body in ["a", "b", "c"] {
        socket.ask_ok(json!({"type": "edit", "room": "den", "id": 5, "body": body})).await;
    }
    let (joined, messages) = ann.socket().await.catch_up("den", 3, &epoch).await;
    assert_eq!(joined["seq"], 8);
    assert_eq!(numbers(&messages, "seq"), [4, 8]);
    assert_eq!(messages[1]["body"], "c");
}

async fn a_cursor_at_the_rooms_number_misses_nothing(server: Server) {
    let ann = server.person("ann").await;
    let (_, epoch) = den_with_five(&ann).await;
    let (joined, messages) = ann.socket().await.catch_up("den", 5, &epoch).await;
    assert_eq!((&joined["reset"], &joined["more"], &joined["seq"]), (&json!(false), &json!(false), &json!(5)));
    assert!(messages.is_empty());
}

async fn after_without_an_epoch_is_of_the_present_one(server: Server) {
    let ann = server.person("ann").await;
    den_with_five(&ann).await;
    let joined = ann.socket().await.ask_ok(json!({"type": "join", "room": "den", "after": 3})).await;
    assert_eq!(joined["reset"], false);
    assert_eq!(bodies(&joined), ["4", "5"]);
}

async fn after_0_is_the_whole_room(server: Server) {
    let ann = server.person("ann").await;
    let (_, epoch) = den_with_five(&ann).await;
    let (joined, messages) = ann.socket().await.catch_up("den", 0, &epoch).await;
    assert_eq!(joined["reset"], false);
    assert_eq!(numbers(&messages, "seq"), [1, 2, 3, 4, 5]);
}

async fn a_cursor_above_the_rooms_number_resets(server: Server) {
    let ann = server.person("ann").await;
    let (_, epoch) = den_with_five(&ann).await;
    let joined = ann.socket().await.join_after("den", 6, &epoch).await;
    assert_eq!(joined["reset"], true);
    assert_eq!(bodies(&joined), ["1", "2", "3", "4", "5"], "the answer is that of a plain join");
    assert_eq!(joined["epoch"], epoch);
}

async fn another_epoch_resets(server: Server) {
    let ann = server.person("ann").await;
    let (_, epoch) = den_with_five(&ann).await;
    let joined = ann.socket().await.join_after("den", 3, &json!("of another database")).await;
    assert_eq!(joined["reset"], true);
    assert_eq!(bodies(&joined), ["1", "2", "3", "4", "5"]);
    assert_eq!(joined["epoch"], epoch, "the present epoch is told");
}

async fn a_restart_does_not_change_the_epoch(mut server: Server) {
    let ann = server.person("ann").await;
    let (_, epoch) = den_with_five(&ann).await;
    server.restart().await;
    let (joined, messages) = ann.socket().await.catch_up("den", 3, &epoch).await;
    assert_eq!(joined["reset"], false);
    assert_eq!(numbers(&messages, "seq"), [4, 5]);
}

async fn a_catch_up_comes_in_pages_of_at_most_100(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    socket.say_many("den", (1..=250).map(|n| n.to_string())).await;
    let mut late = ann.socket().await;
    late.send_json(json!({"type": "join", "room": "den", "after": 0})).await;
    let mut pages = vec![late.expect("joined").await];
    while pages.last().unwrap()["more"] == true {
        pages.push(late.expect("changes").await);
    }
    let mut seqs = vec![];
    for page in &pages {
        let messages = page["messages"].as_array().unwrap();
        assert!((1..=100).contains(&messages.len()), "{}", messages.len());
        seqs.extend(numbers(messages, "seq"));
    }
    assert!(pages.len() >= 3);
    assert_eq!(seqs, (1..=250).collect::<Vec<_>>());
}

async fn live_frames_follow_a_catch_up_without_a_gap_or_a_repeat(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    socket.say_many("den", (1..=400).map(|n| n.to_string())).await;
    let writing = tokio::spawn(async move {
        for n in 401..=700 {
            socket.say("den", &n.to_string()).await;
        }
    });
    // Several catch-ups, each begun at another moment of the writing.
    for after in [0, 150, 390, 0, 399] {
        let mut late = bob.socket().await;
        let (joined, messages) = late.catch_up("den", after, &Value::Null).await;
        assert_eq!(joined["reset"], false);
        let mut seqs = numbers(&messages, "seq");
        let until = seqs.last().copied().unwrap_or(after) + 20;
        while seqs.last().is_none_or(|last| *last < until.min(700)) {
            seqs.push(late.message().await["seq"].as_u64().unwrap());
        }
        let expected: Vec<_> = (after + 1..=*seqs.last().unwrap()).collect();
        assert_eq!(seqs, expected, "after {after}");
    }
    writing.await.unwrap();
}

async fn ten_thousand_changes_behind_is_caught_up_and_one_more_resets(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    socket.say_many("den", (1..=10_001).map(|n| n.to_string())).await;
    drop(socket);
    let mut late = ann.socket().await;
    let joined = late.join_after("den", 0, &Value::Null).await;
    assert_eq!(joined["reset"], true, "10,001 behind");
    assert_eq!(bodies(&joined).len(), 20);
    assert_eq!(bodies(&joined)[19], "10001");
    late.leave("den").await;
    let (joined, messages) = late.catch_up("den", 1, &Value::Null).await;
    assert_eq!(joined["reset"], false, "10,000 behind");
    assert_eq!(numbers(&messages, "seq"), (2..=10_001).collect::<Vec<_>>());
}

on_both_databases![
    a_catch_up_gives_every_later_change_in_order_of_seq,
    a_number_that_a_later_change_replaced_is_left_out,
    a_cursor_at_the_rooms_number_misses_nothing,
    after_without_an_epoch_is_of_the_present_one,
    after_0_is_the_whole_room,
    a_cursor_above_the_rooms_number_resets,
    another_epoch_resets,
    a_restart_does_not_change_the_epoch,
    a_catch_up_comes_in_pages_of_at_most_100,
    live_frames_follow_a_catch_up_without_a_gap_or_a_repeat,
    ten_thousand_changes_behind_is_caught_up_and_one_more_resets,
];
