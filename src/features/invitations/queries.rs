//! Links that let somebody in: into the chat, into a room, or as its first owner.
//!
//! A link is known here by the SHA-256 of its token; the token itself is nowhere. Rows are taken in one order: the room's,
//! the invitation's, the user's.

use chrono::{NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::chat::audit;
use crate::chat::audit::Entry;
use crate::chat::authorization;
use crate::chat::rooms;
use crate::db::connection::AnyConnection;
use crate::db::schema::{invitations, members as member_rows, rooms as room_rows, users};
use crate::policy::{Action, Object, PolicyRoom, may};
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{Act, InstanceRole, Role, Room, RoomId, RoomKind, UserId};

/// How long the first owner's link lasts; a start prints a new one.
const OWNERS_LINK: TimeDelta = TimeDelta::days(365);
/// The newest that a list shows.
const MAX_LISTED: i64 = 200;

/// A link that is to be made.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// What it makes of a new account.
    pub role: InstanceRole,
    /// The slug of the room it leads into.
    pub room: Option<String>,
    pub lasts: TimeDelta,
    /// `None`: any number.
    pub uses: Option<i64>,
}

/// A link.
#[derive(Clone, Debug)]
pub struct Invitation {
    pub id: i64,
    pub role: InstanceRole,
    /// The slug of the room it leads into.
    pub room: Option<String>,
    /// The username of whoever made it; `None`: the operator.
    pub made_by: Option<String>,
    pub expires_at: NaiveDateTime,
    /// `None`: any number.
    pub uses_left: Option<i64>,
    /// How often it was used.
    pub uses: i64,
}

/// A link that was just made, with the only copy of its token.
pub struct Made {
    pub token: String,
    pub invitation: Invitation,
}

/// Makes a link; `by` is `None` for the operator. Nobody gives more than they have.
///
/// # Errors
/// `forbidden`; `not_found`: no such room, or none that they may see; `invalid`: a direct talk.
pub fn make(connection: &mut AnyConnection, by: Option<UserId>, new: &NewInvitation) -> Result<Made, Refusal> {
    let maker = by.map(|by| authorization::in_chat(connection, by)).transpose()?;
    let room = match (&new.room, by) {
        (None, None) => None,
        (None, Some(by)) => {
            may(authorization::in_chat(connection, by)?.actor, Action::Invite, Object::default())?;
            None
        }
        (Some(slug), Some(by)) => Some(rooms::authorize_for_update(connection, slug, by, Action::InviteTo)?.0.room),
        (Some(slug), None) => Some(open_room(connection, slug)?),
    };
    if maker.as_ref().is_some_and(|maker| maker.actor.instance < new.role) {
        return Err(Refusal::new(Code::Forbidden, "nobody can give a role above their own"));
    }
    let (token, now) = (hex::encode(rand::random::<[u8; 20]>()), Utc::now().naive_utc());
    diesel::insert_into(invitations::table)
        .values((
            invitations::token_hash.eq(hash_of(&token)),
            invitations::made_by.eq(by),
            invitations::role.eq(new.role.as_str()),
            invitations::room_id.eq(room.as_ref().map(|room| room.id)),
            invitations::made_at.eq(now),
            invitations::expires_at.eq(now + new.lasts),
            invitations::uses_left.eq(new.uses),
        ))
        .execute(connection)?;
    let found = find(connection, &token)?.ok_or(diesel::result::Error::NotFound)?;
    let maker = maker.map(|maker| maker.user);
    let detail = format!("invitation: {}, role: {}", found.id, new.role.as_str());
    let entry = Entry { room: room.as_ref(), detail: &detail, actor: maker.as_ref(), ..Entry::new(Act::Invite) };
    audit::record(connection, &entry)?;
    let invitation = Invitation {
        id: found.id,
        role: new.role,
        room: room.map(|room| room.slug),
        made_by: maker.map(|maker| maker.username),
        expires_at: found.expires_at,
        uses_left: new.uses,
        uses: 0,
    };
    Ok(Made { token, invitation })
}

/// The token of a new link to the chat's first owner; `None` where there is an owner.
pub fn make_first_owner(connection: &mut AnyConnection) -> Result<Option<String>, Refusal> {
    if has_owner(connection)? {
        return Ok(None);
    }
    let new = NewInvitation { role: InstanceRole::Owner, room: None, lasts: OWNERS_LINK, uses: Some(1) };
    Ok(Some(make(connection, None, &new)?.token))
}

