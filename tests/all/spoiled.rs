//! A send that the database refuses, or that waits for somebody: its own fault, and nobody else's.

use crate::common::postgres::{TestDatabase, Transaction};
use crate::common::*;
use crate::metrics::scraped;
use std::time::{Duration, Instant};

const POISON: &str = "poison";

/// Has the database refuse one body, as a fault of its own would: the server knows nothing of it.
fn refuse_poison(server: &Server) {
    if server.test_database().is_none() {
        let refuse = "BEGIN SELECT RAISE(ABORT, 'refused'); END";
        return server
            .execute(&format!("CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN NEW.body = '{POISON}' {refuse}"));
    }
    server.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$",
    );
    server.execute(&format!(
        "CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW WHEN (NEW.body = '{POISON}') EXECUTE FUNCTION refuse()"
    ));
}

async fn one_send_that_cannot_be_stored_spoils_no_other_and_burns_no_number(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    ann.makes_room("den").await;
    let (mut sender, mut stranger) = (ann.socket_in("den").await, bob.socket_in("den").await);
    refuse_poison(&server);
    // Sent without waiting for answers, so that they share transactions: the first occupies the journal.
    let bodies: Vec<String> = (0..30).map(|n| if n % 5 == 2 { POISON.to_owned() } else { n.to_string() }).collect();
    let mut keys = vec![];
    for body in &bodies {
        keys.push(new_key());
        sender.send_json(json!({"type": "send", "room": "den", "key": keys.last(), "body": body})).await;
    }
    let key = new_key();
    stranger.send_json(json!({"type": "send", "room": "den", "key": key, "body": "a stranger's"})).await;
    let mut sent = vec![];
    for (key, body) in keys.iter().zip(&bodies) {
        let answer = sender.expect_where("an answer", |f| f["key"] == key.as_str() && f["type"] != "message").await;
        match body.as_str() {
            POISON => assert_eq!(answer["code"], "unavailable", "{answer}"),
            _ => sent.push(answer["id"].as_u64().unwrap_or_else(|| panic!("{answer}"))),
        }
    }
    let answer = stranger.expect_where("an answer", |f| f["key"] == key.as_str() && f["type"] != "message").await;
    sent.push(answer["id"].as_u64().unwrap_or_else(|| panic!("{answer}")));
    sent.sort_unstable();
    assert_eq!(sent, (1..=25).collect::<Vec<_>>(), "dense: what is refused takes no number");
    let stored = ann.reads_whole_room("den").await;
    assert_eq!(numbers(&stored, "id"), sent);
    assert!(stored.iter().all(|message| message["body"] != POISON));
    assert!(server.stderr().contains("stored in parts"), "some of them shared a transaction");
}
on_both_databases![one_send_that_cannot_be_stored_spoils_no_other_and_burns_no_number];

/// Far below the time for which a lock is waited for, and far above what a send takes.
const SOON: Duration = Duration::from_millis(1_500);

/// A server whose database tells its errors in German or in English.
async fn started(german: bool) -> Server {
    let mut server = Server::start(Options::on(Database::Postgres)).await;
    let database = server.test_database().expect("a Postgres database");
    database.finds_deadlocks_soon();
    if german {
        database.speaks_german();
    }
    // With new connections.
    server.restart().await;
    server
}

