//! `klatch jobs`: jobs that were given up, by the operator.

use clap::Subcommand;
use diesel::QueryResult;

use crate::base::config::Config;
use crate::base::start_error::StartError;
use crate::db::connection::AnyConnection;
use crate::db::explained::unusable;
use crate::db::jobs::{self, FailedJob};
use crate::db::open::open_as_it_is;

/// Jobs that are listed.
const LISTED: i64 = 100;

/// What to do about jobs that were given up.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum JobsCommand {
    /// List them: number, kind, since when, and why
    List,
    /// Queue one of them anew
    Retry { number: i64 },
    /// Delete one of them: it will not be done
    Discard { number: i64 },
}

/// Gives the lines to print.
///
/// # Errors
/// One line that says what can't be done; then nothing has changed.
pub fn run(config: &Config, command: &JobsCommand) -> Result<String, StartError> {
    let mut connection = open_as_it_is(&config.database_url())?;
    let connection = &mut connection;
    match *command {
        JobsCommand::List => {
            let lines: Vec<String> = failed(connection).map_err(unread)?;
            Ok(if lines.is_empty() { "no job was given up".to_owned() } else { lines.join("\n") })
        }
        JobsCommand::Retry { number } => match jobs::retry(connection, number).map_err(unread)? {
            true => Ok(format!("queued job {number} anew")),
            false => Err(none(number)),
        },
        JobsCommand::Discard { number } => match jobs::discard(connection, number).map_err(unread)? {
            true => Ok(format!("deleted job {number}")),
            false => Err(none(number)),
        },
    }
}

/// A line for each job that was given up.
pub fn failed(connection: &mut AnyConnection) -> QueryResult<Vec<String>> {
    let line = |FailedJob { id, kind, failed_at, error }: FailedJob| {
        let since = failed_at.map(|at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string()).unwrap_or_default();
        format!("{id} {kind}, given up {since}: {error}")
    };
    Ok(jobs::failed(connection, LISTED)?.into_iter().map(line).collect())
}

/// Whether one was given up, for `klatch doctor`; else how many wait for their turn, and since when: where no server runs, nobody
/// does them.
///
/// # Errors
/// Those that were given up.
pub fn look(connection: &mut AnyConnection) -> Result<String, StartError> {
    let given_up = failed(connection).map_err(unread)?;
    if !given_up.is_empty() {
        return Err(StartError(given_up.join(", ")));
    }
    Ok(match jobs::due(connection).map_err(unread)? {
        (0, _) | (_, None) => "none was given up, and none is due".to_owned(),
        (due, Some(first)) => {
            format!("none was given up; {due} are due, the first one since {}", first.format("%Y-%m-%d %H:%M:%S UTC"))
        }
    })
}

fn none(number: i64) -> StartError {
    StartError(format!("{number}: no job of this number was given up"))
}

fn unread(error: diesel::result::Error) -> StartError {
    unusable(format!("the jobs can't be read: {error}"))
}
