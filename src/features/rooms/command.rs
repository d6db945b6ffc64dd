//! `klatch room`: rooms, by the operator.

use clap::Subcommand;

use crate::app::perform::perform_as_operator;
use crate::base::config::Config;
use crate::base::start_error::StartError;
use crate::features::rooms::commands::{self, ChangeRoom, DeleteRoom};
use crate::features::rooms::types::MakeRoom;
use crate::wire::RoomKind;

/// What to do about a room.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum RoomCommand {
    /// Make a room without a member
    Add {
        /// 1 to 64 of a-z 0-9 -
        slug: String,
        #[arg(long, default_value = "")]
        title: String,
        #[arg(long, default_value = "")]
        topic: String,
        /// public or private
        #[arg(long, default_value = "public")]
        kind: String,
    },
    /// Make a room read-only
    Archive { slug: String },
    /// Let people talk again in an archived room
    Unarchive { slug: String },
    /// Delete a room with all that was said in it
    Delete {
        slug: String,
        /// Needed: it can't be undone
        #[arg(long)]
        yes: bool,
    },
}

/// Gives the line to print.
///
/// # Errors
/// One line that says what can't be done; then nothing has changed.
pub fn run(config: &Config, command: RoomCommand) -> Result<String, StartError> {
    match command {
        RoomCommand::Add { slug, title, topic, kind } => {
            if kind == RoomKind::Direct.as_str() {
                return Err(StartError("kind: public or private".to_owned()));
            }
            let asked = MakeRoom { slug, title: Some(title), topic: Some(topic), kind: Some(kind) };
            let room = perform_as_operator(config, commands::MakeRoom::new(&asked)?)?;
            Ok(format!("made {}", room.slug))
        }
        RoomCommand::Archive { slug } => {
            let command = ChangeRoom { slug, archived: Some(true), ..ChangeRoom::default() };
            let room = perform_as_operator(config, command)?;
            Ok(format!("{} can only be read now", room.slug))
        }
        RoomCommand::Unarchive { slug } => {
            let command = ChangeRoom { slug, archived: Some(false), ..ChangeRoom::default() };
            let room = perform_as_operator(config, command)?;
            Ok(format!("{} is open again", room.slug))
        }
        RoomCommand::Delete { slug, yes: false } => {
            Err(StartError(format!("--yes: needed to delete {slug} with all that was said in it")))
        }
        RoomCommand::Delete { slug, yes: true } => {
            let deleted = perform_as_operator(config, DeleteRoom { slug })?;
            Ok(format!("deleted {}, which had {} members", deleted.slug, deleted.members))
        }
    }
}
