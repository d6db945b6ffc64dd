//! One's own account: another password, and the end of it.

use chrono::{NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::app::perform::Command;
use crate::chat::audit::Entry;
use crate::chat::change::Change;
use crate::chat::direct_titles::DELETED_USER;
use crate::chat::events::Event;
use crate::chat::kept_sanctions::MarkKey;
use crate::chat::sanctions::{keep_an_owner, rooms_of};
use crate::chat::{accounts, authorization, kept_sanctions, names, rooms};
use crate::db::schema::{
    blocks, daily_counts, known_networks, last_sent, members, rooms as room_rows, sanctions, sessions, users,
};
use crate::features::accounts::forget::{self, deleted_name};
use crate::features::moderation::remove_messages;
use crate::wire::refusal::Refusal;
use crate::wire::{Act, InstanceRole, RoomKind, UserId};

/// Sets one's own password and ends one's login sessions, but for the one that is to stay.
pub struct SetPassword {
    pub password_hash: String,
    /// The hash of that one's token.
    pub stays: String,
}

impl Command for SetPassword {
    type Outcome = ();

    fn execute(self, change: &mut Change) -> Result<(), Refusal> {
        let user = change.user()?;
        accounts::lock_users(change.connection, &[user])?;
        let me = authorization::in_chat(change.connection, user)?.user;
        diesel::update(users::table.find(user))
            .set(users::password_hash.eq(self.password_hash))
            .execute(change.connection)?;
        end_sessions(change, user, &self.stays)?;
        change.record(&Entry { target: Some(&me), ..Entry::new(Act::SetPassword) })
    }
}

/// Deletes one's own account. Its row stays as the author of what is left, under a name that nobody can sign up with;
/// nothing they do is stored after this, and nothing that is committed after it reaches them: the rows of all their rooms
/// are held. The last owner's account is not deleted (`invalid`).
pub struct DeleteAccount {
    /// Their messages go after it.
    pub with_messages: bool,
    pub marks: MarkKey,
}

impl Command for DeleteAccount {
    type Outcome = ();

    fn execute(self, change: &mut Change) -> Result<(), Refusal> {
        let user = change.user()?;
        self.delete(change, user)
    }
}

impl DeleteAccount {
    /// Deletes somebody's account, their own or another's whom the operator names.
    ///
    /// # Errors
    /// `invalid`: the last owner's.
    pub fn delete(self, change: &mut Change, user: UserId) -> Result<(), Refusal> {
        // Rooms before people, as batches take them.
        let theirs = rooms_of(change.connection, user)?;
        rooms::raise_access(change.connection, &theirs)?;
        accounts::lock_users(change.connection, &[user])?;
        let me = authorization::in_chat(change.connection, user)?;
        keep_an_owner(change.connection, &me)?;
        // What a talk is called to whoever stays in it alone.
        diesel::update(room_rows::table.filter(room_rows::id.eq_any(&theirs)))
            .filter(room_rows::kind.eq(RoomKind::Direct.as_str()).and(room_rows::pair.is_null()))
            .set(room_rows::title.eq(DELETED_USER))
            .execute(change.connection)?;
        if self.with_messages {
            remove_messages::enqueue(change.connection, user, user)?;
        }
        let talks = forget::talks_of(change.connection, user)?;
        kept_sanctions::keep(change.connection, &self.marks, user)?;
        rooms::forget_maker(change.connection, &theirs, user)?;
        diesel::delete(members::table.filter(members::user_id.eq(user))).execute(change.connection)?;
        let theirs_or_of_them = blocks::user_id.eq(user).or(blocks::blocked_id.eq(user));
        diesel::delete(blocks::table.filter(theirs_or_of_them)).execute(change.connection)?;
        diesel::delete(last_sent::table.filter(last_sent::user_id.eq(user))).execute(change.connection)?;
        diesel::delete(daily_counts::table.filter(daily_counts::user_id.eq(user))).execute(change.connection)?;
        diesel::delete(sanctions::table.filter(sanctions::user_id.eq(user))).execute(change.connection)?;
        diesel::delete(known_networks::table.filter(known_networks::user_id.eq(user))).execute(change.connection)?;
        end_sessions(change, user, "")?;
        diesel::update(users::table.find(user))
            .set((
                users::username.eq(deleted_name(user)),
                // No username has a colon: nobody can have this key, or find the account by it.
                users::username_key.eq(format!("deleted:{user}")),
                users::display_name.eq(DELETED_USER),
                users::password_hash.eq(""),
                users::about.eq(""),
                users::time_zone.eq(""),
                users::extras.eq(None::<String>),
                users::role.eq(InstanceRole::Member.as_str()),
                users::banned_at.eq(None::<NaiveDateTime>),
                users::banned_until.eq(None::<NaiveDateTime>),
                users::deleted_at.eq(Utc::now().naive_utc()),
            ))
            .execute(change.connection)?;
        names::forget_user(change.connection, user)?;
        let detail = if self.with_messages { "messages: removed" } else { "messages: kept" };
        let entry = Entry { target: Some(&me.user), detail, ..Entry::new(Act::DeleteAccount) };
        change.record(&entry)?;
        forget::begin(change.connection, user, talks)?;
        for room in theirs {
            change.announce(Event::MemberRemoved { room, user });
        }
        change.announce(Event::AccountDeleted);
        Ok(())
    }
}

/// Ends the login sessions of a user but for one, and has their sockets closed.
fn end_sessions(change: &mut Change, user: UserId, but: &str) -> QueryResult<()> {
    let others = sessions::table.filter(sessions::user_id.eq(user).and(sessions::token_hash.ne(but)));
    let ended: Vec<String> = others.select(sessions::token_hash).load(change.connection)?;
    diesel::delete(others).execute(change.connection)?;
    for token_hash in ended {
        change.announce(Event::SessionEnded { token_hash });
    }
    Ok(())
}
