//! Reading messages: histories, catch-ups and gaps.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{NaiveDateTime, Utc};
use diesel::dsl::not;
use diesel::prelude::*;

use crate::chat::members::banned;
use crate::chat::older_html::{Older, render_older};
use crate::chat::people;
use crate::chat::rooms;
use crate::db::connection::{AnyConnection, on_backend, snapshot};
use crate::db::schema::{members, mentions, messages, reactions, users};
use crate::render::RENDERER;
use crate::wire::refusal::Refusal;
use crate::wire::{
    MAX_CATCH_UP, MAX_PAGE_BYTES, MAX_PAGE_MESSAGES, MAX_REACTION_USERS, Message, Notify, Reaction, RoomId, RoomKind,
    Seq, User, UserId,
};

/// Some messages of a room, oldest first, and whether there are more in the direction that was asked for.
pub struct Page {
    pub messages: Vec<Message>,
    pub more: bool,
}

/// The most that a page may hold.
#[derive(Clone, Copy)]
pub(crate) struct Bound {
    pub messages: i64,
    pub bytes: usize,
}

impl From<i64> for Bound {
    fn from(messages: i64) -> Self {
        Self { messages, bytes: MAX_PAGE_BYTES }
    }
}

/// Changes that a room's actor has missed, with the room's state at the same moment.
pub struct Gap {
    pub state: rooms::RoomState,
    pub epoch: String,
    /// Each with whom it mentions, where it is new.
    pub messages: Vec<(Message, Vec<UserId>)>,
}

/// One message.
pub fn one(connection: &mut AnyConnection, room: RoomId, id: Seq) -> Result<Message, Refusal> {
    let rows = snapshot(connection, |connection| by_ids(connection, &[room], &[id]))?;
    rows.into_iter().next().map(|(_, message)| message).ok_or_else(Refusal::message_not_found)
}

/// All that changed above `after`, for a room's actor that has missed something. `None` where it is more than a client
/// may catch up: then the sockets start anew.
pub fn gap(connection: &mut AnyConnection, room: RoomId, after: Seq) -> Result<Option<Gap>, Refusal> {
    snapshot(connection, |connection| {
        let state = rooms::by_id(connection, room)?.ok_or_else(Refusal::room_not_found)?;
        let epoch = rooms::epoch(connection)?;
        if state.room.seq - after > MAX_CATCH_UP {
            return Ok(None);
        }
        let rows = messages::table
            .inner_join(users::table)
            .filter(messages::room_id.eq(room).and(messages::seq.gt(after)))
            .order(messages::seq)
            .select(COLUMNS)
            .load(connection)?;
        let messages: Vec<Message> = compose(connection, rows)?.into_iter().map(|(_, message)| message).collect();
        let mut mentioned = mentioned_by(connection, &state, &messages)?;
        let mentioned = |message: Message| (mentioned.remove(&message.id).unwrap_or_default(), message);
        let messages = messages.into_iter().map(mentioned).map(|(mentioned, message)| (message, mentioned)).collect();
        Ok(Some(Gap { state, epoch, messages }))
    })
}

/// Whom the new ones among these messages mention, of those who are told: members who want to be, and are not banned.
fn mentioned_by(
    connection: &mut AnyConnection,
    state: &rooms::RoomState,
    messages: &[Message],
) -> QueryResult<HashMap<Seq, Vec<UserId>>> {
    let new = messages.iter().filter(|message| message.id == message.seq);
    let told = members::table
        .inner_join(users::table)
        .filter(members::room_id.eq(state.room.id).and(members::notify.ne(Notify::None.as_str())))
        .filter(not(banned(Utc::now().naive_utc())))
        .select(members::user_id);
    if state.room.kind == RoomKind::Direct {
        let told: Vec<UserId> = told.load(connection)?;
        let but_author = |message: &Message| told.iter().copied().filter(|user| *user != message.author.id).collect();
        return Ok(new.map(|message| (message.id, but_author(message))).collect());
    }
    let ids: Vec<Seq> = new.map(|message| message.id).collect();
    let rows: Vec<(Seq, UserId)> = mentions::table
        .filter(mentions::room_id.eq(state.room.id).and(mentions::message_id.eq_any(&ids)))
        .select((mentions::message_id, mentions::user_id))
        .load(connection)?;
    let users: BTreeSet<UserId> = rows.iter().map(|(_, user)| *user).collect();
    let told: HashSet<UserId> = told.filter(members::user_id.eq_any(users)).load(connection)?.into_iter().collect();
    let mut mentioned: HashMap<Seq, Vec<UserId>> = HashMap::new();
    for (id, user) in rows.into_iter().filter(|(_, user)| told.contains(user)) {
        mentioned.entry(id).or_default().push(user);
    }
    Ok(mentioned)
}

/// The messages with these ids, in any of these rooms.
pub fn by_ids(connection: &mut AnyConnection, rooms: &[RoomId], ids: &[Seq]) -> QueryResult<Vec<(RoomId, Message)>> {
    let rows = rows_by_ids(connection, rooms, ids)?;
    compose(connection, rows)
}

