//! Rooms over HTTP: made, listed, changed, their members.

use crate::common::*;

async fn a_new_room_has_its_documented_shape(server: Server) {
    let ann = server.person("ann").await;
    let given = json!({"slug": "den", "title": "The den", "topic": "Quiet talk", "kind": "public"});
    let room = ann.http.post("/rooms", given).await.ok(201);
    assert_eq!(room["slug"], "den");
    assert_eq!(room["title"], "The den");
    assert_eq!(room["topic"], "Quiet talk");
    assert_eq!(room["kind"], "public");
    assert_eq!(room["seq"], 0);
    assert!(!room["id"].is_null());
    assert_eq!(ann.http.get("/rooms/den").await.ok(200), room);
}

async fn a_room_is_public_where_nothing_else_is_said(server: Server) {
    let ann = server.person("ann").await;
    let room = ann.makes_room("den").await;
    assert_eq!(room["kind"], "public");
    assert!(room["title"].is_string() && room["topic"].is_string());
}

async fn a_slug_is_taken_once(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let again = bob.http.post("/rooms", json!({"slug": "den"})).await;
    assert_eq!(again.error(), (409, "taken"));
}

async fn a_slug_is_1_to_64_of_its_characters(server: Server) {
    let ann = server.person("ann").await;
    let (longest, too_long) = ("a".repeat(64), "a".repeat(65));
    for slug in ["a", "a-9", &longest] {
        ann.makes_room(slug).await;
    }
    for slug in ["", &too_long, "Den", "the den", "den_1", "dén", "den/1", "den\n"] {
        let refused = ann.http.post("/rooms", json!({"slug": slug})).await;
        assert_eq!(refused.error(), (422, "invalid"), "{slug:?}");
    }
}

async fn an_unknown_kind_is_invalid(server: Server) {
    let ann = server.person("ann").await;
    let refused = ann.http.post("/rooms", json!({"slug": "den", "kind": "secret"})).await;
    assert_eq!(refused.error(), (422, "invalid"));
}

async fn a_public_room_is_listed_for_everyone(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.makes_room("attic").await;
    let rooms = bob.http.get("/rooms").await.ok(200);
    let mut slugs: Vec<_> = rooms["rooms"].as_array().unwrap().iter().map(|r| r["slug"].clone()).collect();
    slugs.sort_by_key(|slug| slug.to_string());
    assert_eq!(slugs, ["attic", "den"]);
}

async fn a_rooms_number_rises_with_its_changes(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.posts("den", "one").await;
    ann.posts("den", "two").await;
    assert_eq!(ann.http.get("/rooms/den").await.ok(200)["seq"], 2);
}

async fn a_room_that_is_not_there_is_404(server: Server) {
    let ann = server.person("ann").await;
    for path in ["/rooms/nowhere", "/rooms/nowhere/messages", "/rooms/nowhere/members", "/rooms/NO%20SLUG"] {
        assert_eq!(ann.http.get(path).await.error(), (404, "not_found"), "{path}");
    }
    let changed = ann.http.patch("/rooms/nowhere", json!({"title": "x"})).await;
    assert_eq!(changed.error(), (404, "not_found"));
    let posted = ann.http.post("/rooms/nowhere/messages", json!({"key": new_key(), "body": "x"})).await;
    assert_eq!(posted.error(), (404, "not_found"));
    assert_eq!(ann.http.put("/rooms/nowhere/members/me").await.error(), (404, "not_found"));
    assert_eq!(ann.http.delete("/rooms/nowhere/members/me").await.error(), (404, "not_found"));
}

async fn without_a_session_every_call_is_401(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let nobody = server.stranger();
    for path in ["/rooms", "/rooms/den", "/rooms/den/messages", "/rooms/den/members"] {
        assert_eq!(nobody.get(path).await.error().0, 401, "{path}");
    }
    assert_eq!(nobody.post("/rooms", json!({"slug": "attic"})).await.error().0, 401);
    assert_eq!(nobody.patch("/rooms/den", json!({"title": "x"})).await.error().0, 401);
    assert_eq!(nobody.put("/rooms/den/members/ann").await.error().0, 401);
    assert_eq!(nobody.delete("/rooms/den/members/ann").await.error().0, 401);
    let message = json!({"key": new_key(), "body": "x"});
    assert_eq!(nobody.post("/rooms/den/messages", message).await.error().0, 401);
}

async fn title_and_topic_can_be_changed(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let room = ann.http.patch("/rooms/den", json!({"title": "The den"})).await.ok(200);
    assert_eq!(room["title"], "The den");
    let room = ann.http.patch("/rooms/den", json!({"topic": "Quiet talk"})).await.ok(200);
    assert_eq!(room["title"], "The den", "what is not named stays");
    assert_eq!(room["topic"], "Quiet talk");
    assert_eq!(ann.http.get("/rooms/den").await.ok(200), room);
}

async fn only_members_who_may_change_a_room(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let refused = bob.http.patch("/rooms/den", json!({"title": "Bob's"})).await;
    assert_eq!(refused.error(), (403, "forbidden"));
    assert_ne!(ann.http.get("/rooms/den").await.ok(200)["title"], "Bob's");
}

async fn its_maker_is_a_rooms_first_member_and_moderator(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let members = ann.http.get("/rooms/den/members").await.ok(200);
    assert_eq!(members, json!({"members": [{"user": ann.with_state("offline"), "role": "moderator"}], "cursor": null}));
}

async fn a_first_join_makes_a_member(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut socket = bob.socket_in("den").await;
    let joined_by = ann.http.get("/rooms/den/members").await.ok(200);
    let bob_as_member = json!({"user": bob.with_state("online"), "role": "member"});
    assert!(joined_by["members"].as_array().unwrap().contains(&bob_as_member), "{joined_by}");
    socket.leave("den").await;
    let after_leaving = ann.http.get("/rooms/den/members").await.ok(200);
    assert_eq!(after_leaving, joined_by, "leaving concerns the socket, not membership");
}

