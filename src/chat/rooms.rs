//! Rooms: made, found, listed and described.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error;

use crate::base::failpoints::fault_enabled;
use crate::chat::{authorization, direct_titles};
use crate::db::connection::{AnyConnection, STATEMENT_TIMEOUT, on_backend, snapshot};
use crate::db::schema::{meta, rooms};
use crate::policy::{Action, Actor, Object, PolicyRoom, may};
use crate::wire::refusal::Refusal;
use crate::wire::{Room, RoomId, RoomKind, Seq, UserId};

/// A room with the numbers that the actors go by.
#[derive(Clone, Debug)]
pub struct RoomState {
    pub room: Room,
    /// Messages ever sent here.
    pub count: i64,
    /// Rises with every removal of a member.
    pub access: i64,
    /// The number of the latest change by which what is unread, or mentions somebody, became less.
    pub lowered: Seq,
    pub rules: Rules,
}

/// What a room is to those who moderate it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The direct talk of two.
    pub pair: bool,
    /// New members of the chat join it by themselves.
    pub is_default: bool,
    /// One in each line.
    pub blocked_words: String,
    pub blocks_links: bool,
    /// Who made it, while they are one of its moderators.
    pub made_by: Option<UserId>,
}

impl RoomState {
    /// The room, as the policy asks it.
    pub fn place(&self) -> PolicyRoom {
        PolicyRoom {
            kind: self.room.kind,
            archived: self.room.archived,
            pair: self.rules.pair,
            large: false,
            maker: self.rules.made_by,
        }
    }
}

/// Values in one query; SQLite takes 32,766 at most.
pub(crate) const BINDS_AT_ONCE: usize = 1_000;

/// The columns of a [`RoomState`], in the order of [`COLUMNS`].
pub(crate) type Row = (
    (RoomId, String, String, String, String, Seq, i64, i64),
    (Option<NaiveDateTime>, i32, Seq),
    (Option<String>, bool, String, bool, Option<UserId>),
);

/// In the parts that the state is made of.
pub(crate) type Columns = (
    (
        rooms::id,
        rooms::slug,
        rooms::title,
        rooms::topic,
        rooms::kind,
        rooms::last_seq,
        rooms::message_count,
        rooms::access,
    ),
    (rooms::archived_at, rooms::slow_secs, rooms::lowered_seq),
    (rooms::pair, rooms::is_default, rooms::blocked_words, rooms::blocks_links, rooms::made_by),
);

pub(crate) const COLUMNS: Columns = (
    (
        rooms::id,
        rooms::slug,
        rooms::title,
        rooms::topic,
        rooms::kind,
        rooms::last_seq,
        rooms::message_count,
        rooms::access,
    ),
    (rooms::archived_at, rooms::slow_secs, rooms::lowered_seq),
    (rooms::pair, rooms::is_default, rooms::blocked_words, rooms::blocks_links, rooms::made_by),
);

pub(crate) fn state(
    (room, (archived_at, slow_secs, lowered), (pair, is_default, blocked_words, blocks_links, made_by)): Row,
) -> RoomState {
    let (id, slug, title, topic, kind, seq, count, access) = room;
    let (kind, archived) = (RoomKind::from_column(&kind), archived_at.is_some());
    let room = Room { id, slug, title, topic, kind, seq, archived, slow_secs };
    let rules = Rules { pair: pair.is_some(), is_default, blocked_words, blocks_links, made_by };
    RoomState { room, count, access, lowered, rules }
}

/// The identity of this run of numbers: another one means that numbers may have been given twice.
///
/// On Postgres the timeline is part of it, since a failover begins a new one.
pub fn epoch(connection: &mut AnyConnection) -> QueryResult<String> {
    let stored: String = meta::table.find("epoch").select(meta::value).first(connection)?;
    match connection {
        AnyConnection::Postgres(postgres) => {
            let timeline: String = diesel::select(diesel::dsl::sql::<diesel::sql_types::Text>(
                "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)",
            ))
            .get_result(postgres)?;
            Ok(format!("{stored}-{timeline}"))
        }
        AnyConnection::Sqlite(_) => Ok(stored),
    }
}

