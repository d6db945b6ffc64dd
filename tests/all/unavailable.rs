//! A database that does not answer: `unavailable`, nothing shown that is not stored, and all well again by itself.

use crate::common::*;
use std::time::Duration;

/// Longer than the timeouts by which a database that hangs counts as away.
const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn without_its_database_a_send_is_unavailable_and_can_be_sent_again() {
    let server = Server::start(Options::on(Database::Postgres)).await;
    let database = server.test_database().expect("a Postgres database");
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut socket, mut watcher) = (ann.socket_in("den").await, bob.socket_in("den").await);
    socket.say("den", "before").await;

    database.cut_off();
    let key = new_key();
    let frame = json!({"type": "send", "room": "den", "key": key, "body": "in between"});
    let error = socket.ask(frame.clone()).await;
    assert_eq!(error["code"], "unavailable", "{error}");
    assert_eq!((&error["key"], &error["room"]), (&json!(key), &json!("den")));
    let ready = server.stranger().get("page:/readyz").await;
    assert_eq!(ready.status, 503);
    server.stranger().get("page:/healthz").await.ok(200);
    let me = ann.http.get("/me").await;
    assert_eq!(me.error(), (503, "unavailable"), "not signed out: the database is away");

    database.let_in();
    let stored = eventually(LIMIT, "the database to be found again", async || {
        let answer = socket.ask(frame.clone()).await;
        (answer["type"] == "sent").then_some(answer)
    })
    .await;
    assert_eq!(stored["id"], 2);
    let shown = watcher.messages_up_to("den", "in between").await;
    assert_eq!(numbers(&shown, "id"), [1, 2], "once, whatever was tried");
    server.stranger().get("page:/readyz").await.ok(200);
}
