//! `react`.

use crate::common::*;

/// Twenty-one emoji: one above the bound.
const EMOJI: [&str; 21] = [
    "👍",
    "👎",
    "😀",
    "😂",
    "😍",
    "😎",
    "😢",
    "😡",
    "🎉",
    "🔥",
    "🚀",
    "👀",
    "🙏",
    "💯",
    "🦀",
    "🐢",
    "🌍",
    "🍕",
    "☕",
    "🎈",
    "🏳️‍🌈",
];

fn react(emoji: &str, on: bool) -> Value {
    json!({"type": "react", "room": "den", "id": 1, "emoji": emoji, "on": on})
}

async fn a_reaction_is_answered_and_shown_with_count_and_names(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.posts("den", "hello").await;
    let (mut anns, mut bobs) = (ann.socket_in("den").await, bob.socket_in("den").await);
    let done = bobs.ask_ok(react("👍", true)).await;
    assert_eq!((&done["type"], &done["id"], &done["seq"]), (&json!("done"), &json!(1), &json!(2)));
    let shown = anns.message().await;
    assert_eq!(shown["reactions"], json!([{"emoji": "👍", "count": 1, "users": ["bob"]}]));
    assert_eq!((&shown["id"], &shown["seq"]), (&json!(1), &json!(2)));
    assert!(shown["edited_at"].is_null(), "a reaction is no edit");
    anns.ask_ok(react("👍", true)).await;
    let shown = anns.message().await;
    assert_eq!(shown["reactions"][0]["count"], 2);
    assert_eq!(shown["reactions"][0]["users"].as_array().unwrap().len(), 2);
    assert_eq!(bob.reads_whole_room("den").await, [shown]);
}

async fn a_reaction_can_be_taken_back(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.posts("den", "hello").await;
    let (mut anns, mut bobs) = (ann.socket_in("den").await, bob.socket_in("den").await);
    anns.ask_ok(react("👍", true)).await;
    bobs.ask_ok(react("👍", true)).await;
    bobs.ask_ok(react("🎉", true)).await;
    bobs.ask_ok(react("👍", false)).await;
    let shown = anns.expect_where("the fifth number", |f| f["message"]["seq"] == 5).await;
    let reactions = shown["message"]["reactions"].as_array().unwrap();
    assert_eq!(reactions.len(), 2);
    assert!(reactions.contains(&json!({"emoji": "👍", "count": 1, "users": ["ann"]})), "{reactions:?}");
    anns.ask_ok(react("👍", false)).await;
    let [message] = ann.reads_whole_room("den").await.try_into().unwrap();
    assert_eq!(message["reactions"], json!([{"emoji": "🎉", "count": 1, "users": ["bob"]}]));
}

async fn what_changes_nothing_takes_no_number_and_is_only_answered(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.posts("den", "hello").await;
    let (mut socket, mut watcher) = (ann.socket_in("den").await, bob.socket_in("den").await);
    socket.ask_ok(react("👍", true)).await;
    assert_eq!(socket.ask_ok(react("👍", true)).await["type"], "done");
    assert_eq!(socket.ask_ok(react("🎉", false)).await["type"], "done");
    assert_eq!(socket.say("den", "marker").await, 3);
    let shown = watcher.messages_up_to("den", "marker").await;
    assert_eq!(numbers(&shown, "seq"), [2, 3]);
}

async fn a_message_holds_at_most_20_emoji(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.posts("den", "hello").await;
    let mut socket = ann.socket_in("den").await;
    for emoji in &EMOJI[..20] {
        socket.ask_ok(react(emoji, true)).await;
    }
    assert_eq!(socket.refusal(react(EMOJI[20], true)).await, "invalid");
    // One that is there already may be joined, and one taken back makes room.
    bob.socket_in("den").await.ask_ok(react(EMOJI[0], true)).await;
    socket.ask_ok(react(EMOJI[1], false)).await;
    socket.ask_ok(react(EMOJI[20], true)).await;
    let [message] = ann.reads_whole_room("den").await.try_into().unwrap();
    assert_eq!(message["reactions"].as_array().unwrap().len(), 20);
}

async fn what_is_no_emoji_is_invalid(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.posts("den", "hello").await;
    let mut socket = ann.socket_in("den").await;
    for text in ["", "a", "ok", "<b>", "👍👍", "👍 "] {
        assert_eq!(socket.refusal(react(text, true)).await, "invalid", "{text:?}");
    }
}

async fn a_deleted_or_missing_message_takes_no_reaction(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    assert_eq!(socket.refusal(react("👍", true)).await, "not_found");
    socket.say("den", "one").await;
    socket.ask_ok(json!({"type": "delete", "room": "den", "id": 1})).await;
    assert_eq!(socket.refusal(react("👍", true)).await, "not_found");
}

#[tokio::test]
async fn the_first_100_users_are_listed_and_all_are_counted() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.posts("den", "popular").await;
    for n in 0..101 {
        let person = server.person(&format!("person-{n}")).await;
        person.socket_in("den").await.ask_ok(react("👍", true)).await;
    }
    let [message] = ann.reads_whole_room("den").await.try_into().unwrap();
    let reaction = &message["reactions"][0];
    assert_eq!(reaction["count"], 101);
    let users = reaction["users"].as_array().unwrap();
    let first: Vec<_> = (0..100).map(|n| format!("person-{n}")).collect();
    assert_eq!(users.len(), 100);
    assert!(first.iter().all(|name| users.contains(&json!(name))), "{users:?}");
}

on_both_databases![
    a_reaction_is_answered_and_shown_with_count_and_names,
    a_reaction_can_be_taken_back,
    what_changes_nothing_takes_no_number_and_is_only_answered,
    a_message_holds_at_most_20_emoji,
    a_deleted_or_missing_message_takes_no_reaction,
];

// Not about storage.
on_sqlite![what_is_no_emoji_is_invalid];
