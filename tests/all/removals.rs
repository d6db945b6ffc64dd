//! What is removed with much else that belongs to somebody, or because it is old: little by little, by jobs.

use reqwest::Method;

use crate::common::server::lasting_port;
use crate::common::*;

/// More than a few steps remove.
const MESSAGES: i64 = 150;

/// Bob has written much in each of two rooms of Ann's, and mentioned himself and her.
async fn a_writer(server: &Server, messages: i64) -> [Person; 2] {
    let [ann, bob] = server.people(["ann", "bob"]).await;
    for room in ["den", "attic"] {
        ann.makes_room(room).await;
        ann.adds("bob", room).await;
        bob.posts(room, "@bob and @ann").await;
    }
    server.execute(&format!(
        "INSERT INTO messages (room_id, id, seq, key, key_written, author_id, body, html, renderer, sent_at) \
         WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < {messages}) \
         SELECT room_id, n, n, key || n, key_written || n, author_id, body, html, renderer, sent_at \
         FROM messages, numbers WHERE id = 1"
    ));
    server.execute(
        "INSERT INTO mentions (user_id, room_id, message_id) SELECT users.id, room_id, messages.id \
         FROM messages, users WHERE username = 'ann' AND messages.id > 1",
    );
    server.execute(&format!("UPDATE rooms SET last_seq = {messages}, message_count = {messages}"));
    [ann, bob]
}

async fn no_job_is_left(server: &Server) {
    let left = "SELECT count(*) FROM jobs";
    eventually(PATIENCE * 3, "the end of the jobs", async || (server.number(left) == 0).then_some(())).await;
}

/// Nothing that was written is left, in the database or for those who read.
async fn expect_removed(server: &Server, reader: &Person, each: i64) {
    no_job_is_left(server).await;
    assert_eq!(server.number("SELECT count(*) FROM messages WHERE body <> '' OR html <> '' OR deleted_at IS NULL"), 0);
    assert_eq!(server.number("SELECT count(*) FROM mentions"), 0);
    for room in ["den", "attic"] {
        let messages = reader.reads_whole_room(room).await;
        assert_eq!(messages.len() as i64, each);
        assert!(messages.iter().all(|message| message["deleted"] == true));
    }
    let room = &reader.http.get("/rooms").await.ok(200)["rooms"][0];
    assert_eq!((&room["unread"], &room["mentions"]), (&json!(0), &json!(0)));
    let doctor = server.klatch(&["doctor"]).await;
    assert!(doctor.status.success(), "{doctor:?}");
}

async fn a_wipe_removes_all_that_somebody_wrote_before_it_is_answered(options: Options) {
    let server = options.start().await;
    let [ann, bob] = a_writer(&server, 10).await;
    let root = server.person_as("root", "owner").await;
    bob.makes_private_room("lair").await;
    bob.posts("lair", "plans").await;
    root.http.post("/users/bob/wipe", json!({})).await.ok(204);
    assert_eq!(server.number("SELECT count(*) FROM messages WHERE NOT removed"), 0);
    expect_removed(&server, &ann, 10).await;
}

/// Where another instance has the job and is slow with it, whoever asked is told that it goes on.
async fn a_wipe_that_takes_long_is_answered_and_goes_on(options: Options) {
    let server = options.in_haste().start().await;
    let [ann, bob] = a_writer(&server, MESSAGES).await;
    let root = server.person_as("root", "owner").await;
    server.execute(&format!(
        "INSERT INTO jobs (kind, name, payload, run_at, lease, leased_until) \
         VALUES ('remove_messages', 'remove_messages:{}:{}', '{{}}', '2026-01-01 00:00:00', 'x', '2100-01-01 00:00:00')",
        bob.user["id"], root.user["id"]
    ));
    assert_eq!(root.http.post("/users/bob/wipe", json!({})).await.status, 202);
    assert_eq!(server.number("SELECT count(*) FROM messages WHERE deleted_at IS NOT NULL"), 0);
    server.execute("UPDATE jobs SET leased_until = '2026-01-01 00:00:00'");
    expect_removed(&server, &ann, MESSAGES).await;
}

/// The messages of a deleted room are there for a while: whoever removes them must not trip over the room.
async fn a_wipe_beside_the_deletion_of_rooms_harms_nobody(options: Options) {
    let server = options.option("--write-rate", 0).start().await;
    let [ann, bob] = a_writer(&server, 10).await;
    let root = server.person_as("root", "owner").await;
    let mut socket = ann.socket_in("den").await;
    for round in 0..3 {
        let rooms: Vec<String> = (0..8).map(|n| format!("hall-{round}-{n}")).collect();
        for room in &rooms {
            bob.makes_room(room).await;
            for _ in 0..8 {
                bob.posts(room, "words of bob").await;
            }
        }
        let wipes = async { root.http.post("/users/bob/wipe", json!({})).await.ok(204) };
        let deletions = async {
            for room in &rooms {
                bob.http.delete_with(&format!("/rooms/{room}"), json!({"confirm": room})).await.ok(204);
            }
        };
        let others = async {
            for n in 0..20 {
                socket.say("den", &format!("{round} {n}")).await;
            }
        };
        tokio::join!(wipes, deletions, others);
    }
    let words = "SELECT count(*) FROM messages WHERE body = 'words of bob'";
    eventually(PATIENCE * 3, "the end of it all", async || (server.number(words) == 0).then_some(())).await;
    assert!(!server.stderr().contains("panicked"), "{}", server.stderr());
}

