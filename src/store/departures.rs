//! One's own account: another password, and the end of it.

use chrono::{NaiveDateTime, Utc};
use diesel::prelude::*;

use super::actors;
use super::audit::{self, Entry};
use super::connection::{AnyConnection, transaction};
use super::sanctions::{keep_an_owner, rooms_of};
use super::schema::{known_networks, members, messages, rooms as room_rows, sanctions, sessions, users};
use super::{accounts, rooms};
use crate::error::Refusal;
use crate::protocol::{Act, InstanceRole, RoomId, Seq, UserId};

/// Hashes of the tokens of sessions that were ended.
pub type Ended = Vec<String>;

/// Sets somebody's password and ends their sessions, but for the one that is to stay.
pub fn set_password(
    connection: &mut AnyConnection,
    user: UserId,
    password_hash: &str,
    stays: &str,
) -> Result<Ended, Refusal> {
    transaction(connection, |connection| {
        accounts::hold(connection, &[user])?;
        let me = actors::one(connection, 0, user)?.user;
        diesel::update(users::table.find(user)).set(users::password_hash.eq(password_hash)).execute(connection)?;
        let ended = end_sessions(connection, user, stays)?;
        audit::note(connection, &Entry { them: Some(&me), ..Entry::new(Some(&me), Act::SetPassword) })?;
        Ok(ended)
    })
}

/// What became of an account that was to be deleted.
pub enum Departure {
    Gone {
        sessions: Ended,
        /// Where they were a member.
        rooms: Vec<RoomId>,
    },
    /// There are messages left that were to go with it: nothing was done.
    MessagesLeft,
}

/// Whether somebody's account may be deleted, asked before anything is done to their messages.
///
/// # Errors
/// `invalid`: they are the last owner.
pub fn may_go(connection: &mut AnyConnection, user: UserId) -> Result<(), Refusal> {
    transaction(connection, |connection| {
        let me = actors::one(connection, 0, user)?;
        keep_an_owner(connection, &me)
    })
}

/// Deletes an account. Its row stays as the author of what is left, under a name that nobody can sign up with; nothing
/// they do is stored after this, and nothing that is committed after it reaches them: the rows of all their rooms are held.
///
/// # Errors
/// `invalid`: they are the last owner.
pub fn delete(connection: &mut AnyConnection, user: UserId, with_messages: bool) -> Result<Departure, Refusal> {
    transaction(connection, |connection| {
        // Rooms before people, as batches take them.
        let theirs = rooms_of(connection, user)?;
        rooms::raise_access(connection, &theirs)?;
        accounts::hold(connection, &[user])?;
        let me = actors::one(connection, 0, user)?;
        keep_an_owner(connection, &me)?;
        if with_messages && !written(connection, user, 1)?.is_empty() {
            return Ok(Departure::MessagesLeft);
        }
        diesel::delete(members::table.filter(members::user_id.eq(user))).execute(connection)?;
        diesel::delete(sanctions::table.filter(sanctions::user_id.eq(user))).execute(connection)?;
        diesel::delete(known_networks::table.filter(known_networks::user_id.eq(user))).execute(connection)?;
        let sessions = end_sessions(connection, user, "")?;
        diesel::update(users::table.find(user))
            .set((
                users::username.eq(format!("deleted-{user}")),
                // No username has a colon: nobody can have this key, or find the account by it.
                users::username_key.eq(format!("deleted:{user}")),
                users::display_name.eq("Deleted user"),
                users::password_hash.eq(""),
                users::about.eq(""),
                users::time_zone.eq(""),
                users::role.eq(InstanceRole::Member.as_str()),
                users::banned_at.eq(None::<NaiveDateTime>),
                users::banned_until.eq(None::<NaiveDateTime>),
                users::deleted_at.eq(Utc::now().naive_utc()),
            ))
            .execute(connection)?;
        let detail = if with_messages { "messages: removed" } else { "messages: kept" };
        let entry = Entry { them: Some(&me.user), detail, ..Entry::new(Some(&me.user), Act::DeleteAccount) };
        audit::note(connection, &entry)?;
        Ok(Departure::Gone { sessions, rooms: theirs })
    })
}

/// Messages of somebody that are not deleted, by room and id.
pub fn written(connection: &mut AnyConnection, author: UserId, limit: i64) -> QueryResult<Vec<(String, Seq)>> {
    messages::table
        .inner_join(room_rows::table)
        .filter(messages::author_id.eq(author).and(messages::deleted_at.is_null()).and(messages::removed.eq(false)))
        .order((messages::room_id, messages::id))
        .limit(limit)
        .select((room_rows::slug, messages::id))
        .load(connection)
}

fn end_sessions(connection: &mut AnyConnection, user: UserId, but: &str) -> QueryResult<Ended> {
    let others = sessions::table.filter(sessions::user_id.eq(user).and(sessions::token_hash.ne(but)));
    let ended = others.select(sessions::token_hash).load(connection)?;
    diesel::delete(others).execute(connection)?;
    Ok(ended)
}
