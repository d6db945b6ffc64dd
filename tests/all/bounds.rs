//! Values at and beyond their bounds, fields that are null or given twice, and requests that no call takes.

use crate::common::*;
use reqwest::Method;

/// Ann's socket in the den, where she has sent two messages.
async fn den_with_two(server: &Server) -> (Person, Socket) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    socket.say("den", "one").await;
    socket.say("den", "two").await;
    (ann, socket)
}

async fn a_null_in_a_frame_is_a_field_left_out(server: Server) {
    let (_ann, mut socket) = den_with_two(&server).await;
    let joined = socket.ask_ok(json!({"type": "join", "room": "den", "after": null, "epoch": null})).await;
    assert_eq!((bodies(&joined).len(), &joined["reset"]), (2, &json!(false)));
    let joined = socket.ask_ok(json!({"type": "join", "room": "den", "after": 1, "epoch": null})).await;
    assert_eq!((bodies(&joined).len(), &joined["reset"]), (1, &json!(false)));
    let send = json!({"type": "send", "room": "den", "key": new_key(), "body": "three", "reply_to": null});
    assert_eq!(socket.ask_ok(send).await["id"], 3);
    let page = socket.ask_ok(json!({"type": "history", "room": "den", "before": null, "limit": null})).await;
    assert_eq!(bodies(&page), ["one", "two", "three"]);
    let without = json!({"type": "history", "room": "den", "ref": null});
    socket.send_json(without).await;
    let page = socket.expect("history").await;
    assert_eq!(page.get("ref"), None, "{page}");
}

async fn a_null_in_a_body_is_a_field_left_out(server: Server) {
    let http = server.stranger();
    let account = json!({"username": "ann", "password": PASSWORD, "display_name": null});
    assert_eq!(http.post("/signup", account).await.ok(201)["display_name"], "ann");
    let room = json!({"slug": "den", "title": null, "topic": null, "kind": null});
    assert_eq!(http.post("/rooms", room).await.ok(201)["kind"], "public");
    http.patch("/rooms/den", json!({"title": "Den", "topic": "Talk"})).await.ok(200);
    let same = http.patch("/rooms/den", json!({"title": null, "topic": "Silence"})).await.ok(200);
    assert_eq!((&same["title"], &same["topic"]), (&json!("Den"), &json!("Silence")));
    let message = json!({"key": new_key(), "body": "hello", "reply_to": null});
    assert!(http.post("/rooms/den/messages", message).await.ok(201)["reply_to"].is_null());
}

