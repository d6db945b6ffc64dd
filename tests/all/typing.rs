//! `typing`: shown to the others in the room, stored nowhere.

use crate::common::*;

#[tokio::test]
async fn typing_is_shown_to_the_others() {
    let server = Server::start(Options::sqlite()).await;
    let [ann, bob, cleo] = server.people(["ann", "bob", "cleo"]).await;
    ann.makes_room("den").await;
    let mut typist = ann.socket_in("den").await;
    let (mut bobs, mut cleos) = (bob.socket_in("den").await, cleo.socket_in("den").await);
    typist.send_json(json!({"type": "typing", "room": "den"})).await;
    for socket in [&mut bobs, &mut cleos] {
        let typing = socket.expect("typing").await;
        assert_eq!((&typing["room"], &typing["user"]), (&json!("den"), &ann.user));
    }
}

#[tokio::test]
async fn the_typist_is_not_told() {
    let server = Server::start(Options::sqlite()).await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut typist, mut other) = (ann.socket_in("den").await, bob.socket_in("den").await);
    typist.send_json(json!({"type": "typing", "room": "den"})).await;
    other.expect("typing").await;
    typist.say("den", "marker").await;
    let frames = typist.up_to("the marker", |f| f["type"] == "message").await;
    assert!(frames.iter().all(|f| f["type"] != "typing"), "{frames:?}");
}

#[tokio::test]
async fn typing_stays_in_its_room() {
    let server = Server::start(Options::sqlite()).await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.makes_room("attic").await;
    let mut typist = ann.socket_in("den").await;
    typist.join("attic").await;
    let mut other = bob.socket_in("attic").await;
    typist.send_json(json!({"type": "typing", "room": "den"})).await;
    typist.send_json(json!({"type": "typing", "room": "attic"})).await;
    assert_eq!(other.expect("typing").await["room"], "attic");
}

#[tokio::test]
async fn typing_takes_no_number() {
    let server = Server::start(Options::sqlite()).await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut typist, mut other) = (ann.socket_in("den").await, bob.socket_in("den").await);
    typist.send_json(json!({"type": "typing", "room": "den"})).await;
    other.expect("typing").await;
    assert_eq!(typist.say("den", "first").await, 1);
}

#[tokio::test]
async fn whoever_may_not_send_is_not_shown_typing() {
    let server = Server::start(Options::sqlite()).await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut anns, mut bobs) = (ann.socket_in("den").await, bob.socket_in("den").await);
    ann.http.put_json("/rooms/den/mutes/bob", json!({})).await.ok(204);
    bobs.send_json(json!({"type": "typing", "room": "den"})).await;
    assert_eq!(bobs.refusal(json!({"type": "send", "room": "den", "key": new_key(), "body": "x"})).await, "forbidden");
    for _ in 0..3 {
        anns.say("den", "meanwhile").await;
    }
    let shown = anns.up_to("the last", |f| f["message"]["id"] == 3).await;
    assert!(shown.iter().all(|f| f["type"] != "typing"), "{shown:?}");
}
