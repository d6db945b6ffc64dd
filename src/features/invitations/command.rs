//! `klatch invite`: a link that lets somebody in, by the operator.

use clap::Args;

use crate::app::fields;
use crate::app::perform::{perform_as_operator, served_at};
use crate::base::config::Config;
use crate::base::start_error::StartError;
use crate::features::invitations::api::url_of;
use crate::features::invitations::commands::MakeInvitation;
use crate::features::invitations::queries::NewInvitation;

#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct InviteCommand {
    /// What it makes of a new account: member or guest
    #[arg(long, default_value = "member")]
    role: String,
    /// The room it leads into
    #[arg(long, value_name = "SLUG")]
    room: Option<String>,
    /// How long it lasts
    #[arg(long, default_value_t = 168)]
    hours: i64,
    /// How often it can be used; 0 = any number
    #[arg(long, default_value_t = 1)]
    uses: i64,
}

/// Gives the link to print.
///
/// # Errors
/// One line that says what can't be done; then there is no link.
pub fn run(config: &Config, command: InviteCommand) -> Result<String, StartError> {
    let InviteCommand { role, room, hours, uses } = command;
    let new = NewInvitation {
        role: fields::given_role(&role)?,
        room,
        lasts: fields::hours(hours)?,
        uses: fields::uses(Some(uses))?,
    };
    let origin = served_at(config)?;
    let made = perform_as_operator(config, MakeInvitation(new))?;
    Ok(url_of(&origin, &made.token))
}