async fn a_field_given_twice_is_a_bad_frame(server: Server) {
    let (ann, mut socket) = den_with_two(&server).await;
    let key = new_key();
    for frame in [
        r#"{"type":"join","room":"den","room":"den","ref":"r"}"#.to_owned(),
        r#"{"type":"join","room":"den","after":1,"after":1,"ref":"r"}"#.to_owned(),
        r#"{"type":"typing","type":"typing","room":"den"}"#.to_owned(),
        r#"{"type":"typing","room":"den","ref":"a","ref":"a"}"#.to_owned(),
        format!(r#"{{"type":"send","room":"den","key":"{key}","body":"a","body":"b","ref":"r"}}"#),
        format!(r#"{{"type":"send","room":"den","key":"{key}","key":"{key}","body":"a","ref":"r"}}"#),
    ] {
        socket.send_text(&frame).await;
        let error = socket.expect("error").await;
        assert_eq!(error["code"], "bad_frame", "{frame}: {error}");
        if frame.ends_with(r#""ref":"r"}"#) {
            assert_eq!(error["ref"], "r", "{frame}: {error}");
        }
    }
    let twice = format!(r#"{{"key":"{key}","body":"a","body":"b"}}"#);
    let request = ann.http.request(Method::POST, "/rooms/den/messages").header("Origin", server.url());
    let refused = Reply::of(request.header("Content-Type", "application/json").body(twice)).await;
    assert_eq!(refused.error(), (400, "bad_frame"));
    assert_eq!(ann.reads_whole_room("den").await.len(), 2, "nothing was stored");
}

async fn a_number_out_of_range_is_invalid(server: Server) {
    let (_ann, mut socket) = den_with_two(&server).await;
    for frame in [
        json!({"type": "join", "room": "den", "after": -1}),
        json!({"type": "join", "room": "den", "after": i64::MIN}),
        json!({"type": "read", "room": "den", "seq": -1}),
        json!({"type": "read", "room": "den", "seq": i64::MIN}),
        json!({"type": "history", "room": "den", "before": 0}),
        json!({"type": "history", "room": "den", "before": -1}),
        json!({"type": "history", "room": "den", "after": -1}),
        json!({"type": "history", "room": "den", "around": 0}),
        json!({"type": "history", "room": "den", "since": "yesterday"}),
        json!({"type": "history", "room": "den", "since": "2026-11-28"}),
        json!({"type": "history", "room": "den", "before": 2, "after": 1}),
        json!({"type": "history", "room": "den", "around": 2, "since": "2026-11-28T00:00:00Z"}),
        json!({"type": "history", "room": "den", "limit": 0}),
        json!({"type": "history", "room": "den", "limit": -1}),
        json!({"type": "history", "room": "den", "limit": 101}),
    ] {
        assert_eq!(socket.refusal(frame.clone()).await, "invalid", "{frame}");
    }
}

/// Whole numbers they are, only too large: out of range, and not of the wrong type.
async fn a_number_beyond_64_bits_is_invalid(server: Server) {
    let (_ann, mut socket) = den_with_two(&server).await;
    for number in [1_u64 << 63, u64::MAX] {
        for frame in [
            json!({"type": "join", "room": "den", "after": number}),
            json!({"type": "read", "room": "den", "seq": number}),
            json!({"type": "history", "room": "den", "before": number}),
            json!({"type": "history", "room": "den", "around": number}),
            json!({"type": "history", "room": "den", "limit": number}),
        ] {
            assert_eq!(socket.refusal(frame.clone()).await, "invalid", "{frame}");
        }
    }
}

async fn the_largest_number_is_only_large(server: Server) {
    let (_ann, mut socket) = den_with_two(&server).await;
    let page = socket.ask_ok(json!({"type": "history", "room": "den", "before": i64::MAX})).await;
    assert_eq!(bodies(&page), ["one", "two"]);
    let page = socket.ask_ok(json!({"type": "history", "room": "den", "around": i64::MAX})).await;
    assert_eq!(bodies(&page), ["one", "two"]);
    let page = socket.ask_ok(json!({"type": "history", "room": "den", "after": i64::MAX})).await;
    assert_eq!((bodies(&page).len(), &page["more"]), (0, &json!(true)));
    let joined = socket.ask_ok(json!({"type": "join", "room": "den", "after": i64::MAX})).await;
    assert_eq!(joined["reset"], true);
    for id in [0, -1, i64::MAX, i64::MIN] {
        for frame in [
            json!({"type": "edit", "room": "den", "id": id, "body": "x"}),
            json!({"type": "delete", "room": "den", "id": id}),
            json!({"type": "react", "room": "den", "id": id, "emoji": "👍", "on": true}),
            json!({"type": "send", "room": "den", "key": new_key(), "body": "x", "reply_to": id}),
        ] {
            assert_eq!(socket.refusal(frame.clone()).await, "not_found", "{frame}");
        }
    }
    assert_eq!(socket.say("den", "three").await, 3, "nothing took a number");
}

async fn a_body_with_nul_is_invalid(server: Server) {
    let (ann, mut socket) = den_with_two(&server).await;
    for body in ["a\0b", "\0", "a\0"] {
        let send = json!({"type": "send", "room": "den", "key": new_key(), "body": body});
        assert_eq!(socket.refusal(send).await, "invalid", "{body:?}");
        let edit = json!({"type": "edit", "room": "den", "id": 1, "body": body});
        assert_eq!(socket.refusal(edit).await, "invalid", "{body:?}");
    }
    let stored = ann.reads_whole_room("den").await;
    assert_eq!(numbers(&stored, "seq"), [1, 2]);
}

async fn a_page_asked_for_out_of_range_is_422(server: Server) {
    let (ann, _socket) = den_with_two(&server).await;
    for query in [
        "limit=0",
        "limit=-1",
        "limit=101",
        "limit=abc",
        "limit=1.5",
        "limit=99999999999999999999",
        "before=0",
        "before=-1",
        "before=abc",
        "before=99999999999999999999",
        "before=0&limit=20",
    ] {
        let refused = ann.http.get(&format!("/rooms/den/messages?{query}")).await;
        assert_eq!(refused.error(), (422, "invalid"), "{query}");
    }
    for query in ["limit=1", "limit=100", "before=1", "before=9223372036854775807", "unknown=1"] {
        ann.http.get(&format!("/rooms/den/messages?{query}")).await.ok(200);
    }
}

async fn titles_and_topics_have_bounds(server: Server) {
    let (ann, _socket) = den_with_two(&server).await;
    let (long_title, long_topic) = ("ü".repeat(101), "ü".repeat(501));
    for bad in [
        json!({"title": long_title}),
        json!({"title": "two\nlines"}),
        json!({"title": "fine", "topic": long_topic}),
        json!({"topic": "bell\u{7}"}),
    ] {
        assert_eq!(ann.http.patch("/rooms/den", bad.clone()).await.error(), (422, "invalid"), "{bad}");
        let mut room = bad.clone();
        room["slug"] = json!("attic");
        assert_eq!(ann.http.post("/rooms", room).await.error(), (422, "invalid"), "{bad}");
    }
    for bad in [json!({"title": 5}), json!({"topic": ["x"]}), json!([]), json!("title")] {
        assert_eq!(ann.http.patch("/rooms/den", bad.clone()).await.error(), (400, "bad_frame"), "{bad}");
    }
    assert_eq!(ann.http.get("/rooms/den").await.ok(200)["topic"], "", "nothing of what was refused is kept");
    let longest = json!({"title": "ü".repeat(100), "topic": "ü".repeat(500)});
    let changed = ann.http.patch("/rooms/den", longest.clone()).await.ok(200);
    assert_eq!((&changed["title"], &changed["topic"]), (&longest["title"], &longest["topic"]));
}

async fn display_names_have_bounds(server: Server) {
    let sign_up = async |n: usize, display_name: &str| {
        let account = json!({"username": format!("user-{n}"), "password": PASSWORD, "display_name": display_name});
        server.stranger().post("/signup", account).await
    };
    for (n, bad) in ["", "   ", "two\nlines", "bell\u{7}", &"ü".repeat(65)].into_iter().enumerate() {
        assert_eq!(sign_up(n, bad).await.error(), (422, "invalid"), "{bad:?}");
    }
    for (n, (given, kept)) in
        [("x", "x"), ("  Ann Lee ", "Ann Lee"), (&*"ü".repeat(64), &*"ü".repeat(64))].into_iter().enumerate()
    {
        assert_eq!(sign_up(n, given).await.ok(201)["display_name"], kept);
    }
}

async fn making_a_member_or_none_of_what_is_one_or_none_changes_nothing(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    for _ in 0..2 {
        ann.adds("bob", "den").await;
        bob.adds("me", "den").await;
    }
    let roles = async || {
        let members = ann.http.get("/rooms/den/members").await.ok(200);
        let members = members["members"].as_array().unwrap().clone();
        let mut roles: Vec<_> = members.iter().map(|m| format!("{} {}", m["user"]["username"], m["role"])).collect();
        roles.sort();
        roles
    };
    assert_eq!(roles().await, [r#""ann" "moderator""#, r#""bob" "member""#]);
    ann.adds("ann", "den").await;
    assert_eq!(roles().await[0], r#""ann" "moderator""#, "a moderator stays one");
    for _ in 0..2 {
        ann.removes("bob", "den").await;
        bob.removes("me", "den").await;
        bob.removes("bob", "den").await;
    }
    assert_eq!(roles().await, [r#""ann" "moderator""#]);
    let nobody = ann.http.delete("/rooms/den/members/nobody").await;
    assert_eq!(nobody.error(), (404, "not_found"), "there is no such user");
}

#[tokio::test]
async fn a_method_that_an_address_does_not_answer_is_405() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    for (method, path) in [
        (Method::PUT, "/me"),
        (Method::POST, "/me"),
        (Method::GET, "/signup"),
        (Method::GET, "/login"),
        (Method::GET, "/logout"),
        (Method::PUT, "/rooms"),
        (Method::POST, "/rooms/den"),
        (Method::PATCH, "/rooms/den/messages"),
        (Method::POST, "/rooms/den/members"),
        (Method::GET, "/rooms/den/members/ann"),
    ] {
        let request = ann.http.request(method.clone(), path).header("Origin", server.url());
        assert_eq!(Reply::of(request).await.error(), (405, "invalid"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_request_above_64_kib_is_413() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let message = json!({"key": new_key(), "body": "x".repeat(70_000)});
    let refused = ann.http.post("/rooms/den/messages", message).await;
    assert_eq!(refused.error(), (413, "invalid"));
    let form = [("slug", "attic"), ("topic", &"x".repeat(70_000))];
    let request = ann.http.request(Method::POST, "page:/rooms").header("Origin", server.url());
    assert_eq!(Reply::of(request.form(&form)).await.status, 413);
    ann.http.get("/rooms/attic").await.ok(404);
}

#[tokio::test]
async fn a_body_of_another_type_is_415() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
        let request = ann.http.request(Method::POST, "/rooms").header("Origin", server.url());
        let refused = Reply::of(request.header("Content-Type", kind).body(r#"{"slug":"den"}"#)).await;
        assert_eq!(refused.error(), (415, "bad_frame"), "{kind}");
    }
    let request = ann.http.request(Method::POST, "/rooms").header("Origin", server.url());
    let kind = "application/json; charset=utf-8";
    Reply::of(request.header("Content-Type", kind).body(r#"{"slug":"den"}"#)).await.ok(201);
}

on_both_databases![
    a_number_out_of_range_is_invalid,
    a_number_beyond_64_bits_is_invalid,
    the_largest_number_is_only_large,
    a_body_with_nul_is_invalid,
    making_a_member_or_none_of_what_is_one_or_none_changes_nothing,
];

// Not about storage.
on_sqlite![
    a_null_in_a_frame_is_a_field_left_out,
    a_null_in_a_body_is_a_field_left_out,
    a_field_given_twice_is_a_bad_frame,
    a_page_asked_for_out_of_range_is_422,
    titles_and_topics_have_bounds,
    display_names_have_bounds,
];
