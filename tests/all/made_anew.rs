//! A room that is deleted and made anew under its slug is another room: nothing that was meant for the one happens in the
//! other.

use crate::common::*;

/// Makes a room with so many messages.
async fn makes(ann: &Person, slug: &str, messages: usize, word: &str) -> Value {
    let room = ann.makes_room(slug).await;
    for n in 1..=messages {
        ann.posts(slug, &format!("{word} {n}")).await;
    }
    room
}

async fn deletes(ann: &Person, slug: &str) {
    ann.http.delete_with(&format!("/rooms/{slug}"), json!({"confirm": slug})).await.ok(204);
}

/// With more, as many and fewer messages than the cursor that somebody had in the old one.
async fn a_room_made_anew_resets_who_comes_back(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    for (slug, now) in [("more", 7), ("same", 5), ("fewer", 2), ("none", 0)] {
        makes(&ann, slug, 5, "old").await;
        let before = bob.socket_in(slug).await.join(slug).await;
        assert_eq!(before["seq"], 5);
        deletes(&ann, slug).await;
        makes(&ann, slug, now, "new").await;
        let joined = bob.socket().await.join_after(slug, 5, &before["epoch"]).await;
        assert_eq!(joined["reset"], true, "{slug}");
        let expected: Vec<String> = (1..=now).map(|n| format!("new {n}")).collect();
        assert_eq!(bodies(&joined), expected, "{slug}");
        assert_ne!(joined["epoch"], before["epoch"]);
        assert_ne!(joined["id"], before["id"]);
    }
}

/// Through the command line, which tells a running server nothing, and with the old room still in use there.
/// A client may keep one epoch for all its rooms.
async fn the_epoch_of_another_room_that_there_is_resets_nobody(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let mut socket = bob.socket().await;
    for slug in ["den", "attic"] {
        makes(&ann, slug, 3, "word").await;
    }
    let attic = socket.join("attic").await;
    bob.socket_in("den").await;
    assert_eq!(socket.join_after("den", 1, &attic["epoch"]).await["reset"], false);
    deletes(&ann, "attic").await;
    assert_eq!(bob.socket().await.join_after("den", 1, &attic["epoch"]).await["reset"], true);
}

async fn a_room_that_an_operator_made_anew_is_found_at_once(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let old = makes(&ann, "plan", 5, "old").await;
    let mut bobs = bob.socket().await;
    let before = bobs.join("plan").await;
    server.execute("DELETE FROM rooms WHERE slug = 'plan'");
    server.execute(
        "INSERT INTO rooms (slug, title, topic, kind, created_at) VALUES ('plan', '', '', 'public', CURRENT_TIMESTAMP)",
    );
    let joined = bob.socket().await.join_after("plan", 5, &before["epoch"]).await;
    assert_eq!((&joined["reset"], &joined["seq"]), (&json!(true), &json!(0)));
    assert_ne!(joined["id"], old["id"]);
    assert_eq!(bobs.expect("left").await["reason"], "deleted");
}

async fn what_is_sent_to_the_old_room_is_not_posted_in_the_new_one(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let old = ann.makes_private_room("board").await;
    ann.adds("bob", "board").await;
    deletes(&ann, "board").await;
    let new = ann.makes_room("board").await;
    ann.adds("bob", "board").await;
    let message = |room: &Value| json!({"key": new_key(), "body": "for the few", "room_id": room["id"]});
    assert_eq!(bob.http.post("/rooms/board/messages", message(&old)).await.error(), (404, "not_found"));
    bob.http.post("/rooms/board/messages", message(&new)).await.ok(201);
    assert_eq!(ann.reads_whole_room("board").await.len(), 1);
    // Nobody's: none had ever this number.
    let nowhere = json!({"key": new_key(), "body": "hello", "room_id": 1_000_000});
    assert_eq!(bob.http.post("/rooms/board/messages", nowhere).await.error(), (404, "not_found"));
}

