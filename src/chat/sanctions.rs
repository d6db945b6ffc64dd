//! Mutes and bans, in a room and from the whole chat.

use chrono::{NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::chat::accounts;
use crate::chat::authorization;
use crate::chat::authorization::Subject;
use crate::chat::members;
use crate::chat::people;
use crate::chat::rooms;
use crate::db::connection::AnyConnection;
use crate::db::schema::{members as member_rows, sanctions, users};
use crate::policy::{Action, Object, may};
use crate::wire::refusal::Refusal;
use crate::wire::{InstanceRole, RoomId, Sanction, User, UserId, format_time};

/// What somebody may not do in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Mute,
    Ban,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Ban => "ban",
        }
    }

    pub fn from_column(text: &str) -> Self {
        if text == "ban" { Self::Ban } else { Self::Mute }
    }

    /// What somebody does who imposes or lifts it.
    pub fn action(self) -> Action {
        match self {
            Self::Mute => Action::Mute,
            Self::Ban => Action::Ban,
        }
    }
}

/// Until when, and why.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// `None`: for ever.
    pub until: Option<NaiveDateTime>,
    pub reason: String,
}

impl Terms {
    /// Until when, in words, for the audit log.
    pub fn detail(&self) -> String {
        self.until.map_or("for ever".to_owned(), |until| format!("until {}", format_time(&until)))
    }
}

/// Stores a mute or a ban in place of the one there may be.
pub fn impose(
    connection: &mut AnyConnection,
    room: RoomId,
    user: UserId,
    kind: Kind,
    until: Option<NaiveDateTime>,
) -> QueryResult<()> {
    lift(connection, room, user, kind)?;
    diesel::insert_into(sanctions::table)
        .values((
            sanctions::room_id.eq(room),
            sanctions::user_id.eq(user),
            sanctions::kind.eq(kind.as_str()),
            sanctions::until.eq(until),
        ))
        .execute(connection)
        .map(drop)
}

/// Deletes a mute or a ban; whether there was one.
pub fn lift(connection: &mut AnyConnection, room: RoomId, user: UserId, kind: Kind) -> QueryResult<bool> {
    Ok(diesel::delete(sanctions::table.find((room, user, kind.as_str()))).execute(connection)? > 0)
}

/// Those of a room that have not ended.
#[diesel::dsl::auto_type]
fn lasting(room: RoomId, now: NaiveDateTime) -> _ {
    let lasts = sanctions::until.is_null().or(sanctions::until.gt(now));
    sanctions::room_id.eq(room).and(lasts)
}

/// The rooms that are closed to somebody.
#[diesel::dsl::auto_type]
pub(crate) fn closed_to(user: UserId, now: NaiveDateTime) -> _ {
    let lasts = sanctions::until.is_null().or(sanctions::until.gt(now));
    let bans = sanctions::user_id.eq(user).and(sanctions::kind.eq("ban")).and(lasts);
    sanctions::table.filter(bans).select(sanctions::room_id)
}

/// Those to whom a room is closed.
pub fn banned(connection: &mut AnyConnection, room: RoomId) -> QueryResult<Vec<UserId>> {
    sanctions::table
        .filter(lasting(room, Utc::now().naive_utc()).and(sanctions::kind.eq(Kind::Ban.as_str())))
        .select(sanctions::user_id)
        .load(connection)
}

/// The mutes and bans of a room that have not ended, for its moderators.
pub fn list(connection: &mut AnyConnection, slug: &str, user: UserId) -> Result<Vec<Sanction>, Refusal> {
    let (found, _) = rooms::authorize(connection, slug, user, Action::ReadLog)?;
    let rows: Vec<(User, String, Option<NaiveDateTime>)> = sanctions::table
        .inner_join(users::table)
        .filter(lasting(found.room.id, Utc::now().naive_utc()))
        .order((users::username_key, sanctions::kind))
        .select((people::COLUMNS, sanctions::kind, sanctions::until))
        .load(connection)?;
    Ok(rows.into_iter().map(|(user, kind, until)| Sanction { user, kind, until }).collect())
}

/// Those to whom the chat is closed now, for admins.
pub fn banned_from_chat(connection: &mut AnyConnection, user: UserId) -> Result<Vec<Sanction>, Refusal> {
    may(authorization::in_chat(connection, user)?.actor, Action::Administer, Object::default())?;
    let rows: Vec<(User, Option<NaiveDateTime>)> = users::table
        .filter(members::banned(Utc::now().naive_utc()).and(users::deleted_at.is_null()))
        .order(users::username_key)
        .select((people::COLUMNS, users::banned_until))
        .load(connection)?;
    let ban = |(user, until)| Sanction { user, kind: Kind::Ban.as_str().to_owned(), until };
    Ok(rows.into_iter().map(ban).collect())
}

/// # Errors
/// `invalid`: they are the last owner.
pub(crate) fn keep_an_owner(connection: &mut AnyConnection, them: &Subject) -> Result<(), Refusal> {
    if them.actor.instance < InstanceRole::Owner {
        return Ok(());
    }
    let others = accounts::owners(connection)?.into_iter().filter(|owner| *owner != them.user.id).count();
    if others == 0 { Err(Refusal::invalid("the chat needs an owner: make somebody else one first")) } else { Ok(()) }
}

/// The rooms somebody is a member of, in the order in which their rows are held.
pub(crate) fn rooms_of(connection: &mut AnyConnection, user: UserId) -> QueryResult<Vec<RoomId>> {
    member_rows::table
        .filter(member_rows::user_id.eq(user))
        .order(member_rows::room_id)
        .select(member_rows::room_id)
        .load(connection)
}
