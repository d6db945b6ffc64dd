//! `klatch room`: rooms, by the operator.

use clap::Subcommand;

use crate::app::perform::{perform_as_operator, read_as_operator};
use crate::base::config::Config;
use crate::base::start_error::StartError;
use crate::db::explained::unusable;
use crate::features::rooms::commands::{self, ChangeRoom, DeleteRoom};
use crate::features::rooms::operator::listed;
use crate::features::rooms::types::MakeRoom;

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
        #[arg(long, default_value = "public", value_parser = ["public", "private"])]
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
    /// List all rooms but direct talks: name, kind, state, members, messages and title, with tabs between
    List,
}

/// Gives the lines to print to `tell`, one after another.
///
/// # Errors
/// One line that says what can't be done; then nothing has changed. What `tell` answers.
pub fn run(
    config: &Config,
    command: RoomCommand,
    tell: &mut dyn FnMut(&str) -> Result<(), StartError>,
) -> Result<(), StartError> {
    let line = match command {
        RoomCommand::List => return list(config, tell),
        RoomCommand::Add { slug, title, topic, kind } => {
            let asked = MakeRoom { slug, title: Some(title), topic: Some(topic), kind: Some(kind) };
            let room = perform_as_operator(config, commands::MakeRoom::new(&asked)?)?;
            format!("made {}", room.slug)
        }
        RoomCommand::Archive { slug } => {
            let command = ChangeRoom { slug, archived: Some(true), ..ChangeRoom::default() };
            let room = perform_as_operator(config, command)?;
            format!("{} can only be read now", room.slug)
        }
        RoomCommand::Unarchive { slug } => {
            let command = ChangeRoom { slug, archived: Some(false), ..ChangeRoom::default() };
            let room = perform_as_operator(config, command)?;
            format!("{} is open again", room.slug)
        }
        RoomCommand::Delete { slug, yes: false } => {
            return Err(StartError(format!("--yes: needed to delete {slug} with all that was said in it")));
        }
        RoomCommand::Delete { slug, yes: true } => {
            let deleted = perform_as_operator(config, DeleteRoom { slug })?;
            format!("deleted {}, which had {} members", deleted.slug, deleted.members)
        }
    };
    tell(&line)
}

/// Rooms that are read at once.
const PAGE: i64 = 500;

fn list(config: &Config, tell: &mut dyn FnMut(&str) -> Result<(), StartError>) -> Result<(), StartError> {
    let mut connection = read_as_operator(config)?;
    let mut after = 0;
    loop {
        let page = listed(&mut connection, after, PAGE).map_err(unusable)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for room in &page {
            let state = if room.archived_at.is_some() { "archived" } else { "open" };
            let (members, messages) = (room.members.to_string(), room.message_count.to_string());
            tell(&[&room.slug, &room.kind, state, &members, &messages, &room.title].join("\t"))?;
        }
    }
}
