//! Seeing to order: what moderators and admins do, and what it does to those it is done to.

use crate::common::postgres::Transaction;
use crate::common::*;

/// Ann, who moderates the den, and bob with a socket in it.
async fn the_den(server: &Server) -> (Person, Person, Socket) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let socket = bob.socket_in("den").await;
    (ann, bob, socket)
}

async fn a_removed_message_is_shown_as_removed_and_its_text_is_in_nothing_that_clients_get(server: Server) {
    let (ann, bob, mut bobs) = the_den(&server).await;
    let mut anns = ann.socket_in("den").await;
    let id = bobs.say("den", "unspeakable **secret**").await;
    bobs.reply("den", id, "look above").await;
    ann.http.post(&format!("/rooms/den/messages/{id}/reports"), json!({})).await.ok(204);
    anns.ask_ok(json!({"type": "delete", "room": "den", "id": id})).await;
    let shown = bobs.expect_where("the removal", |f| f["message"]["removed"] == true).await;
    assert_eq!((&shown["message"]["deleted"], &shown["message"]["body"]), (&json!(true), &json!("")));
    let mut late = bob.socket().await;
    let mut all = vec![
        late.join_after("den", 0, &Value::Null).await.to_string(),
        bob.http.get("/rooms/den/messages").await.text,
        ann.http.get("/rooms/den/reports").await.text,
        ann.http.get("/rooms/den/audit").await.text,
    ];
    all.push(late.ask_ok(json!({"type": "history", "room": "den"})).await.to_string());
    let page = bob.http.request(reqwest::Method::GET, "/").build().expect("a request").url().join("/rooms/den");
    let page = reqwest::Client::builder().no_proxy().build().expect("a client").get(page.expect("an address"));
    let page = page.header("Cookie", bob.http.cookie().expect("a cookie")).send().await.expect("a page");
    all.push(page.text().await.expect("a text"));
    for answer in all {
        assert!(!answer.contains("secret"), "{answer}");
    }
}

/// As a look into the room's memory would show it: what catches up, and what waits for slow sockets, comes from there.
async fn what_a_removed_message_said_is_not_in_the_rooms_memory(server: Server) {
    let (ann, _bob, mut bobs) = the_den(&server).await;
    let remembered = async || server.metric("klatch_room_recent_bytes").await;
    let before = remembered().await;
    let id = bobs.say("den", &"secret ".repeat(500)).await;
    eventually(PATIENCE, "a message that is remembered", async || {
        (remembered().await > before + 3_500.0).then_some(())
    })
    .await;
    ann.http.delete(&format!("/rooms/den/messages/{id}")).await.ok(204);
    eventually(PATIENCE, "a message that is forgotten", async || (remembered().await < before + 3_500.0).then_some(()))
        .await;
}

/// An admin who is one no more when the removal is stored has not removed anything.
#[tokio::test]
async fn who_removes_as_an_admin_is_one_until_it_is_stored() {
    let server = Server::start(Options::on(Database::Postgres)).await;
    let database = server.test_database().expect("a Postgres database");
    let (_ann, _bob, mut bobs) = the_den(&server).await;
    let boss = server.person_as("boss", "admin").await;
    let mut socket = boss.socket_in("den").await;
    let id = bobs.say("den", "stays").await;
    let demotion = Transaction::begin(database, "UPDATE users SET role = 'member' WHERE username = 'boss'").await;
    socket.send_json(json!({"type": "delete", "room": "den", "id": id, "ref": "removal"})).await;
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually(PATIENCE, "a removal that waits", async || (database.number(waiting) > 0).then_some(())).await;
    demotion.commit().await;
    let answer = socket.expect_where("an answer", |f| f["ref"] == "removal").await;
    assert_eq!(answer["code"], "forbidden", "{answer}");
}

