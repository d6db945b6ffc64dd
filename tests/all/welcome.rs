//! The first frame, and what every frame may carry.

use crate::common::*;

async fn the_welcome_has_its_documented_shape(server: Server) {
    let ann = server.person("ann").await;
    let welcome = ann.socket().await.welcome;
    assert_eq!(welcome["user"], ann.user);
    assert!(welcome["instance"].is_string());
    assert!(welcome["heartbeat_secs"].as_u64().is_some_and(|secs| secs > 0));
    assert_eq!(welcome["limits"], json!({"body": 4000, "frame": 65536}));
    assert_eq!(welcome["rooms"], json!([]));
}

async fn the_welcome_lists_the_users_rooms_with_their_numbers(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let den = ann.makes_room("den").await;
    ann.makes_room("attic").await;
    bob.socket_in("den").await;
    for n in 0..3 {
        ann.posts("den", &n.to_string()).await;
    }
    ann.posts("den", "@bob, look").await;
    let welcome = bob.socket().await.welcome;
    let expected = json!({
        "id": den["id"], "slug": "den", "title": den["title"], "topic": den["topic"], "kind": "public",
        "seq": 4, "count": 4, "read": 0, "unread": 4, "mentions": 1,
    });
    let [room] = welcome["rooms"].as_array().unwrap().as_slice() else {
        panic!("one room: {welcome}");
    };
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&room[field], value, "{field} of {room}");
    }
}

async fn count_is_of_messages_and_seq_of_changes(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let id = socket.say("den", "one").await;
    socket.say("den", "two").await;
    socket.ask_ok(json!({"type": "edit", "room": "den", "id": id, "body": "uno"})).await;
    socket.ask_ok(json!({"type": "delete", "room": "den", "id": id})).await;
    let welcome = ann.socket().await.welcome;
    assert_eq!(welcome["rooms"][0]["count"], 2, "messages ever sent");
    assert_eq!(welcome["rooms"][0]["seq"], 4);
}

#[tokio::test]
async fn two_sockets_of_one_instance_name_the_same_instance() {
    let server = Server::start(Options::sqlite()).await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    assert_eq!(ann.socket().await.welcome["instance"], bob.socket().await.welcome["instance"]);
}

/// `ask` itself waits for the `ref`; here are the two ends of its length.
#[tokio::test]
async fn a_ref_of_up_to_64_characters_comes_back() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket().await;
    for reference in [String::new(), "é".repeat(64)] {
        socket.send_json(json!({"type": "join", "room": "den", "ref": reference})).await;
        assert_eq!(socket.expect("joined").await["ref"], reference.as_str());
        socket.send_json(json!({"type": "join", "room": "nowhere", "ref": reference})).await;
        assert_eq!(socket.expect("error").await["ref"], reference.as_str());
    }
}

#[tokio::test]
async fn without_a_ref_none_comes_back() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket().await;
    socket.send_json(json!({"type": "join", "room": "den"})).await;
    assert!(socket.expect("joined").await.get("ref").is_none());
}

#[tokio::test]
async fn a_ref_above_64_characters_is_invalid() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket().await;
    socket.send_json(json!({"type": "join", "room": "den", "ref": "r".repeat(65)})).await;
    assert_eq!(socket.expect("error").await["code"], "invalid");
}

#[tokio::test]
async fn unknown_fields_are_passed_over() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket().await;
    let joined = socket.ask(json!({"type": "join", "room": "den", "color": "red"})).await;
    assert_eq!(joined["type"], "joined");
}

on_both_databases![
    the_welcome_has_its_documented_shape,
    the_welcome_lists_the_users_rooms_with_their_numbers,
    count_is_of_messages_and_seq_of_changes,
];