/// The links that somebody may revoke and that are not over, newest first.
pub fn list(connection: &mut AnyConnection, user: UserId) -> Result<Vec<Invitation>, Refusal> {
    type Row = (Found, Option<String>, Option<String>);
    let actor = authorization::in_chat(connection, user)?.actor;
    let administers = may(actor, Action::Invite, Object::default()).is_ok();
    let mine = || member_rows::table.filter(member_rows::user_id.eq(user)).select(member_rows::room_id.nullable());
    let moderated = mine().filter(member_rows::role.eq(Role::Moderator.as_str()));
    let mut theirs = invitations::table
        .left_join(room_rows::table)
        .left_join(users::table.on(users::id.nullable().eq(invitations::made_by)))
        .filter(invitations::revoked_at.is_null().and(invitations::expires_at.gt(Utc::now().naive_utc())))
        .filter(invitations::uses_left.is_null().or(invitations::uses_left.gt(0)))
        .filter(invitations::role.ne(InstanceRole::Owner.as_str()))
        .order(invitations::id.desc())
        .limit(MAX_LISTED)
        .select((COLUMNS, room_rows::slug.nullable(), users::username.nullable()))
        .into_boxed();
    // As `revoke` decides.
    theirs = match administers {
        true => theirs.filter(
            invitations::made_by
                .eq(user)
                .or(invitations::room_id.is_null())
                .or(room_rows::kind.eq(RoomKind::Public.as_str()))
                .or(invitations::room_id.eq_any(mine())),
        ),
        false => theirs.filter(invitations::made_by.eq(user).or(invitations::room_id.eq_any(moderated))),
    };
    let rows: Vec<Row> = theirs.load(connection)?;
    let invitation = |(found, room, made_by): Row| Invitation {
        id: found.0,
        role: InstanceRole::from_column(&found.2),
        room,
        made_by,
        expires_at: found.4,
        uses_left: found.5,
        uses: found.6,
    };
    Ok(rows.into_iter().map(invitation).collect())
}

/// Ends a link: one's own, or one that one might have made.
///
/// # Errors
/// `not_found`: there is none, or none that they may revoke.
pub fn revoke(connection: &mut AnyConnection, by: UserId, id: i64) -> Result<(), Refusal> {
    let none = || Refusal::new(Code::NotFound, "there is no such invitation");
    let row: Option<Found> = invitations::table.find(id).select(COLUMNS).first(connection).optional()?;
    let found = row.map(Link::from).ok_or_else(none)?;
    let room = found.room_id.map(|room| rooms::by_id(connection, room)).transpose()?.flatten();
    let known = authorization::one(connection, found.room_id.unwrap_or(0), by)?;
    let allowed = match &room {
        // Also of a room that is archived.
        Some(state) => {
            let place = PolicyRoom { archived: false, ..state.place() };
            may(known.actor, Action::InviteTo, Object { place: Some(place), whose: None })
        }
        None => may(known.actor, Action::Invite, Object::default()),
    };
    let own = found.made_by == Some(by) && !known.actor.excluded;
    if found.role == InstanceRole::Owner || (allowed.is_err() && !own) {
        return Err(none());
    }
    let open = invitations::table.find(id).filter(invitations::revoked_at.is_null());
    let now = Utc::now().naive_utc();
    if diesel::update(open).set(invitations::revoked_at.eq(now)).execute(connection)? > 0 {
        let detail = format!("invitation: {id}");
        let room = room.as_ref().map(|state| &state.room);
        let entry = Entry { room, detail: &detail, actor: Some(&known.user), ..Entry::new(Act::RevokeInvitation) };
        audit::record(connection, &entry)?;
    }
    Ok(())
}

/// The columns of a [`Link`].
type Found = (i64, Option<UserId>, String, Option<RoomId>, NaiveDateTime, Option<i64>, i64, Option<NaiveDateTime>);
type Columns = (
    invitations::id,
    invitations::made_by,
    invitations::role,
    invitations::room_id,
    invitations::expires_at,
    invitations::uses_left,
    invitations::uses,
    invitations::revoked_at,
);
const COLUMNS: Columns = (
    invitations::id,
    invitations::made_by,
    invitations::role,
    invitations::room_id,
    invitations::expires_at,
    invitations::uses_left,
    invitations::uses,
    invitations::revoked_at,
);

/// A row.
pub(crate) struct Link {
    pub id: i64,
    pub made_by: Option<UserId>,
    pub role: InstanceRole,
    pub room_id: Option<RoomId>,
    pub expires_at: NaiveDateTime,
    pub uses_left: Option<i64>,
    pub revoked: bool,
}

impl From<Found> for Link {
    fn from((id, made_by, role, room_id, expires_at, uses_left, _, revoked_at): Found) -> Self {
        let role = InstanceRole::from_column(&role);
        Self { id, made_by, role, room_id, expires_at, uses_left, revoked: revoked_at.is_some() }
    }
}

pub(crate) fn find(connection: &mut AnyConnection, token: &str) -> QueryResult<Option<Link>> {
    let row = invitations::table.filter(invitations::token_hash.eq(hash_of(token))).select(COLUMNS);
    Ok(row.first::<Found>(connection).optional()?.map(Link::from))
}

/// A room that the operator leads people into.
fn open_room(connection: &mut AnyConnection, slug: &str) -> Result<Room, Refusal> {
    let room = rooms::by_slug(connection, slug)?.ok_or_else(Refusal::room_not_found)?.room;
    match room.kind {
        RoomKind::Direct => Err(Refusal::invalid("room: no link leads into a direct talk")),
        _ if room.archived => Err(Refusal::invalid("room: it is archived")),
        _ => Ok(room),
    }
}

/// Also one to whom the chat is closed for now: that makes nobody else the owner.
pub(crate) fn has_owner(connection: &mut AnyConnection) -> QueryResult<bool> {
    let owners = users::table.filter(users::role.eq(InstanceRole::Owner.as_str()).and(users::deleted_at.is_null()));
    let one: Option<UserId> = owners.select(users::id).first(connection).optional()?;
    Ok(one.is_some())
}

fn hash_of(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
