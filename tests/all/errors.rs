//! The error codes, the `not_joined` rule, and ten bad frames in a row.

use crate::common::*;

async fn a_socket() -> (Server, Socket) {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let socket = ann.socket_in("den").await;
    (server, socket)
}

#[tokio::test]
async fn what_is_not_a_json_object_is_a_bad_frame() {
    let (_server, mut socket) = a_socket().await;
    for text in ["", "hello", "{", "{\"type\":\"send\"", "null", "5", "\"typing\"", "[]", "{}", "{'type':'typing'}"] {
        socket.send_text(text).await;
        let error = socket.expect("error").await;
        assert_eq!(error["code"], "bad_frame", "{text:?}");
        assert!(error["message"].is_string());
        socket.say("den", "still open, and not ten in a row").await;
    }
}

#[tokio::test]
async fn a_missing_or_mistyped_field_is_a_bad_frame() {
    let (_server, mut socket) = a_socket().await;
    for frame in [
        json!({"type": "join"}),
        json!({"type": "join", "room": 5}),
        json!({"type": "join", "room": "den", "after": "5"}),
        json!({"type": "join", "room": "den", "after": 1.5}),
        json!({"type": "join", "room": "den", "after": 0, "epoch": 5}),
        json!({"type": "leave"}),
        json!({"type": "send", "room": "den", "key": new_key()}),
        json!({"type": "send", "room": "den", "body": "x"}),
        json!({"type": "send", "key": new_key(), "body": "x"}),
        json!({"type": "send", "room": "den", "key": 5, "body": "x"}),
        json!({"type": "send", "room": "den", "key": new_key(), "body": ["x"]}),
        json!({"type": "send", "room": "den", "key": new_key(), "body": "x", "reply_to": "1"}),
        json!({"type": "edit", "room": "den", "body": "x"}),
        json!({"type": "edit", "room": "den", "id": 1}),
        json!({"type": "edit", "room": "den", "id": "1", "body": "x"}),
        json!({"type": "delete", "room": "den"}),
        json!({"type": "react", "room": "den", "id": 1, "emoji": "👍"}),
        json!({"type": "react", "room": "den", "id": 1, "emoji": "👍", "on": "yes"}),
        json!({"type": "react", "room": "den", "id": 1, "on": true}),
        json!({"type": "history"}),
        json!({"type": "history", "room": "den", "before": "1"}),
        json!({"type": "history", "room": "den", "limit": "1"}),
        json!({"type": "read", "room": "den"}),
        json!({"type": "read", "room": "den", "seq": true}),
        json!({"type": "typing"}),
    ] {
        assert_eq!(socket.refusal(frame.clone()).await, "bad_frame", "{frame}");
        socket.say("den", "not ten in a row").await;
    }
    for frame in [json!({"type": 5}), json!({"type": null}), json!({"type": "join", "room": "den", "ref": 5})] {
        socket.send_json(frame.clone()).await;
        assert_eq!(socket.expect("error").await["code"], "bad_frame", "{frame}");
    }
}

#[tokio::test]
async fn an_error_does_not_repeat_a_long_frame() {
    let (_server, mut socket) = a_socket().await;
    let long = "\u{1}".repeat(10_000);
    let error = socket.ask(json!({"type": "react", "room": "den", "id": 1, "emoji": "x", "on": long})).await;
    assert_eq!(error["code"], "bad_frame");
    assert!(error.to_string().len() < 2_000, "{} bytes", error.to_string().len());
}

#[tokio::test]
async fn a_ref_comes_back_even_where_the_type_is_wrong() {
    let (_server, mut socket) = a_socket().await;
    for frame in [json!({"type": 5}), json!({"room": "den"})] {
        assert_eq!(socket.refusal(frame).await, "bad_frame");
    }
}

#[tokio::test]
async fn a_type_nobody_knows_is_an_unknown_type() {
    let (_server, mut socket) = a_socket().await;
    for kind in ["", "dance", "JOIN", "welcome", "message"] {
        let frame = json!({"type": kind, "room": "den"});
        assert_eq!(socket.refusal(frame).await, "unknown_type", "{kind:?}");
        socket.say("den", "not ten in a row").await;
    }
}

/// The same answer whether the room is there, is hidden, or is not: it does not ask the database.
async fn what_needs_a_joined_room_is_not_joined(server: Server) {
    let [ann, eve] = server.people(["ann", "eve"]).await;
    ann.makes_room("den").await;
    ann.makes_private_room("vault").await;
    ann.posts("den", "one").await;
    ann.posts("vault", "one").await;
    let mut socket = eve.socket().await;
    for room in ["den", "vault", "nowhere"] {
        for frame in [
            json!({"type": "send", "room": room, "key": new_key(), "body": "x"}),
            json!({"type": "edit", "room": room, "id": 1, "body": "x"}),
            json!({"type": "delete", "room": room, "id": 1}),
            json!({"type": "react", "room": room, "id": 1, "emoji": "👍", "on": true}),
            json!({"type": "history", "room": room}),
            json!({"type": "read", "room": room, "seq": 1}),
            json!({"type": "typing", "room": room}),
            json!({"type": "leave", "room": room}),
        ] {
            let answer = socket.ask(frame.clone()).await;
            assert_eq!(answer["code"], "not_joined", "{frame}: {answer}");
            assert_eq!(answer["room"], room, "{answer}");
        }
    }
    assert_eq!(ann.reads_whole_room("den").await.len(), 1);
}

async fn a_member_has_to_join_with_each_socket(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let _joined = ann.socket_in("den").await;
    let mut other = ann.socket().await;
    let frame = json!({"type": "send", "room": "den", "key": new_key(), "body": "x"});
    assert_eq!(other.refusal(frame.clone()).await, "not_joined");
    other.join("den").await;
    other.ask_ok(frame).await;
    other.leave("den").await;
    assert_eq!(other.refusal(json!({"type": "typing", "room": "den"})).await, "not_joined");
}

#[tokio::test]
async fn ten_bad_frames_in_a_row_close_with_1008() {
    let (_server, mut socket) = a_socket().await;
    for _ in 0..10 {
        socket.send_text("not JSON").await;
    }
    assert_eq!(socket.closed().await.0, 1008);
    for _ in 0..9 {
        assert_eq!(socket.expect("error").await["code"], "bad_frame");
    }
}

#[tokio::test]
async fn a_good_frame_begins_the_row_anew() {
    let (_server, mut socket) = a_socket().await;
    for _ in 0..3 {
        for _ in 0..9 {
            socket.send_text("not JSON").await;
            assert_eq!(socket.expect("error").await["code"], "bad_frame");
        }
        socket.say("den", "good").await;
    }
}

#[tokio::test]
async fn what_one_socket_does_wrong_concerns_no_other() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let (mut bad, mut good) = (ann.socket_in("den").await, ann.socket_in("den").await);
    for _ in 0..10 {
        bad.send_text("not JSON").await;
    }
    assert_eq!(bad.closed().await.0, 1008);
    good.say("den", "unharmed").await;
}

// Not about storage.
on_sqlite![what_needs_a_joined_room_is_not_joined, a_member_has_to_join_with_each_socket];
