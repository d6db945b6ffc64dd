//! `join` without a cursor, and `leave`.

use crate::common::*;

async fn joined_has_its_documented_shape(server: Server) {
    let ann = server.person("ann").await;
    let given = json!({"slug": "den", "title": "The den", "topic": "Quiet talk"});
    ann.http.post("/rooms", given).await.ok(201);
    let posted = ann.posts("den", "hello").await;
    let joined = ann.socket().await.join("den").await;
    assert_eq!(joined["room"], "den");
    assert_eq!(joined["title"], "The den");
    assert_eq!(joined["topic"], "Quiet talk");
    assert!(joined["epoch"].is_string());
    assert_eq!(joined["seq"], 1);
    assert_eq!(joined["messages"], json!([posted]));
    assert_eq!(joined["more"], false);
    assert_eq!(joined["reset"], false);
    assert_eq!(joined["people"], json!({"count": 1, "users": [ann.with_state("online")]}));
    assert_eq!(joined["read"], 1, "one's own message is read");
}

async fn joining_shows_the_latest_20_by_id_oldest_first(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    for n in 1..=25 {
        socket.say("den", &n.to_string()).await;
    }
    // A late change of an old message gives it a high number, and leaves it where it stands.
    socket.ask_ok(json!({"type": "edit", "room": "den", "id": 10, "body": "10 again"})).await;
    let joined = ann.socket().await.join("den").await;
    let mut expected: Vec<_> = (6..=25).map(|n| n.to_string()).collect();
    expected[4] = "10 again".to_owned();
    assert_eq!(bodies(&joined), expected);
    assert_eq!(joined["more"], true);
    assert_eq!(joined["seq"], 26);
}

async fn with_20_messages_there_is_no_more(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    for n in 1..=20 {
        ann.posts("den", &n.to_string()).await;
    }
    let joined = ann.socket().await.join("den").await;
    assert_eq!(bodies(&joined).len(), 20);
    assert_eq!(joined["more"], false);
}

async fn live_frames_follow_the_snapshot(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.posts("den", "before").await;
    let mut socket = bob.socket().await;
    let joined = socket.join("den").await;
    assert_eq!(bodies(&joined), ["before"]);
    let after = ann.posts("den", "after").await;
    let frame = socket.expect("message").await;
    assert_eq!(frame["room"], "den");
    assert_eq!(frame["message"], after);
}

async fn a_room_that_is_not_there_is_not_found(server: Server) {
    let ann = server.person("ann").await;
    let mut socket = ann.socket().await;
    for room in ["nowhere", "", "No Slug", "../den"] {
        let refusal = socket.refusal(json!({"type": "join", "room": room})).await;
        assert!(["not_found", "invalid"].contains(&refusal.as_str()), "{room:?}: {refusal}");
    }
    assert_eq!(socket.refusal(json!({"type": "join", "room": "nowhere"})).await, "not_found");
}

async fn joining_twice_answers_twice_and_delivers_once(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket().await;
    socket.join("den").await;
    socket.join("den").await;
    socket.say("den", "once").await;
    socket.say("den", "marker").await;
    let messages = socket.messages_up_to("den", "marker").await;
    assert_eq!(messages.len(), 2, "{messages:?}");
}

async fn leaving_is_answered_and_ends_the_frames(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.makes_room("attic").await;
    let mut socket = ann.socket_in("den").await;
    socket.join("attic").await;
    let left = socket.leave("den").await;
    assert_eq!((&left["type"], &left["room"]), (&json!("left"), &json!("den")));
    assert_eq!(left["reason"], "asked");
    ann.posts("den", "unheard").await;
    // Joining again is a marker of the same room: what was live before it would have come before it.
    socket.send_json(json!({"type": "join", "room": "den"})).await;
    let frames = socket.up_to("the second join", |f| f["type"] == "joined" && f["room"] == "den").await;
    assert!(frames.iter().all(|f| f["type"] != "message"), "{frames:?}");
    assert_eq!(bodies(frames.last().unwrap()), ["unheard"]);
}

async fn the_last_of_join_leave_join_counts(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket().await;
    for _ in 0..20 {
        socket.send_json(json!({"type": "join", "room": "den"})).await;
        socket.send_json(json!({"type": "leave", "room": "den"})).await;
    }
    socket.join("den").await;
    socket.say("den", "heard").await;
    assert_eq!(socket.messages_up_to("den", "heard").await.len(), 1);
}

async fn who_left_the_room_may_join_again(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    bob.socket_in("den").await;
    bob.removes("me", "den").await;
    let mut socket = bob.socket_in("den").await;
    socket.say("den", "back").await;
}

async fn one_socket_in_100_rooms_hears_them_all(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let rooms: Vec<_> = (0..100).map(|n| format!("room-{n}")).collect();
    let mut socket = bob.socket().await;
    for room in &rooms {
        ann.makes_room(room).await;
        socket.send_json(json!({"type": "join", "room": room})).await;
    }
    for _ in &rooms {
        socket.expect("joined").await;
    }
    for room in &rooms {
        ann.posts(room, room).await;
    }
    let mut heard = std::collections::BTreeSet::new();
    for _ in &rooms {
        let frame = socket.expect("message").await;
        assert_eq!(frame["room"], frame["message"]["body"]);
        heard.insert(frame["room"].to_string());
    }
    assert_eq!(heard.len(), 100);
}

on_both_databases![
    joined_has_its_documented_shape,
    joining_shows_the_latest_20_by_id_oldest_first,
    with_20_messages_there_is_no_more,
    live_frames_follow_the_snapshot,
    a_room_that_is_not_there_is_not_found,
    joining_twice_answers_twice_and_delivers_once,
    leaving_is_answered_and_ends_the_frames,
    the_last_of_join_leave_join_counts,
    who_left_the_room_may_join_again,
    one_socket_in_100_rooms_hears_them_all,
];

async fn what_follows_a_first_join_at_once_finds_the_room_joined(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut socket = bob.socket().await;
    let key = new_key();
    socket.send_json(json!({"type": "join", "room": "den"})).await;
    socket.send_json(json!({"type": "send", "room": "den", "key": key, "body": "here I am"})).await;
    let sent = socket.expect_where("the answer", |f| f["key"] == key.as_str()).await;
    assert_eq!(sent["type"], "sent", "{sent}");
}
on_both_databases![what_follows_a_first_join_at_once_finds_the_room_joined];
