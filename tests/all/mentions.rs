//! Mentions: `@username` of a member outside code, or a reply to one's message.

use crate::common::*;

/// Ann's room with bob as a member.
async fn den_of_ann_and_bob(server: &Server) -> [Person; 2] {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    [ann, bob]
}

/// The mentions of the first room in a fresh welcome.
async fn mentions_of(person: &Person) -> Value {
    person.socket().await.welcome["rooms"][0]["mentions"].clone()
}

async fn a_mention_reaches_sockets_that_have_not_joined(server: Server) {
    let [ann, bob] = den_of_ann_and_bob(&server).await;
    let (mut one, mut two) = (bob.socket().await, bob.socket().await);
    let posted = ann.posts("den", "hello @bob, come here").await;
    for socket in [&mut one, &mut two] {
        let mention = socket.expect("mention").await;
        assert_eq!(mention["room"], "den");
        assert_eq!(mention["message"], posted);
    }
}

async fn a_mention_reaches_sockets_that_have_joined(server: Server) {
    let [ann, bob] = den_of_ann_and_bob(&server).await;
    let mut socket = bob.socket_in("den").await;
    let posted = ann.posts("den", "hello @bob").await;
    assert_eq!(socket.expect("mention").await["message"], posted);
    assert_eq!(socket.message().await, posted, "and they get the message as everyone does");
}

async fn only_who_is_named_is_mentioned(server: Server) {
    let [ann, bob] = den_of_ann_and_bob(&server).await;
    let mut socket = bob.socket().await;
    ann.posts("den", "hello bob, @bobby and bob@example").await;
    let marker = ann.posts("den", "@bob").await;
    assert_eq!(socket.expect("mention").await["message"], marker);
    assert_eq!(mentions_of(&bob).await, 1);
}

async fn a_name_in_code_is_no_mention(server: Server) {
    let [ann, bob] = den_of_ann_and_bob(&server).await;
    let mut socket = bob.socket().await;
    ann.posts("den", "run `ssh @bob` now").await;
    ann.posts("den", "```\n@bob\n```").await;
    ann.posts("den", "an indented block:\n\n    @bob\n").await;
    let marker = ann.posts("den", "`code` and @bob").await;
    assert_eq!(socket.expect("mention").await["message"], marker);
    assert_eq!(mentions_of(&bob).await, 1);
}

async fn a_name_counts_whatever_its_case(server: Server) {
    let [ann, bob] = den_of_ann_and_bob(&server).await;
    ann.posts("den", "@BOB").await;
    assert_eq!(mentions_of(&bob).await, 1);
}

async fn who_is_no_member_is_not_mentioned(server: Server) {
    let [ann, _] = den_of_ann_and_bob(&server).await;
    let eve = server.person("eve").await;
    let mut socket = eve.socket().await;
    ann.posts("den", "@eve, not yet").await;
    ann.adds("eve", "den").await;
    let marker = ann.posts("den", "@eve, now").await;
    assert_eq!(socket.expect("mention").await["message"], marker);
}

async fn a_reply_mentions_whose_message_it_replies_to(server: Server) {
    let [ann, bob] = den_of_ann_and_bob(&server).await;
    let question = bob.posts("den", "question").await;
    let mut socket = bob.socket().await;
    let reply = json!({"key": new_key(), "body": "answer", "reply_to": question["id"]});
    let reply = ann.http.post("/rooms/den/messages", reply).await.ok(201);
    assert_eq!(socket.expect("mention").await["message"], reply);
    assert_eq!(mentions_of(&bob).await, 1);
}

async fn a_message_mentions_somebody_once(server: Server) {
    let [ann, bob] = den_of_ann_and_bob(&server).await;
    let question = bob.posts("den", "question").await;
    let reply = json!({"key": new_key(), "body": "@bob @bob", "reply_to": question["id"]});
    ann.http.post("/rooms/den/messages", reply).await.ok(201);
    assert_eq!(mentions_of(&bob).await, 1);
}

async fn in_a_direct_room_every_message_is_a_mention(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.http.post("/rooms", json!({"slug": "ann-bob", "kind": "direct"})).await.ok(201);
    ann.adds("bob", "ann-bob").await;
    let mut socket = bob.socket().await;
    for body in ["hello", "are you there?"] {
        let posted = ann.posts("ann-bob", body).await;
        let mention = socket.expect("mention").await;
        assert_eq!((&mention["room"], &mention["message"]), (&json!("ann-bob"), &posted));
    }
    assert_eq!(mentions_of(&bob).await, 2);
}

async fn a_resent_key_mentions_nobody_again(server: Server) {
    let [ann, bob] = den_of_ann_and_bob(&server).await;
    let mut socket = bob.socket().await;
    let message = json!({"key": new_key(), "body": "@bob, once"});
    ann.http.post("/rooms/den/messages", message.clone()).await.ok(201);
    ann.http.post("/rooms/den/messages", message).await.ok(200);
    ann.posts("den", "@bob, marker").await;
    assert_eq!(socket.expect("mention").await["message"]["body"], "@bob, once");
    assert_eq!(socket.expect("mention").await["message"]["body"], "@bob, marker");
}

on_both_databases![
    a_mention_reaches_sockets_that_have_not_joined,
    a_mention_reaches_sockets_that_have_joined,
    only_who_is_named_is_mentioned,
    a_name_in_code_is_no_mention,
    a_name_counts_whatever_its_case,
    who_is_no_member_is_not_mentioned,
    a_reply_mentions_whose_message_it_replies_to,
    a_message_mentions_somebody_once,
    in_a_direct_room_every_message_is_a_mention,
    a_resent_key_mentions_nobody_again,
];
