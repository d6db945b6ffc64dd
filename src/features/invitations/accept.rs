//! What a link does for whoever uses it.

use chrono::Utc;
use diesel::prelude::*;

use crate::base::config::Signup;
use crate::chat::accounts;
use crate::chat::accounts::NewAccount;
use crate::chat::audit;
use crate::chat::audit::Entry;
use crate::chat::room_changes::join_defaults;
use crate::chat::rooms;
use crate::chat::rooms::RoomState;
use crate::chat::{authorization, members};
use crate::db::connection::AnyConnection;
use crate::db::schema::{invitations, users};
use crate::features::invitations::queries::{Link, find, has_owner};
use crate::policy::{Action, Object, may};
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{Act, InstanceRole, Role, Room, RoomId, User, UserId};

/// Where a link that can be used leads.
#[derive(Clone, Debug)]
pub struct Destination {
    pub role: InstanceRole,
    pub room: Option<Room>,
}

/// What came of a link, or of signing up.
pub struct Entered {
    pub user: User,
    pub role: InstanceRole,
    /// Where the link leads.
    pub room: Option<Room>,
    /// The rooms they are a member of since now.
    pub joined: Vec<RoomId>,
}

/// Where a link leads.
///
/// # Errors
/// `not_found`: it is over, or there never was such a link.
pub fn look_up(connection: &mut AnyConnection, token: &str) -> Result<Destination, Refusal> {
    let found = find(connection, token)?.ok_or_else(over)?;
    let room = found.room_id.map(|id| rooms::by_id(connection, id)).transpose()?.flatten();
    is_valid(connection, &found, room.as_ref())?;
    Ok(Destination { role: found.role, room: room.map(|state| state.room) })
}

/// Makes an account, by a link where `token` is given; with the rooms that new members join. All of it or nothing.
///
/// # Errors
/// `forbidden`: new accounts need a link, or are not open at all; `not_found`: the link is over; `taken`.
pub fn sign_up(
    connection: &mut AnyConnection,
    signup: Signup,
    token: Option<&str>,
    account: &NewAccount,
) -> Result<Entered, Refusal> {
    let used = token.map(|token| take(connection, token)).transpose()?;
    let (role, room) = match used {
        Some(Used { found, room }) => (found.role, room),
        None => (InstanceRole::Member, None),
    };
    admits(signup, token.map(|_| role))?;
    let user = accounts::create(connection, account)?;
    diesel::update(users::table.find(user.id)).set(users::role.eq(role.as_str())).execute(connection)?;
    if role == InstanceRole::Owner {
        note_owner(connection, &user)?;
    }
    let mut joined = if role == InstanceRole::Guest { Vec::new() } else { join_defaults(connection, user.id)? };
    if let Some(room) = room.as_ref().filter(|room| !joined.contains(&room.id)) {
        members::insert(connection, room.id, user.id, Role::Member, room.seq)?;
        joined.push(room.id);
    }
    Ok(Entered { user, role, room, joined })
}

/// Whether new accounts are made: by a link to this role, or by none.
///
/// # Errors
/// `forbidden`
pub fn admits(signup: Signup, link: Option<InstanceRole>) -> Result<(), Refusal> {
    match (signup, link) {
        (_, Some(InstanceRole::Owner)) | (Signup::Open, _) | (Signup::Invite, Some(_)) => Ok(()),
        (Signup::Invite, None) => Err(Refusal::new(Code::Forbidden, "new accounts are made by an invitation here")),
        (Signup::Closed, _) => Err(Refusal::new(Code::Forbidden, "new accounts are not open here")),
    }
}

