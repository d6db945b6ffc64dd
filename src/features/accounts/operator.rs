//! Use cases about people that only the operator has.

use diesel::prelude::*;

use crate::app::perform::Command;
use crate::chat::accounts::{self, NewAccount};
use crate::chat::audit::Entry;
use crate::chat::authorization;
use crate::chat::change::Change;
use crate::chat::room_changes::join_defaults;
use crate::db::schema::{sessions, users};
use crate::wire::refusal::Refusal;
use crate::wire::{Act, InstanceRole, User};

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
