//! The connection to Postgres ends in the moment of a commit: whether it was stored is found out before anybody is told.

use crate::common::outage::frame_is_unavailable;
use crate::common::postgres::TestDatabase;
use crate::common::postgres_wire::{Cut, MARK, PostgresWire};
use crate::common::*;
use std::time::Duration;

/// How long until a database that answers again is found.
const LIMIT: Duration = Duration::from_secs(30);

/// A server behind the wire, with ann and bob in the den, where one message was sent.
async fn den(wire: &PostgresWire) -> (Server, Person, Socket, Socket) {
    let server = Options::sqlite().option("--database-url", &wire.url).start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut socket, watcher) = (ann.socket_in("den").await, bob.socket_in("den").await);
    socket.say("den", "before").await;
    (server, ann, socket, watcher)
}

async fn is_stored_once_and_answered(cut: Cut) {
    let database = TestDatabase::create();
    let wire = PostgresWire::to(&database.url).await;
    let (_server, ann, mut socket, mut watcher) = den(&wire).await;
    wire.arm(cut);
    let key = new_key();
    let sent = socket.send("den", &key, MARK).await;
    wire.has_cut();
    assert_eq!(sent["id"], 2, "looked up before it was answered");
    assert_eq!(socket.say("den", "after").await, 3);
    assert_eq!(socket.send("den", &key, "again").await["id"], 2);
    let stored = ann.reads_whole_room("den").await;
    assert_eq!(numbers(&stored, "id"), [1, 2, 3]);
    for socket in [&mut socket, &mut watcher] {
        assert_eq!(socket.messages_up_to("den", "after").await, stored, "each is shown once, in order");
    }
}

#[tokio::test]
async fn a_send_whose_commit_was_not_answered_is_looked_up() {
    is_stored_once_and_answered(Cut::After).await;
}

#[tokio::test]
async fn a_send_whose_commit_never_arrived_is_stored_again() {
    is_stored_once_and_answered(Cut::Before).await;
}

/// Edits, deletions and reactions have no keys: that they are there already is seen from the message.
#[tokio::test]
async fn a_change_whose_commit_was_not_answered_takes_one_number() {
    let database = TestDatabase::create();
    let wire = PostgresWire::to(&database.url).await;
    let (_server, ann, mut socket, mut watcher) = den(&wire).await;
    wire.arm(Cut::After);
    let done = socket.ask_ok(json!({"type": "edit", "room": "den", "id": 1, "body": MARK})).await;
    wire.has_cut();
    assert_eq!((&done["id"], &done["seq"]), (&json!(1), &json!(2)));
    assert_eq!(socket.say("den", "after").await, 3);
    assert_eq!(numbers(&watcher.messages_up_to("den", "after").await, "seq"), [1, 2, 3]);
    assert_eq!(numbers(&ann.reads_whole_room("den").await, "seq"), [2, 3]);
}

#[tokio::test]
async fn a_send_whose_commit_was_lost_with_the_database_is_unavailable_and_found_later() {
    let database = TestDatabase::create();
    let wire = PostgresWire::to(&database.url).await;
    let (server, ann, mut socket, mut watcher) = den(&wire).await;
    wire.arm(Cut::AfterAndAway);
    let send = json!({"type": "send", "room": "den", "key": new_key(), "body": MARK});
    frame_is_unavailable(&mut socket, send.clone()).await;
    wire.has_cut();
    frame_is_unavailable(&mut socket, send.clone()).await;
    assert_eq!(server.stranger().get("page:/readyz").await.status, 503);
    wire.mend();
    let sent = eventually(LIMIT, "the database to be found again", async || {
        let answer = socket.ask(send.clone()).await;
        (answer["type"] == "sent").then_some(answer)
    })
    .await;
    assert_eq!(sent["id"], 2, "it was stored the first time");
    assert_eq!(socket.say("den", "after").await, 3);
    let stored = ann.reads_whole_room("den").await;
    assert_eq!(numbers(&stored, "id"), [1, 2, 3]);
    assert_eq!(watcher.messages_up_to("den", "after").await, stored, "each is shown once, in order");
}
