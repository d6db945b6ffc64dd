//! What the operator does by the command line, beside a server that runs.

use crate::common::postgres::TestDatabase;
use crate::common::redis::Redis;
use crate::common::server::{run, shell};
use crate::common::*;
use std::process::Output;

#[track_caller]
pub fn said(done: Output) -> String {
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{stderr}");
    String::from_utf8(done.stdout).expect("text").trim().to_owned()
}

#[track_caller]
pub fn refused(done: Output) -> String {
    let stderr = String::from_utf8(done.stderr).expect("text");
    assert_eq!((done.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
    stderr
}

async fn log_in(server: &Server, name: &str, password: &str) -> Reply {
    server.stranger().post("/login", json!({"username": name, "password": password})).await
}

async fn an_account_is_made_beside_the_server_with_a_password_that_is_printed(server: Server) {
    let line = said(server.klatch(&["user", "add", "ann", "--role", "owner", "--display-name", "Ann"]).await);
    let (_, password) = line.rsplit_once("password: ").expect("a password");
    let user = log_in(&server, "ann", password).await.ok(200);
    assert_eq!(user["display_name"], "Ann");
    assert!(refused(server.klatch(&["user", "add", "Ann"]).await).contains("somebody has this name"));
    assert!(refused(server.klatch(&["user", "add", "a!"]).await).contains("username"));
}

#[tokio::test]
async fn a_password_on_standard_input_is_taken() {
    let server = Options::sqlite().start().await;
    let line =
        format!("printf 'a good password\\n' | klatch user add ann --data-dir '{}'", server.data_dir().display());
    let said = said(shell(server.data.path(), &line, &[]).await);
    assert!(!said.contains("password"), "{said}");
    log_in(&server, "ann", "a good password").await.ok(200);
}

async fn the_socket_of_somebody_who_is_disabled_closes_with_4403_and_they_come_back_once_enabled(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    let mut socket = ann.socket_in("den").await;
    said(server.klatch(&["user", "disable", "ann"]).await);
    assert_eq!(socket.closed_within(PATIENCE * 3).await.0, 4403);
    assert_ne!(ann.http.get("/rooms").await.status, 200);
    said(server.klatch(&["user", "enable", "ann"]).await);
    ann.elsewhere().await.socket_in("den").await;
}

async fn a_new_password_ends_every_session(server: Server) {
    let ann = server.person("ann").await;
    let mut socket = ann.socket().await;
    let line = said(server.klatch(&["user", "password", "ann"]).await);
    let (_, password) = line.rsplit_once("password: ").expect("a password");
    assert_eq!(ann.http.get("/me").await.status, 401);
    assert_eq!(socket.closed_within(PATIENCE * 3).await.0, 4401);
    assert_eq!(log_in(&server, "ann", PASSWORD).await.status, 401);
    log_in(&server, "ann", password).await.ok(200);
}

async fn a_role_is_given_and_the_last_owner_stays_one(server: Server) {
    let ann = server.person("ann").await;
    assert_eq!(ann.http.post("/invitations", json!({})).await.status, 403);
    said(server.klatch(&["user", "role", "ann", "owner"]).await);
    ann.http.post("/invitations", json!({})).await.ok(201);
    assert!(refused(server.klatch(&["user", "role", "ann", "member"]).await).contains("owner"));
    assert!(refused(server.klatch(&["user", "role", "nobody", "member"]).await).contains("no user"));
}

async fn a_link_is_printed_that_leads_into_a_room(server: Server) {
    said(server.klatch(&["room", "add", "den", "--title", "The den", "--kind", "private"]).await);
    let link = said(server.klatch(&["invite", "--room", "den", "--role", "guest", "--uses", "2"]).await);
    let (_, token) = link.rsplit_once("/invite/").expect("a link");
    let http = server.stranger();
    http.post("/signup", json!({"username": "gus", "password": PASSWORD, "invitation": token})).await.ok(201);
    assert_eq!(http.get("/rooms/den").await.ok(200)["title"], "The den");
    assert!(refused(server.klatch(&["invite", "--room", "nowhere"]).await).contains("no such room"));
}

async fn a_room_is_archived_opened_again_and_deleted_only_with_yes(server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    said(server.klatch(&["room", "archive", "den"]).await);
    let message = json!({"key": new_key(), "body": "hello"});
    assert_eq!(ann.http.post("/rooms/den/messages", message).await.status, 403);
    said(server.klatch(&["room", "unarchive", "den"]).await);
    ann.posts("den", "hello").await;
    assert!(refused(server.klatch(&["room", "delete", "den"]).await).contains("--yes"));
    said(server.klatch(&["room", "delete", "den", "--yes"]).await);
    assert_eq!(ann.http.get("/rooms/den").await.status, 404);
}

/// What is wrong with a chat, and what the doctor says of it; each is undone before the next.
const ILLS: [(&str, &str, &str); 11] = [
    (
        "UPDATE rooms SET message_count = message_count + 1",
        "UPDATE rooms SET message_count = message_count - 1",
        "numbers: not so: den",
    ),
    (
        "UPDATE members SET last_read_seq = last_read_seq + 100",
        "UPDATE members SET last_read_seq = last_read_seq - 100",
        "marks: not so: den",
    ),
    (
        "UPDATE users SET role = 'member'",
        "UPDATE users SET role = 'owner' WHERE username = 'ann'",
        "owners: there is none",
    ),
    (
        "UPDATE users SET banned_at = '2026-01-01 00:00:00'",
        "UPDATE users SET banned_at = NULL WHERE username = 'ann'",
        "owners: there is none",
    ),
    ("ALTER TABLE audit RENAME TO other", "ALTER TABLE other RENAME TO audit", "tables: not so: audit is missing"),
    (
        "DROP INDEX members_by_user",
        "CREATE INDEX members_by_user ON members (user_id)",
        "tables: not so: members_by_user is missing",
    ),
    (
        "UPDATE meta SET name = 'era' WHERE name = 'epoch'",
        "UPDATE meta SET name = 'epoch' WHERE name = 'era'",
        "tables: not so: epoch is missing in meta",
    ),
    (
        "UPDATE meta SET name = 'least' WHERE name = 'minimum_version'",
        "UPDATE meta SET name = 'minimum_version' WHERE name = 'least'",
        "tables: not so: minimum_version is missing in meta",
    ),
    (
        "INSERT INTO __diesel_schema_migrations (version, run_on) VALUES ('99990101000000', '2026-01-01 00:00:00')",
        "DELETE FROM __diesel_schema_migrations WHERE version = '99990101000000'",
        "tables: not so: migration 99990101000000 is of a newer version",
    ),
    (
        "UPDATE meta SET value = 'x' || value WHERE name = 'secret'",
        "UPDATE meta SET value = substr(value, 2) WHERE name = 'secret'",
        "secret: another one than the server has",
    ),
    (
        "UPDATE message_counts SET count = count + 1",
        "UPDATE message_counts SET count = count - 1",
        "counts: not so: den",
    ),
];

async fn the_doctor_finds_each_ill_of_a_database_and_no_other(server: Server) {
    let ann = server.person_as("ann", "owner").await;
    ann.makes_room("den").await;
    // Every 128th message is counted.
    for _ in 0..130 {
        ann.posts("den", "hello").await;
    }
    for (ill, mend, told) in ILLS {
        server.execute(ill);
        let doctor = server.klatch(&["doctor"]).await;
        let report = String::from_utf8(doctor.stdout).expect("text");
        assert_eq!(doctor.status.code(), Some(1), "{ill}: {report}");
        let bad: Vec<&str> = report.lines().filter(|line| line.starts_with("BAD ")).collect();
        assert!(bad.len() == 1 && bad[0].contains(told), "{ill}: {report}");
        server.execute(mend);
    }
    said(server.klatch(&["doctor", "--deep"]).await);
}

#[tokio::test]
async fn the_doctor_finds_a_damaged_file() {
    let mut server = Options::sqlite().start().await;
    let ann = server.person_as("ann", "owner").await;
    ann.makes_room("den").await;
    for _ in 0..100 {
        ann.posts("den", &"many words ".repeat(100)).await;
    }
    server.terminate().await;
    let path = server.data_dir().join("klatch.db");
    let mut bytes = std::fs::read(&path).expect("a database");
    let middle = bytes.len() / 2;
    bytes[middle..][..20_000].fill(0x5a);
    std::fs::write(&path, bytes).expect("a damaged database");
    let doctor = server.klatch(&["doctor"]).await;
    let report = String::from_utf8(doctor.stdout).expect("text");
    // Which table or index it is in.
    let file = report.lines().find(|line| line.starts_with("BAD file: not so: ")).unwrap_or_else(|| panic!("{report}"));
    assert!(doctor.status.code() == Some(1) && file.contains(" (Tree "), "{report}");
    // Nobody is sent to where they are.
    assert!(!report.contains("klatch doctor"), "{report}");
}

#[tokio::test]
async fn the_doctor_finds_proxies_that_anybody_can_pass_for_and_disks_without_room() {
    let server = Options::sqlite().option("--trusted-proxies", "10.0.0.0/8, 0.0.0.0/0").start().await;
    assert!(server.stderr().contains("--trusted-proxies has every address"), "{}", server.stderr());
    server.person_as("ann", "owner").await;
    said(server.klatch(&["doctor"]).await);
    let doctor = server.klatch(&["doctor", "--trusted-proxies", "::/0"]).await;
    let report = String::from_utf8(doctor.stdout).expect("text");
    assert!(doctor.status.code() == Some(1) && report.contains("BAD proxies: --trusted-proxies"), "{report}");
    // A disk that is smaller than the database.
    let line = format!(
        "mkdir small && mount -t tmpfs -o size=400k tmpfs small && klatch doctor --data-dir '{}' --backup-dir small --backup-every 6h",
        server.data_dir().display()
    );
    let small = shell(server.data.path(), &format!("unshare --mount sh -c \"{line}\""), &[]).await;
    let report = String::from_utf8_lossy(&small.stdout).into_owned();
    assert!(report.contains("BAD disks: ") && report.contains("MB free in small"), "{small:?}");
}

#[tokio::test]
async fn the_doctor_finds_that_its_secret_is_not_the_servers() {
    let server = Options::sqlite().option("--secret", "5e".repeat(64)).start().await;
    server.person_as("ann", "owner").await;
    said(server.klatch(&["doctor", "--secret", &"5e".repeat(64)]).await);
    for words in [&["doctor"][..], &["doctor", "--secret", &"5f".repeat(64)]] {
        let doctor = server.klatch(words).await;
        let report = String::from_utf8(doctor.stdout).expect("text");
        assert!(doctor.status.code() == Some(1) && report.contains("BAD secret: "), "{report}");
    }
}

/// Every command, where there is no chat, with what else it needs.
#[tokio::test]
async fn no_command_makes_a_chat_by_accident() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let postgres = TestDatabase::empty();
    let on_postgres = ["--database-url", &postgres.url];
    let secret = "5e".repeat(64);
    let commands: [&[&str]; 15] = [
        &["user", "list"],
        &["user", "wipe", "ann", "--yes"],
        &["user", "delete", "ann", "--yes", "--secret", &secret],
        &["room", "list"],
        &["user", "add", "ann"],
        &["user", "role", "ann", "owner"],
        &["user", "password", "ann"],
        &["user", "disable", "ann"],
        &["user", "enable", "ann"],
        &["invite"],
        &["room", "add", "den"],
        &["room", "archive", "den"],
        &["room", "unarchive", "den"],
        &["room", "delete", "den", "--yes"],
        &["jobs", "list"],
    ];
    for words in commands {
        refused(run(folder.path(), words, &[]).await);
        refused(run(folder.path(), &[words, &on_postgres].concat(), &[]).await);
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    assert_eq!(postgres.number("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), 0);
    // Whoever wants one says so.
    said(run(folder.path(), &["user", "add", "ann", "--role", "owner", "--create"], &[]).await);
    said(run(folder.path(), &[&["user", "add", "ann", "--create"], &on_postgres[..]].concat(), &[]).await);
    // Nobody knows where it will be reached.
    assert!(refused(run(folder.path(), &["invite"], &[]).await).contains("--public-url"));
    let link = said(run(folder.path(), &["invite", "--public-url", "https://chat.example"], &[]).await);
    assert!(link.starts_with("https://chat.example/invite/"), "{link}");
}

async fn a_printed_link_leads_to_where_the_server_is_reached(options: Options) {
    let server = options.option("--public-url", "https://chat.example").start().await;
    let link = said(server.klatch(&["invite"]).await);
    assert!(link.starts_with("https://chat.example/invite/"), "{link}");
}

async fn the_doctor_finds_a_chat_well(server: Server) {
    let ann = server.person_as("ann", "owner").await;
    let bob = server.person("bob").await;
    ann.makes_room("den").await;
    ann.adds("bob", "den").await;
    ann.posts("den", "hello @bob").await;
    bob.posts("den", "hello").await;
    let report = said(server.klatch(&["doctor"]).await);
    for check in [
        "configuration",
        "proxies",
        "disks",
        "database",
        "file",
        "restore",
        "migrations",
        "tables",
        "secret",
        "owners",
        "clock",
        "numbers",
        "marks",
        "foreign keys",
        "storing",
        "jobs",
        "backups",
        "unread",
    ] {
        assert!(report.lines().any(|line| line.starts_with(&format!("ok  {check}: "))), "{check}: {report}");
    }
}

#[tokio::test]
async fn the_doctor_asks_redis_and_never_tells_its_password() {
    let database = TestDatabase::empty();
    let mut redis = Redis::start().await;
    let folder = tempfile::tempdir().unwrap();
    let secret = "5e".repeat(64);
    let report = async |url: &str| {
        let words = ["doctor", "--database-url", &database.url, "--redis-url", url, "--secret", &secret];
        String::from_utf8(run(folder.path(), &words, &[]).await.stdout).unwrap()
    };
    let well = report(&redis.url()).await;
    assert!(well.contains("ok  redis: "), "{well}");
    let refused = report(&format!("redis://:hunter2@{}", redis.address())).await;
    assert!(
        refused.contains("BAD redis: refuses the user or the password") && !refused.contains("hunter2"),
        "{refused}"
    );
    redis.kill().await;
    let ill = report(&format!("redis://:hunter2@{}", redis.address())).await;
    assert!(ill.contains("BAD redis: does not answer") && !ill.contains("hunter2"), "{ill}");
}

#[tokio::test]
async fn the_doctor_makes_nothing_where_there_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let done = run(folder.path(), &["doctor"], &[]).await;
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8(done.stdout).unwrap().contains("BAD database: "));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A server's time for a statement would not do, nor would its way to look for rows by their keys.
async fn the_doctor_looks_at_many_messages(server: Server) {
    let ann = server.person_as("ann", "owner").await;
    ann.makes_room("den").await;
    ann.posts("den", "hello").await;
    server.execute(
        "INSERT INTO messages (room_id, id, seq, key, key_written, author_id, body, html, renderer, sent_at) \
         WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000) \
         SELECT room_id, n, n, key || n, key_written || n, author_id, body, html, renderer, sent_at \
         FROM messages, numbers WHERE id = 1",
    );
    server.execute("INSERT INTO message_counts (room_id, message_id, count) SELECT room_id, id, id FROM messages WHERE id % 128 = 0");
    server.execute("UPDATE rooms SET last_seq = 100000, message_count = 100000");
    server.execute("UPDATE members SET last_read_seq = 100000");
    let doctor = server.klatch(&["doctor"]).await;
    assert!(doctor.status.success(), "{doctor:?}");
}

on_both_databases![
    the_doctor_looks_at_many_messages,
    an_account_is_made_beside_the_server_with_a_password_that_is_printed,
    the_socket_of_somebody_who_is_disabled_closes_with_4403_and_they_come_back_once_enabled,
    a_new_password_ends_every_session,
    a_role_is_given_and_the_last_owner_stays_one,
    a_link_is_printed_that_leads_into_a_room,
    a_room_is_archived_opened_again_and_deleted_only_with_yes,
    a_printed_link_leads_to_where_the_server_is_reached,
    the_doctor_finds_a_chat_well,
    the_doctor_finds_each_ill_of_a_database_and_no_other,
];
