//! A database that is there and does not answer: `unavailable` in time, nothing shown, and all well again by itself.

use crate::common::outage::{ANSWERED, call_is_unavailable, frame_is_unavailable};
use crate::common::postgres::{TestDatabase, Transaction};
use crate::common::postgres_wire::PostgresWire;
use crate::common::*;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use reqwest::Method;
use std::time::{Duration, Instant};

/// How long until a database that answers again is found.
const LIMIT: Duration = Duration::from_secs(30);

/// Locks every table.
async fn freeze(database: &TestDatabase) -> Transaction {
    let tables = "meta, users, sessions, rooms, members, messages, mentions, reactions";
    Transaction::begin(database, &format!("LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")).await
}

/// A server on Postgres with ann and bob in the den, where one message was sent.
async fn den() -> (Server, Person, Socket, Socket) {
    let server = Server::start(Options::on(Database::Postgres)).await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.makes_room("attic").await;
    let (mut socket, watcher) = (ann.socket_in("den").await, bob.socket_in("den").await);
    socket.say("den", "before").await;
    (server, ann, socket, watcher)
}

#[tokio::test]
async fn frames_are_unavailable_in_time_and_a_send_is_stored_once() {
    let (server, ann, mut socket, mut watcher) = den().await;
    let (mut reader, mut joiner, mut newcomer) = (ann.socket_in("den").await, ann.socket().await, ann.socket().await);
    let mut leaver = server.person("cleo").await.socket_in("den").await;
    let freeze = freeze(server.test_database().expect("a Postgres database")).await;
    let key = new_key();
    let send = json!({"type": "send", "room": "den", "key": key, "body": "in between"});
    let (refused, ..) = tokio::join!(
        frame_is_unavailable(&mut socket, send.clone()),
        frame_is_unavailable(&mut reader, json!({"type": "history", "room": "den"})),
        frame_is_unavailable(&mut joiner, json!({"type": "join", "room": "den"})),
        // A room that is not in use yet.
        frame_is_unavailable(&mut newcomer, json!({"type": "join", "room": "attic"})),
    );
    assert_eq!((&refused["key"], &refused["room"]), (&json!(key), &json!("den")));
    frame_is_unavailable(&mut socket, send.clone()).await;
    // Who is there is stored nowhere: it comes behind whatever would have been shown.
    leaver.leave("den").await;
    let shown = watcher.up_to("somebody who leaves", |f| f["left"][0]["username"] == "cleo").await;
    assert!(shown.iter().all(|f| f["message"]["body"] != "in between"), "not stored, and shown: {shown:?}");

    freeze.let_go().await;
    let sent = eventually(LIMIT, "the database to be found again", async || {
        let answer = socket.ask(send.clone()).await;
        (answer["type"] == "sent").then_some(answer)
    })
    .await;
    assert_eq!(sent["id"], 2);
    joiner.join("den").await;
    newcomer.join("attic").await;
    reader.ask_ok(json!({"type": "history", "room": "den"})).await;
    assert_eq!(socket.say("den", "after").await, 3);
    let stored = ann.reads_whole_room("den").await;
    let bodies: Vec<_> = stored.iter().map(|message| &message["body"]).collect();
    assert_eq!(bodies, ["before", "in between", "after"], "once, whatever was tried");
    let live = [
        shown.into_iter().filter(|f| f["type"] == "message").map(|f| f["message"].clone()).collect(),
        watcher.messages_up_to("den", "after").await,
    ]
    .concat();
    assert_eq!(numbers(&live, "id"), [1, 2, 3], "each is shown once");
}

