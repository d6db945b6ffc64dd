//! What operators do to people and rooms by the command line, beside a server that runs.

use crate::commands::{refused, said};
use crate::common::*;

/// More than are read at once.
const MANY: i64 = 1_203;

async fn all_accounts_and_rooms_are_listed_once(server: Server) {
    let [ann, _bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    ann.makes_private_room("attic").await;
    ann.posts("den", "hello").await;
    ann.http.post("/direct", json!({"users": ["bob"]})).await.ok(201);
    said(server.klatch(&["room", "archive", "attic"]).await);
    said(server.klatch(&["user", "disable", "bob"]).await);
    let gus = server.person("gus").await;
    gus.http.delete_with("/me", json!({"password": PASSWORD, "messages": "keep"})).await.ok(204);
    server.execute(&format!(
        "INSERT INTO users (username, username_key, display_name, password_hash, created_at, words_of) \
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MANY}) \
         SELECT 'u' || n, 'u' || n, 'Number ' || n, '', '2026-01-02 03:04:05', '' FROM numbers"
    ));
    server.execute(&format!(
        "INSERT INTO rooms (slug, title, topic, kind, last_seq, message_count, access, created_at, words_of) \
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MANY}) \
         SELECT 'r' || n, 'Room ' || n, '', 'public', 0, 0, 0, '2026-01-02 03:04:05', '' FROM numbers"
    ));
    let people = said(server.klatch(&["user", "list"]).await);
    let people: Vec<Vec<&str>> = people.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(people.len() as i64, 2 + MANY);
    assert_eq!(people[0][..3], ["ann", "member", "active"]);
    assert_eq!(people[1][..3], ["bob", "member", "disabled"]);
    let last = format!("u{MANY}\tmember\tactive\t2026-01-02T03:04:05Z\tNumber {MANY}");
    assert_eq!(people.last().map(|fields| fields.join("\t")), Some(last));
    let rooms = said(server.klatch(&["room", "list"]).await);
    let rooms: Vec<&str> = rooms.lines().collect();
    assert_eq!(rooms.len() as i64, 2 + MANY, "no direct talk is among them");
    assert!(rooms[0].starts_with("den\tpublic\topen\t2\t1\t"), "{}", rooms[0]);
    assert!(rooms[1].starts_with("attic\tprivate\tarchived\t1\t0\t"), "{}", rooms[1]);
    let last = format!("r{MANY}\tpublic\topen\t0\t0\tRoom {MANY}");
    assert_eq!(rooms.last(), Some(&last.as_str()));
}

async fn the_operator_removes_all_that_somebody_wrote(options: Options) {
    let server = options.in_haste().start().await;
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    for n in 0..60 {
        bob.posts("den", &format!("plan {n}")).await;
    }
    ann.posts("den", "what plans?").await;
    let mut socket = ann.socket_in("den").await;
    assert!(refused(server.klatch(&["user", "wipe", "bob"]).await).contains("--yes"));
    assert!(refused(server.klatch(&["user", "wipe", "nobody", "--yes"]).await).contains("no user"));
    said(server.klatch(&["user", "wipe", "bob", "--yes"]).await);
    // Whoever looks on sees each message go.
    for _ in 0..60 {
        assert_eq!(socket.message().await["deleted"], true);
    }
    let left = "SELECT count(*) FROM messages WHERE body <> ''";
    assert_eq!(server.number(left), 1);
    assert_eq!(server.text("SELECT actor FROM audit WHERE act = 'user_wiped'"), "operator");
    // Bob writes on.
    bob.posts("den", "a new plan").await;
    assert_eq!(server.number(left), 2);
}

async fn the_operator_deletes_an_account(options: Options) {
    let server = options.in_haste().start().await;
    let [ann, bob, gus] = server.people(["ann", "bob", "gus"]).await;
    ann.makes_room("den").await;
    for person in ["bob", "gus"] {
        ann.adds(person, "den").await;
    }
    bob.posts("den", "plans").await;
    gus.posts("den", "other plans").await;
    let mut socket = bob.socket_in("den").await;
    assert!(refused(server.klatch(&["user", "delete", "bob"]).await).contains("--yes"));
    said(server.klatch(&["user", "role", "ann", "owner"]).await);
    assert!(refused(server.klatch(&["user", "delete", "ann", "--yes"]).await).contains("owner"));
    said(server.klatch(&["user", "delete", "bob", "--yes"]).await);
    assert_eq!(socket.closed_within(PATIENCE * 3).await.0, 4401);
    assert_eq!(bob.http.get("/me").await.status, 401);
    let said_by = async |body: &str| {
        let messages = ann.reads_whole_room("den").await;
        let message = messages.into_iter().find(|message| message["body"] == body)?;
        Some(message["author"]["display_name"].as_str().expect("a name").to_owned())
    };
    // A server that runs forgets the name too.
    eventually(PATIENCE * 3, "the name of nobody", async || {
        (said_by("plans").await.as_deref() == Some("Deleted user")).then_some(())
    })
    .await;
    said(server.klatch(&["user", "delete", "gus", "--with-messages", "--yes"]).await);
    eventually(PATIENCE * 3, "the end of the messages", async || said_by("other plans").await.is_none().then_some(()))
        .await;
    let jobs = "SELECT count(*) FROM jobs";
    eventually(PATIENCE * 3, "the end of the jobs", async || (server.number(jobs) == 0).then_some(())).await;
    let doctor = server.klatch(&["doctor"]).await;
    assert!(doctor.status.success(), "{doctor:?}");
}

on_both_databases![
    all_accounts_and_rooms_are_listed_once,
    the_operator_removes_all_that_somebody_wrote,
    the_operator_deletes_an_account,
];
