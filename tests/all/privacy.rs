//! A private room is not there for anybody else: every way in answers as for a room that was never made.

use crate::common::*;
use reqwest::Method;

/// Asks the same of the hidden room and of one that is missing, and asserts that the answers cannot be told apart.
async fn looks_missing(eve: &Person, method: Method, path: &str, body: &Value) {
    let ask = async |slug: &str| {
        let path = path.replace("{slug}", slug);
        let origin = format!("http://{}", eve.address);
        let mut request = eve.http.request(method.clone(), &path).header("Origin", origin);
        if !body.is_null() {
            request = request.json(body);
        }
        Reply::of(request).await
    };
    let (hidden, missing) = (ask("vault").await, ask("fault").await);
    assert_eq!(hidden.error(), (404, "not_found"), "{method} {path}");
    assert_eq!(missing.error(), (404, "not_found"), "{method} {path}");
    let same_text = hidden.text.replace("vault", "fault");
    assert_eq!(same_text, missing.text, "{method} {path}");
}

async fn a_private_room_looks_missing_over_http(server: Server) {
    let [ann, eve] = server.people(["ann", "eve"]).await;
    ann.makes_private_room("vault").await;
    let message = json!({"key": new_key(), "body": "hello"});
    for (method, path, body) in [
        (Method::GET, "/rooms/{slug}", json!(null)),
        (Method::GET, "/rooms/{slug}/messages", json!(null)),
        (Method::GET, "/rooms/{slug}/members", json!(null)),
        (Method::PATCH, "/rooms/{slug}", json!({"title": "x"})),
        (Method::POST, "/rooms/{slug}/messages", message),
        (Method::PUT, "/rooms/{slug}/members/eve", json!(null)),
        (Method::PUT, "/rooms/{slug}/members/me", json!(null)),
        (Method::DELETE, "/rooms/{slug}/members/ann", json!(null)),
        (Method::DELETE, "/rooms/{slug}/members/me", json!(null)),
    ] {
        looks_missing(&eve, method, path, &body).await;
    }
}

async fn a_private_room_is_not_listed(server: Server) {
    let [ann, eve] = server.people(["ann", "eve"]).await;
    ann.makes_private_room("vault").await;
    assert_eq!(eve.http.get("/rooms").await.ok(200), json!({"rooms": []}));
    let listed = ann.http.get("/rooms").await.ok(200);
    assert_eq!(listed["rooms"][0]["slug"], "vault");
    assert_eq!(eve.socket().await.welcome["rooms"], json!([]));
}

async fn a_private_room_looks_missing_to_a_join(server: Server) {
    let [ann, eve] = server.people(["ann", "eve"]).await;
    ann.makes_private_room("vault").await;
    let mut socket = eve.socket().await;
    let mut ask = async |room: &str| {
        let frame = json!({"type": "join", "room": room});
        let mut answer = socket.ask(frame).await;
        answer.as_object_mut().unwrap().remove("ref");
        answer.to_string().replace("vault", "fault")
    };
    let (hidden, missing) = (ask("vault").await, ask("fault").await);
    assert_eq!(hidden, missing);
    assert!(hidden.contains("\"not_found\""), "{hidden}");
}

async fn a_private_rooms_making_and_changes_are_heard_by_members_only(server: Server) {
    let [ann, eve] = server.people(["ann", "eve"]).await;
    let mut socket = eve.socket().await;
    ann.makes_private_room("vault").await;
    ann.posts("vault", "for us, @eve").await;
    ann.http.patch("/rooms/vault", json!({"title": "Hidden"})).await.ok(200);
    ann.makes_room("den").await;
    let heard = socket.up_to("news of the den", |f| f["type"] == "room" && slug_of(f) == "den").await;
    assert_eq!(heard.len(), 1, "nothing of the vault: {heard:?}");
}

async fn a_member_sees_a_private_room(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_private_room("vault").await;
    ann.adds("bob", "vault").await;
    assert_eq!(bob.http.get("/rooms/vault").await.ok(200)["kind"], "private");
    let mut socket = bob.socket_in("vault").await;
    socket.say("vault", "hello").await;
    bob.posts("vault", "and by HTTP").await;
    assert_eq!(ann.reads_whole_room("vault").await.len(), 2);
}

async fn any_member_adds_to_a_private_room(server: Server) {
    let [ann, bob, cleo] = server.people(["ann", "bob", "cleo"]).await;
    ann.makes_private_room("vault").await;
    ann.adds("bob", "vault").await;
    bob.adds("cleo", "vault").await;
    cleo.http.get("/rooms/vault").await.ok(200);
}

async fn who_left_a_private_room_sees_it_no_more(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_private_room("vault").await;
    ann.adds("bob", "vault").await;
    bob.removes("me", "vault").await;
    assert_eq!(bob.http.get("/rooms/vault").await.error(), (404, "not_found"));
    let refusal = bob.socket().await.refusal(json!({"type": "join", "room": "vault"})).await;
    assert_eq!(refusal, "not_found");
}

on_both_databases![
    a_private_room_looks_missing_over_http,
    a_private_room_is_not_listed,
    a_private_room_looks_missing_to_a_join,
    a_private_rooms_making_and_changes_are_heard_by_members_only,
    a_member_sees_a_private_room,
    any_member_adds_to_a_private_room,
    who_left_a_private_room_sees_it_no_more,
];
