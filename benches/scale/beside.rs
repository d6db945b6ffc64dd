//! What sends cost while something that touches many rows is done beside them.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::watch;

use crate::common::{Http, PASSWORD, PATIENCE, Person, Server, eventually};
use crate::spread::spread;

/// The most that 99 of 100 sends may take, in milliseconds.
const MOST_SEND: f64 = 100.0;
/// The most that the server may grow by, in bytes.
const MOST_GROWTH: f64 = 64.0 * 1_048_576.0;
/// Between two sends.
const PAUSE: Duration = Duration::from_millis(20);
/// Sends without anything beside them.
const ALONE: Duration = Duration::from_secs(10);
/// How long the longest of all this may take.
const LONGEST: Duration = Duration::from_secs(1_800);

/// Who does what.
pub struct People {
    pub owner: Person,
    pub sender: Person,
    pub leaver: Person,
}

/// Does one thing after another while somebody sends; whether all is as it is to be.
pub async fn measure(server: &Server, people: &People) -> bool {
    let People { owner, sender, leaver } = people;
    sender.makes_room("talk").await;
    jobs_end(server).await;
    println!(
        "\nWhile this is done, sends of somebody else in ms: median (least to most), and what 99 of 100 are below:\n"
    );
    println!("| | took s | sends | 99 of 100 | `/readyz` | memory MiB |\n| --- | --- | --- | --- | --- | --- |");
    let mut is_well = true;
    is_well &= beside(server, sender, "nothing", async || tokio::time::sleep(ALONE).await).await;
    is_well &= beside(server, sender, "`klatch doctor`", async || doctor(server).await).await;
    is_well &= beside(server, sender, "20,000 messages are wiped", async || {
        let answer = owner.http.post("/users/talker/wipe", json!({})).await;
        assert!([202, 204].contains(&answer.status), "{}", answer.text);
        jobs_end(server).await;
    })
    .await;
    is_well &= beside(server, sender, "an account goes, with 20,000 messages", async || {
        let goodbye = json!({"password": PASSWORD, "messages": "remove"});
        leaver.http.delete_with("/me", goodbye).await.ok(204);
        jobs_end(server).await;
    })
    .await;
    is_well &= beside(server, sender, "100,000 entries of the log go", async || {
        let rows = server.number("SELECT count(*) FROM audit");
        server.execute("UPDATE audit SET id = id + 1000000");
        server.execute(
            "INSERT INTO audit (id, at, actor, act, reason, detail, private)
             WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
             SELECT n, '2026-01-01 00:00:00', 'x', 'muted', '', '', false FROM numbers",
        );
        let left = "SELECT count(*) FROM audit";
        eventually(LONGEST, "the end of the log", async || (server.number(left) < rows + 10).then_some(())).await;
        jobs_end(server).await;
    })
    .await;
    is_well &= beside(server, sender, "a room of 500,000 messages and 5,000 members is deleted", async || {
        let since = Instant::now();
        owner.http.delete_with("/rooms/large", json!({"confirm": "large"})).await.ok(204);
        eprintln!("the deletion was answered after {:?}", since.elapsed());
        jobs_end(server).await;
    })
    .await;
    is_well
}

async fn jobs_end(server: &Server) {
    // Until the next look of the worker there may be none.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let left = "SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM deleted_rooms)";
    eventually(LONGEST, "the end of the jobs", async || {
        tokio::time::sleep(Duration::from_millis(500)).await;
        (server.number(left) == 0).then_some(())
    })
    .await;
}

async fn doctor(server: &Server) {
    let doctor = server.klatch(&["doctor"]).await;
    assert!(doctor.status.success(), "{doctor:?}");
}

/// Does it while somebody sends and a prober asks whether the server is ready; prints a row.
async fn beside(server: &Server, sender: &Person, what: &str, act: impl AsyncFn()) -> bool {
    let memory = async || server.metric("process_resident_memory_bytes").await;
    let before = memory().await;
    let (done, seen) = watch::channel(false);
    let since = Instant::now();
    let acts = async {
        act().await;
        let took = since.elapsed().as_secs_f64();
        done.send_replace(true);
        took
    };
    let prober = server.stranger();
    let (took, sends, unready) = tokio::join!(acts, sends(sender, seen.clone()), unready(&prober, seen));
    let after = memory().await;
    let most = of_100(&sends, 99);
    let ready = if unready == 0 { "200".to_owned() } else { format!("{unready} times not 200") };
    println!(
        "| {what} | {took:.1} | {} | {most:.1} | {ready} | {:.0} to {:.0} |",
        spread(&sends),
        before / 1_048_576.0,
        after / 1_048_576.0
    );
    most <= MOST_SEND && unready == 0 && after - before <= MOST_GROWTH
}

