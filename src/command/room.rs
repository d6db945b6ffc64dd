//! `klatch room`: rooms, by the operator.

use clap::Subcommand;

use super::{change, told};
use crate::config::Config;
use crate::error::StartError;
use crate::protocol::RoomKind;
use crate::store::room_changes::{self, NewRoom};
use crate::web::fields;

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
            fields::slug(&slug).map_err(told)?;
            let kind = fields::kind(&kind).map_err(told)?;
            if kind == RoomKind::Direct {
                return Err(StartError("kind: public or private".to_owned()));
            }
            let (title, topic) = (fields::title(&title).map_err(told)?, fields::topic(&topic).map_err(told)?);
            let new = NewRoom { slug, title, topic, kind };
            let room = change(config, |connection| room_changes::create_empty(connection, &new))?;
            Ok(format!("made {}", room.slug))
        }
        RoomCommand::Archive { slug } => {
            change(config, |connection| room_changes::archive_by_operator(connection, &slug, true))?;
            Ok(format!("{slug} can only be read now"))
        }
        RoomCommand::Unarchive { slug } => {
            change(config, |connection| room_changes::archive_by_operator(connection, &slug, false))?;
            Ok(format!("{slug} is open again"))
        }
        RoomCommand::Delete { slug, yes: false } => {
            Err(StartError(format!("--yes: needed to delete {slug} with all that was said in it")))
        }
        RoomCommand::Delete { slug, yes: true } => {
            let deleted = change(config, |connection| room_changes::delete(connection, &slug, None))?;
            Ok(format!("deleted {}, which had {} members", deleted.room.slug, deleted.members.len()))
        }
    }
}
