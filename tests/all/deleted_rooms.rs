//! A deleted room is gone at once; what was said in it is removed little by little.

use crate::common::server::lasting_port;
use crate::common::*;

/// More than a few steps remove.
const MESSAGES: i64 = 1_100;

/// A room with many messages, each the answer to the one before it, mentioned, reacted to and reported here and there.
async fn large_room(server: &Server, owner: &Person) {
    owner.makes_room("den").await;
    owner.posts("den", "hello").await;
    server.execute(&format!(
        "INSERT INTO messages (room_id, id, seq, key, key_written, author_id, body, html, renderer, sent_at, reply_to) \
         WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MESSAGES}) \
         SELECT room_id, n, n, key || n, key_written || n, author_id, body, html, renderer, sent_at, n - 1 \
         FROM messages, numbers WHERE id = 1"
    ));
    server.execute("INSERT INTO mentions (user_id, room_id, message_id) SELECT author_id, room_id, id FROM messages");
    server.execute(
        "INSERT INTO reactions (room_id, message_id, emoji, user_id, position) \
         SELECT room_id, id, 'x', author_id, 1 FROM messages",
    );
    server.execute(&format!("UPDATE rooms SET last_seq = {MESSAGES}, message_count = {MESSAGES}"));
}

async fn deletes_the_room(owner: &Person) {
    owner.http.delete_with("/rooms/den", json!({"confirm": "den"})).await.ok(204);
}

/// Nothing is left of it, and nothing more is to be done.
async fn expect_purged(server: &Server) {
    let left = "SELECT (SELECT count(*) FROM messages WHERE room_id = 1) + (SELECT count(*) FROM reactions) \
                + (SELECT count(*) FROM mentions) + (SELECT count(*) FROM deleted_rooms) + (SELECT count(*) FROM jobs)";
    eventually(PATIENCE * 3, "the end of the job", async || (server.number(left) == 0).then_some(())).await;
}

async fn a_deleted_room_is_gone_at_once_and_its_messages_after_it(options: Options) {
    let server = options.in_haste().start().await;
    let ann = server.person_as("ann", "owner").await;
    large_room(&server, &ann).await;
    deletes_the_room(&ann).await;

    assert!(server.number("SELECT count(*) FROM messages WHERE room_id = 1") > 0, "they are removed after it");
    assert_eq!(ann.http.get("/rooms/den").await.error(), (404, "not_found"));
    assert_eq!(ann.http.get("/rooms/den/messages").await.error(), (404, "not_found"));
    let export = ann.http.get("/me/export").await.ok(200);
    assert_eq!((export["messages"].clone(), export["reactions"].clone()), (json!([]), json!([])));
    // Another room of this name is another room.
    ann.makes_room("den").await;
    assert_eq!(ann.reads_whole_room("den").await, Vec::<Value>::new());
    let first = ann.posts("den", "anew").await;
    assert_eq!(first["id"], 1);
    let doctor = server.klatch(&["doctor"]).await;
    assert!(doctor.status.success(), "{doctor:?}");

    expect_purged(&server).await;
    assert_eq!(ann.reads_whole_room("den").await.len(), 1);
}

/// A kill while a job is claimed, in a step, and after one.
async fn a_kill_at_any_moment_leaves_no_message_of_a_deleted_room(options: Options) {
    let address = format!("127.0.0.1:{}", lasting_port());
    let mut server = options.in_haste().listen(address).start().await;
    let ann = server.person("ann").await;
    large_room(&server, &ann).await;
    server.try_restart("KLATCH_TEST_ABORT", "job_step:1").await;
    deletes_the_room(&ann).await;
    for place in ["job_claimed:1", "job_step:2", "job_stepped:1", ""] {
        assert!(server.ends_within(PATIENCE * 3).await, "the end before {place:?}");
        server.try_restart("KLATCH_TEST_ABORT", place).await;
    }
    expect_purged(&server).await;
}

