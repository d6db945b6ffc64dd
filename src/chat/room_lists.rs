//! The rooms of people, and those that they may see beside them.

use std::collections::{BTreeSet, HashMap};

use chrono::{NaiveDateTime, Utc};
use diesel::dsl::{exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Timestamp};

use crate::chat::direct_titles;
use crate::chat::name_prefix::{Prefix, of_room, of_user};
use crate::chat::people;
use crate::chat::read_state;
use crate::chat::rooms::{BINDS_AT_ONCE, COLUMNS, RoomState, Row, state};
use crate::db::connection::{AnyConnection, on_backend, snapshot};
use crate::db::schema::{members, rooms, sanctions, users};
use crate::wire::refusal::Refusal;
use crate::wire::{InstanceRole, ListedRoom, MemberRoom, Room, RoomId, RoomKind, Standing, User, UserId};

/// Which of the rooms that somebody may see.
#[derive(Clone, Debug, Default)]
pub struct RoomFilter {
    /// Those they are members of, or the others; both, if left out.
    pub member: Option<bool>,
    /// How a slug, a title or a word of one begins, in whatever case.
    pub text: String,
    /// Those whose slugs come after this one.
    pub after: Option<String>,
}

/// Rooms that `user` may see, by their slugs: at most `limit`, and whether there are more.
pub fn page(
    connection: &mut AnyConnection,
    user: UserId,
    filter: &RoomFilter,
    limit: i64,
) -> Result<(Vec<ListedRoom>, bool), Refusal> {
    Ok(snapshot(connection, |connection| {
        // Queries in the query: SQLite would keep no prepared statement of one with a list of values.
        let mine = || members::table.filter(members::user_id.eq(user)).select(members::room_id);
        let mut query = rooms::table.select(COLUMNS).order(rooms::slug).limit(limit + 1).into_boxed();
        query = match filter.member {
            Some(true) => query.filter(rooms::id.eq_any(mine())),
            Some(false) => query.filter(open_to(user, Utc::now().naive_utc()).and(rooms::id.ne_all(mine()))),
            None => query.filter(open_to(user, Utc::now().naive_utc()).or(rooms::id.eq_any(mine()))),
        };
        if let Some(after) = &filter.after {
            query = query.filter(rooms::slug.gt(after));
        }
        if !filter.text.trim().is_empty() {
            let wanted = Prefix::new(&filter.text);
            // A direct talk has the names of its people for a title.
            let me = diesel::alias!(members as me);
            let my_rooms = me.filter(me.field(members::user_id).eq(user)).select(me.field(members::room_id));
            let talks = members::table
                .inner_join(users::table)
                .filter(members::user_id.ne(user).and(members::room_id.eq_any(my_rooms)))
                .filter(of_user(wanted.clone()))
                .select(members::room_id);
            let is_talk = rooms::kind.eq(RoomKind::Direct.as_str()).and(rooms::id.eq_any(talks));
            query = query.filter(of_room(wanted).or(is_talk));
        }
        let mut rows: Vec<Row> = query.load(connection)?;
        let more = rows.len() as i64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let rooms: Vec<Room> = rows.into_iter().map(|row| state(row).room).collect();
        let mut listed = with_standings(connection, user, rooms)?;
        add_people(connection, user, &mut listed)?;
        QueryResult::Ok((listed, more))
    })?)
}

/// Adds to direct talks with whom somebody has them.
pub fn add_people(connection: &mut AnyConnection, user: UserId, listed: &mut [ListedRoom]) -> QueryResult<()> {
    let talks: Vec<RoomId> = listed.iter().map(|listed| &listed.room).filter(is_direct).map(|room| room.id).collect();
    let mut others: HashMap<RoomId, Vec<User>> = HashMap::new();
    for talks in talks.chunks(BINDS_AT_ONCE) {
        let rows: Vec<(RoomId, User)> = members::table
            .inner_join(users::table)
            .filter(members::room_id.eq_any(talks).and(members::user_id.ne(user)))
            .order((members::room_id, users::id))
            .select((members::room_id, people::COLUMNS))
            .load(connection)?;
        rows.into_iter().for_each(|(room, other)| others.entry(room).or_default().push(other));
    }
    for listed in listed {
        listed.people = others.remove(&listed.room.id).unwrap_or_default();
    }
    Ok(())
}

fn is_direct(room: &&Room) -> bool {
    room.kind == RoomKind::Direct
}

/// Public rooms that are not closed to somebody; none for a guest.
#[diesel::dsl::auto_type]
fn open_to(user: UserId, now: NaiveDateTime) -> _ {
    let closed = sanctions::table
        .filter(sanctions::user_id.eq(user).and(sanctions::kind.eq("ban")))
        .filter(sanctions::until.is_null().or(sanctions::until.gt(now)))
        .select(sanctions::room_id);
    let guest: &'static str = InstanceRole::Guest.as_str();
    let is_guest = exists(users::table.filter(users::id.eq(user).and(users::role.eq(guest))));
    let public: &'static str = RoomKind::Public.as_str();
    rooms::kind.eq(public).and(rooms::id.ne_all(closed)).and(not(is_guest))
}

