//! What is unread, or mentions somebody, becomes less by something else than reading: all of their sockets are told.

use crate::common::*;

/// Ann's room `den`, bob a member of it, and as many messages of ann as there are bodies.
async fn den(server: &Server, bodies: &[&str]) -> [Person; 2] {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    for body in bodies {
        ann.posts("den", body).await;
    }
    [ann, bob]
}

/// Waits for a `read` frame with these numbers; earlier ones may be of a moment in between.
async fn falls_to(socket: &mut Socket, room: &str, unread: u64, mentions: u64) -> Value {
    let what = format!("{unread} unread, {mentions} mentions in {room}");
    let read = socket
        .expect_where(&what, |f| {
            f["type"] == "read" && f["room"] == room && f["unread"] == unread && f["mentions"] == mentions
        })
        .await;
    assert!(read["back"].is_null(), "{read}");
    read
}

async fn a_deletion_lowers_what_is_unread_and_mentions(server: Server) {
    let [ann, bob] = den(&server, &["one", "two, @bob", "three, @bob"]).await;
    let (mut away, mut joined) = (bob.socket().await, bob.socket_in("den").await);
    ann.http.delete("/rooms/den/messages/2").await.ok(204);
    for socket in [&mut away, &mut joined] {
        let read = falls_to(socket, "den", 2, 1).await;
        assert_eq!((&read["seq"], &read["count"], &read["at"]), (&json!(0), &json!(3), &json!(4)), "{read}");
    }
    // What comes then is counted from there.
    ann.http.delete("/rooms/den/messages/3").await.ok(204);
    falls_to(&mut away, "den", 1, 0).await;
    ann.posts("den", "four, @bob").await;
    let activity = away.expect_where("the fourth", |f| f["type"] == "activity" && f["count"] == 4).await;
    assert_eq!(activity["room"], "den");
    let room = &bob.http.get("/rooms").await.ok(200)["rooms"][0];
    assert_eq!((&room["unread"], &room["mentions"]), (&json!(2), &json!(1)));
}

async fn a_removal_by_a_moderator_lowers_the_numbers(server: Server) {
    let [ann, bob] = den(&server, &[]).await;
    let carl = server.person("carl").await;
    ann.adds("carl", "den").await;
    carl.posts("den", "spam for @bob").await;
    let mut socket = bob.socket().await;
    ann.http.delete("/rooms/den/messages/1").await.ok(204);
    falls_to(&mut socket, "den", 0, 0).await;
}

async fn a_wipe_lowers_the_numbers_of_every_room(server: Server) {
    let [ann, bob] = den(&server, &["stays"]).await;
    let carl = server.person("carl").await;
    server.execute("UPDATE users SET role = 'owner' WHERE username = 'ann'");
    ann.makes_room("attic").await;
    ann.adds("bob", "attic").await;
    for room in ["den", "attic"] {
        ann.adds("carl", room).await;
        for n in 0..3 {
            carl.posts(room, &format!("{n}, @bob")).await;
        }
    }
    let mut socket = bob.socket().await;
    ann.http.post("/users/carl/wipe", json!({})).await.ok(204);
    falls_to(&mut socket, "den", 1, 0).await;
    falls_to(&mut socket, "attic", 0, 0).await;
}

async fn an_account_that_goes_with_its_messages_lowers_the_numbers(server: Server) {
    let [ann, bob] = den(&server, &["one, @bob", "two, @bob"]).await;
    server.execute("UPDATE users SET role = 'member'");
    let mut socket = bob.socket().await;
    ann.http.delete_with("/me", json!({"password": PASSWORD, "messages": "remove"})).await.ok(204);
    falls_to(&mut socket, "den", 0, 0).await;
}

async fn an_edit_that_takes_a_mention_away_lowers_the_mentions_of_that_member(server: Server) {
    let [ann, bob] = den(&server, &["@bob and @carl", "@carl"]).await;
    server.person("carl").await;
    ann.adds("carl", "den").await;
    let mut anns = ann.socket_in("den").await;
    anns.ask_ok(json!({"type": "edit", "room": "den", "id": 1, "body": "@carl alone"})).await;
    let mut bobs = bob.socket().await;
    anns.ask_ok(json!({"type": "edit", "room": "den", "id": 1, "body": "@bob again, and @carl"})).await;
    assert_eq!(bobs.expect("mention").await["message"]["id"], 1);
    anns.ask_ok(json!({"type": "edit", "room": "den", "id": 1, "body": "nobody"})).await;
    falls_to(&mut bobs, "den", 2, 0).await;
}

async fn a_deletion_in_a_direct_talk_lowers_its_mentions(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let talk = ann.http.post("/direct", json!({"users": ["bob"]})).await.ok(201);
    let talk = talk["slug"].as_str().expect("a slug");
    ann.posts(talk, "one").await;
    ann.posts(talk, "two").await;
    let mut socket = bob.socket().await;
    ann.http.delete(&format!("/rooms/{talk}/messages/1")).await.ok(204);
    falls_to(&mut socket, talk, 1, 1).await;
}

async fn many_deletions_are_told_together(server: Server) {
    let [ann, bob] = den(&server, &[]).await;
    let mut anns = ann.socket_in("den").await;
    let ids = anns.say_many("den", (0..60).map(|n| format!("{n}, @bob"))).await;
    let mut socket = bob.socket().await;
    for id in &ids {
        anns.send_json(json!({"type": "delete", "room": "den", "id": id, "ref": id.to_string()})).await;
    }
    let frames = socket.up_to("the last fall", |f| f["type"] == "read" && f["unread"] == 0).await;
    let told = frames.iter().filter(|frame| frame["type"] == "read").count();
    assert!(told < 20, "{told} frames for 60 deletions");
}

on_both_databases![
    a_deletion_lowers_what_is_unread_and_mentions,
    a_removal_by_a_moderator_lowers_the_numbers,
    a_wipe_lowers_the_numbers_of_every_room,
    an_account_that_goes_with_its_messages_lowers_the_numbers,
    an_edit_that_takes_a_mention_away_lowers_the_mentions_of_that_member,
    a_deletion_in_a_direct_talk_lowers_its_mentions,
    many_deletions_are_told_together,
];

/// Where the room is in use, and where it is not; with Redis, and without, where the database tells.
#[tokio::test]
async fn falls_are_told_at_every_instance() {
    let mut chat = Chat::of(2).await;
    let [ann, bob] = chat.instances[0].people(["ann", "bob"]).await;
    for room in ["den", "attic"] {
        ann.makes_room(room).await;
        ann.adds("bob", room).await;
        for body in ["one, @bob", "two, @bob", "three, @bob"] {
            ann.posts(room, body).await;
        }
    }
    let there = bob.at(&chat.instances[1]);
    let (mut away, mut joined) = (there.socket().await, there.socket_in("den").await);
    for room in ["den", "attic"] {
        ann.http.delete(&format!("/rooms/{room}/messages/1")).await.ok(204);
        falls_to(&mut away, room, 2, 2).await;
        falls_to(&mut joined, room, 2, 2).await;
    }
    chat.redis.kill().await;
    for room in ["den", "attic"] {
        ann.http.delete(&format!("/rooms/{room}/messages/2")).await.ok(204);
        falls_to(&mut away, room, 1, 1).await;
        falls_to(&mut joined, room, 1, 1).await;
    }
}
