//! What the operator does to people, beside a server that may run.

use diesel::prelude::*;

use super::accounts::{self, NewAccount};
use super::actors;
use super::audit::{self, Entry};
use super::connection::{AnyConnection, transaction};
use super::room_changes::join_defaults;
use super::schema::{meta, sessions, users};
use crate::error::Refusal;
use crate::protocol::{Act, InstanceRole, User};

/// One transaction that waits for its turn: on SQLite one that first reads could not write once the server has written.
pub fn change<T>(
    connection: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    transaction(connection, |connection| {
        if let AnyConnection::Sqlite(sqlite) = connection {
            diesel::update(meta::table.find("epoch")).set(meta::value.eq(meta::value)).execute(sqlite)?;
        }
        work(connection)
    })
}

/// Makes an account; its names have been checked. But for guests it joins the rooms that new members join.
///
/// # Errors
/// `taken`
pub fn add_user(connection: &mut AnyConnection, account: &NewAccount, role: InstanceRole) -> Result<User, Refusal> {
    transaction(connection, |connection| {
        let user = accounts::create(connection, account)?;
        diesel::update(users::table.find(user.id)).set(users::role.eq(role.as_str())).execute(connection)?;
        if role > InstanceRole::Guest {
            join_defaults(connection, user.id)?;
        }
        let entry = Entry { them: Some(&user), detail: role.as_str(), ..Entry::new(None, Act::AddUser) };
        audit::note(connection, &entry)?;
        Ok(user)
    })
}

/// Sets somebody's password and ends all their sessions; gives how many.
///
/// # Errors
/// `not_found`
pub fn set_password(connection: &mut AnyConnection, username: &str, hash: &str) -> Result<usize, Refusal> {
    transaction(connection, |connection| {
        let user = actors::named(connection, 0, username)?.user;
        diesel::update(users::table.find(user.id)).set(users::password_hash.eq(hash)).execute(connection)?;
        let ended = diesel::delete(sessions::table.filter(sessions::user_id.eq(user.id))).execute(connection)?;
        audit::note(connection, &Entry { them: Some(&user), ..Entry::new(None, Act::SetPassword) })?;
        Ok(ended)
    })
}
