//! What moderators have set holds, whoever leaves and comes back, and by whichever account.

use crate::common::*;
use reqwest::Method;

const FOREVER_ENOUGH: i64 = 3_600;

async fn slow_mode_is_not_passed_by_leaving_and_coming_back(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    bob.http.put("/rooms/den/members/me").await.ok(204);
    ann.http.patch("/rooms/den", json!({"slow_secs": FOREVER_ENOUGH})).await.ok(200);
    let send = async || bob.http.post("/rooms/den/messages", json!({"key": new_key(), "body": "x"})).await.status;
    assert_eq!(send().await, 201);
    assert_eq!(send().await, 429);
    for way in ["call", "join", "added"] {
        bob.http.delete("/rooms/den/members/me").await.ok(204);
        match way {
            "call" => drop(bob.http.put("/rooms/den/members/me").await.ok(204)),
            "added" => ann.adds("bob", "den").await,
            _ => drop(bob.socket_in("den").await),
        }
        assert_eq!(send().await, 429, "back by {way}");
    }
    ann.removes("bob", "den").await;
    bob.http.put("/rooms/den/members/me").await.ok(204);
    assert_eq!(send().await, 429, "back after a removal");
    // A socket that joins and sends at once is one batch.
    bob.http.delete("/rooms/den/members/me").await.ok(204);
    let mut socket = bob.socket_in("den").await;
    let frame = json!({"type": "send", "room": "den", "key": new_key(), "body": "x"});
    assert_eq!(socket.refusal(frame).await, "rate_limited");
}

async fn an_edit_that_mentions_somebody_newly_keeps_to_the_pace(server: Server) {
    let [ann, bob, carl] = server.people(["ann", "bob", "carl"]).await;
    ann.makes_room("den").await;
    for person in [&bob, &carl] {
        person.http.put("/rooms/den/members/me").await.ok(204);
    }
    let mut carls = carl.socket().await;
    let mut bobs = bob.socket_in("den").await;
    let id = bobs.say("den", "hello").await;
    let mut edit = async |body: &str| bobs.ask(json!({"type": "edit", "room": "den", "id": id, "body": body})).await;
    assert_eq!(edit("hello @carl").await["type"], "done", "the room is not slow");
    assert_eq!(carls.expect("mention").await["message"]["id"], id);
    ann.http.patch("/rooms/den", json!({"slow_secs": FOREVER_ENOUGH})).await.ok(200);
    assert_eq!(edit("hello").await["type"], "done", "who mentions nobody may correct what they said");
    // The first counts as a message, so that the second comes too early.
    assert_eq!(edit("hello @carl!").await["type"], "done");
    assert_eq!(edit("hello").await["type"], "done");
    for body in ["hello @carl", "@ann", "to all @room"] {
        assert_eq!(edit(body).await["code"], "rate_limited", "{body}");
    }
    let send = json!({"type": "send", "room": "den", "key": new_key(), "body": "x"});
    assert_eq!(bobs.refusal(send).await, "rate_limited", "it took the place of a message");
}

async fn sign_up_from(server: &Server, name: &str, address: &str) -> Http {
    let http = server.stranger();
    let request = http.request(Method::POST, "/signup").header("X-Forwarded-For", address);
    Reply::of(request.json(&json!({"username": name, "password": PASSWORD}))).await.ok(201);
    http
}

/// Mutes and bans of a room hold for a new account of the old name, wherever it is made, and for one that is made where the
/// old one was used; and they end when they end.
async fn a_deleted_account_sheds_no_sanction(options: Options) {
    let server = options.option("--trusted-proxies", "127.0.0.1").start().await;
    let ann = server.person("ann").await;
    for (kind, sent, joined) in [("mutes", 403, 204), ("bans", 403, 403)] {
        for (way, name, address) in [("name", "bob", "198.51.100.1"), ("network", "rob", "192.0.2.1")] {
            let slug = format!("{kind}-{way}");
            ann.makes_room(&slug).await;
            let bob = sign_up_from(&server, "bob", "192.0.2.1").await;
            bob.put(&format!("/rooms/{slug}/members/me")).await.ok(204);
            ann.http.put_json(&format!("/rooms/{slug}/{kind}/bob"), json!({"minutes": 60})).await.ok(204);
            bob.delete_with("/me", json!({"password": PASSWORD, "messages": "keep"})).await.ok(204);
            let dump = String::from_utf8_lossy(&server.stored_bytes()).into_owned();
            assert!(server.test_database().is_none() || !dump.contains("192.0.2.1"), "no address is kept");
            let again = sign_up_from(&server, name, address).await;
            assert_eq!(again.put(&format!("/rooms/{slug}/members/me")).await.status, joined, "{kind} by {way}");
            let message = json!({"key": new_key(), "body": "x"});
            assert_eq!(again.post(&format!("/rooms/{slug}/messages"), message).await.status, sent, "{kind} by {way}");
            let sanctions = ann.http.get(&format!("/rooms/{slug}/sanctions")).await.ok(200);
            assert_eq!(sanctions["sanctions"][0]["user"]["username"], name, "and moderators see it: {sanctions}");
            // Neither name nor network: nothing.
            let other = sign_up_from(&server, &format!("other-{slug}"), "203.0.113.7").await;
            other.put(&format!("/rooms/{slug}/members/me")).await.ok(204);
            // What has ended is not kept.
            server.execute("UPDATE sanctions SET until = '2020-01-01 00:00:00'");
            server.execute("UPDATE kept_sanctions SET ends_at = '2020-01-01 00:00:00'");
            again.delete_with("/me", json!({"password": PASSWORD, "messages": "keep"})).await.ok(204);
            let free = sign_up_from(&server, name, address).await;
            free.put(&format!("/rooms/{slug}/members/me")).await.ok(204);
            free.post(&format!("/rooms/{slug}/messages"), json!({"key": new_key(), "body": "x"})).await.ok(201);
            free.delete_with("/me", json!({"password": PASSWORD, "messages": "keep"})).await.ok(204);
        }
    }
}