async fn only_moderators_remove_what_others_wrote_and_a_log_tells_of_it(server: Server) {
    let (ann, bob, mut bobs) = the_den(&server).await;
    let id = ann.posts("den", "mine").await["id"].as_u64().expect("an id");
    let delete = json!({"type": "delete", "room": "den", "id": id});
    assert_eq!(bobs.refusal(delete).await, "forbidden");
    let path = format!("/rooms/den/messages/{id}");
    assert_eq!(bob.http.delete(&path).await.error(), (403, "forbidden"));
    let mine = bobs.say("den", "mine too").await;
    ann.http.delete(&format!("/rooms/den/messages/{mine}?reason=off-topic")).await.ok(204);
    ann.http.delete(&format!("/rooms/den/messages/{mine}")).await.ok(204);
    assert_eq!(bob.http.get("/rooms/den/audit").await.error(), (403, "forbidden"));
    let log = ann.http.get("/rooms/den/audit").await.ok(200);
    let entry = &log["entries"][0];
    assert_eq!(log["entries"].as_array().map(Vec::len), Some(1), "once: {log}");
    for (field, value) in [
        ("actor", json!("ann")),
        ("act", json!("message_removed")),
        ("username", json!("bob")),
        ("reason", json!("off-topic")),
    ] {
        assert_eq!(entry[field], value, "{field} of {entry}");
    }
    // Whoever takes back their own message removes nothing.
    ann.http.delete(&path).await.ok(204);
    let shown = ann.reads_whole_room("den").await;
    assert_eq!((&shown[0]["deleted"], &shown[0]["removed"]), (&json!(true), &Value::Null));
}

async fn a_muted_member_only_reads_until_the_mute_ends(server: Server) {
    let (ann, bob, mut bobs) = the_den(&server).await;
    let id = bobs.say("den", "mine").await;
    ann.http.put_json("/rooms/den/mutes/bob", json!({"minutes": 5, "reason": "shouting"})).await.ok(204);
    for frame in [
        json!({"type": "send", "room": "den", "key": new_key(), "body": "x"}),
        json!({"type": "edit", "room": "den", "id": id, "body": "x"}),
        json!({"type": "react", "room": "den", "id": id, "emoji": "👍", "on": true}),
    ] {
        assert_eq!(bobs.refusal(frame.clone()).await, "forbidden", "{frame}");
    }
    let message = json!({"key": new_key(), "body": "x"});
    assert_eq!(bob.http.post("/rooms/den/messages", message).await.error(), (403, "forbidden"));
    let seen = ann.posts("den", "read this").await["id"].as_u64().expect("an id");
    bobs.ask_ok(json!({"type": "history", "room": "den"})).await;
    bobs.send_json(json!({"type": "read", "room": "den", "seq": seen})).await;
    // A mute follows them out of the room and in again.
    bob.removes("me", "den").await;
    bobs.up_to("`left`", |f| f["type"] == "left").await;
    bobs.join("den").await;
    let send = || json!({"type": "send", "room": "den", "key": new_key(), "body": "again"});
    assert_eq!(bobs.refusal(send()).await, "forbidden");
    let list = ann.http.get("/rooms/den/sanctions").await.ok(200);
    assert_eq!(
        (&list["sanctions"][0]["user"]["username"], &list["sanctions"][0]["kind"]),
        (&json!("bob"), &json!("mute"))
    );
    server.execute("UPDATE sanctions SET until = '2020-01-01 00:00:00'");
    bobs.ask_ok(send()).await;
    ann.http.put_json("/rooms/den/mutes/bob", json!({})).await.ok(204);
    assert_eq!(bobs.refusal(send()).await, "forbidden");
    ann.http.delete("/rooms/den/mutes/bob").await.ok(204);
    bobs.ask_ok(send()).await;
}

