//! Who belongs to a room.

use chrono::{NaiveDateTime, Utc};
use diesel::dsl::not;
use diesel::prelude::*;

use super::actors::{self, Known};
use super::audit::{self, Entry};
use super::connection::{AnyConnection, snapshot, transaction};
use super::names::Beginning;
use super::rooms;
use super::schema::{members, users};
use crate::error::{Code, Refusal};
use crate::policy::{Action, Actor, Object, may};
use crate::protocol::{Act, MAX_DIRECT_PEOPLE, Member, Notify, Role, RoomId, RoomKind, Seq, User, UserId};

/// What became of a membership.
pub struct Changed {
    pub room: RoomId,
    pub user: UserId,
    /// False where it already was as it should be.
    pub changed: bool,
}

pub fn is_member(connection: &mut AnyConnection, room: RoomId, user: UserId) -> QueryResult<bool> {
    let found: Option<RoomId> =
        members::table.find((room, user)).select(members::room_id).first(connection).optional()?;
    Ok(found.is_some())
}

/// Whether the chat is closed to a user; never null, whatever its type says.
#[diesel::dsl::auto_type]
pub(super) fn banned(now: NaiveDateTime) -> _ {
    let lasts = users::banned_until.is_null().or(users::banned_until.gt(now));
    users::banned_at.is_not_null().and(lasts)
}

