//! `klatch doctor`: whether all is well, told in a line for each check. It leaves everything as it was.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::base::config::Config;
use crate::base::secret::fingerprint;
use crate::base::start_error::StartError;
use crate::chat::{accounts, integrity};
use crate::db::connection::{look_as_the_server, look_at_whole_tables};
use crate::db::explained::advised;
use crate::db::open::open_as_it_is;
use crate::db::{AnyConnection, expected, meta, migrations, restoring, try_to_store};
use crate::features::operations::backup::sqlite_path;
use crate::features::operations::{jobs, scheduled_backups};

/// Clocks may differ by so much: sessions, bans and invitations end by them.
const MAX_CLOCK_SECS: i64 = 5;
const REDIS_PATIENCE: Duration = Duration::from_secs(4);
/// What has to be free beside a database, in bytes.
const LEAST_FREE: u64 = 100 * MEGABYTE;
const MEGABYTE: u64 = 1_000_000;

/// What has been found so far.
struct Found<'a> {
    /// Takes the line of a check: some take seconds, and whoever waits sees how far it is.
    tell: &'a mut dyn FnMut(&str),
    /// Every check passed.
    well: bool,
}

/// Looks at everything that can be looked at, and tells each check's line. True where every check passed.
pub fn run(config: &Config, deep: bool, mut tell: impl FnMut(&str)) -> bool {
    let mut found = Found { tell: &mut tell, well: true };
    // What contradicts itself has been refused before.
    found.note("configuration", config.check_open_files().map(|()| config.public_origin()));
    found.note("proxies", proxies(config));
    found.note("disks", disks(config));
    match open_as_it_is(&config.database_url()) {
        Ok(mut connection) => {
            found.note("database", Ok(config.database_kind().to_owned()));
            look_at(&mut connection, config, deep, &mut found);
        }
        Err(error) => found.note("database", Err(error)),
    }
    if let Some(url) = &config.redis_url {
        found.note("redis", ping(url));
    }
    found.well
}

fn look_at(connection: &mut AnyConnection, config: &Config, deep: bool, found: &mut Found) {
    if matches!(migrations::has_tables(connection), Ok(false)) {
        let none = "there is none in this database: name the server's, or start the server, which makes one";
        return found.note("chat", Err(StartError(none.to_owned())));
    }
    found.note("file", none_of(expected::damage(connection, deep), "nothing is damaged"));
    found.note("restore", restoring::check(connection).map(|()| "none was broken off".to_owned()));
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
    let differences = expected::differences(connection).and_then(|found| none(&found, "as this version makes them"));
    let is_whole = differences.is_ok();
    found.note("tables", differences);
    if !is_whole {
        return;
    }
    found.note("secret", secret(connection, config));
    found.note("owners", owners(connection));
    found.note(
        "clock",
        integrity::clock_ahead(connection).map_err(unread).and_then(|ahead| {
            let told = format!("{} ms ahead of the database's", ahead.num_milliseconds());
            if ahead.abs().num_seconds() < MAX_CLOCK_SECS { Ok(told) } else { Err(StartError(told)) }
        }),
    );
    if let Err(error) = look_at_whole_tables(connection) {
        return found.note("database", Err(unread(error)));
    }
    found.note("numbers", none_of(integrity::rooms_out_of_step(connection), "every room's fit its messages"));
    found.note("marks", none_of(integrity::marks_beyond(connection), "none is beyond its room's last number"));
    found.note("counts", none_of(integrity::counts_out_of_step(connection), "noted as the messages are"));
    found.note(
        "foreign keys",
        none_of(integrity::broken_references(connection), "every row belongs to one that is there"),
    );
    if let Err(error) = look_as_the_server(connection) {
        return found.note("database", Err(unread(error)));
    }
    found.note(
        "storing",
        try_to_store(connection).map(|()| "something was stored and removed".to_owned()).map_err(unstored),
    );
    found.note("jobs", jobs::look(connection));
    found.note("backups", scheduled_backups::look(connection, config));
    found.note("unread", none_of(integrity::miscounted(connection), "counted anew, they are the same"));
}