async fn who_is_banned_from_a_room_is_out_until_the_ban_is_lifted(server: Server) {
    let (ann, bob, mut bobs) = the_den(&server).await;
    let mut elsewhere = bob.socket().await;
    ann.http.put_json("/rooms/den/bans/bob", json!({"reason": "spam"})).await.ok(204);
    assert_eq!(bobs.expect("left").await["reason"], "removed");
    assert_eq!(elsewhere.refusal(json!({"type": "join", "room": "den"})).await, "forbidden");
    let message = json!({"key": new_key(), "body": "x"});
    assert_eq!(bob.http.post("/rooms/den/messages", message).await.error(), (403, "forbidden"));
    for path in ["/rooms/den", "/rooms/den/messages", "/rooms/den/members"] {
        assert_eq!(bob.http.get(path).await.error(), (403, "forbidden"), "{path}");
    }
    assert_eq!(bob.http.get("/rooms").await.ok(200)["rooms"], json!([]));
    assert_eq!(ann.http.put("/rooms/den/members/bob").await.error(), (403, "forbidden"));
    ann.http.delete("/rooms/den/bans/bob").await.ok(204);
    elsewhere.join("den").await;
}

async fn nobody_acts_on_those_above_them(server: Server) {
    let (ann, bob, _) = the_den(&server).await;
    let root = server.person_as("root", "owner").await;
    let boss = server.person_as("boss", "admin").await;
    root.socket_in("den").await;
    for path in ["/rooms/den/mutes/root", "/rooms/den/bans/root", "/rooms/den/bans/ann"] {
        assert_eq!(ann.http.put_json(path, json!({})).await.error(), (403, "forbidden"), "{path}");
        assert_eq!(bob.http.put_json(path, json!({})).await.error(), (403, "forbidden"), "{path}");
    }
    assert_eq!(ann.http.delete("/rooms/den/members/root").await.error(), (403, "forbidden"));
    for name in ["root", "boss"] {
        let ban = boss.http.put_json(&format!("/users/{name}/ban"), json!({})).await;
        assert_eq!(ban.error(), (403, "forbidden"), "{name}");
    }
    assert_eq!(bob.http.put_json("/users/ann/ban", json!({})).await.error(), (403, "forbidden"));
    assert_eq!(boss.http.patch("/users/bob", json!({"role": "owner"})).await.error(), (403, "forbidden"));
    boss.http.patch("/users/bob", json!({"role": "admin"})).await.ok(204);
    // The chat keeps an owner.
    assert_eq!(root.http.patch("/users/root", json!({"role": "member"})).await.error(), (422, "invalid"));
}

async fn who_is_banned_from_the_chat_is_out_at_once_and_told_so(server: Server) {
    let (_, bob, mut bobs) = the_den(&server).await;
    let root = server.person_as("root", "owner").await;
    let mut idle = bob.socket().await;
    root.http.put_json("/users/bob/ban", json!({"minutes": 60, "reason": "spam"})).await.ok(204);
    assert_eq!(bobs.closed().await.0, 4403);
    assert_eq!(idle.closed().await.0, 4403);
    assert_eq!(bob.http.get("/me").await.error(), (401, "unauthorized"));
    assert!(Socket::try_open(&bob).await.is_none());
    let login = |password: &str| json!({"username": "bob", "password": password});
    let stranger = server.stranger();
    assert_eq!(stranger.post("/login", login("not the password")).await.error(), (401, "bad_credentials"));
    let told = stranger.post("/login", login(PASSWORD)).await;
    assert_eq!(told.error(), (403, "forbidden"));
    assert!(told.text.contains("banned from this chat until"), "{}", told.text);
    server.execute("UPDATE users SET banned_until = '2020-01-01 00:00:00' WHERE username = 'bob'");
    stranger.post("/login", login(PASSWORD)).await.ok(200);
    root.http.put_json("/users/bob/ban", json!({})).await.ok(204);
    root.http.delete("/users/bob/ban").await.ok(204);
    stranger.post("/login", login(PASSWORD)).await.ok(200);
}

