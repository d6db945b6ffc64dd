//! Who belongs to a room.

use chrono::Utc;
use diesel::prelude::*;

use super::accounts;
use super::connection::{AnyConnection, directly, snapshot};
use super::rooms;
use super::schema::{members, users};
use crate::error::{Code, Refusal};
use crate::policy::{Action, Actor, Object, may};
use crate::protocol::{Member, Role, RoomId, Seq, User, UserId};

/// What became of a membership.
pub struct Changed {
    pub room: RoomId,
    pub user: UserId,
    /// False where it already was as it should be.
    pub changed: bool,
}

pub fn role(connection: &mut AnyConnection, room: RoomId, user: UserId) -> QueryResult<Option<Role>> {
    let role = members::table.find((room, user)).select(members::role);
    let role: Option<String> = directly!(connection, |c| role.first(c)).optional()?;
    Ok(role.as_deref().map(Role::from_column))
}

/// The members of a room, by their names.
pub fn list(connection: &mut AnyConnection, slug: &str, user: UserId) -> Result<Vec<Member>, Refusal> {
    let rows: Vec<(UserId, String, String, String)> = snapshot(connection, |connection| {
        let (found, _) = rooms::permitted(connection, slug, user, Action::See)?;
        let rows = members::table
            .inner_join(users::table)
            .filter(members::room_id.eq(found.room.id))
            .order(users::username_key)
            .select((users::id, users::username, users::display_name, members::role))
            .load(connection)?;
        Ok::<_, Refusal>(rows)
    })?;
    let member = |(id, username, display_name, role): (UserId, String, String, String)| Member {
        user: User { id, username, display_name },
        role: Role::from_column(&role),
    };
    Ok(rows.into_iter().map(member).collect())
}

/// The ids of a room's members, with the room's `access` number at which that was so.
pub fn ids(connection: &mut AnyConnection, room: RoomId) -> Result<(Vec<UserId>, i64), Refusal> {
    snapshot(connection, |connection| {
        let state = rooms::by_id(connection, room)?.ok_or_else(Refusal::room_not_found)?;
        let ids = members::table.filter(members::room_id.eq(room)).select(members::user_id).load(connection)?;
        Ok((ids, state.access))
    })
}

/// Makes `username` a member. The read mark begins at the room's number.
pub fn admit(connection: &mut AnyConnection, slug: &str, by: UserId, username: &str) -> Result<Changed, Refusal> {
    connection.transaction(|connection| {
        let (room, user, role) = the_two(connection, slug, by, username, Action::Admit)?;
        if role.is_some() {
            return Ok(Changed { room: room.room.id, user, changed: false });
        }
        insert(connection, room.room.id, user, Role::Member, room.room.seq)?;
        Ok(Changed { room: room.room.id, user, changed: true })
    })
}

/// Ends a membership. Nothing that is committed after this reaches the removed: the room's row is held, so that every
/// change either comes before or carries the higher `access` number.
pub fn remove(connection: &mut AnyConnection, slug: &str, by: UserId, username: &str) -> Result<Changed, Refusal> {
    use super::schema::rooms as table;
    connection.transaction(|connection| {
        let (room, user, role) = the_two(connection, slug, by, username, Action::Remove)?;
        let room = room.room.id;
        if role.is_none() {
            return Ok(Changed { room, user, changed: false });
        }
        diesel::update(table::table.find(room)).set(table::access.eq(table::access + 1)).execute(connection)?;
        diesel::delete(members::table.find((room, user))).execute(connection)?;
        Ok(Changed { room, user, changed: true })
    })
}

pub fn insert(connection: &mut AnyConnection, room: RoomId, user: UserId, role: Role, mark: Seq) -> QueryResult<()> {
    diesel::insert_into(members::table)
        .values((
            members::room_id.eq(room),
            members::user_id.eq(user),
            members::role.eq(role.as_str()),
            members::last_read_seq.eq(mark),
            members::notify.eq("all"),
            members::joined_at.eq(Utc::now().naive_utc()),
        ))
        .execute(connection)
        .map(drop)
}

/// The room, its row held, and the user in question with the role they have in it now.
fn the_two(
    connection: &mut AnyConnection,
    slug: &str,
    by: UserId,
    username: &str,
    action: Action,
) -> Result<(rooms::RoomState, UserId, Option<Role>), Refusal> {
    let id = rooms::by_slug(connection, slug)?.ok_or_else(Refusal::room_not_found)?.room.id;
    let room = rooms::lock(connection, &[id])?.remove(&id).ok_or_else(Refusal::room_not_found)?;
    let actor = Actor { user: by, role: role(connection, id, by)? };
    // Whether a name is taken is told only to those who may see the room.
    may(actor, Action::See, Object { kind: room.room.kind, whose: None })?;
    let user = match username {
        "me" => by,
        name => accounts::id_by_name(connection, name)?
            .ok_or_else(|| Refusal::new(Code::NotFound, "there is no user of this name"))?,
    };
    may(actor, action, Object { kind: room.room.kind, whose: Some(user) })?;
    let theirs = role(connection, id, user)?;
    Ok((room, user, theirs))
}
