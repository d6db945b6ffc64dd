//! Messages over HTTP.

use crate::common::*;

async fn a_posted_message_has_its_documented_shape(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let key = new_key();
    let given = json!({"key": key, "body": "  hello *there*  "});
    let message = ann.http.post("/rooms/den/messages", given).await.ok(201);
    assert_eq!(message["id"], 1);
    assert_eq!(message["seq"], 1);
    assert_eq!(message["key"], key.as_str());
    assert_eq!(message["author"], ann.user);
    assert_eq!(message["body"], "hello *there*", "white space around it is trimmed");
    assert!(message["html"].as_str().unwrap().contains("<em>there</em>"), "{message}");
    let time = message["sent_at"].as_str().unwrap();
    assert!(is_utc_with_milliseconds(time), "{time}");
    for absent in ["edited_at", "deleted", "reply_to"] {
        assert!(message[absent].is_null(), "{absent} where it does not apply");
    }
}

async fn a_posted_message_reaches_sockets(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut socket = bob.socket_in("den").await;
    let posted = ann.posts("den", "hello").await;
    assert_eq!(socket.message().await, posted);
}

async fn a_key_posted_again_is_200_and_the_first_message(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let key = new_key();
    let first = ann.http.post("/rooms/den/messages", json!({"key": key, "body": "first"})).await.ok(201);
    let again = ann.http.post("/rooms/den/messages", json!({"key": key, "body": "second"})).await.ok(200);
    assert_eq!(again, first);
    assert_eq!(ann.reads_whole_room("den").await, [first]);
}

async fn a_key_of_another_room_is_invalid(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.makes_room("attic").await;
    let message = json!({"key": new_key(), "body": "first"});
    ann.http.post("/rooms/den/messages", message.clone()).await.ok(201);
    let refused = ann.http.post("/rooms/attic/messages", message).await;
    assert_eq!(refused.error(), (422, "invalid"));
    assert_eq!(ann.reads_whole_room("attic").await, [] as [Value; 0]);
}

async fn a_message_of_somebody_else_than_is_signed_in_is_not_stored(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let message = json!({"key": new_key(), "body": "hello", "author": bob.user["id"]});
    let refused = ann.http.post("/rooms/den/messages", message.clone()).await;
    assert_eq!(refused.error(), (401, "unauthorized"));
    assert_eq!(ann.reads_whole_room("den").await, [] as [Value; 0]);
    bob.http.put("/rooms/den/members/me").await.ok(204);
    let stored = bob.http.post("/rooms/den/messages", message).await.ok(201);
    assert_eq!(stored["author"], bob.user);
}

async fn a_body_out_of_bounds_is_invalid(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    for body in ["", " \n\t ", "a\0b", &"x".repeat(4001)] {
        let message = json!({"key": new_key(), "body": body});
        let refused = ann.http.post("/rooms/den/messages", message).await;
        assert_eq!(refused.error(), (422, "invalid"), "{:?}", body.chars().take(9).collect::<String>());
    }
    ann.posts("den", &"🦀".repeat(4000)).await;
}

async fn a_reply_names_its_message(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.posts("den", "question").await;
    let reply = json!({"key": new_key(), "body": "answer", "reply_to": 1});
    let reply = ann.http.post("/rooms/den/messages", reply).await.ok(201);
    assert_eq!(reply["reply_to"], 1);
}

async fn who_is_no_member_of_a_public_room_may_not_post(server: Server) {
    let [ann, eve] = server.people(["ann", "eve"]).await;
    ann.makes_room("den").await;
    let message = json!({"key": new_key(), "body": "hello"});
    let refused = eve.http.post("/rooms/den/messages", message).await;
    assert_eq!(refused.error(), (403, "forbidden"));
}

