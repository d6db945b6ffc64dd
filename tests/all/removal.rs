//! A removed member gets nothing committed after the removal, in whatever state the socket is.

use crate::common::*;

/// Bob's socket in ann's private room.
async fn bob_in_the_vault(server: &Server) -> (Person, Person, Socket) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_private_room("vault").await;
    ann.adds("bob", "vault").await;
    let socket = bob.socket_in("vault").await;
    (ann, bob, socket)
}

async fn a_removed_member_is_told_and_hears_nothing_more(server: Server) {
    let (ann, bob, mut socket) = bob_in_the_vault(&server).await;
    ann.posts("vault", "before").await;
    ann.removes("bob", "vault").await;
    ann.posts("vault", "after, @bob").await;
    let frames = socket.up_to("`left`", |f| f["type"] == "left").await;
    let left = frames.last().unwrap();
    assert_eq!((&left["room"], &left["reason"]), (&json!("vault"), &json!("removed")));
    ann.adds("bob", "vault").await;
    socket.send_json(json!({"type": "join", "room": "vault"})).await;
    let frames = socket.up_to("the second join", |f| f["type"] == "joined").await;
    assert!(frames.iter().all(|f| f["type"] != "message" && f["type"] != "mention"), "{frames:?}");
    drop(bob);
}

async fn a_removed_member_can_do_nothing_there(server: Server) {
    let (ann, bob, mut socket) = bob_in_the_vault(&server).await;
    socket.say("vault", "mine").await;
    ann.removes("bob", "vault").await;
    socket.expect("left").await;
    for frame in [
        json!({"type": "send", "room": "vault", "key": new_key(), "body": "x"}),
        json!({"type": "edit", "room": "vault", "id": 1, "body": "x"}),
        json!({"type": "delete", "room": "vault", "id": 1}),
        json!({"type": "react", "room": "vault", "id": 1, "emoji": "👍", "on": true}),
        json!({"type": "history", "room": "vault"}),
        json!({"type": "read", "room": "vault", "seq": 1}),
        json!({"type": "typing", "room": "vault"}),
        json!({"type": "leave", "room": "vault"}),
    ] {
        assert_eq!(socket.refusal(frame.clone()).await, "not_joined", "{frame}");
    }
    assert_eq!(socket.refusal(json!({"type": "join", "room": "vault"})).await, "not_found");
    let message = json!({"key": new_key(), "body": "x"});
    assert_eq!(bob.http.post("/rooms/vault/messages", message).await.error(), (404, "not_found"));
    assert_eq!(ann.reads_whole_room("vault").await.len(), 1);
}

/// While others write without a pause: what they began to send after the removal was answered must not arrive.
async fn under_load_nothing_sent_after_the_removal_arrives(server: Server) {
    let (ann, _bob, mut bobs) = bob_in_the_vault(&server).await;
    let mut writer = ann.socket_in("vault").await;
    let mut removed = false;
    for n in 0..300 {
        if n == 150 {
            ann.removes("bob", "vault").await;
            removed = true;
        }
        let body = if removed { "after" } else { "before" };
        let frame = json!({"type": "send", "room": "vault", "key": new_key(), "body": body});
        writer.send_json(frame).await;
    }
    for _ in 0..300 {
        writer.expect("sent").await;
    }
    let frames = bobs.up_to("`left`", |f| f["type"] == "left").await;
    assert!(frames.iter().all(|f| f["message"]["body"] != "after"), "{frames:?}");
    ann.adds("bob", "vault").await;
    bobs.send_json(json!({"type": "join", "room": "vault", "after": 0})).await;
    let frames = bobs.up_to("the second join", |f| f["type"] == "joined").await;
    assert!(frames.iter().all(|f| f["type"] != "message"), "{frames:?}");
}

/// The catch-up is read from the database at the socket's own pace, so a page may be read after the removal.
async fn in_the_middle_of_a_catch_up_nothing_later_arrives(server: Server) {
    let (ann, bob, socket) = bob_in_the_vault(&server).await;
    drop(socket);
    let mut writer = ann.socket_in("vault").await;
    let old = "🦀".repeat(4000);
    // About 20 MB of pages: far more than all the buffers between the server and a client that does not read.
    for _ in 0..30 {
        writer.say_many("vault", std::iter::repeat_n(old.clone(), 20)).await;
    }
    let mut slow = Socket::open_with_small_buffer(&bob).await;
    slow.send_json(json!({"type": "join", "room": "vault", "after": 0})).await;
    let joined = slow.expect("joined").await;
    assert_eq!(joined["more"], true);
    ann.removes("bob", "vault").await;
    ann.posts("vault", "secret").await;
    writer.ask_ok(json!({"type": "edit", "room": "vault", "id": 600, "body": "secret"})).await;
    let frames = slow.up_to("`left`", |f| f["type"] == "left").await;
    let text = serde_json::to_string(&frames).unwrap();
    assert!(!text.contains("secret"));
    assert_eq!(frames.last().unwrap()["reason"], "removed");
    assert_eq!(slow.refusal(json!({"type": "join", "room": "vault"})).await, "not_found");
}

async fn whoever_leaves_by_http_leaves_with_every_socket(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut one, mut two) = (bob.socket_in("den").await, bob.socket_in("den").await);
    bob.removes("me", "den").await;
    assert_eq!(one.expect("left").await["room"], "den");
    assert_eq!(two.expect("left").await["room"], "den");
    assert_eq!(one.refusal(json!({"type": "typing", "room": "den"})).await, "not_joined");
}

on_both_databases![
    a_removed_member_is_told_and_hears_nothing_more,
    a_removed_member_can_do_nothing_there,
    under_load_nothing_sent_after_the_removal_arrives,
    in_the_middle_of_a_catch_up_nothing_later_arrives,
    whoever_leaves_by_http_leaves_with_every_socket,
];
