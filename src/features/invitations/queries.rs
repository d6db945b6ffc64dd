//! Links that let somebody in: into the chat, into a room, or as its first owner.
//!
//! A link is known here by the SHA-256 of its token; the token itself is nowhere. Rows are taken in one order: the room's,
//! the invitation's, the user's.

use chrono::{NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::chat::authorization;
use crate::db::connection::AnyConnection;
use crate::db::schema::{invitations, members as member_rows, rooms as room_rows, users};
use crate::policy::{Action, Object, may};
use crate::wire::refusal::Refusal;
use crate::wire::{InstanceRole, Role, Room, RoomId, RoomKind, User, UserId};

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

/// Stores a link with a new token.
pub(crate) fn insert(
    connection: &mut AnyConnection,
    by: Option<&User>,
    new: &NewInvitation,
    room: Option<&Room>,
) -> QueryResult<Made> {
    let (token, now) = (hex::encode(rand::random::<[u8; 20]>()), Utc::now().naive_utc());
    diesel::insert_into(invitations::table)
        .values((
            invitations::token_hash.eq(hash_of(&token)),
            invitations::made_by.eq(by.map(|user| user.id)),
            invitations::role.eq(new.role.as_str()),
            invitations::room_id.eq(room.map(|room| room.id)),
            invitations::made_at.eq(now),
            invitations::expires_at.eq(now + new.lasts),
            invitations::uses_left.eq(new.uses),
        ))
        .execute(connection)?;
    let link = find(connection, &token)?.ok_or(diesel::result::Error::NotFound)?;
    let invitation = Invitation {
        id: link.id,
        role: new.role,
        room: room.map(|room| room.slug.clone()),
        made_by: by.map(|user| user.username.clone()),
        expires_at: link.expires_at,
        uses_left: new.uses,
        uses: 0,
    };
    Ok(Made { token, invitation })
}

/// Ends a link; whether it was open.
pub(crate) fn set_revoked(connection: &mut AnyConnection, id: i64) -> QueryResult<bool> {
    let open = invitations::table.find(id).filter(invitations::revoked_at.is_null());
    let revoked = diesel::update(open).set(invitations::revoked_at.eq(Utc::now().naive_utc())).execute(connection)?;
    Ok(revoked > 0)
}

/// Takes one of a link's uses; whether it had one.
pub(crate) fn take_use(connection: &mut AnyConnection, id: i64) -> QueryResult<bool> {
    let row = invitations::table
        .find(id)
        .filter(invitations::revoked_at.is_null())
        .filter(invitations::uses_left.is_null().or(invitations::uses_left.gt(0)));
    let taken = diesel::update(row)
        .set((
            invitations::uses_left.eq(invitations::uses_left - 1.into_sql::<diesel::sql_types::BigInt>().nullable()),
            invitations::uses.eq(invitations::uses + 1),
        ))
        .execute(connection)?;
    Ok(taken > 0)
}

/// Holds the rows of all links that make an owner. SQLite has one writer, and this is it.
pub(crate) fn hold_owners_links(connection: &mut AnyConnection) -> QueryResult<()> {
    if let AnyConnection::Postgres(postgres) = connection {
        let links = invitations::table.filter(invitations::role.eq(InstanceRole::Owner.as_str()));
        let _: Vec<i64> = links.order(invitations::id).select(invitations::id).for_no_key_update().load(postgres)?;
    }
    Ok(())
}

/// The links that somebody may revoke and that are not over, newest first: at most `limit`, below the id `before` where that
/// is given; and whether there are older ones.
pub fn list(
    connection: &mut AnyConnection,
    user: UserId,
    before: Option<i64>,
    limit: i64,
) -> Result<(Vec<Invitation>, bool), Refusal> {
    type Row = (Found, Option<String>, Option<String>);
    let actor = authorization::in_chat(connection, user)?.actor;
    let administers = may(actor, Action::Invite, Object::default()).is_ok();
    let mine = || member_rows::table.filter(member_rows::user_id.eq(user)).select(member_rows::room_id.nullable());
    let moderated = mine().filter(member_rows::role.eq(Role::Moderator.as_str()));
    let mut revocable = invitations::table
        .left_join(room_rows::table)
        .left_join(users::table.on(users::id.nullable().eq(invitations::made_by)))
        .filter(invitations::revoked_at.is_null().and(invitations::expires_at.gt(Utc::now().naive_utc())))
        .filter(invitations::uses_left.is_null().or(invitations::uses_left.gt(0)))
        .filter(invitations::role.ne(InstanceRole::Owner.as_str()))
        .filter(invitations::id.lt(before.unwrap_or(i64::MAX)))
        .order(invitations::id.desc())
        .limit(limit + 1)
        .select((COLUMNS, room_rows::slug.nullable(), users::username.nullable()))
        .into_boxed();
    // As `RevokeInvitation` decides.
    revocable = match administers {
        true => revocable.filter(
            invitations::made_by
                .eq(user)
                .or(invitations::room_id.is_null())
                .or(room_rows::kind.eq(RoomKind::Public.as_str()))
                .or(invitations::room_id.eq_any(mine())),
        ),
        false => revocable.filter(invitations::made_by.eq(user).or(invitations::room_id.eq_any(moderated))),
    };
    let mut rows: Vec<Row> = revocable.load(connection)?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let invitation = |(found, room, made_by): Row| Invitation {
        id: found.0,
        role: InstanceRole::from_column(&found.2),
        room,
        made_by,
        expires_at: found.4,
        uses_left: found.5,
        uses: found.6,
    };
    Ok((rows.into_iter().map(invitation).collect(), more))
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

pub(crate) fn by_id(connection: &mut AnyConnection, id: i64) -> QueryResult<Option<Link>> {
    let row: Option<Found> = invitations::table.find(id).select(COLUMNS).first(connection).optional()?;
    Ok(row.map(Link::from))
}

pub(crate) fn find(connection: &mut AnyConnection, token: &str) -> QueryResult<Option<Link>> {
    let row = invitations::table.filter(invitations::token_hash.eq(hash_of(token))).select(COLUMNS);
    Ok(row.first::<Found>(connection).optional()?.map(Link::from))
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
