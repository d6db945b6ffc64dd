//! Direct talks, and guests: who is in a place, and what everybody else learns of it.

use crate::common::*;

async fn two_have_one_direct_talk_whoever_begins_it(server: Server) {
    let [ann, bob, carl] = server.people(["ann", "bob", "carl"]).await;
    let mut bobs = bob.socket().await;
    let talk = ann.http.post("/direct", json!({"users": ["bob"]})).await.ok(201);
    assert_eq!((&talk["kind"], &talk["title"]), (&json!("direct"), &json!("ann, bob")));
    let slug = slug_of(&bobs.expect("room").await).to_owned();
    assert_eq!(talk["slug"], json!(slug));
    assert_eq!(bob.http.post("/direct", json!({"users": ["ANN"]})).await.ok(200), talk);
    ann.posts(&slug, "psst").await;
    assert_eq!(bobs.expect("mention").await["message"]["body"], "psst");
    for person in [&ann, &bob] {
        let leave = format!("/rooms/{slug}/members/me");
        assert_eq!(person.http.delete(&leave).await.error(), (403, "forbidden"));
        assert_eq!(person.http.put(&format!("/rooms/{slug}/members/carl")).await.error(), (403, "forbidden"));
        assert_eq!(
            person.http.patch(&format!("/rooms/{slug}"), json!({"title": "x"})).await.error(),
            (403, "forbidden")
        );
    }
    assert_eq!(carl.http.get(&format!("/rooms/{slug}")).await.error(), (404, "not_found"));
    assert_eq!(ann.http.post("/direct", json!({"users": ["ann"]})).await.error(), (422, "invalid"));
    assert_eq!(ann.http.post("/direct", json!({"users": ["nobody"]})).await.error(), (404, "not_found"));
}

