//! Read marks, and what is unread above them: counted from the messages, never kept as a number that could drift, and
//! without reading what is unread.
//!
//! Above a mark lie all messages that were ever sent in the room but for those up to it, whose number is noted at every
//! 128th (`message_counts`). Deleted ones are few, and have an index. One's own lie below one's mark, which rises with each
//! send; only where a mark was set back are messages read, and no more than are told.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use crate::chat::rooms::authorize;
use crate::db::connection::{AnyConnection, snapshot};
use crate::db::multi_row::Column::Numbers;
use crate::db::multi_row::Rows;
use crate::db::schema::{members, rooms};
use crate::policy::Action;
use crate::wire::refusal::Refusal;
use crate::wire::{MAX_UNREAD, Notify, RoomId, Seq, Standing, UserId};

/// A member's mark in a room and what lies above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadMarker {
    pub seq: Seq,
    pub unread: i64,
    pub mentions: i64,
    /// Messages ever sent in the room, as of the same moment.
    pub count: i64,
}

impl From<Standing> for ReadMarker {
    fn from(Standing { read: seq, unread, mentions, count, .. }: Standing) -> Self {
        Self { seq, unread, mentions, count }
    }
}

/// Sets a member's mark back to just below a message, where it is not below that.
///
/// # Errors
/// `not_found`: no such room, none that they may see, or not the one with this id; `forbidden`.
pub fn set_back(
    connection: &mut AnyConnection,
    slug: &str,
    id: Option<RoomId>,
    user: UserId,
    from: Seq,
) -> Result<ReadMarker, Refusal> {
    let (found, _) = authorize(connection, slug, user, Action::Mark)?;
    let room = found.room.id;
    if id.is_some_and(|id| id != room) {
        return Err(Refusal::room_not_found());
    }
    diesel::update(members::table.find((room, user)))
        .filter(members::last_read_seq.ge(from))
        .set((members::last_read_seq.eq(from - 1), members::set_back.eq(true)))
        .execute(connection)?;
    let standing = in_rooms(connection, &[(user, room)])?.remove(&(user, room));
    standing.map(ReadMarker::from).ok_or_else(Refusal::room_not_found)
}

type Row = (UserId, RoomId, (i64, Seq, i64, i64, bool), (String, bool, Seq));
type Kinds = (BigInt, BigInt, (BigInt, BigInt, BigInt, BigInt, Bool), (Text, Bool, BigInt));

/// Of members of rooms: those for whom `which` holds.
const STANDINGS: &str = "\
    SELECT members.user_id, members.room_id, rooms.message_count, members.last_read_seq, \
    CASE WHEN members.last_read_seq >= rooms.last_seq THEN 0 \
    WHEN members.set_back THEN (SELECT count(*) FROM (SELECT 1 FROM messages \
    WHERE messages.room_id = members.room_id AND messages.id > members.last_read_seq \
    AND messages.author_id <> members.user_id AND messages.deleted_at IS NULL LIMIT {most}) AS few) \
    ELSE rooms.message_count - coalesce(noted.count, 0) - (SELECT count(*) FROM messages \
    WHERE messages.room_id = members.room_id AND messages.id > coalesce(noted.message_id, 0) \
    AND messages.id <= members.last_read_seq) - (SELECT count(*) FROM messages \
    WHERE messages.room_id = members.room_id AND messages.id > members.last_read_seq \
    AND messages.deleted_at IS NOT NULL) END, \
    CASE WHEN members.last_read_seq >= rooms.last_seq THEN 0 \
    ELSE (SELECT count(*) FROM (SELECT 1 FROM mentions WHERE mentions.user_id = members.user_id \
    AND mentions.room_id = members.room_id AND mentions.message_id > members.last_read_seq LIMIT {most}) AS few) END, \
    rooms.kind = 'direct', members.notify, members.starred, rooms.lowered_seq \
    FROM {given} JOIN members ON {which} JOIN rooms ON rooms.id = members.room_id \
    LEFT JOIN message_counts AS noted ON noted.room_id = members.room_id AND noted.message_id = \
    (SELECT max(below.message_id) FROM message_counts AS below \
    WHERE below.room_id = members.room_id AND below.message_id <= members.last_read_seq)";

fn text(which: &str) -> String {
    STANDINGS.replace("{which}", which).replace("{most}", &MAX_UNREAD.to_string())
}

/// How users stand to all rooms that they are members of.
pub fn of_members(
    connection: &mut AnyConnection,
    users: &[UserId],
) -> QueryResult<HashMap<UserId, HashMap<RoomId, Standing>>> {
    static TEXT: LazyLock<String> = LazyLock::new(|| text("members.user_id = given.user_id"));
    // Each once, or what is theirs would be told more than once.
    let users: Vec<UserId> = users.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let rows = Rows::new(users.len()).with("user_id", Numbers(users)).load::<Kinds, Row>(connection, &TEXT)?;
    let mut found: HashMap<UserId, HashMap<RoomId, Standing>> = HashMap::new();
    for ((user, room), standing) in rows.into_iter().map(standing) {
        found.entry(user).or_default().insert(room, standing);
    }
    Ok(found)
}

/// How users stand to rooms, as far as they are members.
pub fn in_rooms(
    connection: &mut AnyConnection,
    of: &[(UserId, RoomId)],
) -> QueryResult<HashMap<(UserId, RoomId), Standing>> {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| text("members.user_id = given.user_id AND members.room_id = given.room_id"));
    let rows = Rows::new(of.len())
        .with("user_id", Numbers(of.iter().map(|(user, _)| *user).collect()))
        .with("room_id", Numbers(of.iter().map(|(_, room)| *room).collect()))
        .load::<Kinds, Row>(connection, &TEXT)?;
    Ok(rows.into_iter().map(standing).collect())
}

/// How some members of a room stand to it whose marks are below a message, as of one moment.
pub struct MarksBelow {
    pub slug: String,
    /// The room's number at that moment.
    pub seq: Seq,
    pub members: Vec<(UserId, ReadMarker)>,
}

/// Reads how these users stand to a room, those of them who are members and have not read up to `below`. `None`: there is no
/// such room.
pub fn marks_below(
    connection: &mut AnyConnection,
    room: RoomId,
    below: Seq,
    users: &[UserId],
) -> QueryResult<Option<MarksBelow>> {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        text(
            "members.user_id = given.user_id AND members.room_id = given.room_id \
             AND members.last_read_seq < given.below",
        )
    });
    snapshot(connection, |connection| {
        let found = rooms::table.find(room).select((rooms::slug, rooms::last_seq)).first(connection).optional()?;
        let Some((slug, seq)) = found else { return Ok(None) };
        let rows = Rows::new(users.len())
            .with("user_id", Numbers(users.to_vec()))
            .with("room_id", Numbers(vec![room; users.len()]))
            .with("below", Numbers(vec![below; users.len()]))
            .load::<Kinds, Row>(connection, &TEXT)?;
        let members = rows.into_iter().map(standing).map(|((user, _), standing)| (user, standing.into())).collect();
        Ok(Some(MarksBelow { slug, seq, members }))
    })
}

fn standing(
    (user, room, (count, read, unread, mentions, is_direct), (notify, starred, lowered)): Row,
) -> ((UserId, RoomId), Standing) {
    let unread = unread.clamp(0, MAX_UNREAD);
    // In a direct room every message is a mention.
    let mentions = if is_direct { unread } else { mentions };
    let notify = Notify::from_column(&notify);
    ((user, room), Standing { count, read, unread, mentions, notify, starred, lowered })
}
