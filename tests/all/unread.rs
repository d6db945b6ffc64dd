//! What is unread is counted without reading it; here it is counted anew, message by message.

use crate::common::*;
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// What `GET /rooms` says of a person's only room: unread, mentions.
async fn told(person: &Person) -> [i64; 2] {
    let rooms = person.http.get("/rooms").await.ok(200);
    let [room] = rooms["rooms"].as_array().unwrap().as_slice() else { panic!("one room: {rooms}") };
    ["unread", "mentions"].map(|field| room[field].as_i64().expect("a number"))
}

/// The same, counted by the database one by one.
fn counted(server: &Server, person: &Person) -> [i64; 2] {
    let user = &person.user["id"];
    let above = "members.room_id = messages.room_id AND messages.id > members.last_read_seq";
    let unread = format!(
        "SELECT count(*) FROM messages JOIN members ON {above} WHERE members.user_id = {user} \
         AND messages.author_id <> {user} AND messages.deleted_at IS NULL"
    );
    let mentions = format!(
        "SELECT count(*) FROM messages JOIN members ON {above} JOIN mentions ON mentions.room_id = messages.room_id \
         AND mentions.message_id = messages.id WHERE members.user_id = {user} AND mentions.user_id = {user}"
    );
    [server.number(&unread), server.number(&mentions)].map(|number| number.min(1_000))
}

/// Sends many at once.
async fn sends(person: &Person, bodies: impl Iterator<Item = String>) {
    let sent = bodies.map(async |body| person.posts("den", &body).await);
    join_all(sent).await;
}

async fn numbers_are_those_of_the_messages_whatever_is_done(options: Options) {
    let server = options.option("--send-rate", 0).start().await;
    let people = server.people(["ann", "bob", "carla"]).await;
    people[0].makes_room("den").await;
    for name in ["bob", "carla"] {
        people[0].adds(name, "den").await;
    }
    let mut sockets = vec![];
    for person in &people {
        sockets.push(person.socket_in("den").await);
    }
    let mut random = StdRng::seed_from_u64(7);
    let names = ["ann", "bob", "carla"];
    for round in 0..12 {
        // Enough for several notes of how many there were.
        for person in &people {
            let mention = names[random.random_range(0..3)];
            sends(person, (0..15).map(|n| if n % 5 == 0 { format!("{n} @{mention}") } else { format!("{n}") })).await;
        }
        for _ in 0..6 {
            let who = random.random_range(0..3);
            let last = server.number("SELECT last_seq FROM rooms");
            let id =
                server.number(&format!("SELECT max(id) FROM messages WHERE id <= {}", random.random_range(1..=last)));
            match random.random_range(0..5) {
                0 => drop(people[who].http.post("/rooms/den/unread", json!({"from": id})).await.status),
                1 => sockets[who].send_json(json!({"type": "read", "room": "den", "seq": id})).await,
                2 => drop(
                    sockets[who]
                        .ask(json!({"type": "react", "room": "den", "id": id, "emoji": "👍", "on": true}))
                        .await,
                ),
                3 => {
                    drop(sockets[who].ask(json!({"type": "edit", "room": "den", "id": id, "body": "@ann @bob"})).await);
                }
                _ => drop(sockets[who].ask(json!({"type": "delete", "room": "den", "id": id})).await),
            }
        }
        for (person, socket) in people.iter().zip(&mut sockets) {
            // What was sent over the socket is done.
            socket.ask_ok(json!({"type": "history", "room": "den", "limit": 1})).await;
            let again = async || (told(person).await == counted(&server, person)).then_some(());
            eventually(PATIENCE, &format!("the numbers of round {round}"), again).await;
        }
    }
    assert!(server.number("SELECT count(*) FROM message_counts") > 3, "there are notes to count from");
    assert!(server.number("SELECT count(*) FROM messages WHERE deleted_at IS NOT NULL") > 0);
    server.execute("UPDATE users SET role = 'owner'");
    let report = server.klatch(&["doctor"]).await;
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stdout));
}

/// Messages of ann's of which each mentions bob, who has read none of them.
async fn many_for_bob(server: &Server, count: i64) -> Person {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    ann.posts("den", "@bob").await;
    server.execute(&format!(
        "INSERT INTO messages (room_id, id, seq, key, key_written, author_id, body, html, renderer, sent_at) \
         WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) \
         SELECT room_id, n, n, key || n, key_written || n, author_id, body, html, renderer, sent_at \
         FROM messages, numbers WHERE id = 1"
    ));
    server.execute("INSERT INTO mentions SELECT user_id, mentions.room_id, messages.id FROM mentions, messages WHERE messages.id > 1");
    server.execute(&format!("UPDATE rooms SET last_seq = {count}, message_count = {count}"));
    bob
}

async fn below_1000_numbers_are_exact_and_1000_stands_for_more(server: Server) {
    let bob = many_for_bob(&server, 1_200).await;
    assert_eq!(told(&bob).await, [1_000, 1_000]);
    let mut socket = bob.socket_in("den").await;
    assert_eq!(socket.welcome["rooms"][0]["unread"], 1_000);
    let mut other = bob.socket().await;
    for (seq, left) in [(199, 1_000), (200, 1_000), (201, 999), (1_199, 1), (1_200, 0)] {
        socket.send_json(json!({"type": "read", "room": "den", "seq": seq})).await;
        let read = other.expect("read").await;
        assert_eq!((&read["unread"], &read["mentions"]), (&json!(left), &json!(left)), "{seq}");
        assert_eq!(told(&bob).await, [left, left]);
    }
    bob.http.post("/rooms/den/unread", json!({"from": 150})).await.ok(204);
    assert_eq!(told(&bob).await, [1_000, 1_000]);
    bob.http.post("/rooms/den/unread", json!({"from": 202})).await.ok(204);
    assert_eq!(told(&bob).await, [1_000, 1_000], "the mark only falls");
}

/// A database of an older version has no notes; the migration makes them of what is there.
async fn an_older_database_counts_the_same_once_it_is_brought_up_to_date(mut server: Server) {
    let bob = many_for_bob(&server, 500).await;
    bob.posts("den", "mine").await;
    bob.http.post("/rooms/den/unread", json!({"from": 300})).await.ok(204);
    assert_eq!(told(&bob).await, [201, 201]);
    server.kill().await;
    let down = match server.test_database() {
        Some(_) => include_str!("../../migrations/postgres/2026-11-30-100000_message_counts/down.sql"),
        None => include_str!("../../migrations/sqlite/2026-11-30-100000_message_counts/down.sql"),
    };
    server.execute(down);
    server.execute("DELETE FROM __diesel_schema_migrations WHERE version = '20261130100000'");
    server.restart().await;
    assert_eq!(server.number("SELECT count(*) FROM message_counts"), 3);
    let bob = bob.at(&server);
    assert_eq!(told(&bob).await, [201, 201]);
    server.execute("UPDATE users SET role = 'owner'");
    let report = server.klatch(&["doctor"]).await;
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stdout));
}

on_both_databases![
    numbers_are_those_of_the_messages_whatever_is_done,
    below_1000_numbers_are_exact_and_1000_stands_for_more,
    an_older_database_counts_the_same_once_it_is_brought_up_to_date,
];
