//! Read marks, and what is unread above them: counted from the messages, never kept as a number that could drift.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use crate::chat::rooms::authorize;
use crate::db::connection::AnyConnection;
use crate::db::multi_row::Column::Numbers;
use crate::db::multi_row::Rows;
use crate::db::schema::{members, mentions, messages, rooms};
use crate::policy::Action;
use crate::wire::refusal::Refusal;
use crate::wire::{Notify, RoomId, RoomKind, Seq, UserId};

/// A member's mark in a room and what lies above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadMarker {
    pub seq: Seq,
    pub unread: i64,
    pub mentions: i64,
    /// Messages ever sent in the room, as of the same moment.
    pub count: i64,
}

/// Counts what is unread above `seq`: `(unread, mentions)`.
pub fn above(
    connection: &mut AnyConnection,
    room: RoomId,
    kind: RoomKind,
    user: UserId,
    seq: Seq,
) -> QueryResult<(i64, i64)> {
    let unread = messages::table
        .filter(messages::room_id.eq(room).and(messages::id.gt(seq)))
        .filter(messages::author_id.ne(user).and(messages::deleted_at.is_null()))
        .count()
        .get_result(connection)?;
    let mentions = match kind {
        RoomKind::Direct => unread,
        _ => mentions::table
            .filter(mentions::user_id.eq(user).and(mentions::room_id.eq(room)))
            .filter(mentions::message_id.gt(seq))
            .count()
            .get_result(connection)?,
    };
    Ok((unread, mentions))
}

/// Sets a member's mark back to just below a message, where it is not below that.
pub fn set_back(connection: &mut AnyConnection, slug: &str, user: UserId, from: Seq) -> Result<ReadMarker, Refusal> {
    let (found, _) = authorize(connection, slug, user, Action::Mark)?;
    let (room, kind) = (found.room.id, found.room.kind);
    let mark = members::table.find((room, user));
    diesel::update(mark)
        .filter(members::last_read_seq.ge(from))
        .set(members::last_read_seq.eq(from - 1))
        .execute(connection)?;
    let seq = mark.select(members::last_read_seq).first(connection)?;
    let count = rooms::table.find(room).select(rooms::message_count).first(connection)?;
    let (unread, mentions) = above(connection, room, kind, user, seq)?;
    Ok(ReadMarker { seq, unread, mentions, count })
}

/// What a member has not read in a room.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unread {
    /// The member's mark.
    pub read: Seq,
    pub unread: i64,
    pub mentions: i64,
    pub notify: Notify,
    pub starred: bool,
}

impl Unread {
    /// In a direct room every message is a mention.
    pub fn in_room(self, kind: RoomKind) -> Self {
        Self { mentions: if kind == RoomKind::Direct { self.unread } else { self.mentions }, ..self }
    }
}

/// What these users have not read, in all rooms that they are members of.
pub fn of_members(
    connection: &mut AnyConnection,
    users: &[UserId],
) -> QueryResult<HashMap<UserId, HashMap<RoomId, Unread>>> {
    // Each once, or what is theirs would be counted more than once.
    let users: Vec<UserId> = users.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let theirs = Rows::new(users.len()).with("user_id", Numbers(users));
    let mut load = |text| theirs.load::<(BigInt, BigInt, BigInt), (UserId, RoomId, i64)>(connection, text);
    let unread = load(
        "SELECT members.user_id, members.room_id, count(*) FROM {given} JOIN members ON members.user_id = given.user_id \
         JOIN messages ON messages.room_id = members.room_id AND messages.id > members.last_read_seq \
         AND messages.author_id <> members.user_id AND messages.deleted_at IS NULL \
         GROUP BY members.user_id, members.room_id",
    )?;
    let mentioned = load(
        "SELECT members.user_id, members.room_id, count(*) FROM {given} JOIN members ON members.user_id = given.user_id \
         JOIN mentions ON mentions.room_id = members.room_id AND mentions.user_id = members.user_id \
         AND mentions.message_id > members.last_read_seq GROUP BY members.user_id, members.room_id",
    )?;
    let marks: Vec<(UserId, RoomId, Seq, String, bool)> = theirs.load::<(BigInt, BigInt, BigInt, Text, Bool), _>(
        connection,
        "SELECT members.user_id, members.room_id, members.last_read_seq, members.notify, members.starred \
         FROM {given} JOIN members ON members.user_id = given.user_id",
    )?;
    let mut found: HashMap<UserId, HashMap<RoomId, Unread>> = HashMap::new();
    for (user, room, read, notify, starred) in marks {
        let notify = Notify::from_column(&notify);
        found.entry(user).or_default().insert(room, Unread { read, notify, starred, ..Unread::default() });
    }
    let mut note = |counts: Vec<(UserId, RoomId, i64)>, of: fn(&mut Unread) -> &mut i64| {
        for (user, room, count) in counts {
            if let Some(unread) = found.get_mut(&user).and_then(|rooms| rooms.get_mut(&room)) {
                *of(unread) = count;
            }
        }
    };
    note(unread, |unread| &mut unread.unread);
    note(mentioned, |unread| &mut unread.mentions);
    Ok(found)
}
