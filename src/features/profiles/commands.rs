//! Changing one's own profile.

use diesel::prelude::*;

use crate::app::fields;
use crate::app::perform::Command;
use crate::chat::change::Change;
use crate::chat::{accounts, names};
use crate::db::schema::users;
use crate::features::profiles::types;
use crate::wire::refusal::Refusal;
use crate::wire::{Profile, User};

/// What of one's profile is to be otherwise; what is `None` stays.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = users)]
pub struct ChangeProfile {
    display_name: Option<String>,
    about: Option<String>,
    time_zone: Option<String>,
}

impl ChangeProfile {
    /// # Errors
    /// `invalid`: a field that does not fit.
    pub fn new(user: &User, asked: &types::ChangeProfile) -> Result<Self, Refusal> {
        let name = |name: &String| fields::display_name(Some(name), &user.username);
        Ok(Self {
            display_name: asked.display_name.as_ref().map(name).transpose()?,
            about: asked.about.as_deref().map(fields::about).transpose()?,
            time_zone: asked.time_zone.as_deref().map(fields::time_zone).transpose()?,
        })
    }
}

impl Command for ChangeProfile {
    type Outcome = Profile;

    fn execute(self, change: &mut Change) -> Result<Profile, Refusal> {
        let user = change.user()?;
        // Where nothing is to be changed there is nothing to do.
        diesel::update(users::table.find(user)).set(&self).execute(change.connection).optional_empty_changeset()?;
        if self.display_name.is_some() {
            names::note_user(change.connection, user)?;
        }
        accounts::profile(change.connection, user)
    }
}