/// Nor does it stay, once it can be removed.
#[tokio::test]
async fn what_can_not_be_removed_stops_nothing_else_of_a_wipe() {
    let server = Options::sqlite().in_haste().start().await;
    let [ann, _bob] = a_writer(&server, MESSAGES).await;
    let root = server.person_as("root", "owner").await;
    server.execute(
        "CREATE TRIGGER stuck BEFORE UPDATE ON messages WHEN old.room_id = 1 AND old.id = 5 \
         BEGIN SELECT RAISE(ABORT, 'stuck'); END",
    );
    assert_eq!(root.http.post("/users/bob/wipe", json!({})).await.status, 202);
    let left = "SELECT count(*) FROM messages WHERE deleted_at IS NULL";
    eventually(PATIENCE * 3, "all but one", async || (server.number(left) == 1).then_some(())).await;
    server.execute("DROP TRIGGER stuck");
    expect_removed(&server, &ann, MESSAGES).await;
}

async fn a_kill_at_any_moment_of_a_wipe_leaves_nothing_of_it_undone(options: Options) {
    killed_while(options, async |_, root| _ = root.http.try_call(Method::POST, "/users/bob/wipe", &json!({})).await)
        .await;
}

async fn a_kill_at_any_moment_of_an_accounts_end_leaves_nothing_of_it_undone(options: Options) {
    let goodbye = json!({"password": PASSWORD, "messages": "remove"});
    killed_while(options, async |bob, _| _ = bob.http.try_call(Method::DELETE, "/me", &goodbye).await).await;
}

/// What is begun by `act`, for Bob or by an owner, is killed while the job is claimed, in a step, and after one.
async fn killed_while(options: Options, act: impl AsyncFnOnce(&Person, &Person)) {
    let address = format!("127.0.0.1:{}", lasting_port());
    let mut server = options.in_haste().listen(address).start().await;
    let [ann, bob] = a_writer(&server, MESSAGES).await;
    let root = server.person_as("root", "owner").await;
    server.try_restart("KLATCH_TEST_ABORT", "job_step:2").await;
    act(&bob, &root).await;
    for place in ["job_claimed:1", "job_step:3", "job_stepped:2", ""] {
        assert!(server.ends_within(PATIENCE * 3).await, "the end before {place:?}");
        server.try_restart("KLATCH_TEST_ABORT", place).await;
    }
    expect_removed(&server, &ann, MESSAGES).await;
}

/// The one who takes the name is somebody else, wherever the name was written.
async fn the_name_of_a_deleted_account_is_nowhere_however_often_it_stood_there(options: Options) {
    let server = options.in_haste().start().await;
    let [ann, bob] = a_writer(&server, MESSAGES).await;
    let bob_id = &bob.user["id"];
    server.execute(&format!(
        "INSERT INTO audit (at, actor_id, actor, act, user_id, username, reason, detail, private) \
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 3000) \
         SELECT sent_at, {bob_id}, 'bob', 'muted', {bob_id}, 'bob', '', '', false FROM numbers, messages \
         WHERE room_id = 1 AND id = 1"
    ));
    bob.http.delete_with("/me", json!({"password": PASSWORD, "messages": "keep"})).await.ok(204);
    no_job_is_left(&server).await;
    assert_eq!(server.number("SELECT count(*) FROM audit WHERE actor = 'bob' OR username = 'bob'"), 0);
    // Those who read are led to others as before, and to nobody by this name.
    for room in ["den", "attic"] {
        let messages = ann.reads_whole_room(room).await;
        let lead_to = |id: &Value| {
            let link = format!("data-user=\"{id}\"");
            messages.iter().filter(|message| message["html"].as_str().is_some_and(|html| html.contains(&link))).count()
        };
        assert_eq!((lead_to(&bob.user["id"]), lead_to(&ann.user["id"])), (0, messages.len()), "{room}");
    }
}

async fn the_log_is_kept_for_as_many_days_as_the_operator_wants(options: Options) {
    let server = options.option("--audit-days", 30).in_haste().start().await;
    let [ann, _] = a_writer(&server, MESSAGES).await;
    let days_ago = |days| (chrono::Utc::now() - chrono::TimeDelta::days(days)).format("%Y-%m-%d %H:%M:%S").to_string();
    let kept = server.number("SELECT count(*) FROM audit");
    assert!(kept > 0, "something was done");
    // Older entries have lower ids, but for one that was written while the clock was wrong.
    server.execute("UPDATE audit SET id = id + 10000");
    server.execute(
        "INSERT INTO audit (id, at, actor, act, reason, detail, private) VALUES (0, '2100-01-01 00:00:00', 'ann', 'muted', '', '', false)",
    );
    for (days, first, last) in [(29, 700, 700), (31, 1, 699)] {
        server.execute(&format!(
            "INSERT INTO audit (id, at, actor, act, reason, detail, private) \
             WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}) \
             SELECT n, '{}', 'ann', 'muted', '', '', false FROM numbers",
            days_ago(days)
        ));
    }
    let left = "SELECT count(*) FROM audit";
    eventually(PATIENCE * 3, "the old ones' end", async || (server.number(left) == kept + 2).then_some(())).await;
    no_job_is_left(&server).await;
    assert_eq!(server.number("SELECT min(id) FROM audit WHERE id > 0"), 700);
    assert_eq!(ann.http.get("/rooms/den/audit").await.status, 200);
}

on_both_databases![
    a_wipe_removes_all_that_somebody_wrote_before_it_is_answered,
    a_wipe_that_takes_long_is_answered_and_goes_on,
    a_wipe_beside_the_deletion_of_rooms_harms_nobody,
    a_kill_at_any_moment_of_a_wipe_leaves_nothing_of_it_undone,
    a_kill_at_any_moment_of_an_accounts_end_leaves_nothing_of_it_undone,
    the_name_of_a_deleted_account_is_nowhere_however_often_it_stood_there,
    the_log_is_kept_for_as_many_days_as_the_operator_wants,
];
