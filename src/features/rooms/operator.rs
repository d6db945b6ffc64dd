//! Rooms, as the operator's list has them.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::db::AnyConnection;
use crate::db::schema::{members, rooms};
use crate::wire::{RoomId, RoomKind};

#[derive(Queryable)]
pub struct Listed {
    pub id: RoomId,
    pub slug: String,
    pub kind: String,
    pub archived_at: Option<NaiveDateTime>,
    pub members: i64,
    pub message_count: i64,
    pub title: String,
}

/// Rooms after the one with this id, in the order in which they were made; at most `limit`. Direct talks are nobody else's matter.
pub fn listed(connection: &mut AnyConnection, after: RoomId, limit: i64) -> QueryResult<Vec<Listed>> {
    let in_it = members::table.filter(members::room_id.eq(rooms::id)).count();
    rooms::table
        .filter(rooms::id.gt(after).and(rooms::kind.ne(RoomKind::Direct.as_str())))
        .order(rooms::id)
        .limit(limit)
        .select((
            rooms::id,
            rooms::slug,
            rooms::kind,
            rooms::archived_at,
            in_it.single_value().assume_not_null(),
            rooms::message_count,
            rooms::title,
        ))
        .load(connection)
}
