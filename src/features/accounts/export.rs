//! All that is stored of somebody, for themselves: what has a bound at once, messages and reactions page by page.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::Serialize;

use crate::chat::accounts;
use crate::db::connection::{AnyConnection, snapshot};
use crate::db::schema::{members, messages, reactions, reports, rooms, sessions, users};
use crate::wire::refusal::Refusal;
use crate::wire::types::{rfc3339_millis, rfc3339_millis_opt};
use crate::wire::{Profile, RoomId, Seq, UserId};

/// Messages, or reactions, of a page.
pub const PAGE: i64 = 500;

/// What comes before messages and reactions.
#[derive(Serialize)]
pub struct Head {
    account: Profile,
    #[serde(serialize_with = "rfc3339_millis")]
    created_at: NaiveDateTime,
    memberships: Vec<Membership>,
    sessions: Vec<Session>,
    reports: Vec<Report>,
}

#[derive(Serialize, Queryable)]
struct Membership {
    room: String,
    role: String,
    last_read: Seq,
    notify: String,
    starred: bool,
    #[serde(serialize_with = "rfc3339_millis")]
    joined_at: NaiveDateTime,
}

#[derive(Serialize, Queryable)]
struct Session {
    #[serde(serialize_with = "rfc3339_millis")]
    created_at: NaiveDateTime,
    #[serde(serialize_with = "rfc3339_millis")]
    seen_at: NaiveDateTime,
    agent: String,
    address: String,
}

#[derive(Serialize, Queryable)]
struct Report {
    room: String,
    message: Seq,
    reason: String,
    #[serde(serialize_with = "rfc3339_millis")]
    made_at: NaiveDateTime,
}

#[derive(Serialize, Queryable)]
pub struct Written {
    #[serde(skip)]
    room_id: RoomId,
    room: String,
    id: Seq,
    body: String,
    reply_to: Option<Seq>,
    #[serde(serialize_with = "rfc3339_millis")]
    sent_at: NaiveDateTime,
    #[serde(serialize_with = "rfc3339_millis_opt", skip_serializing_if = "Option::is_none")]
    edited_at: Option<NaiveDateTime>,
}

impl Written {
    /// Where the next page goes on.
    pub fn place(&self) -> (RoomId, Seq) {
        (self.room_id, self.id)
    }
}

#[derive(Serialize, Queryable)]
pub struct Reacted {
    #[serde(skip)]
    room_id: RoomId,
    room: String,
    message: Seq,
    emoji: String,
}

impl Reacted {
    /// Where the next page goes on.
    pub fn place(&self) -> (RoomId, Seq, String) {
        (self.room_id, self.message, self.emoji.clone())
    }
}

pub fn head(connection: &mut AnyConnection, user: UserId) -> Result<Head, Refusal> {
    snapshot(connection, |connection| {
        let account = accounts::profile(connection, user)?;
        let created_at = users::table.find(user).select(users::created_at).first(connection)?;
        let memberships = members::table
            .inner_join(rooms::table)
            .filter(members::user_id.eq(user))
            .order(rooms::slug)
            .select((
                rooms::slug,
                members::role,
                members::last_read_seq,
                members::notify,
                members::starred,
                members::joined_at,
            ))
            .load(connection)?;
        let sessions = sessions::table
            .filter(sessions::user_id.eq(user))
            .order(sessions::created_at)
            .select((sessions::created_at, sessions::seen_at, sessions::agent, sessions::address))
            .load(connection)?;
        let reports = reports::table
            .inner_join(rooms::table)
            .filter(reports::reporter_id.eq(user))
            .order(reports::id)
            .select((rooms::slug, reports::message_id, reports::reason, reports::made_at))
            .load(connection)?;
        Ok(Head { account, created_at, memberships, sessions, reports })
    })
}

/// A page of somebody's own messages, those that are deleted left out.
pub fn messages_after(
    connection: &mut AnyConnection,
    user: UserId,
    (room, id): (RoomId, Seq),
) -> Result<Vec<Written>, Refusal> {
    let later = messages::room_id.gt(room).or(messages::room_id.eq(room).and(messages::id.gt(id)));
    let page = messages::table
        .inner_join(rooms::table)
        .filter(messages::author_id.eq(user).and(messages::deleted_at.is_null()).and(messages::removed.eq(false)))
        .filter(later)
        .order((messages::room_id, messages::id))
        .limit(PAGE)
        .select((
            messages::room_id,
            rooms::slug,
            messages::id,
            messages::body,
            messages::reply_to,
            messages::sent_at,
            messages::edited_at,
        ))
        .load(connection)?;
    Ok(page)
}

/// A page of somebody's own reactions.
pub fn reactions_after(
    connection: &mut AnyConnection,
    user: UserId,
    (room, message, emoji): &(RoomId, Seq, String),
) -> Result<Vec<Reacted>, Refusal> {
    let same = reactions::room_id.eq(room).and(reactions::message_id.eq(message));
    let later = reactions::room_id
        .gt(room)
        .or(reactions::room_id.eq(room).and(reactions::message_id.gt(message)))
        .or(same.and(reactions::emoji.gt(emoji)));
    let page = reactions::table
        .inner_join(rooms::table.on(rooms::id.eq(reactions::room_id)))
        .filter(reactions::user_id.eq(user))
        .filter(later)
        .order((reactions::room_id, reactions::message_id, reactions::emoji))
        .limit(PAGE)
        .select((reactions::room_id, rooms::slug, reactions::message_id, reactions::emoji))
        .load(connection)?;
    Ok(page)
}
