//! Postgres stopped, frozen, restarted, out of connections: `unavailable` in time, nothing shown that is not stored, and
//! all well again by itself. People talk throughout, and what they saw is judged in the end.

use crate::common::outage::{ANSWERED, call_is_unavailable, frame_is_unavailable};
use crate::common::postgres::{Cluster, TestDatabase};
use crate::common::*;
use crate::crash::client::Habits;
use crate::crash::talk::Talk;
use reqwest::Method;
use std::time::{Duration, Instant};

const CLIENTS: usize = 3;
/// Records that show that the talk goes on.
const SOME: usize = 60;
/// How long until a database that answers again is found.
const LIMIT: Duration = Duration::from_secs(30);

/// A server on a database that is about to fail, and those who will ask for something meanwhile.
struct Outage {
    server: Server,
    talk: Talk,
    ann: Person,
    sender: Socket,
    reader: Socket,
    joiner: Socket,
    newcomer: Socket,
    watcher: Socket,
    send: Value,
    post: Value,
}

impl Outage {
    async fn on(url: &str) -> Self {
        let server = Options::sqlite().option("--database-url", url).start().await;
        let [ann, bob] = server.people(["ann", "bob"]).await;
        ann.makes_room("hall").await;
        ann.makes_room("cellar").await;
        let (mut sender, reader) = (ann.socket_in("hall").await, ann.socket_in("hall").await);
        let watcher = bob.socket_in("hall").await;
        sender.say("hall", "before").await;
        let (joiner, newcomer) = (ann.socket().await, ann.socket().await);
        let send = json!({"type": "send", "room": "hall", "key": new_key(), "body": "sent meanwhile"});
        let post = json!({"key": new_key(), "body": "posted meanwhile"});
        let talk = Talk::begin(&server, CLIENTS, 1, Habits::default()).await;
        talk.goes_on(SOME).await;
        Self { server, talk, ann, sender, reader, joiner, newcomer, watcher, send, post }
    }

    /// Whatever needs the database is refused in time, and `/readyz` tells.
    async fn is_felt(&mut self) {
        let stranger = self.server.stranger();
        let account = json!({"username": "ann", "password": PASSWORD});
        let http = &self.ann.http;
        let ready = async {
            let began = Instant::now();
            stranger.get("page:/healthz").await.ok(200);
            assert_eq!(stranger.get("page:/readyz").await.status, 503);
            assert!(began.elapsed() < ANSWERED, "/readyz after {:?}", began.elapsed());
        };
        tokio::join!(
            frame_is_unavailable(&mut self.sender, self.send.clone()),
            frame_is_unavailable(&mut self.reader, json!({"type": "history", "room": "hall"})),
            frame_is_unavailable(&mut self.joiner, json!({"type": "join", "room": "hall"})),
            // A room that is not in use yet.
            frame_is_unavailable(&mut self.newcomer, json!({"type": "join", "room": "cellar"})),
            call_is_unavailable(http, Method::GET, "/me", &Value::Null),
            call_is_unavailable(http, Method::GET, "/rooms/hall/messages", &Value::Null),
            call_is_unavailable(http, Method::POST, "/rooms/hall/messages", &self.post),
            call_is_unavailable(&stranger, Method::POST, "/login", &account),
            ready,
        );
    }

    /// Everything works again, and nobody had to do anything.
    async fn ends(mut self) {
        let began = Instant::now();
        let stranger = self.server.stranger();
        let ready = async || (stranger.get("page:/readyz").await.status == 200).then_some(());
        eventually(LIMIT, "/readyz", ready).await;
        eventually(LIMIT, "a send", async || {
            (self.sender.ask(self.send.clone()).await["type"] == "sent").then_some(())
        })
        .await;
        eventually(LIMIT, "a post", async || {
            let answer = self.ann.http.post("/rooms/hall/messages", self.post.clone()).await;
            [200, 201].contains(&answer.status).then_some(())
        })
        .await;
        for (socket, room) in [(&mut self.joiner, "hall"), (&mut self.newcomer, "cellar")] {
            let join = json!({"type": "join", "room": room});
            eventually(LIMIT, "a join", async || (socket.ask(join.clone()).await["type"] == "joined").then_some(()))
                .await;
        }
        eprintln!("all works {:?} after the end of the fault", began.elapsed());
        self.reader.ask_ok(json!({"type": "history", "room": "hall"})).await;
        stranger.post("/login", json!({"username": "ann", "password": PASSWORD})).await.ok(200);
        self.sender.say("hall", "after").await;
        let stored = self.ann.reads_whole_room("hall").await;
        assert_eq!(stored.len(), 4, "each once, whatever was tried: {stored:?}");
        assert_eq!(self.watcher.messages_up_to("hall", "after").await, stored, "shown is what is stored");
        self.talk.goes_on(SOME).await;
        self.talk.end().await;
    }
}

#[tokio::test]
async fn a_postgres_that_is_stopped_and_started_again() {
    let mut cluster = Cluster::start();
    let mut outage = Outage::on(&cluster.url).await;
    cluster.cause("stop");
    outage.is_felt().await;
    cluster.cause("start");
    outage.ends().await;
}

#[tokio::test]
async fn a_postgres_that_is_restarted_under_load() {
    let mut cluster = Cluster::start();
    let outage = Outage::on(&cluster.url).await;
    for _ in 0..3 {
        cluster.cause("stop");
        cluster.cause("start");
        outage.talk.goes_on(SOME).await;
    }
    outage.ends().await;
}

/// Connections stay open and the kernel acknowledges what is sent, but nothing answers.
#[tokio::test]
async fn a_postgres_that_is_frozen_and_thaws() {
    let mut cluster = Cluster::start();
    let mut outage = Outage::on(&cluster.url).await;
    cluster.cause("freeze");
    outage.is_felt().await;
    // All connections are known to hang by now.
    frame_is_unavailable(&mut outage.sender, outage.send.clone()).await;
    cluster.cause("thaw");
    outage.ends().await;
}

#[tokio::test]
async fn a_postgres_that_is_out_of_connections() {
    let database = TestDatabase::empty();
    let mut outage = Outage::on(&database.given_to_a_plain_user()).await;
    database.limit_connections(0);
    outage.is_felt().await;
    database.limit_connections(-1);
    outage.ends().await;
}

/// Nobody has to have failed to send before.
async fn ready_is(server: &Server, status: u16) {
    let stranger = server.stranger();
    let asked = async || (stranger.get("page:/readyz").await.status == status).then_some(());
    eventually(LIMIT, &format!("/readyz {status}"), asked).await;
}

#[tokio::test]
async fn a_database_that_may_only_be_read_is_not_ready_though_nobody_sends() {
    let server = Options::on(Database::Postgres).in_haste().start().await;
    let database = server.test_database().expect("a Postgres database");
    database.may_only_be_read(true);
    ready_is(&server, 503).await;
    database.may_only_be_read(false);
    ready_is(&server, 200).await;
}

#[tokio::test]
async fn a_database_whose_messages_are_locked_is_not_ready_though_nobody_sends() {
    let server = Options::on(Database::Postgres).in_haste().start().await;
    let locked = server.test_database().expect("a Postgres database").locked("messages");
    ready_is(&server, 503).await;
    drop(locked);
    ready_is(&server, 200).await;
}
