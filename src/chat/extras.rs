//! What features add to users beside their names, such as a status: one JSON object for each user, so that whoever reads a
//! user reads it too. An extra has a name and is an object; it ends by itself where it has an `until`.
//!
//! Every change has a number, which rises in the order of the commits, so that each instance reads what it has not told its
//! sockets yet: another instance's event only wakes it.

use std::collections::HashSet;

use chrono::Utc;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde_json::{Map, Value};

use crate::chat::change::Change;
use crate::chat::events::Event;
use crate::chat::people;
use crate::db::connection::{AnyConnection, snapshot};
use crate::db::schema::{members, meta, rooms, users};
use crate::wire::extras::is_current;
use crate::wire::refusal::Refusal;
use crate::wire::{PersonState, RoomId, RoomKind, User, UserId};

/// Somebody about whom something has changed, and where they are a member.
pub struct Changed {
    /// The number of the change of an extra; `None` where it is only that they came or went.
    pub seq: Option<i64>,
    pub user: User,
    /// As clients are told it.
    pub state: PersonState,
    pub rooms: Vec<RoomId>,
    pub talks: Vec<RoomId>,
}

/// Gives a user an extra, or takes it away (null), and has those told who see the user; gives the user as they are then.
///
/// # Errors
/// `unauthorized`: there is no such account any more.
pub fn set(change: &mut Change, user: UserId, name: &str, extra: Value) -> Result<User, Refusal> {
    let connection = &mut *change.connection;
    // Whoever changes an extra holds the counter until the commit.
    diesel::update(meta::table.find(COUNTER))
        .set(meta::value.eq(sql::<Text>("CAST(CAST(value AS BIGINT) + 1 AS TEXT)")))
        .execute(connection)?;
    let seq = latest(connection)?;
    let there = users::table.find(user).filter(users::deleted_at.is_null());
    let stored: Option<Option<String>> = there.select(users::extras).first(connection).optional()?;
    let mut extras = parsed(stored.ok_or_else(Refusal::signed_out)?);
    extras.insert(name.to_owned(), extra);
    diesel::update(users::table.find(user))
        .set((users::extras.eq(Value::Object(extras).to_string()), users::extras_seq.eq(seq)))
        .execute(connection)?;
    let user = there.select(people::COLUMNS).first(connection)?;
    change.announce(Event::PeopleChanged);
    Ok(user)
}

const COUNTER: &str = "extras_seq";

/// The number of the latest change.
pub fn latest(connection: &mut AnyConnection) -> QueryResult<i64> {
    meta::table.find(COUNTER).select(sql::<BigInt>("CAST(value AS BIGINT)")).first(connection)
}

/// The first of those whose extras changed after a number, at most `most`; and these others, who came or went.
pub fn changed_after(
    connection: &mut AnyConnection,
    seq: i64,
    most: usize,
    others: &[UserId],
) -> Result<Vec<Changed>, Refusal> {
    snapshot(connection, |connection| {
        let columns = (users::extras_seq, people::COLUMNS, users::extras);
        let there = || users::table.filter(users::deleted_at.is_null());
        let mut rows: Vec<(Option<i64>, User, Option<String>)> = there()
            .filter(users::extras_seq.gt(seq))
            .order(users::extras_seq)
            .limit(most as i64)
            .select(columns)
            .load(connection)?;
        let changed: HashSet<UserId> = rows.iter().map(|(_, user, _)| user.id).collect();
        let others: Vec<UserId> = others.iter().copied().filter(|user| !changed.contains(user)).collect();
        if !others.is_empty() {
            let others: Vec<User> =
                there().filter(users::id.eq_any(others)).select(people::COLUMNS).load(connection)?;
            rows.extend(others.into_iter().map(|user| (None, user, None)));
        }
        let ids: Vec<UserId> = rows.iter().map(|(_, user, _)| user.id).collect();
        let places: Vec<(UserId, RoomId, String)> = members::table
            .inner_join(rooms::table)
            .filter(members::user_id.eq_any(ids))
            .select((members::user_id, rooms::id, rooms::kind))
            .load(connection)?;
        let of = |user: UserId, direct: bool| {
            let wanted = |(member, _, kind): &&(UserId, RoomId, String)| {
                *member == user && (RoomKind::from_column(kind) == RoomKind::Direct) == direct
            };
            places.iter().filter(wanted).map(|(_, room, _)| *room).collect()
        };
        let changed = |(seq, user, extras): (Option<i64>, User, Option<String>)| Changed {
            seq,
            state: state(&user, extras),
            rooms: of(user.id, false),
            talks: of(user.id, true),
            user,
        };
        Ok(rows.into_iter().map(changed).collect())
    })
}

/// All that somebody has or had; null for what was cleared or has ended.
fn state(user: &User, extras: Option<String>) -> PersonState {
    let now = Utc::now();
    let told = |extra: Value| if is_current(&extra, now) { extra } else { Value::Null };
    let extras = parsed(extras).into_iter().map(|(name, extra)| (name, told(extra))).collect();
    PersonState { id: user.id, username: user.username.clone(), extras }
}

fn parsed(stored: Option<String>) -> Map<String, Value> {
    stored.and_then(|stored| serde_json::from_str(&stored).ok()).unwrap_or_default()
}