/// The members of a room whose names begin with `text`, first those of whom the username does, then by username: at most
/// `limit`, or all.
pub fn list(
    connection: &mut AnyConnection,
    slug: &str,
    user: UserId,
    text: &str,
    limit: Option<i64>,
) -> Result<Vec<Member>, Refusal> {
    let wanted = Beginning::new(text);
    let rows: Vec<(UserId, String, String, String)> = snapshot(connection, |connection| {
        let (found, _) = rooms::permitted(connection, slug, user, Action::See)?;
        let rows = members::table
            .inner_join(users::table)
            .filter(members::room_id.eq(found.room.id))
            .filter(wanted.of_a_name())
            .order((wanted.of_username().desc(), users::username_key))
            .limit(limit.unwrap_or(i64::MAX))
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

/// A room's members, without those who are banned from the chat, by their names; nobody, where they are more than `most`.
pub(super) fn few(connection: &mut AnyConnection, room: RoomId, most: usize) -> QueryResult<Vec<User>> {
    let mut found: Vec<(UserId, String, String)> = members::table
        .inner_join(users::table)
        .filter(members::room_id.eq(room))
        .filter(not(banned(Utc::now().naive_utc())))
        .limit(most as i64 + 1)
        .select((users::id, users::username, users::display_name))
        .load(connection)?;
    if found.len() > most {
        found.clear();
    }
    found.sort_by_cached_key(|(_, username, display_name)| (display_name.to_lowercase(), username.to_lowercase()));
    Ok(found.into_iter().map(|(id, username, display_name)| User { id, username, display_name }).collect())
}

/// The ids of a room's members, without those who are banned from the chat, with the room's `access` number at which
/// that was so.
pub fn ids(connection: &mut AnyConnection, room: RoomId) -> Result<(Vec<UserId>, i64), Refusal> {
    snapshot(connection, |connection| {
        let state = rooms::by_id(connection, room)?.ok_or_else(Refusal::room_not_found)?;
        let ids = members::table
            .inner_join(users::table)
            .filter(members::room_id.eq(room))
            .filter(not(banned(Utc::now().naive_utc())))
            .select(members::user_id)
            .load(connection)?;
        Ok((ids, state.access))
    })
}

/// Makes `username` a member. The read mark begins at the room's number.
pub fn admit(connection: &mut AnyConnection, slug: &str, by: UserId, username: &str) -> Result<Changed, Refusal> {
    transaction(connection, |connection| {
        let TheTwo { room, them, .. } = the_two(connection, slug, by, username, Action::Admit)?;
        let (id, user) = (room.room.id, them.user.id);
        if them.actor.role.is_some() {
            return Ok(Changed { room: id, user, changed: false });
        }
        if them.actor.banned || them.actor.excluded {
            return Err(Refusal::new(Code::Forbidden, "that person is banned"));
        }
        if room.room.kind == RoomKind::Direct {
            let people: i64 = members::table.filter(members::room_id.eq(id)).count().get_result(connection)?;
            if people >= MAX_DIRECT_PEOPLE {
                return Err(Refusal::invalid("a direct talk has {most} people at most").with("most", MAX_DIRECT_PEOPLE));
            }
        }
        insert(connection, id, user, Role::Member, room.room.seq)?;
        Ok(Changed { room: id, user, changed: true })
    })
}

/// Ends a membership. Nothing that is committed after this reaches the removed: the room's row is held, so that every
/// change either comes before or carries the higher `access` number.
pub fn remove(connection: &mut AnyConnection, slug: &str, by: UserId, username: &str) -> Result<Changed, Refusal> {
    transaction(connection, |connection| {
        let TheTwo { room: state, them, .. } = the_two(connection, slug, by, username, Action::Remove)?;
        let (room, user) = (state.room.id, them.user.id);
        if them.actor.role.is_none() {
            return Ok(Changed { room, user, changed: false });
        }
        end(connection, room, user)?;
        if user != by {
            let moderator = actors::one(connection, room, by)?.user;
            let entry = Entry {
                room: Some(&state.room),
                them: Some(&them.user),
                ..Entry::new(Some(&moderator), Act::RemoveMember)
            };
            audit::note(connection, &entry)?;
        }
        Ok(Changed { room, user, changed: true })
    })
}

/// Makes a member a moderator, or no longer one. Nothing that they did as a moderator is stored after they are none: the
/// room's row is held.
pub fn set_role(
    connection: &mut AnyConnection,
    slug: &str,
    by: UserId,
    username: &str,
    role: Role,
) -> Result<Changed, Refusal> {
    transaction(connection, |connection| {
        let TheTwo { room, actor, them } = the_two(connection, slug, by, username, Action::SetRole)?;
        let (id, user) = (room.room.id, them.user.id);
        match them.actor.role {
            None => return Err(Refusal::new(Code::NotFound, "that person is not a member of the room")),
            Some(now) if now == role => return Ok(Changed { room: id, user, changed: false }),
            Some(_) => {}
        }
        diesel::update(members::table.find((id, user))).set(members::role.eq(role.as_str())).execute(connection)?;
        let moderator = actors::one(connection, id, actor.user)?.user;
        let entry = Entry {
            room: Some(&room.room),
            them: Some(&them.user),
            detail: role.as_str(),
            ..Entry::new(Some(&moderator), Act::SetRole)
        };
        audit::note(connection, &entry)?;
        Ok(Changed { room: id, user, changed: true })
    })
}

/// Sets what of a room a member wants to be told.
pub fn set_notify(connection: &mut AnyConnection, slug: &str, user: UserId, level: Notify) -> Result<(), Refusal> {
    transaction(connection, |connection| {
        let (room, _) = rooms::permitted(connection, slug, user, Action::Mark)?;
        diesel::update(members::table.find((room.room.id, user)))
            .set(members::notify.eq(level.as_str()))
            .execute(connection)?;
        Ok(())
    })
}

/// Puts a room first in a member's list, or back among the others.
pub fn set_starred(connection: &mut AnyConnection, slug: &str, user: UserId, starred: bool) -> Result<(), Refusal> {
    transaction(connection, |connection| {
        let (room, _) = rooms::permitted(connection, slug, user, Action::Mark)?;
        diesel::update(members::table.find((room.room.id, user)))
            .set(members::starred.eq(starred))
            .execute(connection)?;
        Ok(())
    })
}

/// Ends a membership in a room whose row is held.
pub(super) fn end(connection: &mut AnyConnection, room: RoomId, user: UserId) -> QueryResult<()> {
    rooms::raise_access(connection, &[room])?;
    diesel::delete(members::table.find((room, user))).execute(connection).map(drop)
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

/// A room whose row is held, who acts in it, and on whom.
pub(super) struct TheTwo {
    pub room: rooms::RoomState,
    pub actor: Actor,
    pub them: Known,
}

/// The two, if the one may do this to the other.
pub(super) fn the_two(
    connection: &mut AnyConnection,
    slug: &str,
    by: UserId,
    username: &str,
    action: Action,
) -> Result<TheTwo, Refusal> {
    // Whether a name is taken is told only to those who may see the room.
    let (room, actor) = rooms::permitted_alone(connection, slug, by, Action::See)?;
    let them = match username {
        "me" => actors::one(connection, room.room.id, by)?,
        name => actors::named(connection, room.room.id, name)?,
    };
    may(actor, action, Object { place: Some(room.place()), whose: Some(them.person()) })?;
    Ok(TheTwo { room, actor, them })
}