/// Begins a new run of numbers, unless one has begun since `old` was read by [`epoch`]: clients throw away what they had.
pub fn renew_epoch(connection: &mut AnyConnection, old: &str) -> QueryResult<()> {
    let new = uuid::Uuid::new_v4().simple().to_string();
    // Without the timeline.
    let stored = old.split('-').next().unwrap_or(old);
    diesel::update(meta::table.find("epoch").filter(meta::value.eq(stored)))
        .set(meta::value.eq(new))
        .execute(connection)
        .map(drop)
}

pub fn by_slug(connection: &mut AnyConnection, slug: &str) -> QueryResult<Option<RoomState>> {
    // Postgres takes no NUL in a text, and no slug has one.
    if slug.contains('\0') {
        return Ok(None);
    }
    let row = rooms::table.filter(rooms::slug.eq(slug)).select(COLUMNS);
    Ok(on_backend!(connection, |c| row.first(c)).optional()?.map(state))
}

pub fn by_id(connection: &mut AnyConnection, id: RoomId) -> QueryResult<Option<RoomState>> {
    rooms::table.find(id).select(COLUMNS).first(connection).optional().map(|row| row.map(state))
}

/// Where a room stands.
#[derive(Clone, Debug, Queryable)]
pub struct RoomHead {
    pub id: RoomId,
    pub slug: String,
    pub seq: Seq,
    /// Messages ever sent.
    pub count: i64,
    /// Raised by every removal.
    pub access: i64,
    /// See [`RoomState::lowered`].
    pub lowered: Seq,
}

pub fn standings(connection: &mut AnyConnection, ids: &[RoomId]) -> QueryResult<Vec<RoomHead>> {
    let mut standings = Vec::with_capacity(ids.len());
    for ids in ids.chunks(BINDS_AT_ONCE) {
        let rooms = rooms::table.filter(rooms::id.eq_any(ids));
        let columns =
            (rooms::id, rooms::slug, rooms::last_seq, rooms::message_count, rooms::access, rooms::lowered_seq);
        standings.extend(rooms.select(columns).load::<RoomHead>(connection)?);
    }
    Ok(standings)
}

/// Takes the rooms' rows for this [`transaction`](crate::db::connection::transaction), in the order of their ids, and reads them:
/// whoever holds a room's row alone gives it numbers and ends memberships in it. SQLite has one writer, and this is it.
pub fn lock(connection: &mut AnyConnection, ids: &[RoomId]) -> QueryResult<HashMap<RoomId, RoomState>> {
    let those = rooms::table.filter(rooms::id.eq_any(ids)).select(COLUMNS);
    let rows: Vec<Row> = match connection {
        AnyConnection::Postgres(postgres) => those.order(rooms::id).for_no_key_update().load(postgres)?,
        AnyConnection::Sqlite(sqlite) => those.load(sqlite)?,
    };
    Ok(rows.into_iter().map(state).map(|state| (state.room.id, state)).collect())
}

/// Has every instance look anew at who may be in these rooms, before it hands out anything that is committed after this.
/// Takes the rooms' rows, in the order of the given ids.
pub(crate) fn raise_access(connection: &mut AnyConnection, ids: &[RoomId]) -> QueryResult<()> {
    ids.iter().try_for_each(|id| {
        diesel::update(rooms::table.find(id)).set(rooms::access.eq(rooms::access + 1)).execute(connection).map(drop)
    })
}

/// Has somebody who is in a room count as its maker, for as long as they moderate it.
pub fn set_maker(connection: &mut AnyConnection, room: RoomId, user: UserId) -> QueryResult<()> {
    diesel::update(rooms::table.find(room)).set(rooms::made_by.eq(user)).execute(connection).map(drop)
}

/// Somebody moderates a room no longer, or these rooms: then nobody counts as the maker of those that they made.
pub fn forget_maker(connection: &mut AnyConnection, these: &[RoomId], user: UserId) -> QueryResult<()> {
    let made = rooms::table.filter(rooms::id.eq_any(these).and(rooms::made_by.eq(user)));
    diesel::update(made).set(rooms::made_by.eq(None::<UserId>)).execute(connection).map(drop)
}

/// How long a batch waits for its rooms' rows: longer than others have them for a commit, too short for strangers to
/// notice.
const SHORT_WAIT: &str = "200ms";

