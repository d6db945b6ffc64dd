//! Use cases about people that only the operator has.

use chrono::{NaiveDateTime, SecondsFormat, Utc};
use diesel::prelude::*;

use crate::app::perform::Command;
use crate::chat::accounts::{self, NewAccount};
use crate::chat::audit::Entry;
use crate::chat::authorization;
use crate::chat::change::Change;
use crate::chat::room_changes::join_defaults;
use crate::db::AnyConnection;
use crate::db::schema::{sessions, users};
use crate::features::accounts::commands::DeleteAccount;
use crate::wire::refusal::Refusal;
use crate::wire::{Act, InstanceRole, User, UserId};

/// Makes an account; its names have been checked. But for guests it joins the rooms that new members join.
pub struct AddUser {
    pub account: NewAccount,
    pub role: InstanceRole,
}

impl Command for AddUser {
    type Outcome = User;

    fn execute(self, change: &mut Change) -> Result<User, Refusal> {
        let user = accounts::create(change.connection, &self.account)?;
        diesel::update(users::table.find(user.id))
            .set(users::role.eq(self.role.as_str()))
            .execute(change.connection)?;
        if self.role > InstanceRole::Guest {
            join_defaults(change.connection, user.id)?;
        }
        change.record(&Entry { target: Some(&user), detail: self.role.as_str(), ..Entry::new(Act::AddUser) })?;
        Ok(user)
    }
}

/// Deletes somebody's account, as they would themselves; gives the name it had.
pub struct DeleteUser {
    pub username: String,
    pub how: DeleteAccount,
}

impl Command for DeleteUser {
    type Outcome = String;

    fn execute(self, change: &mut Change) -> Result<String, Refusal> {
        let user = authorization::named_in_chat(change.connection, &self.username)?.user;
        self.how.delete(change, user.id)?;
        Ok(user.username)
    }
}

/// An account, as the operator's list has it.
#[derive(Queryable)]
pub struct Listed {
    pub id: UserId,
    pub username: String,
    pub role: String,
    pub banned_at: Option<NaiveDateTime>,
    pub banned_until: Option<NaiveDateTime>,
    pub created_at: NaiveDateTime,
    pub display_name: String,
}

impl Listed {
    /// `active`, or since when and until when the chat is closed to them.
    pub fn state(&self) -> String {
        match (self.banned_at, self.banned_until) {
            (Some(_), None) => "disabled".to_owned(),
            (Some(_), Some(until)) if until > Utc::now().naive_utc() => format!("banned until {}", seconds(until)),
            _ => "active".to_owned(),
        }
    }
}

/// A time as lists for operators have it.
pub fn seconds(time: NaiveDateTime) -> String {
    time.and_utc().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Accounts after the one with this id, in the order in which they were made; at most `limit`.
pub fn listed(connection: &mut AnyConnection, after: UserId, limit: i64) -> QueryResult<Vec<Listed>> {
    users::table
        .filter(users::id.gt(after).and(users::deleted_at.is_null()))
        .order(users::id)
        .limit(limit)
        .select((
            users::id,
            users::username,
            users::role,
            users::banned_at,
            users::banned_until,
            users::created_at,
            users::display_name,
        ))
        .load(connection)
}

/// Sets somebody's password and ends all their login sessions; gives how many.
pub struct ResetPassword {
    pub username: String,
    pub hash: String,
}

impl Command for ResetPassword {
    type Outcome = usize;

    fn execute(self, change: &mut Change) -> Result<usize, Refusal> {
        let user = authorization::named_in_chat(change.connection, &self.username)?.user;
        diesel::update(users::table.find(user.id))
            .set(users::password_hash.eq(&self.hash))
            .execute(change.connection)?;
        let ended = diesel::delete(sessions::table.filter(sessions::user_id.eq(user.id))).execute(change.connection)?;
        change.record(&Entry { target: Some(&user), ..Entry::new(Act::SetPassword) })?;
        Ok(ended)
    }
}
