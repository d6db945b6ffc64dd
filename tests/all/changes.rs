//! `edit` and `delete`.

use crate::common::*;

fn edit(id: impl Into<Value>, body: &str) -> Value {
    json!({"type": "edit", "room": "den", "id": id.into(), "body": body})
}

fn delete(id: impl Into<Value>) -> Value {
    json!({"type": "delete", "room": "den", "id": id.into()})
}

async fn an_edit_is_answered_and_shown_to_everyone(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut socket, mut theirs) = (ann.socket_in("den").await, bob.socket_in("den").await);
    let id = socket.say("den", "teh").await;
    let before = theirs.message().await;
    let done = socket.ask_ok(edit(id, "  *the*  ")).await;
    assert_eq!(done["type"], "done");
    assert_eq!((&done["room"], &done["id"], &done["seq"]), (&json!("den"), &json!(1), &json!(2)));
    let after = theirs.message().await;
    assert_eq!((&after["id"], &after["seq"]), (&json!(1), &json!(2)), "the id stays, the number is new");
    assert_eq!(after["body"], "*the*");
    assert!(after["html"].as_str().unwrap().contains("<em>the</em>"));
    assert!(after["edited_at"].is_string());
    for same in ["key", "author", "sent_at"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(bob.reads_whole_room("den").await, [after]);
}

async fn a_deletion_is_answered_and_leaves_an_empty_message(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut socket, mut theirs) = (ann.socket_in("den").await, bob.socket_in("den").await);
    let id = socket.say("den", "regretted").await;
    theirs.message().await;
    let done = socket.ask_ok(delete(id)).await;
    assert_eq!((&done["type"], &done["id"], &done["seq"]), (&json!("done"), &json!(1), &json!(2)));
    let shown = theirs.message().await;
    assert_eq!(shown["deleted"], true);
    assert_eq!((&shown["body"], &shown["html"]), (&json!(""), &json!("")));
    assert_eq!((&shown["id"], &shown["seq"]), (&json!(1), &json!(2)));
    let history = bob.http.get("/rooms/den/messages").await;
    assert!(!history.text.contains("regretted"));
    assert_eq!(history.ok(200)["messages"], json!([shown]));
    let joined = bob.socket().await.join("den").await;
    assert_eq!(joined["messages"], json!([shown]));
}

async fn somebody_elses_message_is_forbidden(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let id = ann.posts("den", "mine").await["id"].clone();
    let mut theirs = bob.socket_in("den").await;
    assert_eq!(theirs.refusal(edit(id.clone(), "bob's")).await, "forbidden");
    assert_eq!(theirs.refusal(delete(id)).await, "forbidden");
    assert_eq!(theirs.say("den", "next").await, 2, "a refusal takes no number");
    assert_eq!(ann.reads_whole_room("den").await[0]["body"], "mine");
}

async fn a_message_that_is_not_there_is_not_found(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    socket.say("den", "one").await;
    for id in [2, 9_007_199_254_740_991_u64] {
        assert_eq!(socket.refusal(edit(id, "x")).await, "not_found", "{id}");
        assert_eq!(socket.refusal(delete(id)).await, "not_found", "{id}");
    }
}

async fn a_deleted_message_cannot_be_edited(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let id = socket.say("den", "one").await;
    socket.ask_ok(delete(id)).await;
    assert_eq!(socket.refusal(edit(id, "back")).await, "not_found");
    assert_eq!(socket.say("den", "next").await, 3);
}

async fn an_edited_body_keeps_to_the_bounds(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let id = socket.say("den", "one").await;
    for body in ["", " ", "a\0b", &"x".repeat(4001)] {
        assert_eq!(socket.refusal(edit(id, body)).await, "invalid");
    }
    socket.ask_ok(edit(id, &"🦀".repeat(4000))).await;
}

async fn every_change_takes_the_next_number(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    socket.say("den", "one").await;
    socket.say("den", "two").await;
    assert_eq!(socket.ask_ok(edit(1, "uno")).await["seq"], 3);
    let on = json!({"type": "react", "room": "den", "id": 2, "emoji": "👍", "on": true});
    assert_eq!(socket.ask_ok(on).await["seq"], 4);
    assert_eq!(socket.ask_ok(delete(1)).await["seq"], 5);
    assert_eq!(socket.say("den", "three").await, 6, "an id is the number it was sent with");
    assert_eq!(ann.http.get("/rooms/den").await.ok(200)["seq"], 6);
}

async fn an_edit_survives_a_restart(mut server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let id = socket.say("den", "teh").await;
    socket.ask_ok(edit(id, "the")).await;
    let before = ann.reads_whole_room("den").await;
    server.restart().await;
    assert_eq!(ann.reads_whole_room("den").await, before);
}

/// By a client that knows the numbers before they are given.
async fn what_is_changed_in_the_batch_that_stores_it_is_stored_as_changed(server: Server) {
    let [ann] = server.people(["ann"]).await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let send = |body: &str| json!({"type": "send", "room": "den", "key": new_key(), "body": body});
    // The first occupies the journal; the others gather behind it.
    for frame in [send("first"), send("regretted"), delete(2), send("teh"), edit(4, "the"), send("last")] {
        socket.send_json(frame).await;
    }
    let shown = socket.messages_up_to("den", "last").await;
    assert_eq!(numbers(&shown, "seq"), [1, 2, 3, 4, 5, 6]);
    let latest = [0, 2, 4, 5].map(|at| shown[at].clone());
    assert!(latest[1]["deleted"] == true && latest[2]["edited_at"].is_string(), "{latest:?}");
    let mut stored = ann.reads_whole_room("den").await;
    stored.sort_by_key(|message| message["id"].as_u64());
    assert_eq!(stored, latest);
}

on_both_databases![
    what_is_changed_in_the_batch_that_stores_it_is_stored_as_changed,
    an_edit_is_answered_and_shown_to_everyone,
    a_deletion_is_answered_and_leaves_an_empty_message,
    somebody_elses_message_is_forbidden,
    a_message_that_is_not_there_is_not_found,
    a_deleted_message_cannot_be_edited,
    an_edited_body_keeps_to_the_bounds,
    every_change_takes_the_next_number,
    an_edit_survives_a_restart,
];
