//! One's own account: another password, and the end of it.

use chrono::{NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::app::perform::Command;
use crate::chat::audit::{self, Entry};
use crate::chat::change::Change;
use crate::chat::direct_titles::DELETED_USER;
use crate::chat::events::Event;
use crate::chat::kept_sanctions::MarkKey;
use crate::chat::sanctions::{MessageOf, keep_an_owner, rooms_of};
use crate::chat::{accounts, authorization, kept_sanctions, names, rooms};
use crate::db::AnyConnection;
use crate::db::multi_row::Column::Numbers;
use crate::db::multi_row::Rows;
use crate::db::schema::{
    blocks, daily_counts, known_networks, last_sent, members, mentions, messages, rooms as room_rows, sanctions,
    sessions, users,
};
use crate::wire::refusal::Refusal;
use crate::wire::{Act, InstanceRole, RoomId, RoomKind, Seq, UserId};

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

/// What became of an account that was to be deleted.
pub enum Departure {
    Gone,
    /// There are messages left that were to go with it: nothing was done.
    MessagesLeft,
}

/// Whether somebody's account may be deleted, asked before anything is done to their messages.
///
/// # Errors
/// `invalid`: they are the last owner.
pub fn may_go(connection: &mut AnyConnection, user: UserId) -> Result<(), Refusal> {
    let me = authorization::in_chat(connection, user)?;
    keep_an_owner(connection, &me)
}

/// Deletes one's own account. Its row stays as the author of what is left, under a name that nobody can sign up with;
/// nothing they do is stored after this, and nothing that is committed after it reaches them: the rows of all their rooms
/// are held. The last owner's account is not deleted (`invalid`).
pub struct DeleteAccount {
    /// Only once none of their messages is left.
    pub with_messages: bool,
    pub marks: MarkKey,
}

impl Command for DeleteAccount {
    type Outcome = Departure;

    fn execute(self, change: &mut Change) -> Result<Departure, Refusal> {
        let user = change.user()?;
        // Rooms before people, as batches take them.
        let theirs = rooms_of(change.connection, user)?;
        rooms::raise_access(change.connection, &theirs)?;
        accounts::lock_users(change.connection, &[user])?;
        let me = authorization::in_chat(change.connection, user)?;
        keep_an_owner(change.connection, &me)?;
        if self.with_messages && !written(change.connection, user, 1)?.is_empty() {
            return Ok(Departure::MessagesLeft);
        }
        // What a talk is called to whoever stays in it alone.
        diesel::update(room_rows::table.filter(room_rows::id.eq_any(&theirs)))
            .filter(room_rows::kind.eq(RoomKind::Direct.as_str()).and(room_rows::pair.is_null()))
            .set(room_rows::title.eq(DELETED_USER))
            .execute(change.connection)?;
        forget_in_messages(change.connection, user)?;
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
        let name = format!("deleted-{user}");
        diesel::update(users::table.find(user))
            .set((
                users::username.eq(&name),
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
        audit::rename(change.connection, user, &name)?;
        for room in theirs {
            change.announce(Event::MemberRemoved { room, user });
        }
        change.announce(Event::AccountDeleted);
        Ok(Departure::Gone)
    }
}

/// Has the messages rendered anew whose HTML leads from a name to somebody: another may take the name.
fn forget_in_messages(connection: &mut AnyConnection, user: UserId) -> QueryResult<()> {
    let mentioned: Vec<(RoomId, Seq)> = mentions::table
        .filter(mentions::user_id.eq(user))
        .select((mentions::room_id, mentions::message_id))
        .load(connection)?;
    let (in_rooms, ids): (Vec<RoomId>, Vec<Seq>) = mentioned.into_iter().unzip();
    Rows::new(ids.len()).with("room_id", Numbers(in_rooms)).with("id", Numbers(ids)).execute(
        connection,
        "UPDATE messages SET renderer = 0 FROM {given} \
         WHERE messages.room_id = given.room_id AND messages.id = given.id",
    )?;
    // No mentions are kept of direct rooms, nor of those who named themselves.
    let direct: Vec<RoomId> = members::table
        .inner_join(room_rows::table)
        .filter(members::user_id.eq(user).and(room_rows::kind.eq(RoomKind::Direct.as_str())))
        .select(members::room_id)
        .load(connection)?;
    let may_name = messages::author_id.eq(user).or(messages::room_id.eq_any(direct));
    diesel::update(messages::table.filter(may_name.and(messages::body.like("%@%"))))
        .set(messages::renderer.eq(0))
        .execute(connection)
        .map(drop)
}

/// Messages of somebody that are not deleted, by room and id.
pub fn written(connection: &mut AnyConnection, author: UserId, limit: i64) -> QueryResult<Vec<MessageOf>> {
    messages::table
        .inner_join(room_rows::table)
        .filter(messages::author_id.eq(author).and(messages::deleted_at.is_null()).and(messages::removed.eq(false)))
        .order((messages::room_id, messages::id))
        .limit(limit)
        .select((room_rows::slug, messages::room_id, messages::id))
        .load(connection)
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
