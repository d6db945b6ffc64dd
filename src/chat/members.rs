//! Who belongs to a room.

use std::collections::HashMap;

use chrono::{NaiveDateTime, Utc};
use diesel::dsl::not;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamp};

use crate::base::folding::fold;
use crate::chat::name_prefix::{self, Among};
use crate::chat::{people, rooms};
use crate::db::connection::{AnyConnection, snapshot};
use crate::db::multi_row::Column::Numbers;
use crate::db::multi_row::Rows;
use crate::db::schema::{last_sent, members, users};
use crate::policy::Action;
use crate::wire::refusal::Refusal;
use crate::wire::{Member, Notify, Role, RoomId, Seq, User, UserId};

pub fn is_member(connection: &mut AnyConnection, room: RoomId, user: UserId) -> QueryResult<bool> {
    let found: Option<RoomId> =
        members::table.find((room, user)).select(members::room_id).first(connection).optional()?;
    Ok(found.is_some())
}

/// Whether the chat is closed to a user; never null, whatever its type says.
#[diesel::dsl::auto_type]
pub(crate) fn banned(now: NaiveDateTime) -> _ {
    let lasts = users::banned_until.is_null().or(users::banned_until.gt(now));
    users::banned_at.is_not_null().and(lasts)
}

/// The members of a room whose names begin with `text`, as [`name_prefix::people`] has them.
pub fn page(
    connection: &mut AnyConnection,
    slug: &str,
    user: UserId,
    text: &str,
    cursor: Option<&str>,
    limit: i64,
) -> Result<(Vec<Member>, Option<String>), Refusal> {
    snapshot(connection, |connection| {
        let room = rooms::authorize(connection, slug, user, Action::See)?.0.room.id;
        let (found, next) = name_prefix::people(connection, Among::MembersOf(room), text, cursor, limit)?;
        let ids: Vec<UserId> = found.iter().map(|user| user.id).collect();
        let roles: HashMap<UserId, String> = members::table
            .filter(members::room_id.eq(room).and(members::user_id.eq_any(ids)))
            .select((members::user_id, members::role))
            .load(connection)?
            .into_iter()
            .collect();
        let role = |user: &User| roles.get(&user.id).map_or(Role::Member, |role| Role::from_column(role));
        Ok((found.into_iter().map(|user| Member { role: role(&user), user }).collect(), next))
    })
}

/// A room's members, without those who are banned from the chat, by their names; nobody, where they are more than `most`.
pub(crate) fn few(connection: &mut AnyConnection, room: RoomId, most: usize) -> QueryResult<Vec<User>> {
    let mut found: Vec<User> = members::table
        .inner_join(users::table)
        .filter(members::room_id.eq(room))
        .filter(not(banned(Utc::now().naive_utc())))
        .limit(most as i64 + 1)
        .select(people::COLUMNS)
        .load(connection)?;
    if found.len() > most {
        found.clear();
    }
    found.sort_by_cached_key(|user| (fold(&user.display_name), user.username.to_ascii_lowercase()));
    Ok(found)
}

/// The ids of a room's members, without those who are banned from the chat, with the room's `access` number at which
/// that was so.
pub fn ids(connection: &mut AnyConnection, room: RoomId) -> Result<(Vec<UserId>, i64), Refusal> {
    snapshot(connection, |connection| {
        let state = rooms::by_id(connection, room)?.ok_or_else(Refusal::room_not_found)?;
        let ids = members::table
            .inner_join(users::table)
            .filter(members::room_id.eq(room))
            .filter(not(banned(Utc::now().naive_utc())))
            .select(members::user_id)
            .load(connection)?;
        Ok((ids, state.access))
    })
}

/// Ends a membership in a room whose row is held.
pub(crate) fn end(connection: &mut AnyConnection, room: RoomId, user: UserId) -> QueryResult<()> {
    rooms::raise_access(connection, &[room])?;
    rooms::forget_maker(connection, &[room], user)?;
    let sent_at = members::table.find((room, user)).select(members::sent_at);
    let sent_at: Option<Option<NaiveDateTime>> = sent_at.first(connection).optional()?;
    if let Some(Some(sent_at)) = sent_at {
        diesel::delete(last_sent::table.find((room, user))).execute(connection)?;
        let row = (last_sent::room_id.eq(room), last_sent::user_id.eq(user), last_sent::sent_at.eq(sent_at));
        diesel::insert_into(last_sent::table).values(row).execute(connection)?;
    }
    diesel::delete(members::table.find((room, user))).execute(connection).map(drop)
}

/// When somebody who left sent their latest message, where the room was slow.
fn last_sent_at(connection: &mut AnyConnection, room: RoomId, user: UserId) -> QueryResult<Option<NaiveDateTime>> {
    last_sent::table.find((room, user)).select(last_sent::sent_at).first(connection).optional()
}

/// As [`last_sent_at`], of many.
pub(crate) fn last_sent_of(
    connection: &mut AnyConnection,
    pairs: &[(RoomId, UserId)],
) -> QueryResult<HashMap<(RoomId, UserId), NaiveDateTime>> {
    let rows: Vec<(RoomId, UserId, NaiveDateTime)> = Rows::new(pairs.len())
        .with("room_id", Numbers(pairs.iter().map(|(room, _)| *room).collect()))
        .with("user_id", Numbers(pairs.iter().map(|(_, user)| *user).collect()))
        .load::<(BigInt, BigInt, Timestamp), _>(
            connection,
            "SELECT last_sent.room_id, last_sent.user_id, last_sent.sent_at FROM {given} JOIN last_sent \
             ON last_sent.room_id = given.room_id AND last_sent.user_id = given.user_id",
        )?;
    Ok(rows.into_iter().map(|(room, user, sent_at)| ((room, user), sent_at)).collect())
}

pub fn insert(connection: &mut AnyConnection, room: RoomId, user: UserId, role: Role, mark: Seq) -> QueryResult<()> {
    let sent_at = last_sent_at(connection, room, user)?;
    diesel::insert_into(members::table)
        .values((
            members::sent_at.eq(sent_at),
            members::room_id.eq(room),
            members::user_id.eq(user),
            members::role.eq(role.as_str()),
            members::last_read_seq.eq(mark),
            members::notify.eq(Notify::default().as_str()),
            members::joined_at.eq(Utc::now().naive_utc()),
        ))
        .execute(connection)
        .map(drop)
}
