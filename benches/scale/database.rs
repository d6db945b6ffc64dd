//! A large database, made by SQL.

use klatch::render::RENDERER;

use crate::beside::{self, People};
use crate::common::{Person, Server};

/// How large it is to be.
pub struct Size {
    pub messages: u64,
    pub rooms: u64,
    /// Rooms that the two people are in.
    pub own: u64,
    /// Messages of one room more.
    pub large: u64,
}

/// Fills the rooms evenly, with messages of one author. The reader has read everything, the lurker nothing; every 50th
/// message mentions both, and every 200th is deleted.
pub fn fill(server: &Server, size: &Size, reader: &Person, lurker: &Person, people: &People) {
    let Size { messages, rooms, own, large } = size;
    let each = messages / rooms;
    let (reader, lurker) = (&reader.user["id"], &lurker.user["id"]);
    let count = |to: &str| {
        format!("WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {to})")
    };
    // A time in a CASE is a text to Postgres, unless it says what it is.
    let now = match server.test_database() {
        Some(_) => "TIMESTAMP '2026-01-01 00:00:00'",
        None => "'2026-01-01 00:00:00'",
    };
    server.execute(&format!(
        "INSERT INTO users (username, username_key, display_name, password_hash, created_at)
         VALUES ('author', 'author', 'Author', '', {now})"
    ));
    let author = server.number("SELECT id FROM users WHERE username = 'author'");
    server.execute(&format!(
        "INSERT INTO rooms (slug, title, topic, kind, last_seq, message_count, created_at)
         {} SELECT 'room-' || n, 'Room number ' || n, '', 'public', {each}, {each}, {now} FROM numbers",
        count(&rooms.to_string())
    ));
    // Round by round, as messages come in: those of a room do not lie together.
    server.execute(&format!(
        "INSERT INTO messages (room_id, id, seq, key, key_written, author_id, body, html, renderer, sent_at, deleted_at)
         {} SELECT rooms.id, n, n, rooms.id || '-' || n, '', {author}, 'A message of some words, number ' || n,
         '<p>A message of some words, number ' || n || '</p>', {RENDERER}, {now}, CASE WHEN n % 200 = 0 THEN {now} END
         FROM numbers, rooms ORDER BY n, rooms.id",
        count(&each.to_string())
    ));
    server.execute(
        "INSERT INTO message_counts (room_id, message_id, count) SELECT room_id, id, id FROM messages WHERE id % 128 = 0",
    );
    for (user, read) in [(reader, each), (lurker, 0)] {
        server.execute(&format!(
            "INSERT INTO members (room_id, user_id, role, last_read_seq, joined_at)
             SELECT id, {user}, 'member', {read}, {now} FROM rooms WHERE id <= {own}"
        ));
        server.execute(&format!(
            "INSERT INTO mentions (user_id, room_id, message_id)
             SELECT {user}, room_id, id FROM messages WHERE id % 50 = 0 AND room_id <= {own} AND deleted_at IS NULL"
        ));
    }
    beside::fill(server, *large, people, now, RENDERER);
}
