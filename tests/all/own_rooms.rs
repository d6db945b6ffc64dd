//! One's own list of rooms: what is read, and what a direct talk is called.

use crate::common::*;

/// What the person's list, and a fresh welcome, say of a room.
async fn both_of(person: &Person, slug: &str, field: &str) -> [Value; 2] {
    let list = person.http.get("/rooms").await.ok(200);
    let welcome = person.socket().await.welcome;
    [list, welcome].map(|rooms| {
        let rooms = rooms["rooms"].as_array().expect("rooms");
        let room = rooms.iter().find(|room| room["slug"] == slug).expect("the room");
        room[field].clone()
    })
}

async fn all_rooms_are_read_at_once(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    for room in ["attic", "cellar", "den"] {
        ann.makes_room(room).await;
        ann.adds("bob", room).await;
        ann.posts(room, "@bob").await;
    }
    let mut socket = bob.socket().await;
    bob.http.post("/read", json!({"rooms": ["den", "nowhere"]})).await.ok(204);
    let read = socket.expect("read").await;
    assert_eq!((&read["room"], &read["unread"], &read["mentions"]), (&json!("den"), &json!(0), &json!(0)));
    assert_eq!(both_of(&bob, "attic", "unread").await, [json!(1), json!(1)]);
    bob.http.post("/read", json!({})).await.ok(204);
    let mut told = [socket.expect("read").await, socket.expect("read").await].map(|read| read["room"].clone());
    told.sort_by_key(Value::to_string);
    assert_eq!(told, [json!("attic"), json!("cellar")]);
    for room in ["attic", "cellar", "den"] {
        assert_eq!(both_of(&bob, room, "unread").await, [json!(0), json!(0)]);
        assert_eq!(both_of(&bob, room, "mentions").await, [json!(0), json!(0)]);
    }
    assert_eq!(both_of(&ann, "den", "read").await, [json!(1), json!(1)], "the others' marks stay");
}

async fn a_direct_talk_is_called_by_the_others(server: Server) {
    let [ann, bob, _carl] = server.people(["ann", "bob", "carl"]).await;
    let two = slug_of_room(&ann.http.post("/direct", json!({"users": ["bob"]})).await.ok(201));
    let three = slug_of_room(&ann.http.post("/direct", json!({"users": ["bob", "carl"]})).await.ok(201));
    for (person, room, title) in
        [(&ann, &two, "bob"), (&bob, &two, "ann"), (&ann, &three, "bob, carl"), (&bob, &three, "ann, carl")]
    {
        assert_eq!(both_of(person, room, "title").await, [json!(title), json!(title)]);
    }
    bob.http.patch("/me", json!({"display_name": "Robert"})).await.ok(200);
    assert_eq!(both_of(&ann, &two, "title").await, [json!("Robert"), json!("Robert")]);
}

/// Whatever a room's title may be asked by.
async fn every_title_of(person: &Person, slug: &str) -> Vec<Value> {
    let mut titles = both_of(person, slug, "title").await.to_vec();
    titles.push(person.http.get(&format!("/rooms/{slug}")).await.ok(200)["title"].clone());
    titles.push(person.socket().await.join(slug).await["title"].clone());
    titles
}

/// The name that they had is nowhere any more, neither in what is told nor in what is kept.
async fn whoever_deletes_their_account_takes_their_name_out_of_their_talks(server: Server) {
    let [ann, bob, carl] = server.people(["ann", "bob", "carl"]).await;
    for (person, name) in [(&ann, "Stranger"), (&bob, "Gerda Real-Name"), (&carl, "Carl Real-Name")] {
        person.http.patch("/me", json!({"display_name": name})).await.ok(200);
    }
    let two = slug_of_room(&ann.http.post("/direct", json!({"users": ["bob"]})).await.ok(201));
    let three = slug_of_room(&ann.http.post("/direct", json!({"users": ["bob", "carl"]})).await.ok(201));
    for title in every_title_of(&ann, &three).await {
        assert_eq!(title, "Gerda Real-Name, Carl Real-Name");
    }
    let found = ann.http.get("/rooms?q=gerda").await.ok(200);
    assert_eq!(found["rooms"].as_array().expect("rooms").len(), 2, "by the names that are shown: {found}");
    let goodbye = json!({"password": PASSWORD, "messages": "keep"});
    bob.http.delete_with("/me", goodbye.clone()).await.ok(204);
    for (talk, name) in [(&two, "Deleted user"), (&three, "Carl Real-Name")] {
        for title in every_title_of(&ann, talk).await {
            assert_eq!(title, name, "{talk}");
        }
    }
    carl.http.delete_with("/me", goodbye).await.ok(204);
    for title in every_title_of(&ann, &three).await {
        assert_eq!(title, "Deleted user");
    }
    let page = ann.http.get(&format!("page:/rooms/{two}")).await;
    assert!(page.text.contains("Deleted user") && !page.text.contains("Real-Name"), "{}", page.text);
    assert_eq!(ann.http.get("/rooms?q=gerda").await.ok(200)["rooms"], json!([]));
}

