//! A send is idempotent for ever: one author, one key, one message.

use crate::common::*;

async fn a_resent_key_returns_the_first_id(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let key = new_key();
    let first = socket.send("den", &key, "first").await;
    socket.say("den", "between").await;
    for body in ["first", "another body"] {
        let again = socket.send("den", &key, body).await;
        assert_eq!(again["id"], first["id"]);
        assert_eq!(again["key"], key.as_str());
    }
    assert_eq!(ann.reads_whole_room("den").await[0]["body"], "first", "the first body stays");
}

async fn a_resent_key_shows_nobody_anything(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let mut watcher = bob.socket_in("den").await;
    let key = new_key();
    socket.send("den", &key, "first").await;
    socket.send("den", &key, "second").await;
    assert_eq!(socket.say("den", "marker").await, 2, "no number is taken");
    assert_eq!(watcher.messages_up_to("den", "marker").await.len(), 2);
}

async fn a_resent_key_returns_the_first_id_after_a_restart(mut server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let key = new_key();
    let first = ann.socket_in("den").await.send("den", &key, "first").await;
    server.restart().await;
    let again = ann.socket_in("den").await.send("den", &key, "second").await;
    assert_eq!(again["id"], first["id"]);
    assert_eq!(ann.reads_whole_room("den").await.len(), 1);
}

async fn a_resent_key_returns_the_id_even_of_a_deleted_message(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let key = new_key();
    let first = socket.send("den", &key, "first").await;
    socket.ask_ok(json!({"type": "delete", "room": "den", "id": first["id"]})).await;
    assert_eq!(socket.send("den", &key, "first").await["id"], first["id"]);
    assert_eq!(ann.reads_whole_room("den").await[0]["deleted"], true);
}

async fn a_key_in_another_room_is_invalid(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.makes_room("attic").await;
    let mut socket = ann.socket_in("den").await;
    socket.join("attic").await;
    let key = new_key();
    socket.send("den", &key, "first").await;
    let frame = json!({"type": "send", "room": "attic", "key": key, "body": "first"});
    assert_eq!(socket.refusal(frame).await, "invalid");
    assert!(ann.reads_whole_room("attic").await.is_empty());
}

async fn another_author_may_use_the_same_key(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let key = new_key();
    let by_ann = ann.socket_in("den").await.send("den", &key, "ann's").await;
    let by_bob = bob.socket_in("den").await.send("den", &key, "bob's").await;
    assert_ne!(by_ann["id"], by_bob["id"]);
    assert_eq!(ann.reads_whole_room("den").await.len(), 2);
}

async fn a_key_on_two_sockets_at_once_makes_one_message(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut sockets = [ann.socket_in("den").await, ann.socket_in("den").await];
    let keys: Vec<_> = (0..30).map(|_| new_key()).collect();
    for key in &keys {
        for socket in &mut sockets {
            // Three times on each, so that some meet in one transaction.
            for _ in 0..3 {
                socket.send_json(json!({"type": "send", "room": "den", "key": key, "body": "x"})).await;
            }
        }
    }
    for key in &keys {
        let mut ids = vec![];
        for socket in &mut sockets {
            for _ in 0..3 {
                let sent = socket.expect_where("sent", |f| f["type"] == "sent" && f["key"] == key.as_str()).await;
                ids.push(sent["id"].clone());
            }
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "{key}: {ids:?}");
    }
    let stored = ann.reads_whole_room("den").await;
    assert_eq!(numbers(&stored, "id"), (1..=30).collect::<Vec<_>>(), "dense");
}

async fn a_key_posted_by_http_is_the_same_key(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let key = new_key();
    let by_socket = ann.socket_in("den").await.send("den", &key, "first").await;
    let message = json!({"key": key, "body": "second"});
    let by_http = ann.http.post("/rooms/den/messages", message).await.ok(200);
    assert_eq!(by_http["id"], by_socket["id"]);
    assert_eq!(by_http["body"], "first");
}

async fn a_key_that_is_no_uuid_is_invalid(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    for key in ["", "key", "00000000-0000-0000-0000-00000000000g"] {
        let frame = json!({"type": "send", "room": "den", "key": key, "body": "x"});
        assert_eq!(socket.refusal(frame).await, "invalid", "{key:?}");
        let refused = ann.http.post("/rooms/den/messages", json!({"key": key, "body": "x"})).await;
        assert_eq!(refused.error(), (422, "invalid"), "{key:?}");
    }
}

async fn a_key_comes_back_as_it_was_written(mut server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let mut watcher = bob.socket_in("den").await;
    let key = "0F9C2D3A-7B1E-4C5D-8E6F-A0B1C2D3E4F5";
    assert_eq!(socket.send("den", key, "first").await["key"], key);
    for socket in [&mut socket, &mut watcher] {
        assert_eq!(socket.message().await["key"], key);
    }
    let by_http = "1F9C2D3A-7B1E-4C5D-8E6F-a0b1c2d3e4f5";
    let posted = ann.http.post("/rooms/den/messages", json!({"key": by_http, "body": "second"})).await.ok(201);
    assert_eq!(posted["key"], by_http);
    server.restart().await;
    let stored = ann.reads_whole_room("den").await;
    assert_eq!((&stored[0]["key"], &stored[1]["key"]), (&json!(key), &json!(by_http)));
}