/// How a batch takes its rooms' rows where others may have them too.
#[derive(Clone, Copy, Debug)]
pub enum LockMode {
    /// All at once, without waiting. Where somebody has one of them the transaction is rolled back: whoever waits while
    /// it holds rows out of their order could be waited for.
    NoWait,
    /// In the order of their ids, waiting for [`SHORT_WAIT`]; then the transaction fails.
    Ordered,
    /// Those that nobody has.
    SkipLocked,
}

/// As [`lock`], for the journal, which must not wait for long. The second part are the rooms that are left out since
/// somebody else has their rows; for those of `known_held` that is found out without waiting.
pub fn lock_for_batch(
    connection: &mut AnyConnection,
    ids: &[RoomId],
    known_held: &HashSet<RoomId>,
    taking: LockMode,
) -> QueryResult<(HashMap<RoomId, RoomState>, HashSet<RoomId>)> {
    let AnyConnection::Postgres(postgres) = connection else {
        // SQLite has no locks of rows.
        return Ok((lock(connection, ids)?, HashSet::new()));
    };
    let (doubtful, others): (Vec<RoomId>, Vec<RoomId>) = ids.iter().partition(|id| known_held.contains(id));
    let missing = |rows: &[Row], ids: &[RoomId]| -> HashSet<RoomId> {
        ids.iter().filter(|id| rows.iter().all(|row| row.0.0 != **id)).copied().collect()
    };
    let (rows, held) = match taking {
        LockMode::NoWait => {
            let rows = free(postgres, ids)?;
            if !missing(&rows, &others).is_empty() {
                return Err(Error::RollbackTransaction);
            }
            let held = missing(&rows, &doubtful);
            (rows, held)
        }
        LockMode::Ordered => {
            let mut rows = in_turn(postgres, &others)?;
            rows.extend(free(postgres, &doubtful)?);
            let held = missing(&rows, &doubtful);
            (rows, held)
        }
        LockMode::SkipLocked => {
            let rows = free(postgres, ids)?;
            let held = missing(&rows, ids);
            (rows, held)
        }
    };
    Ok((rows.into_iter().map(state).map(|state| (state.room.id, state)).collect(), held))
}

fn free(postgres: &mut PgConnection, ids: &[RoomId]) -> QueryResult<Vec<Row>> {
    let rows = rooms::table.filter(rooms::id.eq_any(ids)).select(COLUMNS);
    if fault_enabled("skip_row_lock") {
        rows.load(postgres)
    } else {
        rows.for_no_key_update().skip_locked().load(postgres)
    }
}

fn in_turn(postgres: &mut PgConnection, ids: &[RoomId]) -> QueryResult<Vec<Row>> {
    postgres.batch_execute(&format!("SET LOCAL statement_timeout = '{SHORT_WAIT}'"))?;
    let rooms = rooms::table.filter(rooms::id.eq_any(ids)).order(rooms::id).select(COLUMNS);
    let rows = rooms.for_no_key_update().load(postgres)?;
    postgres.batch_execute(&format!("SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))?;
    Ok(rows)
}

/// The room, as somebody who asks for `action` may know it.
pub fn authorize(
    connection: &mut AnyConnection,
    slug: &str,
    user: UserId,
    action: Action,
) -> Result<(RoomState, Actor), Refusal> {
    let found = by_slug(connection, slug)?.ok_or_else(Refusal::room_not_found)?;
    let actor = authorization::one(connection, found.room.id, user)?.actor;
    may(actor, action, Object { place: Some(found.place()), whose: None })?;
    Ok((found, actor))
}

/// As [`authorize`], with the room's row held for this transaction.
pub fn authorize_for_update(
    connection: &mut AnyConnection,
    slug: &str,
    user: UserId,
    action: Action,
) -> Result<(RoomState, Actor), Refusal> {
    let id = by_slug(connection, slug)?.ok_or_else(Refusal::room_not_found)?.room.id;
    let found = lock(connection, &[id])?.remove(&id).ok_or_else(Refusal::room_not_found)?;
    let actor = authorization::one(connection, id, user)?.actor;
    may(actor, action, Object { place: Some(found.place()), whose: None })?;
    Ok((found, actor))
}

/// The room, if `user` may see it, called as it is to them.
pub fn find(connection: &mut AnyConnection, slug: &str, user: UserId) -> Result<Room, Refusal> {
    snapshot(connection, |connection| {
        let mut room = authorize(connection, slug, user, Action::See)?.0.room;
        direct_titles::name_for(connection, user, &mut room)?;
        Ok(room)
    })
}
