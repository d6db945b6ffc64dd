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

async fn a_name_in_raw_html_is_a_mention(server: Server) {
    let [ann, bob] = den_of_ann_and_bob(&server).await;
    let mut socket = bob.socket().await;
    for body in ["<div>@bob</div>", "<div>\n@bob\n</div>", "<p>hello @bob, </p>", "a <b>@bob</b> c"] {
        let posted = ann.posts("den", body).await;
        assert!(!posted["html"].as_str().unwrap().contains("<div>"), "{posted}");
        let mention = socket.expect_where(body, |f| f["type"] == "mention").await;
        assert_eq!(mention["message"], posted);
    }
    assert_eq!(mentions_of(&bob).await, 4);
}

/// Text that is nested too deep is shown as it was written, and means what it says.
async fn a_name_in_text_shown_as_written_is_a_mention(server: Server) {
    let [ann, bob] = den_of_ann_and_bob(&server).await;
    let mut socket = bob.socket().await;
    for depth in [40, 400] {
        let posted = ann.posts("den", &format!("{} hello @bob", ">".repeat(depth))).await;
        let html = posted["html"].as_str().unwrap();
        assert!(html.contains("&gt;&gt;&gt;") && !html.contains("<blockquote"), "as written: {html}");
        assert_eq!(socket.expect("mention").await["message"], posted);
    }
    assert_eq!(mentions_of(&bob).await, 2);
}

async fn an_edit_mentions_who_was_not_named_before(server: Server) {
    let [ann, bob] = den_of_ann_and_bob(&server).await;
    let mut writer = ann.socket_in("den").await;
    let mut socket = bob.socket().await;
    let id = writer.say("den", "hello").await;
    let edit = |body: &str| json!({"type": "edit", "room": "den", "id": id, "body": body});
    writer.ask_ok(edit("hello @bob")).await;
    let mention = socket.expect("mention").await;
    assert_eq!((&mention["room"], &mention["message"]["body"]), (&json!("den"), &json!("hello @bob")));
    assert_eq!((&mention["message"]["id"], &mention["message"]["seq"]), (&json!(1), &json!(2)));
    assert_eq!(mentions_of(&bob).await, 1);
    writer.ask_ok(edit("hello again, @bob")).await;
    let marker = ann.posts("den", "@bob, marker").await;
    assert_eq!(socket.expect("mention").await["message"], marker, "once for one message");
    assert_eq!(mentions_of(&bob).await, 2);
    writer.ask_ok(edit("hello again")).await;
    assert_eq!(mentions_of(&bob).await, 1, "not named any more");
}

async fn a_deleted_message_mentions_nobody(server: Server) {
    let [ann, bob] = den_of_ann_and_bob(&server).await;
    let mut writer = ann.socket_in("den").await;
    let id = writer.say("den", "@bob").await;
    assert_eq!(mentions_of(&bob).await, 1);
    writer.ask_ok(json!({"type": "delete", "room": "den", "id": id})).await;
    assert_eq!(mentions_of(&bob).await, 0);
}

async fn nobody_mentions_themselves(server: Server) {
    let [ann, bob] = den_of_ann_and_bob(&server).await;
    let mut socket = ann.socket().await;
    let mut writer = ann.socket_in("den").await;
    let id = writer.say("den", "a question").await;
    writer.reply("den", id, "and its answer").await;
    writer.say("den", "says @ann").await;
    let marker = bob.posts("den", "@ann, marker").await;
    assert_eq!(socket.expect("mention").await["message"], marker);
    assert_eq!(mentions_of(&ann).await, 1);
}

async fn in_a_direct_room_ones_own_message_is_no_mention(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.http.post("/rooms", json!({"slug": "ann-bob", "kind": "direct"})).await.ok(201);
    ann.adds("bob", "ann-bob").await;
    let (mut anns, mut bobs) = (ann.socket().await, bob.socket_in("ann-bob").await);
    let first = bobs.say("ann-bob", "plain words").await;
    assert_eq!(anns.expect("mention").await["message"]["id"], first);
    let answer = ann.posts("ann-bob", "an answer").await;
    assert_eq!(bobs.expect("mention").await["message"], answer, "joined or not, and not of one's own");
    bobs.say("ann-bob", "marker").await;
    assert_eq!(anns.expect("mention").await["message"]["body"], "marker");
}

/// What is written, and whether it mentions bob; in the room are also `bob_` and `_zoe_`.
pub const READINGS: [(&str, bool); 40] = [
    ("@bob", true),
    ("hello @bob, there", true),
    ("@BOB.", true),
    ("@bob_ there", false),
    ("@bob_. there", false),
    ("@bob-", true),
    ("@_zoe_ hi", false),
    ("**@bob**", true),
    ("||@bob||", true),
    ("[@bob](https://example.org/)", true),
    ("> @bob", true),
    ("- [ ] @bob", true),
    ("| @bob |\n|---|", true),
    ("# @bob", true),
    ("请@bob看", true),
    ("お願い@bob", true),
    ("부탁해요@bob", true),
    ("ขอ@bob", true),
    ("ש@bob", true),
    ("＠bob", true),
    ("@@bob", true),
    ("`code` @bob", true),
    ("<b>@bob</b>", true),
    ("for @room now", true),
    ("look _@bob_", false),
    ("..@bob", false),
    ("&#64;bob", false),
    ("`@bob`", false),
    ("~~~\n@bob\n~~~", false),
    ("a:\n\n    @bob", false),
    ("https://example.org/@bob", false),
    ("https://example.org/_x_/@bob/y", false),
    ("npm i @bob/cli", false),
    ("medium.com/@bob/post", false),
    ("@bob@example.org", false),
    ("user+@bob", false),
    ("foo_@bob", false),
    ("mail@bob", false),
    ("[a](https://example.org/ \"@bob\")", false),
    ("@bobby", false),
];