async fn a_wiped_persons_messages_go_everywhere_and_live(server: Server) {
    let (ann, bob, mut bobs) = the_den(&server).await;
    let root = server.person_as("root", "owner").await;
    bob.makes_private_room("lair").await;
    for n in 0..5 {
        bobs.say("den", &format!("spam {n}")).await;
    }
    bob.posts("lair", "plans").await;
    let mut anns = ann.socket_in("den").await;
    assert_eq!(ann.http.post("/users/bob/wipe", json!({})).await.error(), (403, "forbidden"));
    root.http.post("/users/bob/wipe", json!({})).await.ok(204);
    for _ in 0..5 {
        anns.expect_where("a removal", |f| f["message"]["removed"] == true).await;
    }
    for (person, room) in [(&ann, "den"), (&bob, "lair")] {
        for message in person.reads_whole_room(room).await {
            assert_eq!((&message["removed"], &message["body"]), (&json!(true), &json!("")), "{message}");
        }
    }
}

async fn reports_reach_moderators_and_admins_and_nobody_else(server: Server) {
    let (ann, bob, _bobs) = the_den(&server).await;
    let [carl, root] = [server.person("carl").await, server.person_as("root", "admin").await];
    let id = ann.posts("den", "rude words").await["id"].as_u64().expect("an id");
    let path = format!("/rooms/den/messages/{id}/reports");
    for _ in 0..2 {
        bob.http.post(&path, json!({"reason": "rude"})).await.ok(204);
    }
    assert_eq!(bob.http.post("/rooms/den/messages/99/reports", json!({})).await.error(), (404, "not_found"));
    for (person, path) in [(&bob, "/rooms/den/reports"), (&carl, "/rooms/den/reports"), (&ann, "/reports")] {
        assert_eq!(person.http.get(path).await.error(), (403, "forbidden"), "{path}");
    }
    let reports = ann.http.get("/rooms/den/reports").await.ok(200);
    assert_eq!(reports, root.http.get("/reports").await.ok(200));
    let [report] = reports["reports"].as_array().expect("reports").as_slice() else { panic!("one: {reports}") };
    assert_eq!((&report["body"], &report["reason"]), (&json!("rude words"), &json!("rude")));
    assert_eq!((&report["author"]["username"], &report["reporter"]["username"]), (&json!("ann"), &json!("bob")));
    let settle = format!("/reports/{}/settle", report["id"]);
    assert_eq!(bob.http.post(&settle, json!({})).await.error(), (404, "not_found"));
    ann.http.post(&settle, json!({"reason": "it was a quote"})).await.ok(204);
    let settled = ann.http.get("/rooms/den/reports").await.ok(200);
    assert!(settled["reports"][0]["settled_at"].is_string(), "{settled}");
    assert_eq!(ann.http.get("/rooms/den/audit").await.ok(200)["entries"][0]["act"], "report_settled");
}

async fn a_slow_room_makes_members_wait_and_moderators_not(server: Server) {
    let (ann, _bob, mut bobs) = the_den(&server).await;
    let room = ann.http.patch("/rooms/den", json!({"slow_secs": 3600})).await.ok(200);
    assert_eq!(room["slow_secs"], 3600);
    bobs.say("den", "one").await;
    let error = bobs.ask(json!({"type": "send", "room": "den", "key": new_key(), "body": "two"})).await;
    assert_eq!(error["code"], "rate_limited");
    let rest = error["retry_after_ms"].as_u64().expect("a time");
    assert!((3_000_000..=3_600_000).contains(&rest), "{rest}");
    ann.posts("den", "one").await;
    ann.posts("den", "two").await;
    ann.http.patch("/rooms/den", json!({"slow_secs": 0})).await.ok(200);
    bobs.say("den", "two").await;
}