async fn messages_are_paged_backwards_and_each_page_is_oldest_first(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    for n in 1..=45 {
        ann.posts("den", &n.to_string()).await;
    }
    let page = async |query: &str| {
        let page = ann.http.get(&format!("/rooms/den/messages{query}")).await.ok(200);
        let ids: Vec<_> = page["messages"].as_array().unwrap().iter().map(|m| m["id"].as_u64().unwrap()).collect();
        (ids, page["more"].as_bool().expect("more"))
    };
    assert_eq!(page("").await, ((26..=45).collect(), true), "20 without a limit");
    assert_eq!(page("?limit=5").await, ((41..=45).collect(), true));
    assert_eq!(page("?before=26&limit=5").await, ((21..=25).collect(), true));
    assert_eq!(page("?before=6&limit=5").await, ((1..=5).collect(), false));
    assert_eq!(page("?before=1").await, (vec![], false));
    assert_eq!(page("?before=46&limit=100").await, ((1..=45).collect(), false));
}

async fn a_page_never_holds_more_than_100(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    for n in 1..=101 {
        ann.posts("den", &n.to_string()).await;
    }
    let page = ann.http.get("/rooms/den/messages?limit=100").await.ok(200);
    assert_eq!(page["messages"].as_array().unwrap().len(), 100);
    assert_eq!(page["more"], true);
    // Above the bound: fewer than asked for, or refused; both keep the promise.
    let above = ann.http.get("/rooms/den/messages?limit=101").await;
    if above.status == 200 {
        assert!(above.json["messages"].as_array().unwrap().len() <= 100);
    } else {
        assert_eq!(above.error(), (422, "invalid"));
    }
}

async fn sends_by_http_are_limited_too(options: Options) {
    let server = options.option("--send-rate", 1).start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    for n in 0..3 {
        ann.posts("den", &n.to_string()).await;
    }
    let message = json!({"key": new_key(), "body": "one too many"});
    let refused = ann.http.post("/rooms/den/messages", message).await;
    assert_eq!(refused.error(), (429, "rate_limited"));
    assert_eq!(refused.header("retry-after"), "1", "whole seconds, at 1 a second");
}

/// `2026-01-31T23:59:59.123Z`
fn is_utc_with_milliseconds(time: &str) -> bool {
    chrono::DateTime::parse_from_rfc3339(time).is_ok() && time.len() == 24 && time.ends_with('Z')
}

