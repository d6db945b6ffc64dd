//! `room`: a room the user is in or may see was made, changed or removed.

use crate::common::*;

/// The next news of a room that say this of the membership: what happened before the socket opened may still be on its
/// way, and is news all the same.
async fn news(socket: &mut Socket, slug: &str, member: bool) {
    let what = format!("news of {slug}, member: {member}");
    let wanted = |f: &Value| f["type"] == "room" && slug_of(f) == slug && f["member"] == member;
    socket.expect_where(&what, wanted).await;
}

async fn a_new_public_room_is_told_to_everyone(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let (mut anns, mut bobs) = (ann.socket().await, bob.socket().await);
    ann.makes_room("den").await;
    news(&mut anns, "den", true).await;
    news(&mut bobs, "den", false).await;
}

async fn being_added_is_told(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_private_room("vault").await;
    let mut socket = bob.socket().await;
    ann.adds("bob", "vault").await;
    news(&mut socket, "vault", true).await;
    socket.join("vault").await;
}

async fn being_removed_is_told(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_private_room("vault").await;
    ann.adds("bob", "vault").await;
    let mut socket = bob.socket().await;
    ann.removes("bob", "vault").await;
    news(&mut socket, "vault", false).await;
}

async fn a_first_join_is_told_to_the_users_other_sockets(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut other = bob.socket().await;
    bob.socket_in("den").await;
    news(&mut other, "den", true).await;
}

async fn a_changed_title_is_told(server: Server) {
    let ann = server.person("ann").await;
    let (mut joined, mut outside) = (ann.socket().await, ann.socket().await);
    ann.makes_room("den").await;
    joined.join("den").await;
    // The news of another room come after all that its making caused.
    ann.makes_room("attic").await;
    for socket in [&mut joined, &mut outside] {
        socket.up_to("news of the attic", |f| f["type"] == "room" && slug_of(f) == "attic").await;
    }
    ann.http.patch("/rooms/den", json!({"title": "The den"})).await.ok(200);
    news(&mut joined, "den", true).await;
    news(&mut outside, "den", true).await;
    assert_eq!(joined.join("den").await["title"], "The den");
}

on_both_databases![
    a_new_public_room_is_told_to_everyone,
    being_added_is_told,
    being_removed_is_told,
    a_first_join_is_told_to_the_users_other_sockets,
    a_changed_title_is_told,
];