async fn filters_refuse_words_and_links_of_members_in_edits_too(server: Server) {
    let (ann, bob, mut bobs) = the_den(&server).await;
    let id = bobs.say("den", "darn https://example.org").await;
    let rules = json!({"blocked_words": ["Darn", "heck"], "blocks_links": true});
    assert_eq!(bob.http.patch("/rooms/den", rules.clone()).await.error(), (403, "forbidden"));
    ann.http.patch("/rooms/den", rules).await.ok(200);
    for body in ["DARN it", "what the (heck)!", "see https://example.org", "[x](https://example.org)"] {
        let send = json!({"type": "send", "room": "den", "key": new_key(), "body": body});
        assert_eq!(bobs.refusal(send).await, "forbidden", "{body}");
        let edit = json!({"type": "edit", "room": "den", "id": id, "body": body});
        assert_eq!(bobs.refusal(edit).await, "forbidden", "{body}");
    }
    for body in ["darning socks", "checkered", "no link: `https://example.org`"] {
        bobs.say("den", body).await;
    }
    ann.posts("den", "darn, https://example.org").await;
    assert_eq!(ann.http.patch("/rooms/den", json!({"blocked_words": ["two words"]})).await.error(), (422, "invalid"));
}

async fn an_archived_room_is_read_only_until_it_is_none(server: Server) {
    let (ann, bob, mut bobs) = the_den(&server).await;
    let id = bobs.say("den", "before").await;
    assert_eq!(bob.http.patch("/rooms/den", json!({"archived": true})).await.error(), (403, "forbidden"));
    let room = ann.http.patch("/rooms/den", json!({"archived": true})).await.ok(200);
    assert_eq!(room["archived"], true);
    for frame in [
        json!({"type": "send", "room": "den", "key": new_key(), "body": "x"}),
        json!({"type": "edit", "room": "den", "id": id, "body": "x"}),
        json!({"type": "delete", "room": "den", "id": id}),
        json!({"type": "react", "room": "den", "id": id, "emoji": "👍", "on": true}),
    ] {
        assert_eq!(bobs.refusal(frame.clone()).await, "forbidden", "{frame}");
    }
    assert_eq!(ann.http.patch("/rooms/den", json!({"title": "New"})).await.error(), (403, "forbidden"));
    assert_eq!(bob.reads_whole_room("den").await.len(), 1);
    ann.http.patch("/rooms/den", json!({"archived": false, "title": "New"})).await.ok(200);
    bobs.say("den", "after").await;
}

async fn a_deleted_room_is_gone_for_everybody_and_its_name_is_free(server: Server) {
    let (ann, bob, mut bobs) = the_den(&server).await;
    let mut idle = ann.socket().await;
    bobs.say("den", "before").await;
    assert_eq!(bob.http.delete_with("/rooms/den", json!({"confirm": "den"})).await.error(), (403, "forbidden"));
    assert_eq!(ann.http.delete_with("/rooms/den", json!({"confirm": "dem"})).await.error(), (422, "invalid"));
    ann.http.delete_with("/rooms/den", json!({"confirm": "den"})).await.ok(204);
    assert_eq!(bobs.expect("left").await["reason"], "deleted");
    idle.expect_where("word of the room", |f| f["type"] == "room" && f["room"] == "den" && f["member"] == false).await;
    assert_eq!(bobs.refusal(json!({"type": "join", "room": "den"})).await, "not_found");
    assert_eq!(ann.http.get("/rooms/den").await.error(), (404, "not_found"));
    ann.makes_room("den").await;
    bobs.join("den").await;
    assert_eq!(bobs.say("den", "a new beginning").await, 1);
}

async fn a_moderators_power_is_gone_with_the_role_on_an_open_socket_too(server: Server) {
    let (ann, bob, mut bobs) = the_den(&server).await;
    let [one, two] = [ann.posts("den", "one").await, ann.posts("den", "two").await];
    ann.http.patch("/rooms/den/members/bob", json!({"role": "moderator"})).await.ok(204);
    bobs.ask_ok(json!({"type": "delete", "room": "den", "id": one["id"]})).await;
    ann.http.patch("/rooms/den/members/bob", json!({"role": "member"})).await.ok(204);
    assert_eq!(bobs.refusal(json!({"type": "delete", "room": "den", "id": two["id"]})).await, "forbidden");
    assert_eq!(bob.http.get("/rooms/den/reports").await.error(), (403, "forbidden"));
    // An admin moderates rooms that they are not in, as long as they are one.
    let root = server.person_as("root", "admin").await;
    let path = format!("/rooms/den/messages/{}", two["id"]);
    server.execute("UPDATE users SET role = 'member' WHERE username = 'root'");
    assert_eq!(root.http.delete(&path).await.error(), (403, "forbidden"));
    server.execute("UPDATE users SET role = 'admin' WHERE username = 'root'");
    root.http.delete(&path).await.ok(204);
}