/// The same, with no reactions.
pub fn without_reactions(
    connection: &mut AnyConnection,
    rooms: &[RoomId],
    ids: &[Seq],
) -> QueryResult<Vec<(RoomId, Message)>> {
    let rows = rows_by_ids(connection, rooms, ids)?;
    let anew = rendered_anew(connection, &rows)?;
    Ok(composed(rows, HashMap::new(), anew))
}

fn rows_by_ids(connection: &mut AnyConnection, rooms: &[RoomId], ids: &[Seq]) -> QueryResult<Vec<Row>> {
    messages::table
        .inner_join(users::table)
        .filter(messages::room_id.eq_any(rooms).and(messages::id.eq_any(ids)))
        .select(COLUMNS)
        .load(connection)
}

/// The latest messages with an id below `before`, oldest first.
pub(crate) fn latest(
    connection: &mut AnyConnection,
    room: RoomId,
    before: Option<Seq>,
    bound: impl Into<Bound>,
) -> QueryResult<Page> {
    let bound = bound.into();
    let rows = messages::table
        .inner_join(users::table)
        .filter(messages::room_id.eq(room).and(messages::id.lt(before.unwrap_or(Seq::MAX))))
        .order(messages::id.desc())
        .limit(bound.messages + 1)
        .select(COLUMNS);
    let rows: Vec<Row> = on_backend!(connection, |c| rows.load(c))?;
    let mut page = cut(in_a_row(connection, room, rows)?, bound);
    page.messages.reverse();
    Ok(page)
}

/// The first messages with an id above `after`, oldest first.
pub(crate) fn following(
    connection: &mut AnyConnection,
    room: RoomId,
    after: Seq,
    bound: impl Into<Bound>,
) -> QueryResult<Page> {
    let bound = bound.into();
    let rows = messages::table
        .inner_join(users::table)
        .filter(messages::room_id.eq(room).and(messages::id.gt(after)))
        .order(messages::id)
        .limit(bound.messages + 1)
        .select(COLUMNS);
    let rows: Vec<Row> = on_backend!(connection, |c| rows.load(c))?;
    Ok(cut(in_a_row(connection, room, rows)?, bound))
}

/// All messages between the first and the last of these, with their reactions: no list of ids is needed, of which SQLite
/// would keep no prepared statement. Keeps the order.
fn in_a_row(connection: &mut AnyConnection, room: RoomId, rows: Vec<Row>) -> QueryResult<Vec<(RoomId, Message)>> {
    let ids = || rows.iter().map(|((_, id, ..), ..)| *id);
    let given = match (ids().min(), ids().max()) {
        (Some(oldest), Some(newest)) => reactions_between(connection, room, oldest, newest)?,
        _ => HashMap::new(),
    };
    let anew = rendered_anew(connection, &rows)?;
    Ok(composed(rows, given, anew))
}

/// The first page of what changed above `after`, in the order of `seq`.
pub(crate) fn changes(connection: &mut AnyConnection, room: RoomId, after: Seq) -> QueryResult<Page> {
    let rows = messages::table
        .inner_join(users::table)
        .filter(messages::room_id.eq(room).and(messages::seq.gt(after)))
        .order(messages::seq)
        .limit(MAX_PAGE_MESSAGES + 1)
        .select(COLUMNS)
        .load(connection)?;
    Ok(cut(compose(connection, rows)?, MAX_PAGE_MESSAGES.into()))
}

/// Keeps as many from the front as a page may hold.
fn cut(found: Vec<(RoomId, Message)>, bound: Bound) -> Page {
    let total = found.len();
    let mut bytes = 0;
    let mut messages: Vec<Message> = Vec::with_capacity(total);
    for (_, message) in found.into_iter().take(usize::try_from(bound.messages).unwrap_or(0)) {
        // One more for the comma.
        bytes += encoded_len(&message) + 1;
        if bytes > bound.bytes && !messages.is_empty() {
            break;
        }
        messages.push(message);
    }
    Page { more: messages.len() < total, messages }
}

fn encoded_len(message: &Message) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting can't fail; a page that is cut too early would only be shorter.
    serde_json::to_writer(&mut count, message).map_or(MAX_PAGE_BYTES, |()| count.0)
}

type Row = (
    (RoomId, Seq, Seq, String, String, String, i32, Option<Seq>),
    (NaiveDateTime, Option<NaiveDateTime>, Option<NaiveDateTime>, bool),
    User,
);

type Columns = (
    (
        messages::room_id,
        messages::id,
        messages::seq,
        messages::key_written,
        messages::body,
        messages::html,
        messages::renderer,
        messages::reply_to,
    ),
    (messages::sent_at, messages::edited_at, messages::deleted_at, messages::removed),
    people::Columns,
);

