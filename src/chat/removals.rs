//! All that somebody wrote, to be removed.

use diesel::prelude::*;

use crate::db::AnyConnection;
use crate::db::schema::{messages, rooms};
use crate::wire::{RoomId, Seq, UserId};

/// A part of what somebody wrote.
pub struct Part {
    /// What is still to be removed of it: each by its room's slug and id, and its own.
    pub left: Vec<(String, RoomId, Seq)>,
    /// Where the next part begins; `None` after the last.
    pub next: Option<String>,
}

/// The messages of somebody after the one with this key, at most `limit` of them, in the order of their keys: that is what
/// they have an index for. What they took back themselves is still to be removed, unless it is they who remove.
pub fn part(connection: &mut AnyConnection, author: UserId, own: bool, after: &str, limit: i64) -> QueryResult<Part> {
    let rows: Vec<(Option<String>, RoomId, Seq, String, bool, bool)> = messages::table
        .left_join(rooms::table)
        .filter(messages::author_id.eq(author).and(messages::key.gt(after)))
        .order(messages::key)
        .limit(limit)
        .select((
            rooms::slug.nullable(),
            messages::room_id,
            messages::id,
            messages::key,
            messages::deleted_at.is_not_null(),
            messages::removed,
        ))
        .load(connection)?;
    let next = if (rows.len() as i64) < limit { None } else { rows.last().map(|row| row.3.clone()) };
    let left = rows.into_iter().filter_map(|(slug, room, id, _, deleted, removed)| {
        // The messages of a deleted room go without this.
        let slug = slug?;
        let done = removed || (own && deleted);
        (!done).then_some((slug, room, id))
    });
    Ok(Part { left: left.collect(), next })
}
