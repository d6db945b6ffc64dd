//! Mutes and bans, in a room and from the whole chat.

use chrono::{NaiveDateTime, Utc};
use diesel::prelude::*;

use super::accounts;
use super::actors::{self, Known};
use super::audit::{self, Entry};
use super::connection::{AnyConnection, transaction};
use super::members::{self, Changed, TheTwo, the_two};
use super::rooms;
use super::schema::{members as member_rows, messages, rooms as room_rows, sanctions, users};
use crate::error::{Code, Refusal};
use crate::policy::{Action, Object, may};
use crate::protocol::{Act, InstanceRole, RoomId, Sanction, Seq, User, UserId, format_time};

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

    fn action(self) -> Action {
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
    fn detail(&self) -> String {
        self.until.map_or("for ever".to_owned(), |until| format!("until {}", format_time(&until)))
    }
}

/// Mutes somebody in a room, or bans them from it; a ban ends their membership. In place of what was said before. Nothing
/// they do is stored after this: the room's row is held.
pub fn impose(
    connection: &mut AnyConnection,
    slug: &str,
    by: UserId,
    username: &str,
    kind: Kind,
    terms: &Terms,
) -> Result<Changed, Refusal> {
    transaction(connection, |connection| {
        let TheTwo { room, actor, them } = the_two(connection, slug, by, username, kind.action())?;
        let (id, user) = (room.room.id, them.user.id);
        lift_row(connection, id, user, kind)?;
        diesel::insert_into(sanctions::table)
            .values((
                sanctions::room_id.eq(id),
                sanctions::user_id.eq(user),
                sanctions::kind.eq(kind.as_str()),
                sanctions::until.eq(terms.until),
            ))
            .execute(connection)?;
        let ends = kind == Kind::Ban && them.actor.role.is_some();
        if ends {
            members::end(connection, id, user)?;
        }
        let act = if kind == Kind::Ban { Act::Ban } else { Act::Mute };
        let moderator = actors::one(connection, id, actor.user)?.user;
        let (reason, detail) = (terms.reason.as_str(), &terms.detail());
        let entry = Entry {
            room: Some(&room.room),
            them: Some(&them.user),
            reason,
            detail,
            ..Entry::new(Some(&moderator), act)
        };
        audit::note(connection, &entry)?;
        Ok(Changed { room: id, user, changed: ends })
    })
}

/// Ends a mute or a ban.
pub fn lift(
    connection: &mut AnyConnection,
    slug: &str,
    by: UserId,
    username: &str,
    kind: Kind,
) -> Result<Changed, Refusal> {
    transaction(connection, |connection| {
        let TheTwo { room, actor, them } = the_two(connection, slug, by, username, kind.action())?;
        let (id, user) = (room.room.id, them.user.id);
        let changed = lift_row(connection, id, user, kind)?;
        if changed {
            let act = if kind == Kind::Ban { Act::Unban } else { Act::Unmute };
            let moderator = actors::one(connection, id, actor.user)?.user;
            let entry = Entry { room: Some(&room.room), them: Some(&them.user), ..Entry::new(Some(&moderator), act) };
            audit::note(connection, &entry)?;
        }
        Ok(Changed { room: id, user, changed })
    })
}

fn lift_row(connection: &mut AnyConnection, room: RoomId, user: UserId, kind: Kind) -> QueryResult<bool> {
    Ok(diesel::delete(sanctions::table.find((room, user, kind.as_str()))).execute(connection)? > 0)
}

/// Those of a room that have not ended.
#[diesel::dsl::auto_type]
fn lasting(room: RoomId, now: NaiveDateTime) -> _ {
    let lasts = sanctions::until.is_null().or(sanctions::until.gt(now));
    sanctions::room_id.eq(room).and(lasts)
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
    let (found, _) = rooms::permitted(connection, slug, user, Action::Oversee)?;
    let rows: Vec<(UserId, String, String, String, Option<NaiveDateTime>)> = sanctions::table
        .inner_join(users::table)
        .filter(lasting(found.room.id, Utc::now().naive_utc()))
        .order((users::username_key, sanctions::kind))
        .select((users::id, users::username, users::display_name, sanctions::kind, sanctions::until))
        .load(connection)?;
    let sanction =
        |(id, username, display_name, kind, until)| Sanction { user: User { id, username, display_name }, kind, until };
    Ok(rows.into_iter().map(sanction).collect())
}

/// Closes the chat to somebody. Their sessions stay, so that their sockets can be told why they close; none of them
/// counts while the ban lasts. Nothing they do is stored after this, and nothing that is committed after it reaches them:
/// the rows of all their rooms are held.
pub fn ban_from_chat(
    connection: &mut AnyConnection,
    by: Option<UserId>,
    username: &str,
    terms: &Terms,
) -> Result<User, Refusal> {
    transaction(connection, |connection| {
        let (_, them) = the_two_outside(connection, by, username, Action::BanFromChat)?;
        // Rooms before people, as batches take them.
        let theirs = rooms_of(connection, them.user.id)?;
        rooms::raise_access(connection, &theirs)?;
        let (actor, them) = the_two_held(connection, by, them.user.id, username, Action::BanFromChat)?;
        keep_an_owner(connection, &them)?;
        diesel::update(users::table.find(them.user.id))
            .set((users::banned_at.eq(Utc::now().naive_utc()), users::banned_until.eq(terms.until)))
            .execute(connection)?;
        let (reason, detail) = (terms.reason.as_str(), &terms.detail());
        let entry = Entry { them: Some(&them.user), reason, detail, ..Entry::new(actor.as_ref(), Act::BanFromChat) };
        audit::note(connection, &entry)?;
        Ok(them.user)
    })
}