/// A table of every call and frame in a room, by somebody who is muted there: they read, take back, report and leave.
async fn whoever_is_muted_may_only_read_take_back_report_and_leave(server: Server) {
    let [ann, bob, _carl] = server.people(["ann", "bob", "carl"]).await;
    ann.makes_private_room("den").await;
    ann.adds("bob", "den").await;
    ann.posts("den", "one").await;
    bob.posts("den", "two").await;
    ann.http.put_json("/rooms/den/mutes/bob", json!({})).await.ok(204);
    let (patch, put, delete, post) = (Method::PATCH, Method::PUT, Method::DELETE, Method::POST);
    let message = json!({"key": new_key(), "body": "x"});
    let calls = [
        (Method::GET, "", Value::Null, true),
        (Method::GET, "/messages", Value::Null, true),
        (Method::GET, "/members", Value::Null, true),
        (put.clone(), "/notify", json!({"notify": "mentions"}), true),
        (put.clone(), "/star", Value::Null, true),
        (post.clone(), "/unread", json!({"from": 1}), true),
        (post.clone(), "/messages/1/reports", json!({}), true),
        (post.clone(), "/messages", message, false),
        (put.clone(), "/members/carl", Value::Null, false),
        (patch.clone(), "", json!({"topic": "x"}), false),
        (patch.clone(), "", json!({"slow_secs": 1}), false),
        (patch.clone(), "", json!({"archived": true}), false),
        (patch, "/members/bob", json!({"role": "member"}), false),
        (delete.clone(), "/members/ann", Value::Null, false),
        (put.clone(), "/mutes/carl", json!({}), false),
        (delete.clone(), "/mutes/bob", Value::Null, false),
        (put, "/bans/carl", json!({}), false),
        (delete.clone(), "/messages/1", Value::Null, false),
        (delete.clone(), "", json!({"confirm": "den"}), false),
        (delete.clone(), "/messages/2", Value::Null, true),
    ];
    // As a moderator too: a mute is a mute.
    for role in ["member", "moderator"] {
        server.execute(&format!(
            "UPDATE members SET role = '{role}' WHERE user_id = (SELECT id FROM users WHERE username = 'bob')"
        ));
        for (method, path, body, allowed) in &calls {
            let path = format!("/rooms/den{path}");
            let answer = bob.http.try_call(method.clone(), &path, body).await.expect("an answer");
            assert_eq!(answer.status < 400, *allowed, "{method} {path} as {role}: {}", answer.text);
        }
        let mut socket = bob.socket_in("den").await;
        for (frame, allowed) in [
            (json!({"type": "send", "key": new_key(), "body": "x"}), false),
            (json!({"type": "edit", "id": 2, "body": "y"}), false),
            (json!({"type": "react", "id": 1, "emoji": "👍", "on": true}), false),
            (json!({"type": "delete", "id": 1}), false),
            (json!({"type": "delete", "id": 2}), true),
            (json!({"type": "history"}), true),
        ] {
            let mut frame = frame;
            frame["room"] = json!("den");
            let answer = socket.ask(frame.clone()).await;
            assert_eq!(answer["type"] != "error", allowed, "{frame} as {role}: {answer}");
        }
    }
    bob.http.delete("/rooms/den/members/me").await.ok(204);
}