/// Leads somebody who has an account where the link leads. Where they are there already, none of its uses is taken.
///
/// # Errors
/// `not_found`: the link is over; `forbidden`: they are banned.
pub fn accept(connection: &mut AnyConnection, user: UserId, token: &str) -> Result<Entered, Refusal> {
    let to = look_up(connection, token)?;
    let known = authorization::one(connection, to.room.as_ref().map_or(0, |room| room.id), user)?;
    if known.actor.excluded || known.actor.banned {
        return Err(Refusal::new(Code::Forbidden, "you are banned from there"));
    }
    let makes_owner = to.role == InstanceRole::Owner;
    let there = known.actor.role.is_some() || to.room.is_none();
    if !makes_owner && there {
        let role = known.actor.instance;
        return Ok(Entered { user: known.user, role, room: to.room, joined: Vec::new() });
    }
    let Used { room, .. } = take(connection, token)?;
    let mut joined = Vec::new();
    if let Some(room) = &room {
        // Again: the room's row is held since `take`, so neither a ban nor another way in comes between.
        let known = authorization::one(connection, room.id, user)?;
        if known.actor.excluded || known.actor.banned {
            return Err(Refusal::new(Code::Forbidden, "you are banned from there"));
        }
        if known.actor.role.is_none() {
            members::insert(connection, room.id, user, Role::Member, room.seq)?;
            joined.push(room.id);
        }
    }
    let mut role = known.actor.instance;
    if makes_owner {
        role = InstanceRole::Owner;
        diesel::update(users::table.find(user)).set(users::role.eq(role.as_str())).execute(connection)?;
        note_owner(connection, &known.user)?;
    }
    Ok(Entered { user: known.user, role, room, joined })
}

/// A link one of whose uses is taken, with its room, whose row is held.
struct Used {
    found: Link,
    room: Option<Room>,
}

/// Takes one of a link's uses for this transaction.
fn take(connection: &mut AnyConnection, token: &str) -> Result<Used, Refusal> {
    let found = find(connection, token)?.ok_or_else(over)?;
    let room = match found.room_id {
        Some(id) => rooms::lock(connection, &[id])?.remove(&id),
        None => None,
    };
    if found.role == InstanceRole::Owner {
        // Of all who have such a link one becomes the owner: they take the same rows.
        hold_owners_links(connection)?;
    }
    let row = invitations::table
        .find(found.id)
        .filter(invitations::revoked_at.is_null())
        .filter(invitations::uses_left.is_null().or(invitations::uses_left.gt(0)));
    let taken = diesel::update(row)
        .set((
            invitations::uses_left.eq(invitations::uses_left - 1.into_sql::<diesel::sql_types::BigInt>().nullable()),
            invitations::uses.eq(invitations::uses + 1),
        ))
        .execute(connection)?;
    if taken == 0 {
        return Err(over());
    }
    is_valid(connection, &Link { uses_left: None, ..found }, room.as_ref())?;
    let found = find(connection, token)?.ok_or_else(over)?;
    Ok(Used { found, room: room.map(|state| state.room) })
}

/// Whether a link can be used: it lasts, and whoever made it might still make it.
fn is_valid(connection: &mut AnyConnection, found: &Link, room: Option<&RoomState>) -> Result<(), Refusal> {
    let used_up = found.uses_left.is_some_and(|left| left <= 0);
    let archived = room.is_some_and(|state| state.room.archived);
    if found.revoked || used_up || archived || found.expires_at <= Utc::now().naive_utc() {
        return Err(over());
    }
    if found.role == InstanceRole::Owner && has_owner(connection)? {
        return Err(over());
    }
    let Some(maker) = found.made_by else { return Ok(()) };
    let maker = authorization::one(connection, found.room_id.unwrap_or(0), maker)?.actor;
    let allowed = match room {
        Some(state) => may(maker, Action::InviteTo, Object { place: Some(state.place()), whose: None }),
        None => may(maker, Action::Invite, Object::default()),
    };
    if allowed.is_err() || maker.instance < found.role { Err(over()) } else { Ok(()) }
}

/// SQLite has one writer, and this is it.
fn hold_owners_links(connection: &mut AnyConnection) -> QueryResult<()> {
    if let AnyConnection::Postgres(postgres) = connection {
        let links = invitations::table.filter(invitations::role.eq(InstanceRole::Owner.as_str()));
        let _: Vec<i64> = links.order(invitations::id).select(invitations::id).for_no_key_update().load(postgres)?;
    }
    Ok(())
}

fn note_owner(connection: &mut AnyConnection, user: &User) -> QueryResult<()> {
    let entry =
        Entry { target: Some(user), detail: "owner, by the first owner's link", ..Entry::new(Act::SetInstanceRole) };
    audit::record(connection, &entry)
}

fn over() -> Refusal {
    Refusal::new(Code::NotFound, "this invitation is over: ask for a new one")
}