async fn two_who_begin_at_the_same_moment_find_one_talk(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    let begin = |person: &Person, other: &str| {
        let (http, body) = (person.http.clone(), json!({"users": [other]}));
        async move { http.post("/direct", body).await }
    };
    let all = futures_util::future::join_all(
        (0..8).map(|n| if n % 2 == 0 { begin(&ann, "bob") } else { begin(&bob, "ann") }),
    );
    let all = all.await;
    assert_eq!(all.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(all.iter().all(|answer| answer.json["id"] == all[0].json["id"]));
}

async fn a_talk_of_several_grows_to_twelve_and_can_be_left(server: Server) {
    let ann = server.person("ann").await;
    for n in 0..12 {
        server.person(&format!("p{n}")).await;
    }
    let users: Vec<String> = (0..11).map(|n| format!("p{n}")).collect();
    let talk = ann.http.post("/direct", json!({"users": users})).await.ok(201);
    let slug = slug_of(&json!({"room": talk["slug"]})).to_owned();
    assert_eq!(ann.http.put(&format!("/rooms/{slug}/members/p11")).await.error(), (422, "invalid"));
    ann.http.delete(&format!("/rooms/{slug}/members/me")).await.ok(204);
    assert_eq!(ann.http.get(&format!("/rooms/{slug}")).await.error(), (404, "not_found"));
    let more: Vec<String> = (0..12).map(|n| format!("p{n}")).collect();
    assert_eq!(ann.http.post("/direct", json!({"users": more})).await.error(), (422, "invalid"));
}

async fn a_guest_sees_only_the_rooms_they_are_in(server: Server) {
    let ann = server.person("ann").await;
    let gast = server.person_as("gast", "guest").await;
    ann.makes_room("den").await;
    ann.makes_room("hall").await;
    ann.adds("gast", "hall").await;
    let mut socket = gast.socket().await;
    let rooms = gast.http.get("/rooms").await.ok(200);
    assert_eq!(rooms["rooms"].as_array().map(Vec::len), Some(1), "{rooms}");
    for path in ["/rooms/den", "/rooms/den/messages", "/rooms/den/members"] {
        assert_eq!(gast.http.get(path).await.error(), (404, "not_found"), "{path}");
    }
    assert_eq!(socket.refusal(json!({"type": "join", "room": "den"})).await, "not_found");
    assert_eq!(gast.http.put("/rooms/den/members/me").await.error(), (404, "not_found"));
    assert_eq!(gast.http.post("/rooms", json!({"slug": "mine"})).await.error(), (403, "forbidden"));
    assert_eq!(gast.http.post("/direct", json!({"users": ["ann"]})).await.error(), (403, "forbidden"));
    assert_eq!(gast.http.put("/rooms/hall/members/ann").await.error(), (403, "forbidden"));
    // Nobody tells them of a room that was made, changed or deleted, either.
    ann.makes_room("attic").await;
    ann.http.patch("/rooms/attic", json!({"topic": "dust"})).await.ok(200);
    ann.http.delete_with("/rooms/attic", json!({"confirm": "attic"})).await.ok(204);
    ann.http.patch("/rooms/hall", json!({"topic": "for all"})).await.ok(200);
    let told = socket.expect("room").await;
    assert_eq!(told["room"], "hall", "{told}");
    socket.join("hall").await;
    socket.say("hall", "hello").await;
}

/// Every call and frame that names a room, tried by a stranger with everything they could have heard of, is answered as for
/// a room that was never made.
async fn a_stranger_learns_nothing_of_a_private_room_whatever_they_try(server: Server) {
    let [ann, eve] = server.people(["ann", "eve"]).await;
    ann.makes_private_room("vault").await;
    let talk = ann.http.post("/direct", json!({"users": ["eve"]})).await.ok(201);
    drop(talk);
    let id = ann.posts("vault", "gold, @eve").await["id"].clone();
    let mut eves = eve.socket().await;
    let answers = async |slug: &str| {
        let at = |rest: &str| format!("/rooms/{slug}{rest}");
        let body = json!({"key": "5d7f0d38-3f0c-4d1c-9d1f-000000000001", "body": "x", "reply_to": id});
        let http = &eve.http;
        vec![
            http.get(&at("")).await,
            http.get(&at("/messages")).await,
            http.get(&at("/members")).await,
            http.get(&at("/sanctions")).await,
            http.get(&at("/reports")).await,
            http.get(&at("/audit")).await,
            http.post(&at("/messages"), body).await,
            http.delete(&at(&format!("/messages/{id}"))).await,
            http.post(&at(&format!("/messages/{id}/reports")), json!({})).await,
            http.patch(&at(""), json!({"title": "x"})).await,
            http.patch(&at(""), json!({})).await,
            http.delete_with(&at(""), json!({"confirm": slug})).await,
            http.put_json(&at("/notify"), json!({"notify": "none"})).await,
            http.put(&at("/members/me")).await,
            http.put(&at("/members/eve")).await,
            http.patch(&at("/members/ann"), json!({"role": "member"})).await,
            http.delete(&at("/members/me")).await,
            http.delete(&at("/members/ann")).await,
            http.put_json(&at("/mutes/ann"), json!({})).await,
            http.delete(&at("/mutes/ann")).await,
            http.put_json(&at("/bans/ann"), json!({})).await,
            http.delete(&at("/bans/ann")).await,
        ]
    };
    let (hidden, missing) = (answers("vault").await, answers("nowhere").await);
    for (n, (hidden, missing)) in hidden.iter().zip(&missing).enumerate() {
        assert_eq!((hidden.status, &hidden.text), (missing.status, &missing.text), "call {n}");
        assert_eq!(hidden.status, 404, "call {n}: {}", hidden.text);
    }
    for frame in ["join", "leave", "send", "edit", "delete", "react", "history", "read", "typing"] {
        let mut ask = async |room: &str| {
            eves.ask(json!({
                "type": frame, "room": room, "id": id, "key": new_key(), "body": "x", "emoji": "👍", "on": true, "seq": 1
            }))
            .await
        };
        let (hidden, missing) = (ask("vault").await, ask("nowhere").await);
        assert_eq!((&hidden["code"], &hidden["message"]), (&missing["code"], &missing["message"]), "{frame}");
        assert_eq!(hidden["type"], "error", "{frame}");
    }
    // Nor did anything reach her by itself.
    ann.posts("vault", "@eve again").await;
    ann.posts("vault", "and again").await;
    eves.ask(json!({"type": "history", "room": "nowhere"})).await;
    assert!(eves.kept().all(|frame| !frame.to_string().contains("vault")), "{:?}", eves.kept().collect::<Vec<_>>());
}

on_both_databases![
    two_have_one_direct_talk_whoever_begins_it,
    two_who_begin_at_the_same_moment_find_one_talk,
    a_talk_of_several_grows_to_twelve_and_can_be_left,
    a_guest_sees_only_the_rooms_they_are_in,
    a_stranger_learns_nothing_of_a_private_room_whatever_they_try,
];