async fn many_are_mentioned_at_once_by_those_who_may(server: Server) {
    let (ann, bob, mut bobs) = the_den(&server).await;
    let carl = server.person("carl").await;
    let mut carls = carl.socket().await;
    ann.adds("carl", "den").await;
    carls.expect("room").await;
    bobs.say("den", "to all @room").await;
    assert_eq!(carls.expect("mention").await["message"]["body"], "to all @room");
    let mut anns = ann.socket_in("den").await;
    carls.send_json(json!({"type": "idle", "on": true})).await;
    eventually(PATIENCE, "Carl, who is idle", async || {
        let members = ann.http.get("/rooms/den/members?q=carl").await.ok(200);
        (members["members"][0]["user"]["state"] == "idle").then_some(())
    })
    .await;
    let here = bobs.say("den", "whoever is @here").await;
    assert_eq!(anns.expect("mention").await["message"]["id"], here);
    bobs.say("den", "and @carl").await;
    // Carl, whose page is not in use, was not meant by the one between.
    assert_eq!(carls.expect("mention").await["message"]["body"], "and @carl");
    server.execute("UPDATE users SET role = 'guest' WHERE username = 'bob'");
    bobs.say("den", "a guest's @room").await;
    bobs.say("den", "and again @carl").await;
    assert_eq!(carls.expect("mention").await["message"]["body"], "and again @carl");
    drop(bob);
}

async fn who_wants_to_be_told_nothing_of_a_room_hears_of_no_mention(server: Server) {
    let (ann, bob, _) = the_den(&server).await;
    let mut bobs = bob.socket().await;
    bob.http.put_json("/rooms/den/notify", json!({"notify": "none"})).await.ok(204);
    ann.posts("den", "not now, @bob").await;
    bob.http.put_json("/rooms/den/notify", json!({"notify": "mentions"})).await.ok(204);
    ann.posts("den", "but now, @bob").await;
    assert_eq!(bobs.expect("mention").await["message"]["body"], "but now, @bob");
    assert_eq!(bob.http.get("/rooms").await.ok(200)["rooms"][0]["notify"], "mentions");
    assert_eq!(bob.socket().await.welcome["rooms"][0]["notify"], "mentions");
    assert_eq!(bob.http.put_json("/rooms/den/notify", json!({"notify": "some"})).await.error(), (422, "invalid"));
}

on_both_databases![
    who_wants_to_be_told_nothing_of_a_room_hears_of_no_mention,
    a_removed_message_is_shown_as_removed_and_its_text_is_in_nothing_that_clients_get,
    what_a_removed_message_said_is_not_in_the_rooms_memory,
    only_moderators_remove_what_others_wrote_and_a_log_tells_of_it,
    a_muted_member_only_reads_until_the_mute_ends,
    who_is_banned_from_a_room_is_out_until_the_ban_is_lifted,
    nobody_acts_on_those_above_them,
    who_is_banned_from_the_chat_is_out_at_once_and_told_so,
    a_wiped_persons_messages_go_everywhere_and_live,
    reports_reach_moderators_and_admins_and_nobody_else,
    a_slow_room_makes_members_wait_and_moderators_not,
    filters_refuse_words_and_links_of_members_in_edits_too,
    an_archived_room_is_read_only_until_it_is_none,
    a_deleted_room_is_gone_for_everybody_and_its_name_is_free,
    a_moderators_power_is_gone_with_the_role_on_an_open_socket_too,
    many_are_mentioned_at_once_by_those_who_may,
];
