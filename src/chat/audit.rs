//! The log of what was done to people, rooms and messages: written in the transaction that does it, and never changed but for
//! the names of those who delete their accounts; it is kept for as long as the operator wants.

use chrono::{NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::chat::authorization;
use crate::chat::rooms::authorize;
use crate::db::connection::{AnyConnection, snapshot};
use crate::db::schema::{audit, members};
use crate::policy::{Action, Object, may};
use crate::wire::refusal::Refusal;
use crate::wire::{Act, AuditEntry, Room, RoomKind, Seq, User, UserId};

/// Entries that a page for people lists at most.
pub const PAGE: i64 = 100;
/// Who acts by the command line, or is the server itself.
pub const OPERATOR: &str = "operator";

/// Something that is being done.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// `None`: the operator.
    pub actor: Option<&'a User>,
    pub act: Act,
    pub room: Option<&'a Room>,
    /// Whom it is done to.
    pub target: Option<&'a User>,
    pub message: Option<Seq>,
    pub reason: &'a str,
    /// What else there is to know, as `name: value`.
    pub detail: &'a str,
}

impl<'a> Entry<'a> {
    pub fn new(act: Act) -> Self {
        Self { actor: None, act, room: None, target: None, message: None, reason: "", detail: "" }
    }
}

pub fn record(connection: &mut AnyConnection, entry: &Entry) -> QueryResult<()> {
    let Entry { actor, act, room, target, message, reason, detail } = entry;
    diesel::insert_into(audit::table)
        .values((
            audit::at.eq(Utc::now().naive_utc()),
            audit::actor_id.eq(actor.map(|user| user.id)),
            audit::actor.eq(actor.map_or(OPERATOR, |user| user.username.as_str())),
            audit::act.eq(act.as_str()),
            audit::room_id.eq(room.map(|room| room.id)),
            audit::room.eq(room.map(|room| room.slug.as_str())),
            audit::user_id.eq(target.map(|user| user.id)),
            audit::username.eq(target.map(|user| user.username.as_str())),
            audit::message_id.eq(*message),
            audit::reason.eq(*reason),
            audit::detail.eq(*detail),
            audit::private.eq(room.is_some_and(|room| room.kind != RoomKind::Public)),
        ))
        .execute(connection)
        .map(drop)
}

/// Somebody is called otherwise from now on, in what was done before too: they deleted their account. Changes so many entries
/// after this one at most; where there may be more, the last that is done.
pub fn rename(
    connection: &mut AnyConnection,
    user: UserId,
    name: &str,
    after: i64,
    limit: i64,
) -> QueryResult<Option<i64>> {
    let later = || audit::table.filter(audit::id.gt(after)).order(audit::id).limit(limit).select(audit::id);
    let mut acted: Vec<i64> = later().filter(audit::actor_id.eq(user)).load(connection)?;
    let mut of_them: Vec<i64> = later().filter(audit::user_id.eq(user)).load(connection)?;
    // Of the one of which there may be more, nothing is known after its last.
    let full = [&acted, &of_them].into_iter().filter(|ids| ids.len() as i64 == limit);
    let last = full.filter_map(|ids| ids.last().copied()).min();
    for ids in [&mut acted, &mut of_them] {
        ids.retain(|id| last.is_none_or(|last| *id <= last));
    }
    diesel::update(audit::table.filter(audit::id.eq_any(acted))).set(audit::actor.eq(name)).execute(connection)?;
    diesel::update(audit::table.filter(audit::id.eq_any(of_them))).set(audit::username.eq(name)).execute(connection)?;
    Ok(last)
}

/// Whether an entry is older than this.
pub fn is_any_before(connection: &mut AnyConnection, time: NaiveDateTime) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(audit::table.filter(audit::at.lt(time)))).get_result(connection)
}

/// Deletes the oldest entries, those that are older than this and so many at most; how many that were.
pub fn delete_before(connection: &mut AnyConnection, time: NaiveDateTime, limit: i64) -> QueryResult<usize> {
    // By their times: while a clock was wrong, a low number may have got a late one.
    let oldest = audit::table.filter(audit::at.lt(time)).order(audit::at).limit(limit);
    let gone: Vec<i64> = oldest.select(audit::id).load(connection)?;
    diesel::delete(audit::table.filter(audit::id.eq_any(gone))).execute(connection)
}

/// Entries, newest first, and whether there are older ones.
pub struct Page {
    pub entries: Vec<AuditEntry>,
    pub more: bool,
}

/// A page of what was done in a room, for its moderators, or anywhere, for admins, but for private rooms that they are not
/// in; below `before` where that is given.
pub fn read(
    connection: &mut AnyConnection,
    slug: Option<&str>,
    user: UserId,
    before: Option<i64>,
    limit: i64,
) -> Result<Page, Refusal> {
    type Row = ((i64, NaiveDateTime, String, String), (Option<String>, Option<String>, Option<Seq>), (String, String));
    snapshot(connection, |connection| {
        let mut query = audit::table.order(audit::id.desc()).limit(limit + 1).into_boxed();
        match slug {
            Some(slug) => {
                let (found, _) = authorize(connection, slug, user, Action::ReadLog)?;
                query = query.filter(audit::room_id.eq(found.room.id));
            }
            None => {
                may(authorization::in_chat(connection, user)?.actor, Action::Administer, Object::default())?;
                // A private room stays private: of those that an admin is not in, the reports alone concern them.
                let own = members::table.filter(members::user_id.eq(user)).select(members::room_id.nullable());
                let told = audit::private.eq(false).or(audit::act.eq(Act::SettleReport.as_str()));
                query = query.filter(told.or(audit::room_id.eq_any(own).assume_not_null()));
            }
        }
        let rows: Vec<Row> = query
            .filter(audit::id.lt(before.unwrap_or(i64::MAX)))
            .select((
                (audit::id, audit::at, audit::actor, audit::act),
                (audit::room, audit::username, audit::message_id),
                (audit::reason, audit::detail),
            ))
            .load(connection)?;
        let more = rows.len() as i64 > limit;
        let entry = |((id, at, actor, act), (room, username, message), (reason, detail)): Row| AuditEntry {
            id,
            at,
            actor,
            act,
            room,
            username,
            message,
            reason,
            detail,
        };
        Ok(Page { entries: rows.into_iter().take(limit as usize).map(entry).collect(), more })
    })
}
