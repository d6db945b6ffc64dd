//! Work that is done later: it survives what kills the server, and what can't be done is told to the operator.

use crate::common::server::lasting_port;
use crate::common::*;

/// More than one step renders.
const MESSAGES: i64 = 250;

/// A room whose messages an older version rendered, but for the third, which was edited since.
async fn older_messages(server: &Server) -> Person {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    ann.posts("den", "*hello*").await;
    server.execute(&format!(
        "INSERT INTO messages (room_id, id, seq, key, key_written, author_id, body, html, renderer, sent_at) \
         WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MESSAGES}) \
         SELECT room_id, n, n, key || n, key_written || n, author_id, body, html, renderer, sent_at \
         FROM messages, numbers WHERE id = 1"
    ));
    server.execute("UPDATE messages SET renderer = 0, html = 'old'");
    server.execute(&format!("UPDATE rooms SET last_seq = {MESSAGES}, message_count = {MESSAGES}"));
    let mut socket = ann.socket_in("den").await;
    socket.ask_ok(json!({"type": "edit", "room": "den", "id": 3, "body": "**edited**"})).await;
    server.execute("DELETE FROM meta WHERE name = 'rendered_by'");
    ann
}

/// All bodies are rendered by this version, the edited one as it was edited, and no number has changed.
async fn expect_rendered(server: &Server) {
    let left = "SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM messages WHERE renderer = 0)";
    eventually(PATIENCE * 3, "the end of the job", async || (server.number(left) == 0).then_some(())).await;
    let hello = "SELECT count(*) FROM messages WHERE html LIKE '%<em>hello</em>%' AND seq = id";
    assert_eq!(server.number(hello), MESSAGES - 1);
    let edited = "SELECT count(*) FROM messages WHERE html LIKE '%<strong>edited</strong>%' AND id = 3";
    assert_eq!(server.number(edited), 1);
}

async fn bodies_of_an_older_version_are_rendered_once_and_stored(options: Options) {
    let server = options.in_haste().start().await;
    older_messages(&server).await;
    expect_rendered(&server).await;
    assert!(server.metric("klatch_job_steps_total{outcome=\"more\"}").await > 2.0);
    // Such a body may also come from an instance that was not yet replaced: whoever reads it notices.
    let done = "SELECT count(*) FROM messages WHERE renderer = 0";
    let ann = server.person("bob").await;
    server.execute("UPDATE messages SET renderer = 0, html = 'old' WHERE id = 5");
    assert_eq!(ann.http.get("/rooms/den/messages?around=5&limit=1").await.status, 200);
    eventually(PATIENCE * 3, "the second job", async || (server.number(done) == 0).then_some(())).await;
}

/// A kill while a job is claimed, in a step, and after one.
async fn a_kill_at_any_moment_of_a_job_loses_nothing_of_it(options: Options) {
    let address = format!("127.0.0.1:{}", lasting_port());
    let mut server = options.in_haste().listen(address).start().await;
    older_messages(&server).await;
    for place in ["job_claimed:1", "job_step:2", "job_stepped:1", "job_step:1"] {
        server.try_restart("KLATCH_TEST_ABORT", place).await;
        assert!(server.ends_within(PATIENCE * 3).await, "the end at {place}");
    }
    assert_eq!(server.number("SELECT count(*) FROM jobs"), 1);
    assert!(server.number("SELECT count(*) FROM messages WHERE renderer = 0") > 0, "it is not done yet");
    assert!(server.try_restart("KLATCH_TEST_ABORT", "").await);
    expect_rendered(&server).await;
}

async fn a_job_that_keeps_failing_is_given_up_and_told_to_the_operator(options: Options) {
    let server = options.in_haste().start().await;
    server.execute(
        "INSERT INTO jobs (kind, payload, run_at, attempts) VALUES ('rerender', 'nonsense', '2026-01-01 00:00:00', 9)",
    );
    let failed = async || (server.metric("klatch_jobs_failed").await == 1.0).then_some(());
    eventually(PATIENCE * 3, "the metric", failed).await;
    let id = server.number("SELECT id FROM jobs");

    let ill = server.klatch(&["doctor"]).await;
    let report = String::from_utf8(ill.stdout).unwrap();
    assert_eq!(ill.status.code(), Some(1), "{report}");
    let line = format!("BAD jobs: {id} rerender, given up ");
    assert!(report.contains(&line) && report.contains("its payload can't be read"), "{report}");
    let listed = String::from_utf8(server.klatch(&["jobs", "list"]).await.stdout).unwrap();
    assert!(listed.starts_with(&format!("{id} rerender, given up ")), "{listed}");

    assert!(server.klatch(&["jobs", "retry", &id.to_string()]).await.status.success());
    let again = async || (server.number("SELECT count(*) FROM jobs WHERE attempts > 0") == 1).then_some(());
    eventually(PATIENCE * 3, "another attempt", again).await;
    // What waits for its next attempt is not given up, and what was not given up can't be discarded.
    assert_eq!(server.klatch(&["jobs", "discard", &id.to_string()]).await.status.code(), Some(2));
    server.execute("UPDATE jobs SET attempts = 9, run_at = '2026-01-01 00:00:00'");
    eventually(PATIENCE * 3, "the metric", failed).await;
    assert!(server.klatch(&["jobs", "discard", &id.to_string()]).await.status.success());
    assert_eq!(server.number("SELECT count(*) FROM jobs"), 0);
}

async fn a_job_of_a_kind_that_only_a_newer_version_knows_is_left_to_it(options: Options) {
    let server = options.in_haste().start().await;
    server.execute("INSERT INTO jobs (kind, payload, run_at) VALUES ('newer', '{}', '2026-01-01 00:00:00')");
    older_messages(&server).await;
    let left = "SELECT count(*) FROM messages WHERE renderer = 0";
    eventually(PATIENCE * 3, "the other job", async || (server.number(left) == 0).then_some(())).await;
    assert_eq!(server.number("SELECT count(*) FROM jobs WHERE kind = 'newer' AND attempts = 0"), 1);
    let report = String::from_utf8(server.klatch(&["doctor"]).await.stdout).unwrap();
    assert!(report.contains(" due, the first one since 2026-01-01 00:00:00 UTC"), "{report}");
}

on_both_databases![
    bodies_of_an_older_version_are_rendered_once_and_stored,
    a_kill_at_any_moment_of_a_job_loses_nothing_of_it,
    a_job_that_keeps_failing_is_given_up_and_told_to_the_operator,
    a_job_of_a_kind_that_only_a_newer_version_knows_is_left_to_it,
];