impl Found<'_> {
    fn note(&mut self, check: &str, outcome: Result<String, StartError>) {
        let (word, text) = match outcome {
            Ok(text) => ("ok", text),
            Err(error) => {
                self.well = false;
                ("BAD", error.to_string())
            }
        };
        (self.tell)(&format!("{word:<4}{check}: {text}"));
    }
}

/// Good where nothing is wrong.
fn none_of(wrong: diesel::QueryResult<Vec<String>>, good: &str) -> Result<String, StartError> {
    none(&wrong.map_err(unread)?, good)
}

fn none(wrong: &[String], good: &str) -> Result<String, StartError> {
    if wrong.is_empty() { Ok(good.to_owned()) } else { Err(StartError(format!("not so: {}", wrong.join(", ")))) }
}

/// Whether the sessions of the server that runs, or ran last, are those of the secret that this command was given.
fn secret(connection: &mut AnyConnection, config: &Config) -> Result<String, StartError> {
    let noted = meta::get(connection, meta::SECRET).map_err(unread)?;
    match (noted, config.known_key()?) {
        (None, _) => Ok("no server has had one yet".to_owned()),
        (Some(noted), Some(key)) if noted == fingerprint(&key) => Ok("the one that the server has".to_owned()),
        (Some(_), Some(_)) => Err(StartError("another one than the server has".to_owned())),
        (Some(_), None) => Err(StartError(
            "none is given, and none is in the data directory: the next start makes one, and everybody signs in again"
                .to_owned(),
        )),
    }
}

/// Whom the server takes for proxies, so that nobody passes for another's address.
fn proxies(config: &Config) -> Result<String, StartError> {
    match config.trusted_proxies.contain_all() {
        false => Ok("none but those that are named are trusted".to_owned()),
        true => Err(StartError::option(
            "trusted-proxies",
            "has every address: whoever reaches the server can pass for any other address; name the proxy's alone",
        )),
    }
}

/// How much is free where the server stores: a backup needs as much room as the database takes, at most.
fn disks(config: &Config) -> Result<String, StartError> {
    let database = sqlite_path(&config.database_url());
    let size = database.as_ref().and_then(|path| fs::metadata(path).ok()).map_or(0, |file| file.len());
    let folder = database.as_deref().and_then(Path::parent);
    let places = [folder.map(|folder| (folder, LEAST_FREE)), config.backup_dir.as_deref().map(|dir| (dir, size))];
    let mut told = Vec::new();
    for (place, needed) in places.into_iter().flatten() {
        // An empty parent is the folder that this runs in. What is not there yet is told by others.
        let place = if place.as_os_str().is_empty() { Path::new(".") } else { place };
        let Ok(disk) = rustix::fs::statvfs(place) else { continue };
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let line = format!("{} MB free in {}", free / MEGABYTE, place.display());
        if free < needed {
            return Err(StartError(format!("{line}, and {} MB are needed: make room", needed.div_ceil(MEGABYTE))));
        }
        told.push(line);
    }
    Ok(if told.is_empty() { "Postgres has the database".to_owned() } else { told.join(", ") })
}

/// Somebody must be able to make others admins.
fn owners(connection: &mut AnyConnection) -> Result<String, StartError> {
    match accounts::lacks_owner(connection).map_err(unread)? {
        false => Ok("there is one, or nobody at all".to_owned()),
        true => Err(StartError("there is none: klatch user role NAME owner makes one".to_owned())),
    }
}

fn unstored(error: diesel::result::Error) -> StartError {
    StartError(format!("nothing can be: {}", advised(error)))
}

fn unread(error: diesel::result::Error) -> StartError {
    StartError(format!("can't be read: {}", advised(error)))
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
        Err(error) if error.category() == "authentication failed" => {
            Err(StartError("refuses the user or the password of --redis-url".to_owned()))
        }
        Err(error) => Err(StartError(format!("does not answer ({})", error.category()))),
    }
}
