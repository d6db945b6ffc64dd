//! A status: what it may be, when it ends, who is told of it, and that it goes with the account.

use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta, Utc};
use reqwest::Method;

use crate::common::*;

/// A time from now, as the wire has it.
fn after(span: TimeDelta) -> String {
    (Utc::now() + span).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// What a `state` frame says of one person's status.
async fn told(socket: &mut Socket, person: &Person) -> Value {
    let of_them = |frame: &Value| -> Option<Value> {
        let users = frame["users"].as_array()?.iter().filter(|user| user.get("status").is_some());
        let users: Vec<&Value> = users.collect();
        let [user] = users[..] else { return None };
        assert_eq!((&user["id"], &user["username"]), (&person.user["id"], &person.user["username"]));
        user.get("status").cloned()
    };
    let frame = socket.expect_where("a status", |frame| frame["type"] == "state" && of_them(frame).is_some()).await;
    of_them(&frame).expect("a status or null")
}

async fn a_status_is_part_of_a_user_wherever_one_is_shown(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    ann.posts("den", "before").await;
    let until = after(TimeDelta::hours(1));
    let set = json!({"emoji": "🌴", "text": "  On holiday ", "until": until});
    let user = ann.http.put_json("/me/status", set).await.ok(200);
    let status = json!({"emoji": "🌴", "text": "On holiday", "until": until});
    let shown = json!({"id": ann.user["id"], "username": "ann", "display_name": "ann", "status": status});
    assert_eq!(user, shown);
    assert_eq!(ann.http.get("/me").await.ok(200), shown);
    assert_eq!(bob.http.get("/users/ann").await.ok(200)["status"], status);
    assert_eq!(bob.http.get("/users?q=ann").await.ok(200)["users"][0], shown);
    let with = |state: &str| {
        let mut user = shown.clone();
        user["state"] = json!(state);
        user
    };
    assert_eq!(bob.http.get("/rooms/den/members?q=ann").await.ok(200)["members"][0]["user"], with("offline"));
    assert_eq!(bob.http.get("/rooms/den/messages").await.ok(200)["messages"][0]["author"], shown);
    let mut socket = ann.socket().await;
    assert_eq!(socket.welcome["user"], shown);
    assert_eq!(socket.join("den").await["people"]["users"][0], with("online"));
    let sent = ann.posts("den", "after").await;
    assert_eq!((&sent["author"], &socket.message().await["author"]), (&shown, &shown));
    assert_eq!(ann.http.get("/me/export").await.ok(200)["account"]["status"], status);
    for page in ["page:/rooms/den", "page:/people/ann"] {
        assert!(bob.http.get(page).await.text.contains("On holiday"), "{page}");
    }
    ann.http.delete("/me/status").await.ok(204);
    ann.http.delete("/me/status").await.ok(204);
    for page in ["/me", "/users/ann"] {
        assert_eq!(ann.http.get(page).await.ok(200).get("status"), None);
    }
    socket.expect_where("the end of it", |frame| frame["users"][0].get("status").is_some_and(Value::is_null)).await;
    assert_eq!(bob.socket().await.join("den").await["people"]["users"][0].get("status"), None);
}

async fn a_status_has_an_emoji_or_a_line_of_text_and_ends_later(server: Server) {
    let ann = server.person("ann").await;
    let fits = |emoji: &str, text: &str| json!({"emoji": emoji, "text": text, "until": null});
    for (fits, shown) in [
        (json!({"emoji": "🏠"}), json!({"emoji": "🏠", "text": ""})),
        (json!({"text": "ü".repeat(100)}), json!({"emoji": "", "text": "ü".repeat(100)})),
        (fits("👩‍💻", "At work"), json!({"emoji": "👩‍💻", "text": "At work"})),
    ] {
        assert_eq!(ann.http.put_json("/me/status", fits).await.ok(200)["status"], shown);
    }
    for refused in [
        json!({}),
        fits("", "  "),
        fits("🌴🌴", ""),
        fits("x", ""),
        fits("🌴", &"x".repeat(101)),
        fits("🌴", "two\nlines"),
        fits("🌴", "a\u{0}b"),
        json!({"emoji": "🌴", "until": after(TimeDelta::seconds(-1))}),
    ] {
        assert_eq!(ann.http.put_json("/me/status", refused.clone()).await.error(), (422, "invalid"), "{refused}");
    }
    let no_time = json!({"emoji": "🌴", "until": "tomorrow"});
    assert_eq!(ann.http.put_json("/me/status", no_time).await.error(), (400, "bad_frame"));
    assert_eq!(ann.http.get("/me").await.ok(200)["status"]["text"], "At work", "what was refused changes nothing");
    let stranger = server.stranger();
    assert_eq!(stranger.put_json("/me/status", fits("🌴", "")).await.error(), (401, "unauthorized"));
}

async fn a_status_that_has_ended_is_not_shown(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let soon = json!({"text": "Back in a moment", "until": after(TimeDelta::milliseconds(1_500))});
    ann.http.put_json("/me/status", soon).await.ok(200);
    eventually(Duration::from_secs(10), "the end", async || {
        bob.http.get("/users/ann").await.ok(200).get("status").is_none().then_some(())
    })
    .await;
    assert!(!bob.http.get("page:/people/ann").await.text.contains("Back in a moment"));
}

async fn those_who_share_a_room_are_told_and_nobody_else(server: Server) {
    let [ann, bob, cid, eve] = server.people(["ann", "bob", "cid", "eve"]).await;
    ann.makes_room("den").await;
    ann.http.post("/direct", json!({"users": ["cid"]})).await.ok(201);
    let (mut beside, mut own) = (bob.socket_in("den").await, ann.socket().await);
    // In a direct talk, which this socket has not joined.
    let (mut talks, mut other) = (cid.socket().await, eve.socket().await);
    eve.makes_room("attic").await;
    other.join("attic").await;
    let mut elsewhere = bob.socket().await;
    let status = ann.http.put_json("/me/status", json!({"emoji": "🌴"})).await.ok(200)["status"].clone();
    for socket in [&mut beside, &mut own, &mut talks] {
        assert_eq!(told(socket, &ann).await, status);
    }
    ann.http.delete("/me/status").await.ok(204);
    for socket in [&mut beside, &mut own, &mut talks] {
        assert_eq!(told(socket, &ann).await, Value::Null);
    }
    // Had they been told, they would have been by now: before what they hear of themselves.
    for (person, socket) in [(&eve, &mut other), (&bob, &mut elsewhere)] {
        person.http.put_json("/me/status", json!({"emoji": "🏠"})).await.ok(200);
        assert_eq!(told(socket, person).await["emoji"], "🏠");
    }
}

async fn what_changes_within_a_second_comes_in_one_frame(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (_joined, mut socket) = (bob.socket_in("den").await, ann.socket_in("den").await);
    ann.http.put_json("/me/status", json!({"text": "0"})).await.ok(200);
    assert_eq!(told(&mut socket, &ann).await["text"], "0");
    for number in 1..=3 {
        for person in [&ann, &bob] {
            person.http.put_json("/me/status", json!({"text": number.to_string()})).await.ok(200);
        }
    }
    let mut frames = 0;
    let is_last = |frame: &Value| {
        let users = frame["users"].as_array().expect("users");
        users.iter().any(|user| user["username"] == "bob" && user["status"]["text"] == "3")
    };
    let has_status = |frame: &Value| {
        frame["users"].as_array().is_some_and(|users| users.iter().any(|user| user.get("status").is_some()))
    };
    loop {
        frames += 1;
        let frame = socket.expect_where("a status", |frame| frame["type"] == "state" && has_status(frame)).await;
        if is_last(&frame) {
            break;
        }
    }
    assert!(frames <= 3, "{frames} frames for six changes");
}

async fn a_status_goes_with_the_account(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    ann.posts("den", "hello").await;
    ann.http.put_json("/me/status", json!({"text": "Secret plans"})).await.ok(200);
    bob.http.put_json("/me/status", json!({"text": "Stays"})).await.ok(200);
    ann.http.delete_with("/me", json!({"password": PASSWORD, "messages": "keep"})).await.ok(204);
    let page = bob.http.get("page:/rooms/den").await.text;
    assert!(page.contains("Deleted user") && page.contains("Stays") && !page.contains("Secret plans"));
    let messages = bob.http.get("/rooms/den/messages").await.ok(200);
    assert_eq!(messages["messages"][0]["author"].get("status"), None);
}

async fn a_status_is_set_and_cleared_by_a_form(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let sends = async |fields: &[(&str, &str)]| {
        let request = ann.http.request(Method::POST, "page:/settings/status").header("Accept", "text/html");
        Reply::of(request.header("Origin", server.url()).form(fields)).await
    };
    let refused = sends(&[("emoji", "x"), ("text", "At work"), ("minutes", "")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Emoji: not an emoji"), "{}", refused.text);
    let saved = sends(&[("emoji", "🏠"), ("text", "At work"), ("minutes", "60")]).await;
    assert_eq!((saved.status, saved.header("location")), (303, "/people/ann"));
    let status = bob.http.get("/users/ann").await.ok(200)["status"].clone();
    assert_eq!((&status["emoji"], &status["text"]), (&json!("🏠"), &json!("At work")));
    let until: chrono::DateTime<Utc> = status["until"].as_str().unwrap().parse().unwrap();
    assert!((TimeDelta::minutes(58)..=TimeDelta::minutes(60)).contains(&(until - Utc::now())), "{until}");
    assert!(ann.http.get("page:/settings/status").await.text.contains(r#"value="At work""#));
    assert_eq!(sends(&[("text", "At work"), ("clear", "1")]).await.status, 303);
    assert_eq!(bob.http.get("/users/ann").await.ok(200).get("status"), None);
}

on_sqlite![a_status_is_set_and_cleared_by_a_form];

on_both_databases![
    a_status_is_part_of_a_user_wherever_one_is_shown,
    a_status_has_an_emoji_or_a_line_of_text_and_ends_later,
    a_status_that_has_ended_is_not_shown,
    those_who_share_a_room_are_told_and_nobody_else,
    what_changes_within_a_second_comes_in_one_frame,
    a_status_goes_with_the_account,
];

#[tokio::test]
async fn a_status_set_at_one_instance_is_told_at_the_others() {
    let chat = Chat::of(2).await;
    let [first, second] = &chat.instances[..] else { panic!("two instances") };
    let ann = chat.person("ann").await.at(first);
    let bob = chat.person("bob").await.at(second);
    ann.makes_room("den").await;
    let (mut beside, _own) = (bob.socket_in("den").await, ann.socket_in("den").await);
    let status = ann.http.put_json("/me/status", json!({"emoji": "🌴"})).await.ok(200)["status"].clone();
    assert_eq!(told(&mut beside, &ann).await, status);
    // Whoever comes later finds it among those present, whichever instance they are at.
    for instance in [first, second] {
        let shown = async || {
            let people = bob.at(instance).socket().await.join("den").await["people"]["users"].clone();
            let ann = people.as_array().unwrap().iter().find(|user| user["username"] == "ann")?.clone();
            (ann["status"] == status).then_some(())
        };
        eventually(PATIENCE, "ann among those present, with her status", shown).await;
    }
}

#[tokio::test]
async fn a_status_is_told_although_redis_is_away() {
    let mut chat = Chat::of(2).await;
    let ann = chat.person("ann").await.at(&chat.instances[0]);
    let bob = chat.person("bob").await.at(&chat.instances[1]);
    ann.makes_room("den").await;
    let mut beside = bob.socket_in("den").await;
    chat.redis.kill().await;
    let status = ann.http.put_json("/me/status", json!({"emoji": "🌴"})).await.ok(200)["status"].clone();
    assert_eq!(told(&mut beside, &ann).await, status);
}