/// A talk that all others have left, without deleting anything.
async fn a_talk_without_others_is_called_by_ones_own_name(server: Server) {
    let [ann, bob, carl] = server.people(["ann", "bob", "carl"]).await;
    let talk = slug_of_room(&ann.http.post("/direct", json!({"users": ["bob", "carl"]})).await.ok(201));
    for person in [&bob, &carl] {
        person.removes("me", &talk).await;
    }
    for title in every_title_of(&ann, &talk).await {
        assert_eq!(title, "ann");
    }
}

/// What a room remembers of its latest messages has the names that their authors had.
async fn a_name_that_is_gone_is_in_no_catch_up(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    bob.http.patch("/me", json!({"display_name": "Gerda Real-Name"})).await.ok(200);
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    let mut anns = ann.socket_in("den").await;
    let joined = anns.join("den").await;
    bob.posts("den", "hello").await;
    assert_eq!(anns.message().await["author"]["display_name"], "Gerda Real-Name");
    bob.http.delete_with("/me", json!({"password": PASSWORD, "messages": "keep"})).await.ok(204);
    let (_, messages) = ann.socket().await.catch_up("den", 0, &joined["epoch"]).await;
    assert_eq!(messages[0]["author"]["display_name"], "Deleted user");
}

fn slug_of_room(room: &Value) -> String {
    room["slug"].as_str().expect("a slug").to_owned()
}

async fn a_room_is_unread_again_from_a_message_on(server: Server) {
    let [ann, bob, eve] = server.people(["ann", "bob", "eve"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    for body in ["one", "two, @bob", "three", "four"] {
        ann.posts("den", body).await;
    }
    bob.http.post("/read", json!({})).await.ok(204);
    let mut socket = bob.socket().await;
    bob.http.post("/rooms/den/unread", json!({"from": 2})).await.ok(204);
    let read = socket.expect("read").await;
    for (field, value) in [("seq", json!(1)), ("unread", json!(3)), ("mentions", json!(1)), ("back", json!(true))] {
        assert_eq!(read[field], value, "{field}");
    }
    assert_eq!(both_of(&bob, "den", "unread").await, [json!(3), json!(3)]);
    // It is set back, never forth, and rises as ever.
    bob.http.post("/rooms/den/unread", json!({"from": 4})).await.ok(204);
    assert_eq!(both_of(&bob, "den", "read").await, [json!(1), json!(1)]);
    let mut other = bob.socket_in("den").await;
    other.send_json(json!({"type": "read", "room": "den", "seq": 4})).await;
    let read = socket.expect_where("a rise", |frame| frame["type"] == "read" && frame["unread"] == 0).await;
    assert!(read.get("back").is_none(), "{read}");
    assert_eq!(both_of(&bob, "den", "read").await, [json!(4), json!(4)]);
    for (person, room, from, refusal) in [
        (&bob, "den", 0, (422, "invalid")),
        (&eve, "den", 1, (403, "forbidden")),
        (&eve, "nowhere", 1, (404, "not_found")),
    ] {
        assert_eq!(person.http.post(&format!("/rooms/{room}/unread"), json!({"from": from})).await.error(), refusal);
    }
}

on_both_databases![
    all_rooms_are_read_at_once,
    a_direct_talk_is_called_by_the_others,
    whoever_deletes_their_account_takes_their_name_out_of_their_talks,
    a_talk_without_others_is_called_by_ones_own_name,
    a_name_that_is_gone_is_in_no_catch_up,
    a_room_is_unread_again_from_a_message_on,
];

#[tokio::test]
async fn stars_and_what_is_read_are_told_at_every_instance() {
    let chat = Chat::of(2).await;
    let [here, there] = [&chat.instances[0], &chat.instances[1]];
    let [ann, bob] = here.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    ann.posts("den", "hello").await;
    let mut socket = bob.at(there).socket().await;
    bob.http.put("/rooms/den/star").await.ok(204);
    assert_eq!(socket.expect("room").await["room"], "den");
    bob.http.post("/read", json!({})).await.ok(204);
    let read = socket.expect("read").await;
    assert_eq!((&read["room"], &read["unread"]), (&json!("den"), &json!(0)));
}
