//! Whom somebody has blocked: no direct talk with them, no mention by them.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::chat::people;
use crate::db::connection::{AnyConnection, on_backend};
use crate::db::multi_row::Column::Numbers;
use crate::db::multi_row::{Rows, distinct};
use crate::db::schema::{blocks, users};
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{RoomId, User, UserId};

/// Blocks somebody, or no longer.
pub fn set(connection: &mut AnyConnection, user: UserId, other: UserId, on: bool) -> QueryResult<()> {
    if !on {
        return diesel::delete(blocks::table.find((user, other))).execute(connection).map(drop);
    }
    let row = (blocks::user_id.eq(user), blocks::blocked_id.eq(other));
    on_backend!(connection, |c| diesel::insert_into(blocks::table).values(row).on_conflict_do_nothing().execute(c))
        .map(drop)
}

/// Those whom somebody has blocked, by their ids: at most `limit` above the id `after`.
pub fn of(connection: &mut AnyConnection, user: UserId, after: UserId, limit: i64) -> QueryResult<Vec<User>> {
    blocks::table
        .inner_join(users::table.on(users::id.eq(blocks::blocked_id)))
        .filter(blocks::user_id.eq(user).and(blocks::blocked_id.gt(after)))
        .order(blocks::blocked_id)
        .limit(limit)
        .select(people::COLUMNS)
        .load(connection)
}

/// The ids of those whom these users have blocked, with who did.
pub fn by(connection: &mut AnyConnection, users: &[UserId]) -> QueryResult<Vec<(UserId, UserId)>> {
    blocks::table
        .filter(blocks::user_id.eq_any(users))
        .order((blocks::user_id, blocks::blocked_id))
        .select((blocks::user_id, blocks::blocked_id))
        .load(connection)
}

/// Which of these blocks there are: who has blocked, and whom.
pub fn among(
    connection: &mut AnyConnection,
    pairs: impl IntoIterator<Item = (UserId, UserId)>,
) -> QueryResult<HashSet<(UserId, UserId)>> {
    let pairs = distinct(pairs.into_iter());
    let (users, blocked) = pairs.iter().copied().unzip();
    let rows: Vec<(UserId, UserId)> = Rows::new(pairs.len())
        .with("user_id", Numbers(users))
        .with("blocked_id", Numbers(blocked))
        .load::<(BigInt, BigInt), _>(
            connection,
            "SELECT blocks.user_id, blocks.blocked_id FROM {given} \
             JOIN blocks ON blocks.user_id = given.user_id AND blocks.blocked_id = given.blocked_id",
        )?;
    Ok(rows.into_iter().collect())
}

/// Which members of a room have blocked somebody: of each room and person.
pub fn by_members(connection: &mut AnyConnection, people: &[(RoomId, UserId)]) -> QueryResult<Vec<(UserId, UserId)>> {
    let (rooms, users) = people.iter().copied().unzip();
    Rows::new(people.len()).with("room_id", Numbers(rooms)).with("user_id", Numbers(users)).load::<(BigInt, BigInt), _>(
        connection,
        "SELECT blocks.user_id, blocks.blocked_id FROM {given} JOIN blocks ON blocks.blocked_id = given.user_id \
         JOIN members ON members.room_id = given.room_id AND members.user_id = blocks.user_id",
    )
}

/// The blocks between somebody and others, in both directions.
pub fn between(
    connection: &mut AnyConnection,
    user: UserId,
    others: &[UserId],
) -> QueryResult<HashSet<(UserId, UserId)>> {
    among(connection, others.iter().flat_map(|other| [(user, *other), (*other, user)]))
}

/// Whether two may talk to each other directly.
///
/// # Errors
/// `forbidden`: one of them has blocked the other.
pub fn may_talk(blocks: &HashSet<(UserId, UserId)>, user: UserId, other: UserId) -> Result<(), Refusal> {
    if blocks.contains(&(user, other)) {
        return Err(Refusal::new(Code::Forbidden, "you have blocked this person"));
    }
    if blocks.contains(&(other, user)) {
        return Err(Refusal::new(Code::Forbidden, "this person does not want to be written to by you"));
    }
    Ok(())
}