const COLUMNS: Columns = (
    (
        messages::room_id,
        messages::id,
        messages::seq,
        messages::key_written,
        messages::body,
        messages::html,
        messages::renderer,
        messages::reply_to,
    ),
    (messages::sent_at, messages::edited_at, messages::deleted_at, messages::removed),
    people::COLUMNS,
);

/// Adds the reactions. Keeps the order.
fn compose(connection: &mut AnyConnection, rows: Vec<Row>) -> QueryResult<Vec<(RoomId, Message)>> {
    let in_rooms: BTreeSet<RoomId> = rows.iter().map(|((room, ..), ..)| *room).collect();
    let in_rooms: Vec<RoomId> = in_rooms.into_iter().collect();
    let ids: Vec<Seq> = rows.iter().map(|((_, id, ..), ..)| *id).collect();
    let given = reactions_to(connection, &in_rooms, &ids)?;
    let anew = rendered_anew(connection, &rows)?;
    Ok(composed(rows, given, anew))
}

fn composed(rows: Vec<Row>, mut given: ByMessage, mut anew: HashMap<(RoomId, Seq), String>) -> Vec<(RoomId, Message)> {
    let message = |row: Row| {
        let ((room, id, seq, key, body, html, _, reply_to), (sent_at, edited_at, deleted_at, removed), author) = row;
        let html = anew.remove(&(room, id)).unwrap_or(html);
        let reactions = given.remove(&(room, id)).map(|given| summary(&given)).unwrap_or_default();
        let deleted = deleted_at.is_some();
        (room, Message { id, seq, key, author, body, html, sent_at, edited_at, deleted, removed, reply_to, reactions })
    };
    rows.into_iter().map(message).collect()
}

/// Whether a body was read whose HTML an older version made.
pub static OLDER_SEEN: AtomicBool = AtomicBool::new(false);

/// The HTML of those of these messages that an older version rendered.
fn rendered_anew(connection: &mut AnyConnection, rows: &[Row]) -> QueryResult<HashMap<(RoomId, Seq), String>> {
    let is_older = |((.., renderer, _), (_, _, deleted_at, _), _): &&Row| *renderer < RENDERER && deleted_at.is_none();
    let older = |((room, id, _, _, body, ..), (sent_at, ..), author): &Row| Older {
        at: (*room, *id),
        author: author.id,
        username: author.username.clone(),
        sent_at: *sent_at,
        body: body.clone(),
    };
    let older: Vec<Older> = rows.iter().filter(is_older).map(older).collect();
    if older.is_empty() {
        return Ok(HashMap::new());
    }
    OLDER_SEEN.store(true, Ordering::Relaxed);
    render_older(connection, &older)
}

/// One person's emoji on a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub emoji: String,
    pub user: UserId,
    pub username: String,
}

/// Reactions by room and id of the message, in the order in which they were given.
type ByMessage = HashMap<(RoomId, Seq), Vec<Given>>;

/// Every reaction to these messages, in the order in which they were given.
pub fn reactions_to(connection: &mut AnyConnection, rooms: &[RoomId], ids: &[Seq]) -> QueryResult<ByMessage> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = reactions::table
        .inner_join(users::table)
        .filter(reactions::room_id.eq_any(rooms).and(reactions::message_id.eq_any(ids)))
        .order(reactions::position)
        .select(GIVEN)
        .load(connection)?;
    Ok(by_message(rows))
}

/// Every reaction to the messages of a room from one id to another.
fn reactions_between(connection: &mut AnyConnection, room: RoomId, oldest: Seq, newest: Seq) -> QueryResult<ByMessage> {
    let rows = reactions::table
        .inner_join(users::table)
        .filter(reactions::room_id.eq(room).and(reactions::message_id.between(oldest, newest)))
        .order(reactions::position)
        .select(GIVEN);
    Ok(by_message(on_backend!(connection, |c| rows.load(c))?))
}

const GIVEN: (reactions::room_id, reactions::message_id, reactions::emoji, users::id, users::username) =
    (reactions::room_id, reactions::message_id, reactions::emoji, users::id, users::username);

fn by_message(rows: Vec<(RoomId, Seq, String, UserId, String)>) -> ByMessage {
    let mut by_message = ByMessage::new();
    for (room, id, emoji, user, username) in rows {
        by_message.entry((room, id)).or_default().push(Given { emoji, user, username });
    }
    by_message
}

/// Reactions as a message shows them.
pub fn summary(given: &[Given]) -> Vec<Reaction> {
    let mut reactions: Vec<Reaction> = Vec::new();
    for Given { emoji, username, .. } in given {
        let index = reactions.iter().position(|reaction| reaction.emoji == *emoji).unwrap_or_else(|| {
            reactions.push(Reaction { emoji: emoji.clone(), count: 0, users: Vec::new() });
            reactions.len() - 1
        });
        let reaction = &mut reactions[index];
        reaction.count += 1;
        if reaction.users.len() < MAX_REACTION_USERS {
            reaction.users.push(username.clone());
        }
    }
    reactions
}