async fn every_frame_with_another_rooms_id_is_not_found(server: Server) {
    let ann = server.person("ann").await;
    let old = makes(&ann, "den", 1, "old").await;
    deletes(&ann, "den").await;
    let new = makes(&ann, "den", 1, "new").await;
    let mut socket = ann.socket().await;
    let join = |room: &Value| json!({"type": "join", "room": "den", "room_id": room["id"]});
    assert_eq!(socket.refusal(join(&old)).await, "not_found");
    let joined = socket.ask_ok(join(&new)).await;
    assert_eq!(joined["id"], new["id"]);
    let frames = |room: &Value| {
        [
            json!({"type": "send", "room": "den", "key": new_key(), "body": "hello"}),
            json!({"type": "edit", "room": "den", "id": 1, "body": "otherwise"}),
            json!({"type": "react", "room": "den", "id": 1, "emoji": "👍", "on": true}),
            json!({"type": "read", "room": "den", "seq": 1}),
            json!({"type": "delete", "room": "den", "id": 1}),
        ]
        .map(|mut frame| {
            frame["room_id"] = room["id"].clone();
            frame
        })
    };
    for frame in frames(&old) {
        assert_eq!(socket.refusal(frame.clone()).await, "not_found", "{frame}");
    }
    let [message] = ann.reads_whole_room("den").await.try_into().expect("one message");
    assert_eq!((&message["seq"], &message["body"]), (&json!(1), &json!("new 1")), "nothing happened to it");
    for frame in frames(&new) {
        if frame["type"] == "read" {
            socket.send_json(frame).await;
        } else {
            socket.ask_ok(frame).await;
        }
    }
    // An id of the wrong type is a bad frame, null is none.
    let bad = json!({"type": "join", "room": "den", "room_id": "den"});
    assert_eq!(socket.refusal(bad).await, "bad_frame");
    socket.ask_ok(json!({"type": "join", "room": "den", "room_id": null})).await;
}

async fn calls_about_a_message_of_the_old_room_are_not_found(server: Server) {
    let ann = server.person("ann").await;
    let old = makes(&ann, "den", 2, "old").await;
    deletes(&ann, "den").await;
    let new = makes(&ann, "den", 2, "new").await;
    for (room, found) in [(&old, false), (&new, true)] {
        let at = |rest: &str| format!("/rooms/den/messages/1{rest}?room_id={}", room["id"]);
        let answers = [
            ann.http.get(&at("")).await,
            ann.http.patch(&at(""), json!({"body": "otherwise"})).await,
            ann.http.put(&at("/reactions/👍")).await,
            ann.http.delete(&at("/reactions/👍")).await,
            ann.http.post("/rooms/den/unread", json!({"from": 1, "room_id": room["id"]})).await,
            ann.http.delete(&at("")).await,
        ];
        for (index, answer) in answers.iter().enumerate() {
            if found {
                assert!(answer.status < 300, "{index}: {}", answer.text);
            } else {
                assert_eq!(answer.error(), (404, "not_found"), "{index}");
            }
        }
    }
}

async fn each_room_has_its_id_wherever_it_is_told_of(server: Server) {
    let ann = server.person("ann").await;
    let den = ann.makes_room("den").await;
    let id = &den["id"];
    assert!(id.is_u64(), "{den}");
    assert_eq!(&ann.http.get("/rooms/den").await.ok(200)["id"], id);
    assert_eq!(&ann.http.get("/rooms").await.ok(200)["rooms"][0]["id"], id);
    let mut socket = ann.socket().await;
    assert_eq!(&socket.welcome["rooms"][0]["id"], id);
    assert_eq!(&socket.join("den").await["id"], id);
    assert_eq!(socket.welcome["protocol"], 1);
}

on_both_databases![
    a_room_made_anew_resets_who_comes_back,
    the_epoch_of_another_room_that_there_is_resets_nobody,
    a_room_that_an_operator_made_anew_is_found_at_once,
    what_is_sent_to_the_old_room_is_not_posted_in_the_new_one,
    every_frame_with_another_rooms_id_is_not_found,
    calls_about_a_message_of_the_old_room_are_not_found,
    each_room_has_its_id_wherever_it_is_told_of,
];

/// The other instance has the old room in use, and hears nothing: the name leads to the new one all the same.
#[tokio::test]
async fn a_room_made_anew_elsewhere_takes_what_is_meant_for_it() {
    let mut chat = Chat::of(2).await;
    let [ann, bob] = chat.instances[0].people(["ann", "bob"]).await;
    let there = bob.at(&chat.instances[1]);
    makes(&ann, "den", 3, "old").await;
    let mut old = there.socket_in("den").await;
    chat.redis.kill().await;
    for round in 0..5 {
        deletes(&ann, "den").await;
        let new = makes(&ann, "den", 1, "new").await;
        ann.adds("bob", "den").await;
        let with_id = json!({"key": new_key(), "body": "with its id", "room_id": new["id"]});
        there.http.post("/rooms/den/messages", with_id).await.ok(201);
        there.posts("den", "by its name").await;
        let joined = there.socket().await.join("den").await;
        assert_eq!(joined["id"], new["id"], "round {round}");
        assert_eq!(bodies(&joined), ["new 1", "with its id", "by its name"]);
    }
    assert_eq!(old.expect("left").await["reason"], "deleted");
}
