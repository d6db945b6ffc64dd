//! `klatch doctor`: whether all is well, told in a line for each check. It changes nothing.

use std::time::Duration;

use crate::base::config::Config;
use crate::base::start_error::StartError;
use crate::chat::integrity;
use crate::db::open::open_as_it_is;
use crate::db::{AnyConnection, migrations};
use crate::features::operations::jobs;

/// Clocks may differ by so much: sessions, bans and invitations end by them.
const MAX_CLOCK_SECS: i64 = 5;
const REDIS_PATIENCE: Duration = Duration::from_secs(4);

/// What was found.
pub struct Found {
    pub lines: Vec<String>,
    /// Every check passed.
    pub well: bool,
}

/// Looks at everything that can be looked at.
pub fn run(config: &Config) -> Found {
    let mut found = Found { lines: Vec::new(), well: true };
    // What contradicts itself has been refused before.
    found.note("configuration", config.check_open_files().map(|()| config.public_origin()));
    match open_as_it_is(&config.database_url()) {
        Ok(mut connection) => {
            found.note("database", Ok(config.database_kind().to_owned()));
            look_at(&mut connection, &mut found);
        }
        Err(error) => found.note("database", Err(error)),
    }
    if let Some(url) = &config.redis_url {
        found.note("redis", ping(url));
    }
    found
}

fn look_at(connection: &mut AnyConnection, found: &mut Found) {
    let behind = migrations::is_behind(connection);
    let is_current = matches!(behind, Ok(false));
    found.note(
        "migrations",
        behind.and_then(|behind| match behind {
            true => Err(StartError("some are missing: the next start of the server runs them".to_owned())),
            false => Ok("up to date".to_owned()),
        }),
    );
    // The rest reads tables that may not be there yet.
    if !is_current {
        return;
    }
    found.note(
        "clock",
        integrity::clock_ahead(connection).map_err(unread).and_then(|ahead| {
            let told = format!("{} ms ahead of the database's", ahead.num_milliseconds());
            if ahead.abs().num_seconds() < MAX_CLOCK_SECS { Ok(told) } else { Err(StartError(told)) }
        }),
    );
    found.note("numbers", none_of(integrity::rooms_out_of_step(connection), "every room's fit its messages"));
    found.note("counts", none_of(integrity::counts_out_of_step(connection), "noted as the messages are"));
    found.note(
        "foreign keys",
        none_of(integrity::broken_references(connection), "every row belongs to one that is there"),
    );
    found.note("jobs", none_of(jobs::failed(connection), "none was given up"));
    found.note("unread", none_of(integrity::miscounted(connection), "counted anew, they are the same"));
}

impl Found {
    fn note(&mut self, check: &str, outcome: Result<String, StartError>) {
        let (word, text) = match outcome {
            Ok(text) => ("ok", text),
            Err(error) => {
                self.well = false;
                ("BAD", error.to_string())
            }
        };
        self.lines.push(format!("{word:<4}{check}: {text}"));
    }
}

/// Good where nothing is wrong.
fn none_of(wrong: diesel::QueryResult<Vec<String>>, good: &str) -> Result<String, StartError> {
    let wrong = wrong.map_err(unread)?;
    if wrong.is_empty() { Ok(good.to_owned()) } else { Err(StartError(format!("not so: {}", wrong.join(", ")))) }
}

fn unread(error: diesel::result::Error) -> StartError {
    StartError(format!("can't be read: {error}"))
}

/// Asks Redis, or one node of a cluster.
fn ping(url: &str) -> Result<String, StartError> {
    // What the library says may repeat the address, with its password.
    let answered = redis::Client::open(url)
        .and_then(|client| client.get_connection_with_timeout(REDIS_PATIENCE))
        .and_then(|mut connection| {
            connection.set_read_timeout(Some(REDIS_PATIENCE))?;
            redis::cmd("PING").query::<String>(&mut connection)
        });
    match answered {
        Ok(_) => Ok("answers".to_owned()),
        Err(error) => Err(StartError(format!("does not answer ({})", error.category()))),
    }
}
