//! `room`: a room the user is in or may see was made, changed or removed.

use crate::common::*;

async fn news(socket: &mut Socket, slug: &str) -> Value {
    let what = format!("news of {slug}");
    socket.expect_where(&what, |f| f["type"] == "room" && slug_of(f) == slug).await
}

async fn a_new_public_room_is_told_to_everyone(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let (mut anns, mut bobs) = (ann.socket().await, bob.socket().await);
    ann.makes_room("den").await;
    assert_eq!(news(&mut anns, "den").await["member"], true);
    assert_eq!(news(&mut bobs, "den").await["member"], false);
}

async fn being_added_is_told(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_private_room("vault").await;
    let mut socket = bob.socket().await;
    ann.adds("bob", "vault").await;
    assert_eq!(news(&mut socket, "vault").await["member"], true);
    socket.join("vault").await;
}

async fn being_removed_is_told(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_private_room("vault").await;
    ann.adds("bob", "vault").await;
    let mut socket = bob.socket().await;
    ann.removes("bob", "vault").await;
    assert_eq!(news(&mut socket, "vault").await["member"], false);
}

async fn a_first_join_is_told_to_the_users_other_sockets(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut other = bob.socket().await;
    bob.socket_in("den").await;
    assert_eq!(news(&mut other, "den").await["member"], true);
}

async fn a_changed_title_is_told(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut socket = bob.socket_in("den").await;
    let mut outside = bob.socket().await;
    ann.http.patch("/rooms/den", json!({"title": "The den"})).await.ok(200);
    news(&mut outside, "den").await;
    news(&mut socket, "den").await;
    assert_eq!(socket.join("den").await["title"], "The den");
}

on_both_databases![
    a_new_public_room_is_told_to_everyone,
    being_added_is_told,
    being_removed_is_told,
    a_first_join_is_told_to_the_users_other_sockets,
    a_changed_title_is_told,
];
