//! Whether what is stored fits together, counted anew by other means than the program's own.

use chrono::{TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::chat::read_state;
use crate::db::clock;
use crate::db::connection::{AnyConnection, snapshot};
use crate::db::schema::members;
use crate::wire::{MAX_UNREAD, RoomId, UserId};

/// People looked at in one query.
const PEOPLE_AT_ONCE: usize = 200;
/// What is told of by name, at most.
const TOLD: i64 = 10;

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    user_id: UserId,
    #[diesel(sql_type = BigInt)]
    room_id: RoomId,
    #[diesel(sql_type = BigInt)]
    unread: i64,
    #[diesel(sql_type = BigInt)]
    mentions: i64,
}

/// How far this machine's clock is ahead of the database's; none on SQLite, which has no clock of its own.
pub fn clock_ahead(connection: &mut AnyConnection) -> QueryResult<TimeDelta> {
    match connection {
        AnyConnection::Sqlite(_) => Ok(TimeDelta::zero()),
        AnyConnection::Postgres(_) => {
            let before = Utc::now().naive_utc();
            let theirs = clock::now(connection)?;
            // The database's moment lies between these two.
            Ok(before + (Utc::now().naive_utc() - before) / 2 - theirs)
        }
    }
}

/// Rooms whose numbers are not those of their messages.
pub fn rooms_out_of_step(connection: &mut AnyConnection) -> QueryResult<Vec<String>> {
    named(
        connection,
        "SELECT rooms.slug AS name FROM rooms WHERE \
         rooms.message_count <> (SELECT count(*) FROM messages WHERE messages.room_id = rooms.id) \
         OR rooms.last_seq < (SELECT coalesce(max(messages.seq), 0) FROM messages WHERE messages.room_id = rooms.id) \
         OR rooms.last_seq < rooms.message_count \
         OR (SELECT count(DISTINCT messages.seq) FROM messages WHERE messages.room_id = rooms.id) \
         <> rooms.message_count",
    )
}

/// Rooms in which somebody has read further than there is anything.
pub fn marks_beyond(connection: &mut AnyConnection) -> QueryResult<Vec<String>> {
    named(
        connection,
        "SELECT DISTINCT rooms.slug AS name FROM members JOIN rooms ON rooms.id = members.room_id \
         WHERE members.last_read_seq > rooms.last_seq",
    )
}

/// Rooms whose notes of how many messages there were up to some of them are not so.
pub fn counts_out_of_step(connection: &mut AnyConnection) -> QueryResult<Vec<String>> {
    named(
        connection,
        "SELECT DISTINCT rooms.slug AS name FROM message_counts \
         JOIN (SELECT room_id, id, row_number() OVER (PARTITION BY room_id ORDER BY id) AS number FROM messages) \
         AS numbered ON numbered.room_id = message_counts.room_id AND numbered.id = message_counts.message_id \
         JOIN rooms ON rooms.id = message_counts.room_id WHERE message_counts.count <> numbered.number",
    )
}

/// Tables with rows that belong to nothing.
pub fn broken_references(connection: &mut AnyConnection) -> QueryResult<Vec<String>> {
    let mut broken = match connection {
        AnyConnection::Sqlite(_) => {
            named(connection, "SELECT DISTINCT \"table\" AS name FROM pragma_foreign_key_check")
        }
        // Postgres keeps them itself, where they have been validated.
        AnyConnection::Postgres(_) => named(
            connection,
            "SELECT conname::text AS name FROM pg_constraint WHERE contype = 'f' AND NOT convalidated",
        ),
    }?;
    // No foreign key leads from messages to rooms: those of a deleted room stay until the job has removed them.
    broken.extend(named(
        connection,
        "SELECT DISTINCT 'messages' AS name FROM (SELECT DISTINCT room_id FROM messages) AS all_rooms WHERE NOT EXISTS \
         (SELECT 1 FROM rooms WHERE rooms.id = all_rooms.room_id) AND NOT EXISTS \
         (SELECT 1 FROM deleted_rooms WHERE deleted_rooms.room_id = all_rooms.room_id)",
    )?);
    Ok(broken)
}

/// Memberships, as `user in room` by their ids, whose unread and mention numbers the program counts otherwise.
pub fn miscounted(connection: &mut AnyConnection) -> QueryResult<Vec<String>> {
    let mut people: Vec<UserId> = members::table.select(members::user_id).distinct().load(connection)?;
    people.sort_unstable();
    let mut wrong = Vec::new();
    for some in people.chunks(PEOPLE_AT_ONCE) {
        snapshot(connection, |connection| {
            let counted = read_state::of_members(connection, some)?;
            let ids = some.iter().map(UserId::to_string).collect::<Vec<_>>().join(", ");
            let anew: Vec<Counted> = diesel::sql_query(format!(
                "SELECT members.user_id, members.room_id, \
                 (SELECT count(*) FROM (SELECT 1 FROM messages WHERE messages.room_id = members.room_id \
                 AND messages.id > members.last_read_seq AND messages.author_id <> members.user_id \
                 AND messages.deleted_at IS NULL LIMIT {MAX_UNREAD}) AS few) AS unread, \
                 CASE WHEN rooms.kind = 'direct' THEN \
                 (SELECT count(*) FROM (SELECT 1 FROM messages WHERE messages.room_id = members.room_id \
                 AND messages.id > members.last_read_seq AND messages.author_id <> members.user_id \
                 AND messages.deleted_at IS NULL LIMIT {MAX_UNREAD}) AS few) ELSE \
                 (SELECT count(*) FROM (SELECT 1 FROM mentions WHERE mentions.user_id = members.user_id \
                 AND mentions.room_id = members.room_id AND mentions.message_id > members.last_read_seq \
                 LIMIT {MAX_UNREAD}) AS few) END AS mentions \
                 FROM members JOIN rooms ON rooms.id = members.room_id WHERE members.user_id IN ({ids})"
            ))
            .load(connection)?;
            for Counted { user_id, room_id, unread, mentions } in anew {
                let known = counted.get(&user_id).and_then(|rooms| rooms.get(&room_id)).copied();
                let known = known.unwrap_or_default();
                if (unread, mentions) != (known.unread, known.mentions) {
                    wrong.push(format!("{user_id} in {room_id}"));
                }
            }
            QueryResult::Ok(())
        })?;
    }
    Ok(wrong)
}

fn named(connection: &mut AnyConnection, query: &str) -> QueryResult<Vec<String>> {
    let rows: Vec<Named> = diesel::sql_query(format!("{query} LIMIT {TOLD}")).load(connection)?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}
