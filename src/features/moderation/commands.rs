//! Use cases of moderators and admins.

use chrono::{NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::app::perform::Command;
use crate::chat::allowances::Allowance;
use crate::chat::audit::Entry;
use crate::chat::authorization::{self, Subject};
use crate::chat::change::{Change, OnPerson};
use crate::chat::events::Event;
use crate::chat::sanctions::{Kind, Terms, keep_an_owner, rooms_of};
use crate::chat::{accounts, members, reports as reported, rooms, sanctions};
use crate::db::schema::{messages, reports, sessions, users};
use crate::features::moderation::remove_messages;
use crate::policy::{Action, Object, may};
use crate::wire::refusal::{Code, Refusal};
use crate::wire::{Act, InstanceRole, RoomId, Seq, User, UserId};

/// Mutes somebody in a room, or bans them from it, which ends their membership.
pub struct Impose {
    pub slug: String,
    pub username: String,
    pub kind: Kind,
    pub terms: Terms,
}

impl Command for Impose {
    type Outcome = ();

    fn execute(self, change: &mut Change) -> Result<(), Refusal> {
        let Self { slug, username, kind, terms } = self;
        let OnPerson { state, target } = change.on_person_in_room(&slug, &username, kind.action())?;
        let (room, user) = (state.room.id, target.user.id);
        sanctions::impose(change.connection, room, user, kind, terms.until)?;
        let ends = kind == Kind::Ban && target.actor.role.is_some();
        if ends {
            members::end(change.connection, room, user)?;
        }
        let act = if kind == Kind::Ban { Act::Ban } else { Act::Mute };
        change.record(&Entry {
            room: Some(&state.room),
            target: Some(&target.user),
            reason: &terms.reason,
            detail: &terms.detail(),
            ..Entry::new(act)
        })?;
        if ends {
            change.announce(Event::MemberRemoved { room, user });
        }
        Ok(())
    }
}

/// Ends a mute or a ban in a room.
pub struct Lift {
    pub slug: String,
    pub username: String,
    pub kind: Kind,
}

impl Command for Lift {
    type Outcome = ();

    fn execute(self, change: &mut Change) -> Result<(), Refusal> {
        let Self { slug, username, kind } = self;
        let OnPerson { state, target } = change.on_person_in_room(&slug, &username, kind.action())?;
        let (room, user) = (state.room.id, target.user.id);
        if !sanctions::lift(change.connection, room, user, kind)? {
            return Ok(());
        }
        let act = if kind == Kind::Ban { Act::Unban } else { Act::Unmute };
        change.record(&Entry { room: Some(&state.room), target: Some(&target.user), ..Entry::new(act) })?;
        if kind == Kind::Ban {
            // They may see the room again.
            change.announce(Event::MemberRemoved { room, user });
        }
        Ok(())
    }
}

/// Closes the chat to somebody. Their login sessions stay, so that their sockets can be told why they close; none of them
/// counts any more, also when the ban is over. Nothing they do is stored after this, and nothing that is committed after it reaches them:
/// the rows of all their rooms are held.
pub struct BanUser {
    pub username: String,
    pub terms: Terms,
}

impl Command for BanUser {
    type Outcome = User;

    fn execute(self, change: &mut Change) -> Result<User, Refusal> {
        let Self { username, terms } = self;
        let target = change.on_person(&username, Action::BanFromChat)?;
        // Rooms before people, as batches take them.
        let theirs = rooms_of(change.connection, target.user.id)?;
        rooms::raise_access(change.connection, &theirs)?;
        let target = change.on_held_person(&username, Action::BanFromChat)?;
        keep_an_owner(change.connection, &target)?;
        diesel::update(users::table.find(target.user.id))
            .set((users::banned_at.eq(Utc::now().naive_utc()), users::banned_until.eq(terms.until)))
            .execute(change.connection)?;
        change.record(&Entry {
            target: Some(&target.user),
            reason: &terms.reason,
            detail: &terms.detail(),
            ..Entry::new(Act::BanFromChat)
        })?;
        change.announce(Event::UserBanned { user: target.user.id });
        Ok(target.user)
    }
}

/// Opens the chat to somebody again.
pub struct UnbanUser {
    pub username: String,
}

impl Command for UnbanUser {
    type Outcome = User;

    fn execute(self, change: &mut Change) -> Result<User, Refusal> {
        let target = change.on_person(&self.username, Action::BanFromChat)?;
        // Those that the ban has ended stay ended.
        let ended = sessions::created_at.nullable().le(users::banned_at);
        let theirs = sessions::table.inner_join(users::table).filter(users::id.eq(target.user.id)).filter(ended);
        let ended: Vec<String> = theirs.select(sessions::token_hash).load(change.connection)?;
        diesel::delete(sessions::table.filter(sessions::token_hash.eq_any(ended))).execute(change.connection)?;
        diesel::update(users::table.find(target.user.id))
            .set((users::banned_at.eq(None::<NaiveDateTime>), users::banned_until.eq(None::<NaiveDateTime>)))
            .execute(change.connection)?;
        change.record(&Entry { target: Some(&target.user), ..Entry::new(Act::UnbanFromChat) })?;
        Ok(target.user)
    }
}

/// Makes somebody a guest, a member, an admin or an owner. Nobody gives more than they have.
pub struct SetUserRole {
    pub username: String,
    pub role: InstanceRole,
}

impl Command for SetUserRole {
    type Outcome = User;

    fn execute(self, change: &mut Change) -> Result<User, Refusal> {
        let target = change.on_held_person(&self.username, Action::SetInstanceRole)?;
        let actor = change.in_chat(Action::SetInstanceRole)?;
        if actor.is_some_and(|actor| actor.instance < self.role) {
            return Err(Refusal::new(Code::Forbidden, "nobody can give a role above their own"));
        }
        if self.role < InstanceRole::Owner {
            keep_an_owner(change.connection, &target)?;
        }
        diesel::update(users::table.find(target.user.id))
            .set(users::role.eq(self.role.as_str()))
            .execute(change.connection)?;
        change.record(&Entry {
            target: Some(&target.user),
            detail: self.role.as_str(),
            ..Entry::new(Act::SetInstanceRole)
        })?;
        Ok(target.user)
    }
}

/// Has all messages of somebody removed; gives whose they are. A job removes them, each by a change of its room.
pub struct BeginWipe {
    pub username: String,
}

impl Command for BeginWipe {
    type Outcome = UserId;

    fn execute(self, change: &mut Change) -> Result<UserId, Refusal> {
        let target = change.on_person(&self.username, Action::Wipe)?;
        change.record(&Entry { target: Some(&target.user), ..Entry::new(Act::Wipe) })?;
        // For the operator they go as if their author took them back.
        let by = change.by().unwrap_or(target.user.id);
        remove_messages::enqueue(change.connection, by, target.user.id)?;
        Ok(target.user.id)
    }
}

/// Reports a message as it stands now. Whoever does it again changes nothing: the first report stays.
pub struct ReportMessage {
    pub slug: String,
    pub id: Seq,
    pub reason: String,
}

impl Command for ReportMessage {
    type Outcome = ();

    fn execute(self, change: &mut Change) -> Result<(), Refusal> {
        // The room's row is held, so that the message is not taken back meanwhile.
        let room = change.in_room(&self.slug, Action::Report)?.state.room.id;
        let by = change.user()?;
        let reported: Option<(UserId, String, Option<NaiveDateTime>)> = messages::table
            .find((room, self.id))
            .select((messages::author_id, messages::body, messages::deleted_at))
            .first(change.connection)
            .optional()?;
        let Some((author, body, None)) = reported else { return Err(Refusal::message_not_found()) };
        let mine = reports::room_id.eq(room).and(reports::message_id.eq(self.id)).and(reports::reporter_id.eq(by));
        let before: i64 = reports::table.filter(mine).count().get_result(change.connection)?;
        if before > 0 {
            return Ok(());
        }
        change.take(Allowance::Reports)?;
        diesel::insert_into(reports::table)
            .values((
                reports::room_id.eq(room),
                reports::message_id.eq(self.id),
                reports::author_id.eq(author),
                reports::body.eq(body),
                reports::reporter_id.eq(by),
                reports::reason.eq(self.reason),
                reports::made_at.eq(Utc::now().naive_utc()),
            ))
            .execute(change.connection)?;
        Ok(())
    }
}

/// Marks a report as dealt with, and those that others made of the same message.
pub struct SettleReport {
    pub id: i64,
    pub reason: String,
}

impl Command for SettleReport {
    type Outcome = ();

    fn execute(self, change: &mut Change) -> Result<(), Refusal> {
        let not_found = || Refusal::new(Code::NotFound, "there is no such report");
        let by = change.user()?;
        let found: Option<(RoomId, Seq, UserId, Option<NaiveDateTime>)> = reports::table
            .find(self.id)
            .select((reports::room_id, reports::message_id, reports::author_id, reports::settled_at))
            .first(change.connection)
            .optional()?;
        let (room, message, author, settled_at) = found.ok_or_else(not_found)?;
        let state = rooms::by_id(change.connection, room)?.ok_or_else(not_found)?;
        let Subject { actor, .. } = authorization::one(change.connection, room, by)?;
        // Whoever does not deal with reports learns nothing of one.
        may(actor, Action::Oversee, Object { place: Some(state.place()), whose: None }).map_err(|_| not_found())?;
        if settled_at.is_some() {
            return Ok(());
        }
        reported::settle(change.connection, room, message, by)?;
        let author = accounts::find(change.connection, author)?;
        change.record(&Entry {
            room: Some(&state.room),
            target: author.as_ref(),
            message: Some(message),
            reason: &self.reason,
            ..Entry::new(Act::SettleReport)
        })
    }
}