/// As an operator's session does that was left open.
async fn a_held_room_delays_no_other_room(server: Server) {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    // More than there are lanes, so that some share one with the room that is held.
    let others: Vec<String> = (0..6).map(|n| format!("room-{n}")).collect();
    ann.makes_room("den").await;
    let (mut held, mut stranger) = (ann.socket_in("den").await, bob.socket().await);
    for room in &others {
        bob.makes_room(room).await;
        stranger.join(room).await;
    }
    let database = server.test_database().expect("a Postgres database");
    let holder = Transaction::begin(database, "SELECT id FROM rooms WHERE slug = 'den' FOR UPDATE").await;
    let send = |key: &str, body: &str| json!({"type": "send", "room": "den", "key": key, "body": body});
    let (first, second) = (new_key(), new_key());
    held.send_json(send(&first, "first")).await;
    held.send_json(send(&second, "second")).await;
    let refused = held.expect("error");
    let talk = async {
        for round in 0..8 {
            for room in &others {
                let began = Instant::now();
                stranger.say(room, &round.to_string()).await;
                assert!(began.elapsed() < SOON, "{room} after {:?}", began.elapsed());
            }
        }
    };
    let (refused, ()) = tokio::join!(refused, talk);
    assert_eq!((&refused["code"], &refused["key"]), (&json!("unavailable"), &json!(first)));
    let refused = held.expect("error").await;
    assert_eq!((&refused["code"], &refused["key"]), (&json!("unavailable"), &json!(second)));
    // What waits when the room is let go is stored, in the order in which it was sent.
    let (third, fourth) = (new_key(), new_key());
    held.send_json(send(&third, "third")).await;
    held.send_json(send(&fourth, "fourth")).await;
    scraped(&server, "the journal to have them", |scrape| scrape.get("klatch_journal_waiting") >= 2.0).await;
    holder.let_go().await;
    for (key, id) in [(&third, 1), (&fourth, 2)] {
        let sent = held.expect("sent").await;
        assert_eq!((&sent["key"], &sent["id"]), (&json!(key), &json!(id)));
    }
    assert_eq!(held.send("den", &first, "first").await["id"], 3);
    assert_eq!(ann.reads_whole_room("den").await.len(), 3, "what was refused was not stored");
    assert_eq!(numbers(&held.messages_up_to("den", "first").await, "id"), [1, 2, 3]);
}

/// The server waits for a table while it holds the room, and whoever has the table then wants the room: twice.
async fn a_send_that_deadlocks_is_stored_all_the_same(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    let database = server.test_database().expect("a Postgres database");
    // Only the server looks for deadlocks, so it is the server's transaction that ends.
    let lock = "SET LOCAL deadlock_timeout = '1min'; LOCK TABLE messages IN SHARE MODE";
    let mut other = Transaction::begin(database, lock).await;
    let key = new_key();
    socket.send_json(json!({"type": "send", "room": "den", "key": key, "body": "in the end"})).await;
    for _ in 0..2 {
        holds_the_room_and_waits_for_messages(database).await;
        let (began, want) = (Instant::now(), "SELECT id FROM rooms WHERE slug = 'den' FOR UPDATE");
        other = other.and_then(&format!("SAVEPOINT before; {want}; ROLLBACK TO before")).await;
        assert!(began.elapsed() < SOON, "by a deadlock, not by a timeout");
    }
    holds_the_room_and_waits_for_messages(database).await;
    other.let_go().await;
    let sent = socket.expect("sent").await;
    assert_eq!((&sent["key"], &sent["id"]), (&json!(key), &json!(1)));
    assert_eq!(ann.reads_whole_room("den").await.len(), 1);
}

/// Returns when the server does.
async fn holds_the_room_and_waits_for_messages(database: &TestDatabase) {
    let both = "SELECT count(*) FROM pg_locks AS held JOIN pg_locks AS wanted USING (pid, database) \
                WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
                AND held.granted AND held.relation = 'rooms'::regclass AND held.mode = 'RowShareLock' \
                AND NOT wanted.granted AND wanted.relation = 'messages'::regclass";
    eventually(PATIENCE, "the server to wait", async || (database.number(both) == 1).then_some(())).await;
}

/// Makes two tests of each claim about Postgres, `claim::english` and `claim::german`.
macro_rules! in_both_languages {
    ($($claim:ident),+ $(,)?) => {$(
        mod $claim {
            #[tokio::test]
            async fn english() {
                super::$claim(super::started(false).await).await;
            }

            #[tokio::test]
            async fn german() {
                super::$claim(super::started(true).await).await;
            }
        }
    )+};
}
in_both_languages![a_held_room_delays_no_other_room, a_send_that_deadlocks_is_stored_all_the_same];
