//! What those who join a room begin with: all who come in together are read for in one snapshot.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::Utc;
use diesel::dsl::not;
use diesel::prelude::*;

use crate::chat::direct_titles;
use crate::chat::members::banned;
use crate::chat::messages::{Page, changes, latest};
use crate::chat::people;
use crate::chat::rooms;
use crate::chat::rooms::RoomState;
use crate::db::connection::{AnyConnection, snapshot};
use crate::db::schema::{members, rooms as rooms_table, users};
use crate::wire::refusal::Refusal;
use crate::wire::{DEFAULT_PAGE_MESSAGES, EncodedMessage, MAX_CATCH_UP, RoomId, RoomKind, Seq, User, UserId};

/// Where a client says it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    pub after: Seq,
    /// None: the present one.
    pub epoch: Option<String>,
}

/// Who joins a room, and what of its messages they need.
pub struct Wanted {
    pub room: RoomId,
    /// Each once; SQLite binds 32,766 values at most.
    pub users: Vec<UserId>,
    /// Where they stand, each once; `None` for those who begin with the latest messages.
    pub cursors: Vec<Option<Cursor>>,
    /// What came above this number the room remembers: whoever stands there or higher needs no messages from here.
    pub remembered: Seq,
}

/// What joins begin with, all as of one moment.
pub struct JoinSnapshot {
    pub state: RoomState,
    /// That of all rooms.
    pub epoch: String,
    /// Other rooms that there are, and whose epochs cursors have.
    others: HashSet<RoomId>,
    /// What a direct talk is called to each of the members.
    titles: HashMap<UserId, String>,
    /// Those who are members, and not banned from the chat, with their read marks.
    pub members: HashMap<UserId, (User, Seq)>,
    /// The latest messages, oldest first, where somebody begins with them.
    latest: Option<EncodedPage>,
    /// The first pages after cursors, for those whom the room does not remember enough for.
    after: HashMap<Seq, EncodedPage>,
}

/// What a join begins with.
pub enum JoinStart {
    /// The latest messages; `reset` where a catch-up was asked for.
    Latest { page: EncodedPage, reset: bool },
    /// What changed after a number, or the first page of it.
    CatchUp(EncodedPage),
    /// What changed after this number, of which the room remembers all.
    Remembered(Seq),
}

/// Some messages, and whether there are more in the direction that was asked for.
#[derive(Clone, Default)]
pub struct EncodedPage {
    pub messages: Vec<EncodedMessage>,
    pub more: bool,
}

impl From<Page> for EncodedPage {
    fn from(page: Page) -> Self {
        Self { messages: page.messages.iter().map(EncodedMessage::from).collect(), more: page.more }
    }
}

/// Reads what joins begin with.
pub fn entries(connection: &mut AnyConnection, wanted: &Wanted) -> Result<JoinSnapshot, Refusal> {
    snapshot(connection, |connection| {
        let state = rooms::by_id(connection, wanted.room)?.ok_or_else(Refusal::room_not_found)?;
        let epoch = rooms::epoch(connection)?;
        let members: Vec<(User, Seq)> = members::table
            .inner_join(users::table)
            .filter(members::room_id.eq(wanted.room).and(members::user_id.eq_any(&wanted.users)))
            .filter(not(banned(Utc::now().naive_utc())))
            .select((people::COLUMNS, members::last_read_seq))
            .load(connection)?;
        let members: HashMap<UserId, (User, Seq)> =
            members.into_iter().map(|(user, mark)| (user.id, (user, mark))).collect();
        let titles = match state.room.kind {
            RoomKind::Direct => {
                let users: Vec<UserId> = members.keys().copied().collect();
                let titles = direct_titles::titles_of(connection, wanted.room, &users)?;
                titles.into_iter().map(|((user, _), title)| (user, title)).collect()
            }
            RoomKind::Public | RoomKind::Private => HashMap::new(),
        };
        let others = wanted.cursors.iter().flatten().filter_map(|cursor| room_of(cursor.epoch.as_ref()?, &epoch));
        let others = existing(connection, others.filter(|&id| id != wanted.room).collect())?;
        let mut entries = JoinSnapshot { state, epoch, others, titles, members, latest: None, after: HashMap::new() };
        let reachable = wanted.cursors.iter().map(|cursor| entries.reachable(cursor.as_ref()));
        let (reachable, unreachable): (Vec<_>, Vec<_>) = reachable.partition(Option::is_some);
        let behind: BTreeSet<Seq> =
            reachable.into_iter().flatten().filter(|after| *after < wanted.remembered).collect();
        entries.after = pages_after(connection, wanted.room, &behind)?;
        if !unreachable.is_empty() {
            entries.latest = Some(latest(connection, wanted.room, None, DEFAULT_PAGE_MESSAGES)?.into());
        }
        Ok(entries)
    })
}

