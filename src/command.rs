//! What the operator does by the command line, beside a server that may run. A server sees the outcome when it next asks
//! the database.

pub mod doctor;
pub mod invite;
pub mod room;
pub mod user;

use crate::config::Config;
use crate::error::{Refusal, StartError};
use crate::private_files::make_data_dir;
use crate::protocol::InstanceRole;
use crate::store::open::open_beside;
use crate::store::{AnyConnection, operator};

/// Changes something in the database, which is made where there is none.
///
/// # Errors
/// One line for whoever gave the command; then nothing has changed.
fn change<T>(config: &Config, work: impl FnOnce(&mut AnyConnection) -> Result<T, Refusal>) -> Result<T, StartError> {
    if config.keeps_database() {
        make_data_dir(&config.data_dir)?;
    }
    let mut connection = open_beside(&config.database_url())?;
    operator::change(&mut connection, work).map_err(told)
}

/// A refusal as the line it is told in.
fn told(refusal: Refusal) -> StartError {
    StartError(refusal.to_string())
}

/// A role of the chat, as an option's value.
fn role(name: &str) -> Result<InstanceRole, String> {
    let known = [InstanceRole::Owner, InstanceRole::Admin, InstanceRole::Member, InstanceRole::Guest];
    let found = known.into_iter().find(|role| role.as_str() == name);
    found.ok_or_else(|| "owner, admin, member or guest".to_owned())
}