/// When the last message came in each of somebody's direct talks; none where nothing was ever said.
pub fn last_said(connection: &mut AnyConnection, user: UserId) -> QueryResult<HashMap<RoomId, NaiveDateTime>> {
    let mine = members::table.filter(members::user_id.eq(user)).select(members::room_id);
    let last = "(SELECT sent_at FROM messages WHERE room_id = rooms.id ORDER BY messages.id DESC LIMIT 1)";
    let talks = rooms::table
        .filter(rooms::id.eq_any(mine).and(rooms::kind.eq(RoomKind::Direct.as_str())))
        .select((rooms::id, sql::<Nullable<Timestamp>>(last)));
    let said: Vec<(RoomId, Option<NaiveDateTime>)> = on_backend!(connection, |c| talks.load(c))?;
    Ok(said.into_iter().filter_map(|(room, at)| Some((room, at?))).collect())
}

/// All rooms that `user` is a member of, by their slugs.
pub fn own(connection: &mut AnyConnection, user: UserId) -> QueryResult<Vec<MemberRoom>> {
    let mine = members::table.filter(members::user_id.eq(user)).select(members::room_id);
    let query = rooms::table.filter(rooms::id.eq_any(mine)).order(rooms::slug).select(COLUMNS);
    let rows: Vec<Row> = on_backend!(connection, |c| query.load(c))?;
    let mut standings = read_state::of_members(connection, &[user])?.remove(&user).unwrap_or_default();
    let rooms = rows.into_iter().map(|row| state(row).room);
    let listed = rooms.filter_map(|room| Some(MemberRoom { standing: standings.remove(&room.id)?, room }));
    let mut listed: Vec<MemberRoom> = listed.collect();
    name_directs(connection, user, listed.iter_mut().map(|listed| &mut listed.room))?;
    Ok(listed)
}

fn with_standings(connection: &mut AnyConnection, user: UserId, mut rooms: Vec<Room>) -> QueryResult<Vec<ListedRoom>> {
    let pairs: Vec<(UserId, RoomId)> = rooms.iter().map(|room| (user, room.id)).collect();
    let mut standings = read_state::in_rooms(connection, &pairs)?;
    name_directs(connection, user, rooms.iter_mut())?;
    let listed = rooms.into_iter().map(|room| {
        let standing = standings.remove(&(user, room.id));
        ListedRoom { member: standing.is_some(), standing: standing.unwrap_or_default(), room, people: Vec::new() }
    });
    Ok(listed.collect())
}

/// A direct talk is called otherwise by each of its people.
fn name_directs<'a>(
    connection: &mut AnyConnection,
    user: UserId,
    rooms: impl Iterator<Item = &'a mut Room>,
) -> QueryResult<()> {
    let mut direct: Vec<&mut Room> = rooms.filter(|room| room.kind == RoomKind::Direct).collect();
    if direct.is_empty() {
        return Ok(());
    }
    let mut titles = direct_titles::titles(connection, &[user])?;
    for room in &mut direct {
        if let Some(title) = titles.remove(&(user, room.id)) {
            room.title = title;
        }
    }
    Ok(())
}

/// The rooms that each of these users is a member of, by their slugs.
pub fn of_members(
    connection: &mut AnyConnection,
    users: &[UserId],
) -> Result<HashMap<UserId, Vec<MemberRoom>>, Refusal> {
    Ok(snapshot(connection, |connection| {
        let standings = read_state::of_members(connection, users)?;
        let theirs: BTreeSet<RoomId> = standings.values().flat_map(HashMap::keys).copied().collect();
        let mut found: HashMap<RoomId, RoomState> = HashMap::with_capacity(theirs.len());
        for ids in theirs.into_iter().collect::<Vec<_>>().chunks(BINDS_AT_ONCE) {
            let rows: Vec<Row> = rooms::table.filter(rooms::id.eq_any(ids)).select(COLUMNS).load(connection)?;
            found.extend(rows.into_iter().map(state).map(|state| (state.room.id, state)));
        }
        let has_talks = found.values().any(|state| state.room.kind == RoomKind::Direct);
        let titles = if has_talks { direct_titles::titles(connection, users)? } else { HashMap::new() };
        let of = |(user, standings): (UserId, HashMap<RoomId, Standing>)| {
            let room = |(id, standing): (RoomId, Standing)| {
                let mut room = found.get(&id)?.room.clone();
                if let Some(title) = titles.get(&(user, id)) {
                    room.title.clone_from(title);
                }
                Some(MemberRoom { room, standing })
            };
            let mut rooms: Vec<MemberRoom> = standings.into_iter().filter_map(room).collect();
            rooms.sort_unstable_by(|one, other| one.room.slug.cmp(&other.room.slug));
            (user, rooms)
        };
        QueryResult::Ok(standings.into_iter().map(of).collect())
    })?)
}
