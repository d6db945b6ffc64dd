//! NUL, which Postgres keeps in no text: a name with one in it is like any other that nobody has.

use crate::common::*;
use reqwest::Method;

async fn a_slug_in_a_path_is_not_found(server: Server) {
    let ann = server.person("ann").await;
    let message = json!({"key": new_key(), "body": "hello"});
    for slug in ["%00", "a%00b", "a%00"] {
        for (method, path, body) in [
            (Method::GET, "/rooms/{slug}", json!(null)),
            (Method::GET, "/rooms/{slug}/messages", json!(null)),
            (Method::GET, "/rooms/{slug}/members", json!(null)),
            (Method::PATCH, "/rooms/{slug}", json!({"title": "x"})),
            (Method::POST, "/rooms/{slug}/messages", message.clone()),
            (Method::PUT, "/rooms/{slug}/members/ann", json!(null)),
            (Method::DELETE, "/rooms/{slug}/members/me", json!(null)),
        ] {
            let path = path.replace("{slug}", slug);
            let mut request = ann.http.request(method.clone(), &path).header("Origin", server.url());
            if !body.is_null() {
                request = request.json(&body);
            }
            is_refused(&Reply::of(request).await, &format!("{method} {path}"));
        }
        let page = Reply::of(ann.http.request(Method::GET, &format!("page:/rooms/{slug}"))).await;
        assert_eq!(page.status, 404, "{slug}");
    }
}

async fn a_member_in_a_path_is_not_found(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    for name in ["%00", "an%00n", "ann%00"] {
        let path = format!("/rooms/den/members/{name}");
        is_refused(&ann.http.put(&path).await, &path);
        is_refused(&ann.http.delete(&path).await, &path);
    }
    let members = ann.http.get("/rooms/den/members").await.ok(200);
    assert_eq!(members["members"][0]["user"], ann.with_state("offline"));
}

async fn a_name_in_a_body_is_invalid(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    for (path, body) in [
        ("/signup", json!({"username": "bo\0b", "password": PASSWORD})),
        ("/signup", json!({"username": "bob", "password": PASSWORD, "display_name": "Bo\0b"})),
        ("/rooms", json!({"slug": "a\0b"})),
        ("/rooms", json!({"slug": "attic", "title": "a\0b"})),
        ("/rooms", json!({"slug": "attic", "topic": "a\0b"})),
        ("/rooms", json!({"slug": "attic", "kind": "public\0"})),
        ("/rooms/den/messages", json!({"key": format!("{}\0", new_key()), "body": "x"})),
        ("/rooms/den/messages", json!({"key": new_key(), "body": "a\0b"})),
    ] {
        assert_eq!(ann.http.post(path, body.clone()).await.error(), (422, "invalid"), "{path} {body}");
    }
    for change in [json!({"title": "a\0b"}), json!({"topic": "a\0b"})] {
        assert_eq!(ann.http.patch("/rooms/den", change.clone()).await.error(), (422, "invalid"), "{change}");
    }
}

async fn a_login_with_one_is_no_account(server: Server) {
    server.person("ann").await;
    for name in ["\0", "ann\0", "a\0nn"] {
        let account = json!({"username": name, "password": PASSWORD});
        let refused = server.stranger().post("/login", account).await;
        assert_eq!(refused.error(), (401, "bad_credentials"), "{name:?}");
    }
    let account = json!({"username": "ann", "password": "wrong\0password"});
    assert_eq!(server.stranger().post("/login", account).await.error(), (401, "bad_credentials"));
}

async fn a_frame_with_one_names_no_room(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    for room in ["\0", "den\0", "d\0en"] {
        let refusal = socket.refusal(json!({"type": "join", "room": room})).await;
        assert!(["not_found", "invalid"].contains(&refusal.as_str()), "{room:?}: {refusal}");
        for frame in [
            json!({"type": "leave", "room": room}),
            json!({"type": "send", "room": room, "key": new_key(), "body": "x"}),
            json!({"type": "history", "room": room}),
            json!({"type": "typing", "room": room}),
        ] {
            assert_eq!(socket.refusal(frame.clone()).await, "not_joined", "{frame}");
        }
    }
    for frame in [
        json!({"type": "send", "room": "den", "key": "\0", "body": "x"}),
        json!({"type": "send", "room": "den", "key": new_key(), "body": "a\0b"}),
    ] {
        assert_eq!(socket.refusal(frame.clone()).await, "invalid", "{frame}");
    }
    socket.say("den", "hello").await;
    for frame in [
        json!({"type": "edit", "room": "den", "id": 1, "body": "a\0b"}),
        json!({"type": "react", "room": "den", "id": 1, "emoji": "👍\0", "on": true}),
        json!({"type": "react", "room": "den", "id": 1, "emoji": "\0", "on": false}),
    ] {
        assert_eq!(socket.refusal(frame.clone()).await, "invalid", "{frame}");
    }
    let other_epoch = socket.join_after("den", 1, &json!("\0")).await;
    assert_eq!(other_epoch["reset"], true, "an epoch is an opaque string");
}

fn is_refused(reply: &Reply, what: &str) {
    let error = reply.error();
    assert!([(404, "not_found"), (422, "invalid")].contains(&error), "{what}: {error:?}");
}

on_both_databases![
    a_slug_in_a_path_is_not_found,
    a_member_in_a_path_is_not_found,
    a_name_in_a_body_is_invalid,
    a_login_with_one_is_no_account,
    a_frame_with_one_names_no_room,
];