/// Milliseconds from each send to its answer, one after another until it is done.
async fn sends(sender: &Person, done: watch::Receiver<bool>) -> Vec<f64> {
    let mut socket = sender.socket_in("talk").await;
    let mut took = vec![];
    while !*done.borrow() {
        let since = Instant::now();
        socket.say("talk", "a message beside it").await;
        took.push(since.elapsed().as_secs_f64() * 1_000.0);
        tokio::time::sleep(PAUSE).await;
    }
    took
}

/// How often the server did not say that it is ready.
async fn unready(prober: &Http, done: watch::Receiver<bool>) -> usize {
    let mut unready = 0;
    while !*done.borrow() {
        let answer = tokio::time::timeout(PATIENCE, prober.get("page:/readyz")).await;
        unready += usize::from(!answer.is_ok_and(|answer| answer.status == 200));
        tokio::time::sleep(PAUSE * 5).await;
    }
    unready
}

fn of_100(values: &[f64], part: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((sorted.len() * part / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Adds what is to be removed: a room of many messages and members, and two people who wrote much in many rooms.
pub fn fill(server: &Server, large: u64, people: &People, now: &str, renderer: i32) {
    let owner = &people.owner.user["id"];
    let author = server.number("SELECT id FROM users WHERE username = 'author'");
    let each = server.number("SELECT max(last_seq) FROM rooms WHERE slug = 'room-1'");
    server.execute(&format!(
        "INSERT INTO users (username, username_key, display_name, password_hash, created_at)
         VALUES ('talker', 'talker', 'Talker', '', {now})"
    ));
    server.execute(&format!(
        "INSERT INTO users (username, username_key, display_name, password_hash, created_at)
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 5000)
         SELECT 'member-' || n, 'member-' || n, 'Member', '', {now} FROM numbers"
    ));
    for (name, first) in [("talker", each + 1), ("leaver", each + 11)] {
        server.execute(&format!(
            "INSERT INTO messages (room_id, id, seq, key, key_written, author_id, body, html, renderer, sent_at)
             WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {first} + 9)
             SELECT rooms.id, n, n, rooms.id || '-' || n, '', users.id, 'Words of {name}', '<p>Words of {name}</p>',
             {renderer}, {now} FROM numbers, rooms, users
             WHERE users.username = '{name}' AND rooms.slug LIKE 'room-%' ORDER BY n, rooms.id"
        ));
    }
    server.execute(
        "UPDATE rooms SET last_seq = last_seq + 20, message_count = message_count + 20 WHERE slug LIKE 'room-%'",
    );
    server.execute("UPDATE members SET last_read_seq = last_read_seq + 20 WHERE last_read_seq > 0");
    server.execute(&format!(
        "INSERT INTO rooms (slug, title, topic, kind, last_seq, message_count, created_at)
         VALUES ('large', 'Large', '', 'public', {large}, {large}, {now})"
    ));
    server.execute(&format!(
        "INSERT INTO messages (room_id, id, seq, key, key_written, author_id, body, html, renderer, sent_at, reply_to)
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {large})
         SELECT rooms.id, n, n, 'large-' || n, '', {author}, 'A message of some words', '<p>A message of some words</p>',
         {renderer}, {now}, CASE WHEN n % 3 = 0 THEN n - 1 END FROM numbers, rooms WHERE rooms.slug = 'large'"
    ));
    server.execute(
        "INSERT INTO message_counts (room_id, message_id, count) SELECT room_id, messages.id, messages.id
         FROM messages JOIN rooms ON rooms.id = room_id WHERE slug = 'large' AND messages.id % 128 = 0",
    );
    // They have read nothing.
    server.execute(&format!(
        "INSERT INTO members (room_id, user_id, role, last_read_seq, joined_at)
         SELECT rooms.id, users.id, 'member', 0, {now} FROM rooms, users
         WHERE slug = 'large' AND username LIKE 'member-%'"
    ));
    server.execute(&format!(
        "INSERT INTO members (room_id, user_id, role, last_read_seq, joined_at)
         SELECT id, {owner}, 'moderator', {large}, {now} FROM rooms WHERE slug = 'large'"
    ));
}

/// Makes the people.
pub async fn people(server: &Server) -> People {
    let owner = server.person_as("owner", "owner").await;
    let [sender, leaver] = server.people(["sender", "leaver"]).await;
    People { owner, sender, leaver }
}
