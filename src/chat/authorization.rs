//! How people stand to rooms, as the policy asks it.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::{NaiveDateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamp};

use crate::chat::{accounts, people};
use crate::db::connection::AnyConnection;
use crate::db::multi_row::Column::Numbers;
use crate::db::multi_row::Rows;
use crate::db::schema::users;
use crate::policy::{Actor, Person};
use crate::wire::refusal::Refusal;
use crate::wire::{InstanceRole, Notify, Role, RoomId, Seq, User, UserId};

/// Somebody, and how they stand to one room.
pub struct Subject {
    pub user: User,
    pub actor: Actor,
    /// A member's read mark.
    pub mark: Option<Seq>,
    /// When a member sent their latest message, where the room is slow.
    pub sent_at: Option<NaiveDateTime>,
    /// What a member wants to be told.
    pub notify: Option<Notify>,
}

impl Subject {
    pub fn person(&self) -> Person {
        Person { user: self.user.id, instance: self.actor.instance, role: self.actor.role }
    }
}

/// Whether the chat is closed to somebody at the `moment` of the row.
pub(crate) const EXCLUDED: &str = "(users.deleted_at IS NOT NULL OR (users.banned_at IS NOT NULL \
     AND (users.banned_until IS NULL OR users.banned_until > given.moment)))";

type Row =
    (RoomId, (User, String, bool), (Option<String>, Option<Seq>, Option<NaiveDateTime>, Option<String>), (bool, bool));

static SUBJECTS: LazyLock<String> = LazyLock::new(|| {
    let sanction = |kind: &str| {
        format!(
            "EXISTS (SELECT 1 FROM sanctions WHERE sanctions.room_id = given.room_id \
             AND sanctions.user_id = given.user_id AND sanctions.kind = '{kind}' \
             AND (sanctions.until IS NULL OR sanctions.until > given.moment))"
        )
    };
    format!(
        "SELECT given.room_id, {}, users.role, {EXCLUDED}, members.role, \
         members.last_read_seq, members.sent_at, members.notify, {}, {} FROM {{given}} JOIN users ON users.id = given.user_id \
         LEFT JOIN members ON members.room_id = given.room_id AND members.user_id = given.user_id",
        people::SQL,
        sanction("mute"),
        sanction("ban"),
    )
});

/// All of these who exist. What has an end is over by the system's clock.
pub fn load(
    connection: &mut AnyConnection,
    pairs: &[(RoomId, UserId)],
) -> QueryResult<HashMap<(RoomId, UserId), Subject>> {
    let rows: Vec<Row> = Rows::new(pairs.len())
        .with("room_id", Numbers(pairs.iter().map(|(room, _)| *room).collect()))
        .with("user_id", Numbers(pairs.iter().map(|(_, user)| *user).collect()))
        .with_moment("moment", Utc::now().naive_utc())
        .load::<(
            BigInt,
            (people::SqlTypes, Text, Bool),
            (Nullable<Text>, Nullable<BigInt>, Nullable<Timestamp>, Nullable<Text>),
            (Bool, Bool),
        ), _>(connection, &SUBJECTS)?;
    let known = |(room, (user, instance, excluded), (role, mark, sent_at, notify), (muted, banned)): Row| {
        let role = role.as_deref().map(Role::from_column);
        let instance = InstanceRole::from_column(&instance);
        let actor = Actor { user: user.id, instance, role, muted, banned, excluded };
        let notify = notify.as_deref().map(Notify::from_column);
        ((room, user.id), Subject { user, actor, mark, sent_at, notify })
    };
    Ok(rows.into_iter().map(known).collect())
}

/// How somebody stands to a room.
///
/// # Errors
/// `unauthorized`: there is no such account any more.
pub fn one(connection: &mut AnyConnection, room: RoomId, user: UserId) -> Result<Subject, Refusal> {
    load(connection, &[(room, user)])?.remove(&(room, user)).ok_or_else(Refusal::signed_out)
}

/// How somebody stands to the whole chat.
///
/// # Errors
/// `unauthorized`: there is no such account any more.
pub fn in_chat(connection: &mut AnyConnection, user: UserId) -> Result<Subject, Refusal> {
    type Row = (User, String, Option<NaiveDateTime>, (Option<NaiveDateTime>, Option<NaiveDateTime>));
    let found: Option<Row> = users::table
        .find(user)
        .select((people::COLUMNS, users::role, users::deleted_at, (users::banned_at, users::banned_until)))
        .first(connection)
        .optional()?;
    let (user, role, deleted_at, (banned_at, banned_until)) = found.ok_or_else(Refusal::signed_out)?;
    let banned = banned_at.is_some() && banned_until.is_none_or(|until| until > Utc::now().naive_utc());
    let mut actor = Actor::outside(user.id, InstanceRole::from_column(&role));
    actor.excluded = deleted_at.is_some() || banned;
    Ok(Subject { user, actor, mark: None, sent_at: None, notify: None })
}

/// Somebody by their name, as they stand to the whole chat.
///
/// # Errors
/// `not_found`: nobody has this name.
pub fn named_in_chat(connection: &mut AnyConnection, username: &str) -> Result<Subject, Refusal> {
    let id = accounts::id_by_name(connection, username)?.ok_or_else(Refusal::user_not_found)?;
    in_chat(connection, id)
}

/// Somebody by their name, as they stand to a room.
///
/// # Errors
/// `not_found`: nobody has this name.
pub fn named(connection: &mut AnyConnection, room: RoomId, username: &str) -> Result<Subject, Refusal> {
    let id = accounts::id_by_name(connection, username)?.ok_or_else(Refusal::user_not_found)?;
    one(connection, room, id)
}

/// Those who see no room that they are not in.
pub fn guests(connection: &mut AnyConnection) -> QueryResult<Vec<UserId>> {
    users::table.filter(users::role.eq(InstanceRole::Guest.as_str())).select(users::id).load(connection)
}
