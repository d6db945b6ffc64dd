//! What a batch writes of its messages.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::picture::Target;
use crate::protocol::{Message, RoomId};
use crate::render::RENDERER;
use crate::store::connection::AnyConnection;
use crate::store::schema::{mentions, messages, reactions};

pub fn insert_message(connection: &mut AnyConnection, room: RoomId, key: &str, message: &Message) -> QueryResult<()> {
    diesel::insert_into(messages::table)
        .values((
            messages::room_id.eq(room),
            messages::id.eq(message.id),
            messages::seq.eq(message.seq),
            messages::key.eq(key),
            messages::key_written.eq(&message.key),
            messages::author_id.eq(message.author.id),
            messages::body.eq(&message.body),
            messages::html.eq(&message.html),
            messages::renderer.eq(RENDERER),
            messages::reply_to.eq(message.reply_to),
            messages::sent_at.eq(message.sent_at),
        ))
        .execute(connection)
        .map(drop)
}

pub fn update_message(
    connection: &mut AnyConnection,
    room: RoomId,
    target: &Target,
    now: NaiveDateTime,
) -> QueryResult<()> {
    let message = &target.message;
    let row = messages::table.find((room, message.id));
    diesel::update(row)
        .set((
            messages::seq.eq(message.seq),
            messages::body.eq(&message.body),
            messages::html.eq(&message.html),
            messages::renderer.eq(RENDERER),
            messages::edited_at.eq(message.edited_at),
        ))
        .execute(connection)?;
    if message.deleted {
        let fresh = messages::table.find((room, message.id)).filter(messages::deleted_at.is_null());
        diesel::update(fresh).set(messages::deleted_at.eq(now)).execute(connection)?;
    }
    Ok(())
}

pub fn store_mentions(connection: &mut AnyConnection, room: RoomId, target: &Target) -> QueryResult<()> {
    let id = target.message.id;
    if target.key.is_none() {
        let stored = mentions::table.filter(mentions::room_id.eq(room).and(mentions::message_id.eq(id)));
        diesel::delete(stored).execute(connection)?;
    }
    for user in &target.mentioned {
        diesel::insert_into(mentions::table)
            .values((mentions::user_id.eq(user), mentions::room_id.eq(room), mentions::message_id.eq(id)))
            .execute(connection)?;
    }
    Ok(())
}

pub fn store_reactions(connection: &mut AnyConnection, room: RoomId, target: &Target) -> QueryResult<()> {
    let id = target.message.id;
    let stored = reactions::table.filter(reactions::room_id.eq(room).and(reactions::message_id.eq(id)));
    diesel::delete(stored).execute(connection)?;
    for (order, given) in (0i64..).zip(&target.reactions) {
        diesel::insert_into(reactions::table)
            .values((
                reactions::room_id.eq(room),
                reactions::message_id.eq(id),
                reactions::emoji.eq(&given.emoji),
                reactions::user_id.eq(given.user),
                reactions::position.eq(order),
            ))
            .execute(connection)?;
    }
    Ok(())
}