/// The room whose epoch this is, where it is one of this run of the database.
fn room_of(epoch: &str, database: &str) -> Option<RoomId> {
    epoch.strip_prefix(database)?.strip_prefix('.')?.parse().ok()
}

/// Those of these rooms that there are.
fn existing(connection: &mut AnyConnection, ids: HashSet<RoomId>) -> QueryResult<HashSet<RoomId>> {
    if ids.is_empty() {
        return Ok(ids);
    }
    let found: Vec<RoomId> =
        rooms_table::table.filter(rooms_table::id.eq_any(ids)).select(rooms_table::id).load(connection)?;
    Ok(found.into_iter().collect())
}

/// The first page after each of these numbers. One that holds all that came after its number serves the higher ones too.
fn pages_after(
    connection: &mut AnyConnection,
    room: RoomId,
    numbers: &BTreeSet<Seq>,
) -> QueryResult<HashMap<Seq, EncodedPage>> {
    let mut pages: HashMap<Seq, EncodedPage> = HashMap::with_capacity(numbers.len());
    let mut whole: Option<Seq> = None;
    for &after in numbers {
        let page = match whole.and_then(|whole| pages.get(&whole)) {
            Some(whole) => {
                let from = whole.messages.partition_point(|message| message.seq <= after);
                EncodedPage { messages: whole.messages[from..].to_vec(), more: false }
            }
            None => changes(connection, room, after)?.into(),
        };
        if whole.is_none() && !page.more {
            whole = Some(after);
        }
        pages.insert(after, page);
    }
    Ok(pages)
}

impl JoinSnapshot {
    /// What a join at this cursor begins with; `None` where that was not read.
    pub fn beginning(&self, cursor: Option<&Cursor>, remembered: Seq) -> Option<JoinStart> {
        match self.reachable(cursor) {
            Some(after) if after >= remembered => Some(JoinStart::Remembered(after)),
            Some(after) => self.after.get(&after).cloned().map(JoinStart::CatchUp),
            None => self.latest.clone().map(|page| JoinStart::Latest { page, reset: cursor.is_some() }),
        }
    }

    /// What clients know the run of numbers by: a room that is made anew under an old slug begins another one.
    pub fn room_epoch(&self) -> String {
        format!("{}.{}", self.epoch, self.state.room.id)
    }

    /// What the room is called to one of its members.
    pub fn title(&self, user: UserId) -> &str {
        self.titles.get(&user).unwrap_or(&self.state.room.title)
    }

    /// Whether numbers of this epoch are numbers of this room: its own, or, for clients that keep one epoch for all rooms, that
    /// of another room that there is, which can't be one that this room has replaced.
    fn is_present(&self, epoch: &str) -> bool {
        room_of(epoch, &self.epoch).is_some_and(|room| room == self.state.room.id || self.others.contains(&room))
    }

    /// From where a catch-up can be given.
    fn reachable(&self, cursor: Option<&Cursor>) -> Option<Seq> {
        let last = self.state.room.seq;
        let after = cursor.filter(|cursor| cursor.epoch.as_ref().is_none_or(|epoch| self.is_present(epoch)))?.after;
        (after <= last && last - after <= MAX_CATCH_UP).then_some(after)
    }
}
