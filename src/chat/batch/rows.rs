//! What a batch writes: of each table all rows at once, in a fixed order.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::chat::batch::targets::{Membership, MessageAt, Target};
use crate::chat::rooms::RoomState;
use crate::db::connection::AnyConnection;
use crate::db::multi_row::Column::{Numbers, OptionalNumbers, OptionalTimes, Texts, Times, Truths};
use crate::db::multi_row::Rows;
use crate::render::RENDERER;
use crate::wire::{Notify, RoomId, Seq, UserId};

/// A message with its room.
pub type At<'a> = (RoomId, &'a Target);

/// A member with their room.
pub type Who<'a> = (RoomId, UserId, &'a Membership);

/// `now` becomes the time of what was deleted in the batch that sends it.
pub fn insert_messages(connection: &mut AnyConnection, new: &[At], now: NaiveDateTime) -> QueryResult<()> {
    let numbers = |number: fn(&At) -> i64| Numbers(new.iter().map(number).collect());
    Rows::new(new.len())
        .with("room_id", numbers(|(room, _)| *room))
        .with("id", numbers(|(_, it)| it.message.id))
        .with("seq", numbers(|(_, it)| it.message.seq))
        .with("key", Texts(new.iter().map(|(_, it)| it.key.as_deref().unwrap_or_default()).collect()))
        .with("key_written", Texts(new.iter().map(|(_, it)| it.message.key.as_str()).collect()))
        .with("author_id", numbers(|(_, it)| it.author()))
        .with("body", Texts(new.iter().map(|(_, it)| it.message.body.as_str()).collect()))
        .with("html", Texts(new.iter().map(|(_, it)| it.message.html.as_str()).collect()))
        .with("renderer", numbers(|_| RENDERER.into()))
        .with("reply_to", OptionalNumbers(new.iter().map(|(_, it)| it.message.reply_to).collect()))
        .with("sent_at", Times(new.iter().map(|(_, it)| it.message.sent_at).collect()))
        .with("edited_at", OptionalTimes(new.iter().map(|(_, it)| it.message.edited_at).collect()))
        .with("deleted_at", OptionalTimes(new.iter().map(|(_, it)| it.message.deleted.then_some(now)).collect()))
        .with("removed", Truths(new.iter().map(|(_, it)| it.message.removed).collect()))
        .execute(connection, "INSERT INTO messages ({columns}) SELECT * FROM {given}")
}

/// `now` becomes the time of what is deleted, unless it was deleted before.
pub fn update_messages(connection: &mut AnyConnection, changed: &[At], now: NaiveDateTime) -> QueryResult<()> {
    let numbers = |number: fn(&At) -> i64| Numbers(changed.iter().map(number).collect());
    Rows::new(changed.len())
        .with("room_id", numbers(|(room, _)| *room))
        .with("id", numbers(|(_, it)| it.message.id))
        .with("seq", numbers(|(_, it)| it.message.seq))
        .with("body", Texts(changed.iter().map(|(_, it)| it.message.body.as_str()).collect()))
        .with("html", Texts(changed.iter().map(|(_, it)| it.message.html.as_str()).collect()))
        .with("renderer", numbers(|_| RENDERER.into()))
        .with("edited_at", OptionalTimes(changed.iter().map(|(_, it)| it.message.edited_at).collect()))
        .with("deleted_at", OptionalTimes(changed.iter().map(|(_, it)| it.message.deleted.then_some(now)).collect()))
        .with("removed", Truths(changed.iter().map(|(_, it)| it.message.removed).collect()))
        .execute(
            connection,
            "UPDATE messages SET seq = given.seq, body = given.body, html = given.html, renderer = given.renderer, \
             edited_at = given.edited_at, removed = given.removed, deleted_at = coalesce(messages.deleted_at, given.deleted_at) \
             FROM {given} WHERE messages.room_id = given.room_id AND messages.id = given.id",
        )
}

/// Deletes what belongs to these messages.
pub fn delete_of<'a>(
    connection: &mut AnyConnection,
    of: impl Iterator<Item = &'a MessageAt>,
    text: &'static str,
) -> QueryResult<()> {
    let (rooms, ids): (Vec<RoomId>, Vec<Seq>) = of.copied().unzip();
    Rows::new(ids.len()).with("room_id", Numbers(rooms)).with("message_id", Numbers(ids)).execute(connection, text)
}

pub fn insert_members(connection: &mut AnyConnection, new: &[Who], now: NaiveDateTime) -> QueryResult<()> {
    who(new)
        .with("role", Texts(new.iter().map(|(.., member)| member.role.as_str()).collect()))
        .with("notify", Texts(vec![Notify::default().as_str(); new.len()]))
        .with("last_read_seq", Numbers(new.iter().map(|(.., member)| member.mark).collect()))
        .with_moment("joined_at", now)
        .with("sent_at", OptionalTimes(new.iter().map(|(.., member)| member.sent_at).collect()))
        .execute(connection, "INSERT INTO members ({columns}) SELECT * FROM {given}")
}

/// Raises marks; none falls. Writes when they sent something, where that matters.
pub fn raise_marks(connection: &mut AnyConnection, marked: &[Who]) -> QueryResult<()> {
    who(marked)
        .with("mark", Numbers(marked.iter().map(|(.., member)| member.mark).collect()))
        .with("at_end", Truths(marked.iter().map(|(.., member)| member.at_end).collect()))
        .with("sent_at", OptionalTimes(marked.iter().map(|(.., member)| member.sent_at).collect()))
        .execute(
            connection,
            "UPDATE members SET last_read_seq = given.mark, sent_at = given.sent_at, \
             set_back = members.set_back AND NOT given.at_end FROM {given} WHERE members.room_id = given.room_id AND members.user_id = given.user_id \
             AND members.last_read_seq < given.mark",
        )
}

/// Writes when they are counted as having sent something.
pub fn set_sent_at(connection: &mut AnyConnection, paced: &[Who]) -> QueryResult<()> {
    who(paced).with("sent_at", OptionalTimes(paced.iter().map(|(.., member)| member.sent_at).collect())).execute(
        connection,
        "UPDATE members SET sent_at = given.sent_at FROM {given} \
         WHERE members.room_id = given.room_id AND members.user_id = given.user_id",
    )
}

fn who<'a>(members: &[Who<'a>]) -> Rows<'a> {
    Rows::new(members.len())
        .with("room_id", Numbers(members.iter().map(|(room, ..)| *room).collect()))
        .with("user_id", Numbers(members.iter().map(|(_, user, _)| *user).collect()))
}

/// The rooms' new numbers.
pub fn update_rooms(connection: &mut AnyConnection, rooms: &[&RoomState]) -> QueryResult<()> {
    Rows::new(rooms.len())
        .with("id", Numbers(rooms.iter().map(|state| state.room.id).collect()))
        .with("last_seq", Numbers(rooms.iter().map(|state| state.room.seq).collect()))
        .with("message_count", Numbers(rooms.iter().map(|state| state.count).collect()))
        .with("lowered_seq", Numbers(rooms.iter().map(|state| state.lowered).collect()))
        .execute(
            connection,
            "UPDATE rooms SET last_seq = given.last_seq, message_count = given.message_count, \
             lowered_seq = given.lowered_seq FROM {given} WHERE rooms.id = given.id",
        )
}
