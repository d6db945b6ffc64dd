//! The rooms of people, with what they have not read in each.

use std::collections::{BTreeSet, HashMap};

use chrono::Utc;
use diesel::dsl::{exists, not};
use diesel::prelude::*;

use crate::chat::direct_titles;
use crate::chat::read_state;
use crate::chat::read_state::Unread;
use crate::chat::rooms::{BINDS_AT_ONCE, COLUMNS, RoomState, Row, state};
use crate::db::connection::{AnyConnection, on_backend, snapshot};
use crate::db::schema::{members, rooms, sanctions, users};
use crate::wire::refusal::Refusal;
use crate::wire::{InstanceRole, MemberRoom, Notify, Room, RoomId, RoomKind, Seq, UserId};

/// A room in somebody's list. The numbers are 0 where they are no member.
pub struct Listed {
    pub room: Room,
    pub member: bool,
    pub count: i64,
    pub read: Seq,
    pub unread: i64,
    pub mentions: i64,
    pub notify: Notify,
    pub starred: bool,
}

/// The rooms that `user` may see, by their names.
pub fn visible_to(connection: &mut AnyConnection, user: UserId) -> Result<Vec<Listed>, Refusal> {
    Ok(snapshot(connection, |connection| list(connection, user))?)
}

/// As [`visible_to`], within a snapshot.
pub fn list(connection: &mut AnyConnection, user: UserId) -> QueryResult<Vec<Listed>> {
    let mut standings = read_state::of_members(connection, &[user])?.remove(&user).unwrap_or_default();
    // Queries in the query: SQLite would keep no prepared statement of one with a list of values.
    let mine = members::table.filter(members::user_id.eq(user)).select(members::room_id);
    let closed = sanctions::table
        .filter(sanctions::user_id.eq(user).and(sanctions::kind.eq("ban")))
        .filter(sanctions::until.is_null().or(sanctions::until.gt(Utc::now().naive_utc())))
        .select(sanctions::room_id);
    let is_guest = exists(users::table.filter(users::id.eq(user).and(users::role.eq(InstanceRole::Guest.as_str()))));
    let open = rooms::kind.eq(RoomKind::Public.as_str()).and(rooms::id.ne_all(closed)).and(not(is_guest));
    let visible = rooms::table.filter(open.or(rooms::id.eq_any(mine))).order(rooms::slug).select(COLUMNS);
    let rows: Vec<Row> = on_backend!(connection, |c| visible.load(c))?;
    let listed = rows.into_iter().map(state).map(|RoomState { room, count, .. }| match standings.remove(&room.id) {
        Some(marks) => {
            let Unread { read, unread, mentions, notify, starred } = marks.in_room(room.kind);
            Listed { room, member: true, count, read, unread, mentions, notify, starred }
        }
        None => {
            let (count, read, unread, mentions, notify) = Default::default();
            Listed { room, member: false, count, read, unread, mentions, notify, starred: false }
        }
    });
    let mut listed: Vec<Listed> = listed.collect();
    if listed.iter().any(|listed| listed.member && listed.room.kind == RoomKind::Direct) {
        let mut titles = direct_titles::titles(connection, &[user])?;
        for Listed { room, .. } in &mut listed {
            room.title = titles.remove(&(user, room.id)).unwrap_or_else(|| std::mem::take(&mut room.title));
        }
    }
    Ok(listed)
}

/// The rooms that each of these users is a member of, by their names.
pub fn of_members(
    connection: &mut AnyConnection,
    users: &[UserId],
) -> Result<HashMap<UserId, Vec<MemberRoom>>, Refusal> {
    Ok(snapshot(connection, |connection| {
        let unread = read_state::of_members(connection, users)?;
        let theirs: BTreeSet<RoomId> = unread.values().flat_map(HashMap::keys).copied().collect();
        let mut found: HashMap<RoomId, RoomState> = HashMap::with_capacity(theirs.len());
        for ids in theirs.into_iter().collect::<Vec<_>>().chunks(BINDS_AT_ONCE) {
            let rows: Vec<Row> = rooms::table.filter(rooms::id.eq_any(ids)).select(COLUMNS).load(connection)?;
            found.extend(rows.into_iter().map(state).map(|state| (state.room.id, state)));
        }
        let has_talks = found.values().any(|state| state.room.kind == RoomKind::Direct);
        let titles = if has_talks { direct_titles::titles(connection, users)? } else { HashMap::new() };
        let of = |(user, unread): (UserId, HashMap<RoomId, Unread>)| {
            let room = |(id, unread): (RoomId, Unread)| {
                let RoomState { room, count, .. } = found.get(&id)?;
                let Unread { read, unread, mentions, notify, starred } = unread.in_room(room.kind);
                let mut room = room.clone();
                if let Some(title) = titles.get(&(user, id)) {
                    room.title.clone_from(title);
                }
                Some(MemberRoom { room, count: *count, read, unread, mentions, notify, starred })
            };
            let mut rooms: Vec<MemberRoom> = unread.into_iter().filter_map(room).collect();
            rooms.sort_unstable_by(|one, other| one.room.slug.cmp(&other.room.slug));
            (user, rooms)
        };
        QueryResult::Ok(unread.into_iter().map(of).collect())
    })?)
}
