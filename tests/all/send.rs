//! `send`: what the sender is told and what everyone sees.

use crate::common::*;

async fn a_send_is_answered_and_shown_to_everyone(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut here = ann.socket_in("den").await;
    let mut also_ann = ann.socket_in("den").await;
    let mut theirs = bob.socket_in("den").await;
    let key = new_key();
    let sent = here.send("den", &key, "hello").await;
    assert_eq!((&sent["room"], &sent["key"]), (&json!("den"), &json!(key)));
    assert_eq!((&sent["id"], &sent["seq"]), (&json!(1), &json!(1)));
    let shown = here.message().await;
    assert_eq!(shown["key"], key.as_str());
    assert_eq!(shown["author"], ann.user);
    assert_eq!(shown["body"], "hello");
    assert_eq!(also_ann.message().await, shown);
    assert_eq!(theirs.message().await, shown);
    assert_eq!(bob.reads_whole_room("den").await, [shown]);
}

async fn who_has_not_joined_is_shown_nothing(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.makes_room("attic").await;
    let mut bystander = bob.socket_in("attic").await;
    ann.posts("den", "not for the attic").await;
    ann.posts("attic", "for the attic").await;
    assert_eq!(bystander.message().await["body"], "for the attic");
}

async fn the_body_is_trimmed(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    socket.say("den", " \n two\n\nlines \t").await;
    assert_eq!(socket.message().await["body"], "two\n\nlines");
}

async fn a_body_has_1_to_4000_characters(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    // Unicode scalar values are counted, after trimming.
    for body in ["x".to_owned(), "🦀".repeat(4000), format!("  {}  ", "x".repeat(4000))] {
        socket.say("den", &body).await;
        assert_eq!(socket.message().await["body"], body.trim());
    }
    for body in [String::new(), " \n ".to_owned(), "x".repeat(4001), "a\0b".to_owned()] {
        let frame = json!({"type": "send", "room": "den", "key": new_key(), "body": body});
        assert_eq!(socket.refusal(frame).await, "invalid");
    }
    assert_eq!(socket.say("den", "next").await, 4, "a refused body takes no number");
}

async fn a_refused_send_names_its_key_and_room(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let key = new_key();
    let error = socket.ask(json!({"type": "send", "room": "den", "key": key, "body": ""})).await;
    assert_eq!(error["type"], "error");
    assert_eq!(error["key"], key.as_str());
    assert_eq!(error["room"], "den");
}

async fn a_reply_carries_what_it_replies_to(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let question = socket.say("den", "question").await;
    assert!(socket.message().await["reply_to"].is_null());
    socket.reply("den", question, "answer").await;
    assert_eq!(socket.message().await["reply_to"], question);
    assert_eq!(ann.reads_whole_room("den").await[1]["reply_to"], question);
}

async fn a_reply_to_nothing_is_not_found(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.makes_room("attic").await;
    let mut socket = ann.socket_in("den").await;
    socket.join("attic").await;
    let elsewhere = socket.say("attic", "in another room").await;
    let frame = json!({"type": "send", "room": "den", "key": new_key(), "body": "x", "reply_to": elsewhere});
    assert_eq!(socket.refusal(frame).await, "not_found");
    assert_eq!(socket.say("den", "next").await, 1, "a refused reply takes no number");
}

async fn rooms_count_for_themselves(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.makes_room("attic").await;
    let mut socket = ann.socket_in("den").await;
    socket.join("attic").await;
    assert_eq!(socket.say("den", "one").await, 1);
    assert_eq!(socket.say("attic", "one").await, 1);
    assert_eq!(socket.say("den", "two").await, 2);
}

async fn a_bad_send_spoils_no_other_that_came_with_it(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut good, mut bad) = (ann.socket_in("den").await, bob.socket_in("den").await);
    for n in 0..50 {
        let to_nothing = json!({"type": "send", "room": "den", "key": new_key(), "body": "x", "reply_to": 9999});
        bad.send_json(to_nothing).await;
        good.send_json(json!({"type": "send", "room": "den", "key": new_key(), "body": n.to_string()})).await;
    }
    for id in 1..=50 {
        assert_eq!(good.expect("sent").await["id"], id, "no number is burnt");
        assert_eq!(bad.expect("error").await["code"], "not_found");
    }
}

on_both_databases![
    a_send_is_answered_and_shown_to_everyone,
    a_reply_carries_what_it_replies_to,
    a_reply_to_nothing_is_not_found,
    rooms_count_for_themselves,
    a_bad_send_spoils_no_other_that_came_with_it,
];

// Not about storage.
on_sqlite![
    who_has_not_joined_is_shown_nothing,
    the_body_is_trimmed,
    a_body_has_1_to_4000_characters,
    a_refused_send_names_its_key_and_room,
];