async fn a_member_can_be_added_and_can_leave(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    ann.adds("bob", "den").await;
    let members = ann.http.get("/rooms/den/members").await.ok(200);
    assert_eq!(members["members"].as_array().unwrap().len(), 2);
    bob.removes("me", "den").await;
    let members = ann.http.get("/rooms/den/members").await.ok(200);
    assert_eq!(members, json!({"members": [{"user": ann.with_state("offline"), "role": "moderator"}], "cursor": null}));
}

async fn a_member_is_named_whatever_the_case(server: Server) {
    let [ann, bob] = server.people(["ann", "Bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    let members = ann.http.get("/rooms/den/members").await.ok(200);
    let expected = json!({"user": bob.with_state("offline"), "role": "member"});
    assert!(members["members"].as_array().unwrap().contains(&expected), "{members}");
}

async fn members_are_found_by_how_their_names_begin_and_no_more_than_wanted(server: Server) {
    let [ann, bob, carla, rob] = server.people(["ann", "bob", "carla", "rob"]).await;
    ann.http.patch("/me", json!({"display_name": "Bob's sister"})).await.ok(200);
    carla.http.patch("/me", json!({"display_name": "Carla Bo"})).await.ok(200);
    ann.makes_room("den").await;
    for person in ["carla", "rob"] {
        ann.adds(person, "den").await;
    }
    let found = async |query: &str| -> Vec<String> {
        let members = ann.http.get(&format!("/rooms/den/members?{query}")).await.ok(200)["members"].clone();
        let members = members.as_array().unwrap().iter();
        members.map(|member| member["user"]["username"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found("q=bo").await, ["carla", "ann"], "bob is no member; \"bo\" stands before \"bob's\"");
    ann.adds("bob", "den").await;
    assert_eq!(found("q=BO").await, ["bob", "carla", "ann"], "first whose username begins so");
    assert_eq!(found("q=bo&limit=2").await, ["bob", "carla"]);
    assert_eq!(found("q=%25").await, [""; 0]);
    assert_eq!(found("limit=3").await, ["ann", "bob", "carla"]);
    assert_eq!(found("q=").await, ["ann", "bob", "carla", "rob"]);
    for limit in ["0", "101"] {
        let refused = ann.http.get(&format!("/rooms/den/members?limit={limit}")).await;
        assert_eq!(refused.error(), (422, "invalid"), "{limit}");
    }
    ann.makes_private_room("vault").await;
    for outsider in [&bob, &rob] {
        assert_eq!(outsider.http.get("/rooms/vault/members?q=ann").await.error(), (404, "not_found"));
    }
}

async fn somebody_unknown_cannot_be_added(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let refused = ann.http.put("/rooms/den/members/nobody").await;
    assert_eq!(refused.error(), (404, "not_found"));
}

async fn a_moderator_removes_members_and_a_member_does_not(server: Server) {
    let [ann, bob, eve] = server.people(["ann", "bob", "eve"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    ann.adds("eve", "den").await;
    let refused = eve.http.delete("/rooms/den/members/bob").await;
    assert_eq!(refused.error(), (403, "forbidden"));
    bob.http.get("/rooms/den").await.ok(200);
    ann.removes("bob", "den").await;
    let members = ann.http.get("/rooms/den/members").await.ok(200);
    assert_eq!(members["members"].as_array().unwrap().len(), 2);
}

async fn a_starred_room_is_so_for_one_member_and_at_all_their_sockets(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    let mut anns = ann.socket().await;
    let is_starred = async |who: &Person| who.http.get("/rooms").await.ok(200)["rooms"][0]["starred"].clone();
    assert_eq!(is_starred(&ann).await, json!(false));
    for starred in [true, true, false] {
        let star = "/rooms/den/star";
        let done = if starred { ann.http.put(star).await } else { ann.http.delete(star).await };
        done.ok(204);
        let told = anns.expect("room").await;
        assert_eq!((&told["room"], &told["member"]), (&json!("den"), &json!(true)));
        assert_eq!(is_starred(&ann).await, json!(starred));
        assert_eq!(is_starred(&bob).await, json!(false));
        assert_eq!(Socket::open(&ann).await.welcome["rooms"][0]["starred"], json!(starred));
    }
    ann.makes_private_room("vault").await;
    assert_eq!(bob.http.put("/rooms/vault/star").await.error(), (404, "not_found"));
    let carl = server.person("carl").await;
    assert_eq!(carl.http.put("/rooms/den/star").await.error(), (403, "forbidden"));
}

on_both_databases![
    a_starred_room_is_so_for_one_member_and_at_all_their_sockets,
    a_new_room_has_its_documented_shape,
    a_slug_is_taken_once,
    a_public_room_is_listed_for_everyone,
    a_rooms_number_rises_with_its_changes,
    a_room_that_is_not_there_is_404,
    title_and_topic_can_be_changed,
    only_members_who_may_change_a_room,
    its_maker_is_a_rooms_first_member_and_moderator,
    a_first_join_makes_a_member,
    a_member_can_be_added_and_can_leave,
    a_member_is_named_whatever_the_case,
    members_are_found_by_how_their_names_begin_and_no_more_than_wanted,
    somebody_unknown_cannot_be_added,
    a_moderator_removes_members_and_a_member_does_not,
];

// Not about storage.
on_sqlite![
    a_room_is_public_where_nothing_else_is_said,
    a_slug_is_1_to_64_of_its_characters,
    an_unknown_kind_is_invalid,
    without_a_session_every_call_is_401,
];
