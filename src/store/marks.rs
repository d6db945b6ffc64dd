//! Read marks, and what is unread above them: counted from the messages, never kept as a number that could drift.

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::schema::{mentions, messages};
use crate::protocol::{RoomId, RoomKind, Seq, UserId};

/// A member's mark in a room and what lies above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
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