async fn nobody_removes_what_those_above_them_wrote_or_acts_on_the_maker_of_a_room(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    bob.http.put("/rooms/den/members/me").await.ok(204);
    ann.http.patch("/rooms/den/members/bob", json!({"role": "moderator"})).await.ok(204);
    let mut socket = bob.socket_in("den").await;
    for role in ["admin", "owner"] {
        let chief = server.person_as(&format!("the-{role}"), role).await;
        chief.http.put("/rooms/den/members/me").await.ok(204);
        let id = chief.posts("den", "hello").await["id"].clone();
        assert_eq!(bob.http.delete(&format!("/rooms/den/messages/{id}")).await.error(), (403, "forbidden"), "{role}");
        assert_eq!(socket.refusal(json!({"type": "delete", "room": "den", "id": id})).await, "forbidden", "{role}");
    }
    for (method, path, body) in [
        (Method::DELETE, "/rooms/den/members/ann", Value::Null),
        (Method::PUT, "/rooms/den/mutes/ann", json!({})),
        (Method::PUT, "/rooms/den/bans/ann", json!({})),
        (Method::PATCH, "/rooms/den/members/ann", json!({"role": "member"})),
        (Method::DELETE, "/rooms/den", json!({"confirm": "den"})),
    ] {
        let answer = bob.http.try_call(method.clone(), path, &body).await.expect("an answer");
        assert_eq!(answer.error(), (403, "forbidden"), "{method} {path}");
    }
    // Once the maker has gone the moderators are among themselves.
    ann.http.delete("/rooms/den/members/me").await.ok(204);
    bob.http.delete_with("/rooms/den", json!({"confirm": "den"})).await.ok(204);
}

async fn guests_are_not_told_who_there_is(server: Server) {
    let [ann, _bob] = server.people(["ann", "bob"]).await;
    let gast = server.person_as("gast", "guest").await;
    ann.makes_room("den").await;
    ann.adds("gast", "den").await;
    // As a member, and as a moderator, who may act on whoever is in the room.
    for role in ["member", "moderator"] {
        server.execute(&format!(
            "UPDATE members SET role = '{role}' WHERE user_id = (SELECT id FROM users WHERE username = 'gast')"
        ));
        for (method, rest, body) in [
            (Method::PUT, "members", Value::Null),
            (Method::DELETE, "members", Value::Null),
            (Method::PATCH, "members", json!({"role": "moderator"})),
            (Method::PUT, "mutes", json!({})),
            (Method::DELETE, "mutes", Value::Null),
            (Method::PUT, "bans", json!({})),
            (Method::DELETE, "bans", Value::Null),
        ] {
            let ask = async |name: &str| {
                let path = format!("/rooms/den/{rest}/{name}");
                let answer = gast.http.try_call(method.clone(), &path, &body).await.expect("an answer");
                (answer.status, answer.text)
            };
            assert_eq!(ask("bob").await, ask("nobody").await, "{method} {rest} as {role}");
        }
        for path in ["/users/", "page:/people/", "page:/avatars/"] {
            let ask = async |name: &str| {
                let suffix = if path.contains("avatars") { ".svg" } else { "" };
                gast.http.get(&format!("{path}{name}{suffix}")).await.status
            };
            assert_eq!((ask("bob").await, ask("nobody").await), (404, 404), "{path}");
        }
    }
}

async fn admins_learn_nothing_of_private_rooms_but_what_is_reported(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let admin = server.person_as("root", "admin").await;
    ann.makes_private_room("vault").await;
    ann.adds("bob", "vault").await;
    ann.makes_room("den").await;
    ann.http.put_json("/rooms/vault/mutes/bob", json!({"reason": "a secret reason"})).await.ok(204);
    ann.http.delete("/rooms/vault/mutes/bob").await.ok(204);
    ann.http.patch("/rooms/den", json!({"slow_secs": 1})).await.ok(200);
    for rest in ["audit", "sanctions", "reports"] {
        let hidden = admin.http.get(&format!("/rooms/vault/{rest}")).await;
        let missing = admin.http.get(&format!("/rooms/nowhere/{rest}")).await;
        assert_eq!((hidden.status, hidden.text), (404, missing.text), "{rest}");
    }
    let log = admin.http.get("/audit").await.ok(200).to_string();
    assert!(log.contains("den") && !log.contains("vault") && !log.contains("a secret reason"), "{log}");
    let page = admin.http.get("page:/moderation").await.text;
    assert!(!page.contains("vault") && !page.contains("a secret reason"), "{page}");
    let id = bob.posts("vault", "something bad").await["id"].clone();
    ann.http.post(&format!("/rooms/vault/messages/{id}/reports"), json!({"reason": "look"})).await.ok(204);
    let reports = admin.http.get("/rooms/vault/reports").await.ok(200);
    assert_eq!(reports["reports"][0]["body"], "something bad");
    let report = reports["reports"][0]["id"].clone();
    admin.http.post(&format!("/reports/{report}/settle"), json!({"reason": "talked"})).await.ok(204);
    assert!(admin.http.get("/audit").await.ok(200).to_string().contains("report_settled"));
    // The log of a room that is gone stays as private as it was.
    ann.http.delete_with("/rooms/vault", json!({"confirm": "vault"})).await.ok(204);
    assert!(!admin.http.get("/audit").await.ok(200).to_string().contains("a secret reason"));
}

on_both_databases![
    slow_mode_is_not_passed_by_leaving_and_coming_back,
    an_edit_that_mentions_somebody_newly_keeps_to_the_pace,
    a_deleted_account_sheds_no_sanction,
    nobody_removes_what_those_above_them_wrote_or_acts_on_the_maker_of_a_room,
    guests_are_not_told_who_there_is,
    admins_learn_nothing_of_private_rooms_but_what_is_reported,
];
on_sqlite![whoever_is_muted_may_only_read_take_back_report_and_leave];
