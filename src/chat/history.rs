//! Parts of a room's history: its end, what lies around a message or a time, and what goes on from there.

use chrono::NaiveDateTime;
use diesel::dsl::max;
use diesel::prelude::*;

use crate::chat::messages::{Bound, Page, by_ids, following, latest};
use crate::chat::rooms::authorize;
use crate::db::connection::{AnyConnection, snapshot};
use crate::db::schema::messages;
use crate::policy::Action;
use crate::wire::history::{At, Place};
use crate::wire::refusal::Refusal;
use crate::wire::{MAX_PAGE_BYTES, Message, RoomId, Seq, UserId};

/// Some messages of a room, oldest first.
pub struct Part {
    pub messages: Vec<Message>,
    /// Whether there are older ones.
    pub more: bool,
    /// Whether there are newer ones, where the part was not asked for by its end.
    pub newer: Option<bool>,
}

/// What lies at a place of a room that `user` may see.
pub fn page(connection: &mut AnyConnection, slug: &str, user: UserId, place: &Place) -> Result<Part, Refusal> {
    snapshot(connection, |connection| {
        let (found, _) = authorize(connection, slug, user, Action::See)?;
        Ok(part(connection, found.room.id, place)?)
    })
}

/// One message of a room that `user` may see; where `id` is given, only of the room with that id.
///
/// # Errors
/// `not_found`
pub fn one(
    connection: &mut AnyConnection,
    slug: &str,
    id: Option<RoomId>,
    user: UserId,
    message: Seq,
) -> Result<Message, Refusal> {
    snapshot(connection, |connection| {
        let room = authorize(connection, slug, user, Action::See)?.0.room.id;
        if id.is_some_and(|id| id != room) {
            return Err(Refusal::room_not_found());
        }
        let found = by_ids(connection, &[room], &[message])?.into_iter().next();
        found.map(|(_, message)| message).ok_or_else(Refusal::message_not_found)
    })
}

pub(crate) fn part(connection: &mut AnyConnection, room: RoomId, place: &Place) -> QueryResult<Part> {
    let limit = place.limit;
    match place.at {
        At::End => latest(connection, room, None, limit).map(Part::from),
        At::Before(id) => latest(connection, room, Some(id), limit).map(Part::from),
        At::After(id) => beside(connection, room, id, 0, limit),
        At::Around(id) => beside(connection, room, id - 1, limit / 2, limit - limit / 2),
        At::Since(time) => {
            let first = first_since(connection, room, time)?.unwrap_or(Seq::MAX);
            beside(connection, room, first - 1, limit / 2, limit - limit / 2)
        }
    }
}

impl From<Page> for Part {
    fn from(Page { messages, more }: Page) -> Self {
        Self { messages, more, newer: None }
    }
}

/// So many messages up to this id, and so many above it.
fn beside(connection: &mut AnyConnection, room: RoomId, id: Seq, older: i64, newer: i64) -> QueryResult<Part> {
    let bytes = if older == 0 { MAX_PAGE_BYTES } else { MAX_PAGE_BYTES / 2 };
    let below = latest(connection, room, Some(id.saturating_add(1)), Bound { messages: older, bytes })?;
    let above = following(connection, room, id, Bound { messages: newer, bytes })?;
    let messages = below.messages.into_iter().chain(above.messages).collect();
    Ok(Part { messages, more: below.more, newer: Some(above.more) })
}

/// The first message that was sent at this time or later, found by halving what is left, each time with one look-up by key.
/// Where the clock was set back meanwhile it is one of those that could be meant.
fn first_since(connection: &mut AnyConnection, room: RoomId, time: NaiveDateTime) -> QueryResult<Option<Seq>> {
    let last: Option<Seq> =
        messages::table.filter(messages::room_id.eq(room)).select(max(messages::id)).first(connection)?;
    let Some(last) = last else { return Ok(None) };
    // Up to `low` all were sent earlier; `high`, where it is a message, was not.
    let (mut low, mut high) = (0, last + 1);
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        let found: Option<(Seq, NaiveDateTime)> = messages::table
            .filter(messages::room_id.eq(room).and(messages::id.gt(low)).and(messages::id.le(middle)))
            .order(messages::id.desc())
            .select((messages::id, messages::sent_at))
            .first(connection)
            .optional()?;
        match found {
            Some((id, sent_at)) if sent_at >= time => high = id,
            _ => low = middle,
        }
    }
    Ok((high <= last).then_some(high))
}