async fn a_message_is_previewed_as_it_would_be_shown(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let body = "**bold** <script>alert(1)</script> @ann";
    let preview = ann.http.post("/preview", json!({"body": body})).await.ok(200);
    let sent = ann.http.post("/rooms/den/messages", json!({"key": new_key(), "body": body})).await.ok(201);
    // Whom a name means depends on the room.
    let meant = r#"<a class="at" data-user="1" href="/people/ann">@ann</a>"#;
    let sent = sent["html"].as_str().expect("a text").replace(meant, r#"<span class="at">@ann</span>"#);
    assert_eq!(preview, json!({"html": sent}));
    assert_eq!(ann.http.post("/preview", json!({"body": " "})).await.error(), (422, "invalid"));
    assert_eq!(ann.http.post("/preview", json!({})).await.error(), (400, "bad_frame"));
    assert_eq!(server.stranger().post("/preview", json!({"body": "x"})).await.error(), (401, "unauthorized"));
}

async fn a_message_is_read_changed_and_reacted_to_by_calls(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    let sent = ann.posts("den", "hello").await;
    let mut socket = bob.socket_in("den").await;
    assert_eq!(bob.http.get("/rooms/den/messages/1").await.ok(200), sent);
    let edited = ann.http.patch("/rooms/den/messages/1", json!({"body": "hello *there*"})).await.ok(200);
    assert_eq!((&edited["id"], &edited["seq"], &edited["body"]), (&json!(1), &json!(2), &json!("hello *there*")));
    assert!(edited["edited_at"].is_string(), "{edited}");
    assert_eq!(socket.message().await, edited);
    let reacted = bob.http.put("/rooms/den/messages/1/reactions/👍").await.ok(200);
    assert_eq!(reacted["reactions"], json!([{"emoji": "👍", "count": 1, "users": ["bob"]}]));
    assert_eq!(socket.message().await, reacted);
    // What is so already changes nothing.
    assert_eq!(bob.http.put("/rooms/den/messages/1/reactions/%F0%9F%91%8D").await.ok(200), reacted);
    assert_eq!(ann.http.delete("/rooms/den/messages/1/reactions/👍").await.ok(200), reacted);
    assert_eq!(ann.http.patch("/rooms/den/messages/1", json!({"body": "hello *there*"})).await.ok(200), reacted);
    let without = bob.http.delete("/rooms/den/messages/1/reactions/👍").await.ok(200);
    assert!(without["reactions"].is_null(), "{without}");
    ann.http.delete("/rooms/den/messages/1").await.ok(204);
    let deleted = ann.http.get("/rooms/den/messages/1").await.ok(200);
    assert_eq!((&deleted["deleted"], &deleted["body"]), (&json!(true), &json!("")));
}

async fn calls_about_a_message_are_refused_as_its_frames_are(server: Server) {
    let [ann, bob, eve] = server.people(["ann", "bob", "eve"]).await;
    ann.makes_room("den").await;
    ann.makes_private_room("attic").await;
    ann.adds("bob", "den").await;
    for room in ["den", "attic"] {
        ann.posts(room, "hello").await;
    }
    let body = json!({"body": "otherwise"});
    let long = json!({"body": "x".repeat(4001)});
    for (answer, refusal) in [
        (bob.http.patch("/rooms/den/messages/1", body.clone()).await, (403, "forbidden")),
        (ann.http.patch("/rooms/den/messages/1", json!({"body": " "})).await, (422, "invalid")),
        (ann.http.patch("/rooms/den/messages/1", long).await, (422, "invalid")),
        (ann.http.patch("/rooms/den/messages/1", json!({})).await, (400, "bad_frame")),
        (ann.http.patch("/rooms/den/messages/9", body.clone()).await, (404, "not_found")),
        (ann.http.get("/rooms/den/messages/9").await, (404, "not_found")),
        (eve.http.get("/rooms/attic/messages/1").await, (404, "not_found")),
        (eve.http.patch("/rooms/attic/messages/1", body).await, (404, "not_found")),
        (eve.http.put("/rooms/attic/messages/1/reactions/👍").await, (404, "not_found")),
        (eve.http.put("/rooms/den/messages/1/reactions/👍").await, (403, "forbidden")),
        (bob.http.put("/rooms/den/messages/1/reactions/thumb").await, (422, "invalid")),
        (bob.http.put("/rooms/den/messages/9/reactions/👍").await, (404, "not_found")),
        (bob.http.delete("/rooms/den/messages/9/reactions/👍").await, (404, "not_found")),
    ] {
        assert_eq!(answer.error(), refusal, "{}", answer.text);
    }
    let stranger = server.stranger();
    assert_eq!(stranger.get("/rooms/den/messages/1").await.error(), (401, "unauthorized"));
}

on_both_databases![
    a_message_is_read_changed_and_reacted_to_by_calls,
    calls_about_a_message_are_refused_as_its_frames_are,
    a_posted_message_has_its_documented_shape,
    a_posted_message_reaches_sockets,
    a_key_posted_again_is_200_and_the_first_message,
    a_key_of_another_room_is_invalid,
    a_message_of_somebody_else_than_is_signed_in_is_not_stored,
    a_reply_names_its_message,
    who_is_no_member_of_a_public_room_may_not_post,
    messages_are_paged_backwards_and_each_page_is_oldest_first,
    a_page_never_holds_more_than_100,
];

// Not about storage.
on_sqlite![a_message_is_previewed_as_it_would_be_shown, a_body_out_of_bounds_is_invalid, sends_by_http_are_limited_too,];

#[tokio::test]
async fn previews_are_limited() {
    let server = Server::start(Options::sqlite().option("--send-rate", 1)).await;
    let ann = server.person("ann").await;
    for _ in 0..1_000 {
        let answer = ann.http.post("/preview", json!({"body": "hello"})).await;
        if answer.status == 429 {
            assert_eq!(answer.error(), (429, "rate_limited"));
            assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
            return;
        }
        answer.ok(200);
    }
    panic!("a thousand previews at once");
}