#[tokio::test]
async fn http_is_unavailable_in_time_and_a_post_is_stored_once() {
    let (server, ann, mut socket, _watcher) = den().await;
    let freeze = freeze(server.test_database().expect("a Postgres database")).await;
    let stranger = server.stranger();
    let message = json!({"key": new_key(), "body": "in between"});
    let account = json!({"username": "ann", "password": PASSWORD});
    tokio::join!(
        call_is_unavailable(&ann.http, Method::GET, "/me", &Value::Null),
        call_is_unavailable(&ann.http, Method::GET, "/rooms", &Value::Null),
        call_is_unavailable(&ann.http, Method::GET, "/rooms/den", &Value::Null),
        call_is_unavailable(&ann.http, Method::GET, "/rooms/den/messages", &Value::Null),
        call_is_unavailable(&ann.http, Method::POST, "/rooms/den/messages", &message),
        call_is_unavailable(&stranger, Method::POST, "/login", &account),
    );
    freeze.let_go().await;
    eventually(LIMIT, "the database to be found again", async || {
        let answer = ann.http.post("/rooms/den/messages", message.clone()).await;
        [200, 201].contains(&answer.status).then_some(())
    })
    .await;
    assert_eq!(socket.say("den", "after").await, 3);
    assert_eq!(ann.reads_whole_room("den").await.len(), 3);
    stranger.post("/login", account).await.ok(200);
}

/// A network that swallows packets: what was sent stays sent, and nothing comes back.
#[tokio::test]
async fn connections_that_hang_are_unavailable_in_time() {
    let database = TestDatabase::create();
    let wire = PostgresWire::to(&database.url).await;
    let server = Options::sqlite().option("--database-url", &wire.url).start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut socket, mut reader, mut joiner) =
        (ann.socket_in("den").await, ann.socket_in("den").await, ann.socket().await);
    let mut watcher = bob.socket_in("den").await;
    socket.say("den", "before").await;
    wire.hang();
    let send = json!({"type": "send", "room": "den", "key": new_key(), "body": "in between"});
    let ready = async {
        let began = Instant::now();
        server.stranger().get("page:/healthz").await.ok(200);
        assert!(began.elapsed() < Duration::from_secs(2), "alive, whatever the database does");
        assert_eq!(server.stranger().get("page:/readyz").await.status, 503);
        assert!(began.elapsed() < ANSWERED, "/readyz after {:?}", began.elapsed());
    };
    tokio::join!(
        frame_is_unavailable(&mut socket, send.clone()),
        frame_is_unavailable(&mut reader, json!({"type": "history", "room": "den"})),
        frame_is_unavailable(&mut joiner, json!({"type": "join", "room": "den"})),
        call_is_unavailable(&ann.http, Method::GET, "/rooms", &Value::Null),
        ready,
    );
    // Another one, when all connections are known to hang.
    frame_is_unavailable(&mut socket, send.clone()).await;
    wire.mend();
    eventually(LIMIT, "the database to be found again", async || {
        let answer = socket.ask(send.clone()).await;
        (answer["type"] == "sent" && answer["id"] == 2).then_some(())
    })
    .await;
    eventually(LIMIT, "/readyz", async || (server.stranger().get("page:/readyz").await.status == 200).then_some(()))
        .await;
    eventually(LIMIT, "a join", async || {
        let answer = joiner.ask(json!({"type": "join", "room": "den"})).await;
        (answer["type"] == "joined").then_some(())
    })
    .await;
    assert_eq!(socket.say("den", "after").await, 3);
    assert_eq!(numbers(&watcher.messages_up_to("den", "after").await, "id"), [1, 2, 3], "each is shown once");
    assert_eq!(ann.reads_whole_room("den").await.len(), 3);
}

/// As an operator's tool does that copies or repairs the file.
#[tokio::test]
async fn a_sqlite_file_that_somebody_else_writes_to_is_unavailable_in_time() {
    let server = Server::start(Options::sqlite()).await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    socket.say("den", "before").await;
    let path = server.data_dir().join("klatch.db");
    let mut writer = SqliteConnection::establish(&path.to_string_lossy()).expect("a database that can be opened");
    writer.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").expect("a lock");
    let send = json!({"type": "send", "room": "den", "key": new_key(), "body": "in between"});
    frame_is_unavailable(&mut socket, send.clone()).await;
    let ready = async || server.stranger().get("page:/readyz").await.status;
    assert_eq!(ready().await, 503);
    writer.batch_execute("COMMIT").expect("the lock's end");
    eventually(LIMIT, "/readyz", async || (ready().await == 200).then_some(())).await;
    let sent = eventually(LIMIT, "the file to be free again", async || {
        let answer = socket.ask(send.clone()).await;
        (answer["type"] == "sent").then_some(answer)
    })
    .await;
    assert_eq!(sent["id"], 2);
    assert_eq!(ann.reads_whole_room("den").await.len(), 2);
}