async fn a_refused_key_comes_back_as_it_was_written(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    for key in ["0F9C2D3A-7B1E-4C5D-8E6F-A0B1C2D3E4F5", "No UUID"] {
        let error = socket.ask(json!({"type": "send", "room": "den", "key": key, "body": ""})).await;
        assert_eq!((&error["code"], &error["key"]), (&json!("invalid"), &json!(key)));
    }
}

async fn a_key_is_the_same_in_either_case(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let upper = new_key().to_uppercase();
    let lower = upper.to_lowercase();
    let first = socket.send("den", &upper, "first").await;
    let again = socket.send("den", &lower, "second").await;
    assert_eq!((&again["id"], &again["key"]), (&first["id"], &json!(lower)), "by which its sender knows the answer");
    let by_http = ann.http.post("/rooms/den/messages", json!({"key": lower, "body": "third"})).await.ok(200);
    assert_eq!((&by_http["id"], &by_http["body"]), (&first["id"], &json!("first")));
    let (lower, upper) = (new_key(), |key: &str| key.to_uppercase());
    // At once, so that both can meet in one transaction.
    for key in [&lower, &upper(&lower)] {
        socket.send_json(json!({"type": "send", "room": "den", "key": key, "body": "x"})).await;
    }
    for key in [&lower, &upper(&lower)] {
        let sent = socket.expect_where("sent", |f| f["type"] == "sent" && f["key"] == key.as_str()).await;
        assert_eq!(sent["id"], 2);
    }
    assert_eq!(ann.reads_whole_room("den").await.len(), 2);
}

/// A room that was never made and one that is hidden are one answer, with a key that was used and with a new one.
async fn a_used_key_does_not_tell_which_rooms_there_are(server: Server) {
    let [ann, eve] = server.people(["ann", "eve"]).await;
    for slug in ["vault", "budget"] {
        ann.makes_private_room(slug).await;
    }
    ann.http.post("/direct", json!({"users": ["eve"]})).await.ok(201);
    eve.makes_room("own").await;
    let used = new_key();
    eve.http.post("/rooms/own/messages", json!({"key": used, "body": "mine"})).await.ok(201);
    for key in [used.clone(), used.to_uppercase(), new_key()] {
        let missing = eve.http.post("/rooms/nowhere/messages", json!({"key": key, "body": "x"})).await;
        assert_eq!(missing.error(), (404, "not_found"));
        for slug in ["vault", "budget"] {
            let hidden = eve.http.post(&format!("/rooms/{slug}/messages"), json!({"key": key, "body": "x"})).await;
            assert_eq!((hidden.status, &hidden.text), (404, &missing.text), "{slug} {key}");
        }
    }
    let mut socket = eve.socket().await;
    let mut ask = async |room| {
        let answer = socket.ask(json!({"type": "send", "room": room, "key": used, "body": "x"})).await;
        (answer["code"].clone(), answer["message"].clone())
    };
    assert_eq!(ask("vault").await, ask("nowhere").await);
}

/// Whoever is put out of a room, in whichever way, is told nothing more of what they said there.
async fn a_used_key_shows_nothing_to_whoever_may_not_see_the_room_any_more(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    for (way, status) in [("members", 404), ("bans", 404), ("public", 403)] {
        match way {
            "public" => ann.makes_room(way).await,
            _ => ann.makes_private_room(way).await,
        };
        ann.adds("bob", way).await;
        let mut socket = bob.socket_in(way).await;
        let (key, path) = (new_key(), format!("/rooms/{way}/messages"));
        let sent = bob.http.post(&path, json!({"key": key, "body": "mine"})).await.ok(201);
        assert_eq!(bob.http.post(&path, json!({"key": key, "body": "x"})).await.ok(200)["id"], sent["id"]);
        match way {
            "members" => ann.removes("bob", way).await,
            _ => drop(ann.http.put_json(&format!("/rooms/{way}/bans/bob"), json!({})).await.ok(204)),
        }
        socket.expect("left").await;
        ann.http.delete(&format!("{path}/{}", sent["id"])).await.ok(204);
        let again = bob.http.post(&path, json!({"key": key, "body": "x"})).await;
        assert_eq!(again.status, status, "{way}: {}", again.text);
        let refused = socket.refusal(json!({"type": "send", "room": way, "key": key, "body": "x"})).await;
        assert_eq!(refused, "not_joined", "{way}");
    }
}

on_both_databases![
    a_used_key_does_not_tell_which_rooms_there_are,
    a_used_key_shows_nothing_to_whoever_may_not_see_the_room_any_more,
    a_resent_key_returns_the_first_id,
    a_resent_key_shows_nobody_anything,
    a_resent_key_returns_the_first_id_after_a_restart,
    a_resent_key_returns_the_id_even_of_a_deleted_message,
    a_key_in_another_room_is_invalid,
    another_author_may_use_the_same_key,
    a_key_on_two_sockets_at_once_makes_one_message,
    a_key_posted_by_http_is_the_same_key,
    a_key_that_is_no_uuid_is_invalid,
    a_key_comes_back_as_it_was_written,
    a_refused_key_comes_back_as_it_was_written,
    a_key_is_the_same_in_either_case,
];