/// Opens the chat to somebody again.
pub fn unban_from_chat(connection: &mut AnyConnection, by: Option<UserId>, username: &str) -> Result<User, Refusal> {
    transaction(connection, |connection| {
        let (actor, them) = the_two_outside(connection, by, username, Action::BanFromChat)?;
        diesel::update(users::table.find(them.user.id))
            .set((users::banned_at.eq(None::<NaiveDateTime>), users::banned_until.eq(None::<NaiveDateTime>)))
            .execute(connection)?;
        let entry = Entry { them: Some(&them.user), ..Entry::new(actor.as_ref(), Act::UnbanFromChat) };
        audit::note(connection, &entry)?;
        Ok(them.user)
    })
}

/// Those to whom the chat is closed now, for admins.
pub fn banned_from_chat(connection: &mut AnyConnection, user: UserId) -> Result<Vec<Sanction>, Refusal> {
    may(actors::outside(connection, user)?, Action::Administer, Object::default())?;
    let rows: Vec<(UserId, String, String, Option<NaiveDateTime>)> = users::table
        .filter(members::banned(Utc::now().naive_utc()).and(users::deleted_at.is_null()))
        .order(users::username_key)
        .select((users::id, users::username, users::display_name, users::banned_until))
        .load(connection)?;
    let ban = |(id, username, display_name, until)| Sanction {
        user: User { id, username, display_name },
        kind: Kind::Ban.as_str().to_owned(),
        until,
    };
    Ok(rows.into_iter().map(ban).collect())
}

/// Makes somebody a guest, a member, an admin or an owner. Nobody gives more than they have.
pub fn set_instance_role(
    connection: &mut AnyConnection,
    by: Option<UserId>,
    username: &str,
    role: InstanceRole,
) -> Result<User, Refusal> {
    transaction(connection, |connection| {
        let (_, them) = the_two_outside(connection, by, username, Action::SetInstanceRole)?;
        let (actor, them) = the_two_held(connection, by, them.user.id, username, Action::SetInstanceRole)?;
        if let Some(by) = by
            && actors::outside(connection, by)?.instance < role
        {
            return Err(Refusal::new(Code::Forbidden, "nobody can give a role above their own"));
        }
        if role < InstanceRole::Owner {
            keep_an_owner(connection, &them)?;
        }
        diesel::update(users::table.find(them.user.id)).set(users::role.eq(role.as_str())).execute(connection)?;
        let entry =
            Entry { them: Some(&them.user), detail: role.as_str(), ..Entry::new(actor.as_ref(), Act::SetInstanceRole) };
        audit::note(connection, &entry)?;
        Ok(them.user)
    })
}

/// Notes that all messages of somebody are to be removed. Whose they are.
pub fn begin_wipe(connection: &mut AnyConnection, by: UserId, username: &str) -> Result<UserId, Refusal> {
    transaction(connection, |connection| {
        let (actor, them) = the_two_outside(connection, Some(by), username, Action::Wipe)?;
        let entry = Entry { them: Some(&them.user), ..Entry::new(actor.as_ref(), Act::Wipe) };
        audit::note(connection, &entry)?;
        Ok(them.user.id)
    })
}

/// Messages of somebody that are still to be removed, by room and id; none when all is done.
pub fn to_wipe(connection: &mut AnyConnection, author: UserId, limit: i64) -> QueryResult<Vec<(String, Seq)>> {
    messages::table
        .inner_join(room_rows::table)
        .filter(messages::author_id.eq(author).and(messages::removed.eq(false)))
        .order((messages::room_id, messages::id))
        .limit(limit)
        .select((room_rows::slug, messages::id))
        .load(connection)
}

/// Who acts, `None` being the operator, and on whom, if they may.
pub(super) fn the_two_outside(
    connection: &mut AnyConnection,
    by: Option<UserId>,
    username: &str,
    action: Action,
) -> Result<(Option<User>, Known), Refusal> {
    let actor = by.map(|by| actors::one(connection, 0, by)).transpose()?;
    // Whether a name is taken is told only to those who may do this at all.
    if let Some(actor) = &actor {
        may(actor.actor, action, Object::default())?;
    }
    let them = actors::named(connection, 0, username)?;
    if let Some(actor) = &actor {
        may(actor.actor, action, Object { place: None, whose: Some(them.person()) })?;
    }
    Ok((actor.map(|known| known.user), them))
}

/// As [`the_two_outside`], once neither can become anything else before this transaction ends.
fn the_two_held(
    connection: &mut AnyConnection,
    by: Option<UserId>,
    them: UserId,
    username: &str,
    action: Action,
) -> Result<(Option<User>, Known), Refusal> {
    let both: Vec<UserId> = by.into_iter().chain([them]).collect();
    accounts::hold(connection, &both)?;
    the_two_outside(connection, by, username, action)
}

/// # Errors
/// `invalid`: they are the last owner.
pub(super) fn keep_an_owner(connection: &mut AnyConnection, them: &Known) -> Result<(), Refusal> {
    if them.actor.instance < InstanceRole::Owner {
        return Ok(());
    }
    let others = accounts::owners(connection)?.into_iter().filter(|owner| *owner != them.user.id).count();
    if others == 0 { Err(Refusal::invalid("the chat needs an owner: make somebody else one first")) } else { Ok(()) }
}

/// The rooms somebody is a member of, in the order in which their rows are held.
pub(super) fn rooms_of(connection: &mut AnyConnection, user: UserId) -> QueryResult<Vec<RoomId>> {
    member_rows::table
        .filter(member_rows::user_id.eq(user))
        .order(member_rows::room_id)
        .select(member_rows::room_id)
        .load(connection)
}
