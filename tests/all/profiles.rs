//! Profiles: what people tell of themselves, who may know of it, and the pictures made of names.

use crate::common::*;
use reqwest::Method;

async fn a_profile_is_what_its_owner_says(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let change = json!({"display_name": " Ann Lee ", "about": "Paints.\nSails.", "time_zone": "europe/berlin"});
    let changed = ann.http.patch("/me", change).await.ok(200);
    assert_eq!(changed["time_zone"], "Europe/Berlin");
    let seen = bob.http.get("/users/ANN").await.ok(200);
    assert_eq!(seen, changed);
    let expected = json!({"id": ann.user["id"], "username": "ann", "display_name": "Ann Lee", "about": "Paints.\nSails.",
        "time_zone": "Europe/Berlin", "avatar": "/avatars/ann.svg", "role": "member"});
    assert_eq!(seen, expected);
    assert_eq!(ann.http.get("/me").await.ok(200)["display_name"], "Ann Lee");
    ann.http.patch("/me", json!({"about": ""})).await.ok(200);
    let seen = bob.http.get("/users/ann").await.ok(200);
    assert_eq!((&seen["about"], &seen["time_zone"]), (&json!(""), &json!("Europe/Berlin")));
}

async fn a_profile_that_does_not_fit_is_refused(server: Server) {
    let ann = server.person("ann").await;
    for change in [
        json!({"display_name": ""}),
        json!({"display_name": "x".repeat(65)}),
        json!({"about": "x".repeat(301)}),
        json!({"about": "a\u{0}b"}),
        json!({"time_zone": "Mars/Olympus"}),
    ] {
        assert_eq!(ann.http.patch("/me", change.clone()).await.error(), (422, "invalid"), "{change}");
    }
    ann.http.patch("/me", json!({"about": "ü".repeat(300)})).await.ok(200);
    assert_eq!(server.stranger().get("/users/ann").await.error(), (401, "unauthorized"));
}

async fn a_guest_knows_only_those_who_share_a_room(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let guest = server.person_as("gus", "guest").await;
    ann.makes_private_room("vault").await;
    ann.adds("gus", "vault").await;
    guest.http.get("/users/ann").await.ok(200);
    guest.http.get("/users/gus").await.ok(200);
    let (hidden, nobody) = (guest.http.get("/users/bob").await, guest.http.get("/users/nobody").await);
    assert_eq!(hidden.error(), (404, "not_found"));
    assert_eq!(hidden.text, nobody.text);
    assert_eq!(guest.http.get("page:/avatars/bob.svg").await.status, 404);
    assert_eq!(guest.http.get("page:/people/bob").await.status, 404);
    bob.http.get("/users/gus").await.ok(200);
}

async fn an_avatar_is_drawn_from_the_name_and_kept_by_browsers(server: Server) {
    let ann = server.person("ann").await;
    ann.http.patch("/me", json!({"display_name": "<svg onload=alert(1)> &x"})).await.ok(200);
    let avatar = ann.http.get("page:/avatars/ann.svg").await;
    assert_eq!(avatar.header("content-type"), "image/svg+xml");
    assert!(avatar.text.contains(">&lt;&amp;</text>"), "{}", avatar.text);
    assert!(!avatar.text.contains("onload"), "{}", avatar.text);
    assert!(avatar.header("content-security-policy").contains("default-src 'none'"));
    assert!(avatar.header("cache-control").starts_with("private, max-age="));
    let again = ann.http.request(Method::GET, "page:/avatars/ann.svg").header("If-None-Match", avatar.header("etag"));
    assert_eq!(Reply::of(again).await.status, 304);
    ann.http.patch("/me", json!({"display_name": "Ann Lee"})).await.ok(200);
    let again = ann.http.request(Method::GET, "page:/avatars/ann.svg").header("If-None-Match", avatar.header("etag"));
    assert!(Reply::of(again).await.text.contains(">AL</text>"));
}

async fn a_hostile_profile_stays_text_on_its_pages(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let hostile = json!({"display_name": "<b>ann</b>", "about": "<script>alert(1)</script>"});
    ann.http.patch("/me", hostile).await.ok(200);
    for (person, page) in [(&bob, "page:/people/ann"), (&ann, "page:/settings"), (&ann, "page:/people/ann")] {
        let page = person.http.get(page).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("&lt;script&gt;") && !page.text.contains("<script>alert"), "{}", page.text);
        assert!(!page.text.contains("<b>ann</b>"), "{}", page.text);
    }
}

async fn people_are_found_by_how_their_names_begin(server: Server) {
    let [ann, bob] = server.people(["ann", "bob_100"]).await;
    bob.http.patch("/me", json!({"display_name": "Robert \u{c4}nn 50%"})).await.ok(200);
    let guest = server.person_as("gus", "guest").await;
    ann.makes_private_room("vault").await;
    ann.adds("gus", "vault").await;
    let found = async |who: &Person, query: &str| -> Vec<String> {
        let users = who.http.get(&format!("/users?q={query}")).await.ok(200)["users"].clone();
        let users = users.as_array().unwrap().iter();
        users.map(|user| user["username"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found(&ann, "").await, ["ann", "bob_100", "gus"]);
    assert_eq!(found(&ann, "BOB").await, ["bob_100"]);
    assert_eq!(found(&ann, "rob").await, ["bob_100"]);
    guest.http.patch("/me", json!({"display_name": "Robin"})).await.ok(200);
    ann.http.patch("/me", json!({"display_name": "Gus's aunt"})).await.ok(200);
    assert_eq!(found(&ann, "gus").await, ["gus", "ann"], "first whose username begins so");
    guest.http.patch("/me", json!({"display_name": "Gus"})).await.ok(200);
    assert_eq!(found(&ann, "50").await, ["bob_100"]);
    assert_eq!(found(&ann, "ob").await, [""; 0], "a part of a word");
    assert_eq!(found(&ann, "bob%25").await, [""; 0], "a percent sign is one");
    assert_eq!(found(&ann, "bob_1").await, ["bob_100"]);
    assert_eq!(found(&ann, "b_b").await, [""; 0], "an underscore is one");
    assert_eq!(found(&guest, "").await, ["ann", "gus"], "of a guest's company");
    assert_eq!(found(&guest, "bob").await, [""; 0]);
    assert_eq!(ann.http.get("/users?limit=1").await.ok(200)["users"].as_array().unwrap().len(), 1);
    for limit in ["0", "101"] {
        assert_eq!(ann.http.get(&format!("/users?limit={limit}")).await.error(), (422, "invalid"));
    }
    assert_eq!(server.stranger().get("/users").await.error(), (401, "unauthorized"));
}

on_both_databases![
    a_profile_is_what_its_owner_says,
    a_profile_that_does_not_fit_is_refused,
    a_guest_knows_only_those_who_share_a_room,
    people_are_found_by_how_their_names_begin,
];

// Not about storage.
on_sqlite![an_avatar_is_drawn_from_the_name_and_kept_by_browsers, a_hostile_profile_stays_text_on_its_pages,];
