//! What makes and archives rooms, and who joins them by themselves.

use chrono::Utc;
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel::result::Error::DatabaseError;

use crate::chat::people::COLUMNS;
use crate::chat::rooms::{by_slug, raise_access};
use crate::chat::{members, names, sanctions};
use crate::db::connection::AnyConnection;
use crate::db::schema::{members as member_rows, rooms, users};
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{Role, Room, RoomId, RoomKind, User, UserId};

/// A room that is to be made.
pub struct NewRoom {
    pub slug: String,
    pub title: String,
    pub topic: String,
    pub kind: RoomKind,
}

/// Makes a room without a member.
///
/// # Errors
/// `taken`: there is a room of this name.
pub fn insert(connection: &mut AnyConnection, room: &NewRoom) -> Result<Room, Refusal> {
    let inserted = diesel::insert_into(rooms::table)
        .values((
            rooms::slug.eq(&room.slug),
            rooms::title.eq(&room.title),
            rooms::topic.eq(&room.topic),
            rooms::kind.eq(room.kind.as_str()),
            rooms::created_at.eq(Utc::now().naive_utc()),
        ))
        .execute(connection);
    inserted.map_err(|error| match error {
        DatabaseError(UniqueViolation, _) => Refusal::new(Code::Taken, "there is a room of this name"),
        error => error.into(),
    })?;
    let made = by_slug(connection, &room.slug)?.ok_or_else(Refusal::room_not_found)?.room;
    if made.kind != RoomKind::Direct {
        names::note_room(connection, made.id)?;
    }
    Ok(made)
}

/// Makes a room read-only, or no longer so. Every instance is told by the raised number, whoever did it.
pub fn set_archived(connection: &mut AnyConnection, room: RoomId, archived: bool) -> QueryResult<()> {
    raise_access(connection, &[room])?;
    diesel::update(rooms::table.find(room))
        .set(rooms::archived_at.eq(archived.then(|| Utc::now().naive_utc())))
        .execute(connection)
        .map(drop)
}

/// Makes a new member of the chat one of every room that such people join by themselves, but for those that are closed to
/// them already; which these are.
pub fn join_defaults(connection: &mut AnyConnection, user: UserId) -> QueryResult<Vec<RoomId>> {
    let defaults: Vec<(RoomId, i64)> = rooms::table
        .filter(rooms::is_default.eq(true).and(rooms::archived_at.is_null()))
        .filter(rooms::id.ne_all(sanctions::closed_to(user, Utc::now().naive_utc())))
        .order(rooms::id)
        .select((rooms::id, rooms::last_seq))
        .load(connection)?;
    for (room, seq) in &defaults {
        members::insert(connection, *room, user, Role::Member, *seq)?;
    }
    Ok(defaults.into_iter().map(|(room, _)| room).collect())
}

/// The people of these direct talks, by their names.
pub fn people_of(
    connection: &mut AnyConnection,
    talks: &[RoomId],
) -> QueryResult<std::collections::HashMap<RoomId, Vec<User>>> {
    let mut people: std::collections::HashMap<RoomId, Vec<User>> = std::collections::HashMap::new();
    let rows: Vec<(RoomId, User)> = member_rows::table
        .inner_join(users::table)
        .filter(member_rows::room_id.eq_any(talks))
        .order(users::username_key)
        .select((member_rows::room_id, COLUMNS))
        .load(connection)?;
    for (room, user) in rows {
        people.entry(room).or_default().push(user);
    }
    Ok(people)
}