async fn a_mention_frame_comes_for_what_the_html_says(server: Server) {
    let [ann, bob, ..] = server.people(["ann", "bob", "bob_", "_zoe_"]).await;
    ann.makes_room("den").await;
    for name in ["bob", "bob_", "_zoe_"] {
        ann.adds(name, "den").await;
    }
    let id = bob.http.get("/me").await.ok(200)["id"].as_i64().expect("an id");
    let mut socket = bob.socket().await;
    for (body, is_mention) in READINGS {
        let posted = ann.posts("den", body).await;
        let html = posted["html"].as_str().expect("HTML");
        let is_named = html.contains(&format!("data-user=\"{id}\"")) || html.contains("data-users=");
        assert_eq!(is_named, is_mention, "{body}: {html}");
        if is_mention {
            assert_eq!(socket.expect("mention").await["message"], posted, "{body}");
        }
    }
    let count = READINGS.iter().filter(|(_, is_mention)| *is_mention).count();
    assert_eq!(mentions_of(&bob).await, count);
}

async fn several_at_once_are_named_by_their_ids(server: Server) {
    let [ann, bob, cyd] = server.people(["ann", "bob", "cyd"]).await;
    ann.makes_room("den").await;
    for name in ["bob", "cyd"] {
        ann.adds(name, "den").await;
    }
    // Wherever they are.
    let _there = cyd.socket().await;
    let id = async |person: &Person| person.http.get("/me").await.ok(200)["id"].as_i64().expect("an id");
    let (bob, cyd) = (id(&bob).await, id(&cyd).await);
    let html = async |body: &str| ann.posts("den", body).await["html"].as_str().expect("HTML").to_owned();
    assert_eq!(html("@room").await, format!("<p><span class=\"at\" data-users=\"{bob}-{cyd}\">@room</span></p>\n"));
    assert_eq!(html("@here").await, format!("<p><span class=\"at\" data-users=\"{cyd}\">@here</span></p>\n"));
}

async fn a_name_that_was_taken_by_another_is_not_theirs(server: Server) {
    let [ann, kai] = server.people(["ann", "kai"]).await;
    ann.makes_room("den").await;
    ann.adds("kai", "den").await;
    let old = ann.posts("den", "hello @kai and @room").await;
    let own = kai.posts("den", "I am @kai").await;
    assert!(old["html"].as_str().expect("HTML").contains("href=\"/people/kai\""), "{old}");
    kai.http.delete_with("/me", json!({"password": PASSWORD, "messages": "keep"})).await.ok(204);
    let newcomer = server.person("kai").await;
    ann.adds("kai", "den").await;
    let shown = newcomer.reads_whole_room("den").await;
    for message in [&shown[0], &shown[1]] {
        assert!(!message["html"].as_str().expect("HTML").contains("/people/kai"), "{message}");
    }
    assert_eq!((&shown[0]["body"], &shown[1]["body"]), (&old["body"], &own["body"]));
    assert_eq!(mentions_of(&newcomer).await, 0);
}

/// Whoever was meant stays so when rules change.
async fn what_is_rendered_again_names_who_was_meant(server: Server) {
    let [ann, _, cyd] = server.people(["ann", "bob", "cyd"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    for body in ["hello @bob and @ann", "hello @cyd, @carla", "@room", "@bob *and* @room"] {
        ann.posts("den", body).await;
    }
    ann.adds("cyd", "den").await;
    let before = ann.reads_whole_room("den").await;
    server.execute("UPDATE messages SET renderer = 0, html = 'old'");
    let after = ann.reads_whole_room("den").await;
    let html = |messages: &[Value], index: usize| messages[index]["html"].as_str().expect("HTML").to_owned();
    for index in [0, 2, 3] {
        assert_eq!(html(&after, index), html(&before, index));
    }
    let id = cyd.http.get("/me").await.ok(200)["id"].clone();
    assert!(!html(&after, 1).contains(&format!("data-user=\"{id}\"")), "cyd was no member by then");
}

/// A name of nobody, or of somebody elsewhere, is no mention.
async fn a_name_of_somebody_elsewhere_is_a_link_and_no_mention(server: Server) {
    let [ann, _] = den_of_ann_and_bob(&server).await;
    server.person("eve").await;
    let html = async |body: &str| ann.posts("den", body).await["html"].as_str().expect("HTML").to_owned();
    assert_eq!(html("@eve").await, "<p><a class=\"at\" href=\"/people/eve\">@eve</a></p>\n");
    assert_eq!(html("@nobody").await, "<p>@nobody</p>\n");
}

on_both_databases![
    a_mention_frame_comes_for_what_the_html_says,
    several_at_once_are_named_by_their_ids,
    a_name_that_was_taken_by_another_is_not_theirs,
    what_is_rendered_again_names_who_was_meant,
    a_name_of_somebody_elsewhere_is_a_link_and_no_mention,
    a_mention_reaches_sockets_that_have_not_joined,
    a_mention_reaches_sockets_that_have_joined,
    only_who_is_named_is_mentioned,
    a_name_counts_whatever_its_case,
    who_is_no_member_is_not_mentioned,
    a_reply_mentions_whose_message_it_replies_to,
    a_message_mentions_somebody_once,
    in_a_direct_room_every_message_is_a_mention,
    a_resent_key_mentions_nobody_again,
    an_edit_mentions_who_was_not_named_before,
    a_deleted_message_mentions_nobody,
    nobody_mentions_themselves,
    in_a_direct_room_ones_own_message_is_no_mention,
];

// Not about storage.
on_sqlite![a_name_in_code_is_no_mention, a_name_in_raw_html_is_a_mention, a_name_in_text_shown_as_written_is_a_mention,];
