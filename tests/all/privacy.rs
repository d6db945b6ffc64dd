//! A private room is not there for anybody else: every way in answers as for a room that was never made.

use crate::common::*;
use reqwest::Method;

/// A direct room is as hidden as a private one. Ann has one of each, named after its kind.
const HIDDEN: [&str; 2] = ["private", "direct"];

async fn ann_with_hidden_rooms(server: &Server) -> Person {
    let ann = server.person("ann").await;
    for kind in HIDDEN {
        let room = json!({"slug": kind, "kind": kind});
        assert_eq!(ann.http.post("/rooms", room).await.ok(201)["kind"], kind);
    }
    ann
}

/// Asks the same of a hidden room and of one that is missing, and asserts that the answers cannot be told apart.
async fn looks_missing(eve: &Person, hidden: &str, method: Method, path: &str, body: &Value) {
    let ask = async |slug: &str| {
        let path = path.replace("{slug}", slug);
        let origin = format!("http://{}", eve.address);
        let mut request = eve.http.request(method.clone(), &path).header("Origin", origin);
        if !body.is_null() {
            request = request.json(body);
        }
        Reply::of(request).await
    };
    let (there, missing) = (ask(hidden).await, ask("missing").await);
    assert_eq!(there.error(), (404, "not_found"), "{method} {path} of a {hidden} room");
    assert_eq!(missing.error(), (404, "not_found"), "{method} {path}");
    assert_eq!(there.text.replace(hidden, "missing"), missing.text, "{method} {path} of a {hidden} room");
}

async fn a_hidden_room_looks_missing_over_http(server: Server) {
    ann_with_hidden_rooms(&server).await;
    let eve = server.person("eve").await;
    let message = json!({"key": new_key(), "body": "hello"});
    for hidden in HIDDEN {
        for (method, path, body) in [
            (Method::GET, "/rooms/{slug}", &json!(null)),
            (Method::GET, "/rooms/{slug}/messages", &json!(null)),
            (Method::GET, "/rooms/{slug}/members", &json!(null)),
            (Method::PATCH, "/rooms/{slug}", &json!({"title": "x"})),
            (Method::POST, "/rooms/{slug}/messages", &message),
            (Method::PUT, "/rooms/{slug}/members/eve", &json!(null)),
            (Method::PUT, "/rooms/{slug}/members/me", &json!(null)),
            (Method::DELETE, "/rooms/{slug}/members/ann", &json!(null)),
            (Method::DELETE, "/rooms/{slug}/members/me", &json!(null)),
        ] {
            looks_missing(&eve, hidden, method, path, body).await;
        }
    }
}

async fn a_hidden_room_is_not_listed(server: Server) {
    let ann = ann_with_hidden_rooms(&server).await;
    let eve = server.person("eve").await;
    assert_eq!(eve.http.get("/rooms").await.ok(200), json!({"rooms": [], "cursor": null}));
    let listed = ann.http.get("/rooms").await.ok(200);
    let mut slugs: Vec<_> = listed["rooms"].as_array().unwrap().iter().map(slug_in).collect();
    slugs.sort_unstable();
    assert_eq!(slugs, ["direct", "private"]);
    assert_eq!(eve.socket().await.welcome["rooms"], json!([]));
}

async fn a_hidden_room_looks_missing_to_a_join(server: Server) {
    ann_with_hidden_rooms(&server).await;
    let mut socket = server.person("eve").await.socket().await;
    let mut ask = async |room: &str| {
        let frame = json!({"type": "join", "room": room});
        let mut answer = socket.ask(frame).await;
        answer.as_object_mut().unwrap().remove("ref");
        answer.to_string().replace(room, "missing")
    };
    let missing = ask("missing").await;
    assert!(missing.contains("\"not_found\""), "{missing}");
    for hidden in HIDDEN {
        assert_eq!(ask(hidden).await, missing);
    }
}

async fn a_hidden_rooms_making_and_changes_are_heard_by_members_only(server: Server) {
    let eve = server.person("eve").await;
    let mut socket = eve.socket().await;
    let ann = ann_with_hidden_rooms(&server).await;
    for hidden in HIDDEN {
        ann.posts(hidden, "for us, @eve").await;
        ann.http.patch(&format!("/rooms/{hidden}"), json!({"title": "Hidden"})).await.ok(200);
    }
    ann.makes_room("den").await;
    let heard = socket.up_to("news of the den", |f| f["type"] == "room" && slug_of(f) == "den").await;
    assert_eq!(heard.len(), 1, "nothing of the others: {heard:?}");
}

async fn who_is_removed_from_a_hidden_room_sees_it_no_more(server: Server) {
    let ann = ann_with_hidden_rooms(&server).await;
    let bob = server.person("bob").await;
    for hidden in HIDDEN {
        ann.adds("bob", hidden).await;
        bob.http.get(&format!("/rooms/{hidden}")).await.ok(200);
        ann.removes("bob", hidden).await;
        looks_missing(&bob, hidden, Method::GET, "/rooms/{slug}", &json!(null)).await;
        looks_missing(&bob, hidden, Method::PUT, "/rooms/{slug}/members/me", &json!(null)).await;
    }
}

fn slug_in(room: &Value) -> &str {
    room["slug"].as_str().expect("a slug")
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
    a_hidden_room_looks_missing_over_http,
    a_hidden_room_is_not_listed,
    a_hidden_room_looks_missing_to_a_join,
    a_hidden_rooms_making_and_changes_are_heard_by_members_only,
    who_is_removed_from_a_hidden_room_sees_it_no_more,
    a_member_sees_a_private_room,
    any_member_adds_to_a_private_room,
    who_left_a_private_room_sees_it_no_more,
];