/// Messages that belong to no room are told of, unless they are being removed.
async fn the_doctor_finds_messages_of_no_room(options: Options) {
    let server = options.start().await;
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.posts("den", "hello").await;
    server.execute(
        "INSERT INTO messages (room_id, id, seq, key, key_written, author_id, body, html, renderer, sent_at) \
         SELECT 77, 1, 1, 'k', 'k', author_id, body, html, renderer, sent_at FROM messages",
    );
    let doctor = server.klatch(&["doctor"]).await;
    let report = String::from_utf8(doctor.stdout).unwrap();
    assert!(!doctor.status.success() && report.contains("BAD foreign keys: not so: messages"), "{report}");
}

/// Whoever deletes a row looks for those that belong to it, in each table that refers to its own.
async fn each_foreign_key_has_an_index_and_none_leads_from_messages_to_rooms(options: Options) {
    let server = options.start().await;
    let ((all, without), list) = match server.test_database() {
        Some(_) => (POSTGRES, "string_agg(name, ', ')"),
        None => (SQLITE, "group_concat(name, ', ')"),
    };
    assert!(server.number(&format!("SELECT count(*) FROM ({all}) AS keys")) > 20, "foreign keys are found");
    let names = format!("SELECT coalesce({list}, '') FROM ({all}) AS keys {without}");
    assert_eq!(server.text(&names), "");
    let (of_messages, to_rooms) = match server.test_database() {
        Some(_) => {
            ("pg_constraint WHERE contype = 'f' AND conrelid = 'messages'::regclass", "confrelid = 'rooms'::regclass")
        }
        None => ("pragma_foreign_key_list('messages') WHERE true", "\"table\" = 'rooms'"),
    };
    assert!(server.number(&format!("SELECT count(*) FROM {of_messages}")) >= 2, "others are found");
    assert_eq!(server.number(&format!("SELECT count(*) FROM {of_messages} AND {to_rooms}")), 0);
}

/// All foreign keys, and the condition for those without an index that begins with their columns.
const SQLITE: (&str, &str) = (
    "SELECT tables.name || ' ' || group_concat(own.\"from\") AS name, tables.name AS tab, own.id AS id, count(*) AS size \
     FROM sqlite_schema AS tables, pragma_foreign_key_list(tables.name) AS own \
     WHERE tables.type = 'table' GROUP BY tables.name, own.id",
    "WHERE NOT EXISTS (SELECT 1 FROM pragma_index_list(keys.tab) AS indexes \
     WHERE keys.size = (SELECT count(*) FROM pragma_index_info(indexes.name) AS columns \
         JOIN pragma_foreign_key_list(keys.tab) AS own ON own.id = keys.id AND own.\"from\" = columns.name \
         WHERE columns.seqno < keys.size) \
     AND (indexes.partial = 0 OR EXISTS (SELECT 1 FROM sqlite_schema AS made, pragma_foreign_key_list(keys.tab) AS own \
         WHERE made.name = indexes.name AND own.id = keys.id AND made.sql LIKE '%WHERE ' || own.\"from\" || ' IS NOT NULL')))",
);
const POSTGRES: (&str, &str) = (
    "SELECT conrelid::regclass || ' ' || conname AS name, conrelid, conkey FROM pg_constraint WHERE contype = 'f'",
    "WHERE NOT EXISTS (SELECT 1 FROM pg_index WHERE indrelid = keys.conrelid \
     AND (string_to_array(indkey::text, ' ')::int2[])[1:cardinality(keys.conkey)] @> keys.conkey \
     AND (indpred IS NULL OR pg_get_expr(indpred, indrelid) ~ '^\\([a-z_]+ IS NOT NULL\\)$'))",
);

on_both_databases![
    a_deleted_room_is_gone_at_once_and_its_messages_after_it,
    a_kill_at_any_moment_leaves_no_message_of_a_deleted_room,
    the_doctor_finds_messages_of_no_room,
    each_foreign_key_has_an_index_and_none_leads_from_messages_to_rooms,
];
