//! Backup and restore. SQLite is copied by this program; for Postgres its own tools are named, see [`postgres`].
//!
//! A backup is whole or not there, and overwrites nothing: it is made under another name, checked, brought to the disk and
//! then linked to its own. What a restore puts in the database's place is made alike, and then renamed.

mod postgres;
mod raw;
mod restore;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::base::config::Config;
use crate::base::private_files;
use crate::base::start_error::StartError;
use crate::chat::{login_sessions, rooms};
use crate::db::connection::{AnyConnection, is_postgres, transaction};
use crate::db::migrations::{VERSION, minimum_version, needs_newer};
use crate::features::operations::backup::raw::Raw;

/// The files that SQLite keeps beside a database. Applied to another database than their own they would ruin it.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What there is to print.
pub struct Report {
    /// What was done, or on Postgres the command that does it.
    pub line: String,
    /// What to know about the command.
    pub note: Option<&'static str>,
}

impl Report {
    fn done(line: String) -> Self {
        Self { line, note: None }
    }
}

/// Copies the database into `file`, which must not exist; a server may use it meanwhile.
///
/// # Errors
/// One line that says what can't be done; then there is no `file`.
pub fn backup(config: &Config, file: &str) -> Result<Report, StartError> {
    let file = absolute(file)?;
    if fs::symlink_metadata(&file).is_ok() {
        return Err(is_there(&file));
    }
    let draft = with_suffix(&file, &format!(".{}.partial", std::process::id()));
    match sqlite_path(&config.database_url()) {
        None => postgres::backup(&config.database_url(), &draft, &file),
        Some(database) => {
            let bytes = copy(&database, &draft).and_then(|()| publish(&draft, &file));
            discard(&draft);
            let bytes = bytes?;
            let line = format!("backed up {} to {}, {bytes} bytes", database.display(), file.display());
            Ok(Report::done(line))
        }
    }
}

/// Puts the backup in `file` in the database's place.
///
/// # Errors
/// One line that says what can't be done; then the database is as it was.
pub fn restore(config: &Config, file: &str) -> Result<Report, StartError> {
    let file = absolute(file)?;
    match fs::metadata(&file) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(about(&file, "is no file")),
        Err(error) => return Err(about(&file, error)),
    }
    match sqlite_path(&config.database_url()) {
        None => postgres::restore(&config.database_url(), &file),
        Some(database) => {
            if config.keeps_database() {
                private_files::make_data_dir(&config.data_dir)?;
            }
            restore::restore(&database, &file).map(Report::done)
        }
    }
}

/// What has to be done to a database that was restored by other means, while no server runs.
///
/// # Errors
/// One line that says what can't be done; then nothing has changed.
pub fn renew_epoch(config: &Config) -> Result<Report, StartError> {
    let address = config.database_url();
    let ended = match sqlite_path(&address) {
        None => postgres::renew_epoch(&address)?,
        Some(database) => restore::renew_epoch(&database)?,
    };
    Ok(Report::done(format!("the epoch is renewed; {ended} sessions have ended")))
}

/// The path of an SQLite file; `None` where the address is that of a Postgres server.
fn sqlite_path(address: &str) -> Option<PathBuf> {
    (!is_postgres(address)).then(|| PathBuf::from(address.strip_prefix("sqlite://").unwrap_or(address)))
}

/// Makes `draft` a copy of `database`, checked: one file, without a WAL beside it.
fn copy(database: &Path, draft: &Path) -> Result<(), StartError> {
    if !database.is_file() {
        return Err(about(database, "there is no such database"));
    }
    let source = Raw::open(database).map_err(|error| about(database, error))?;
    // Made here, so that nobody else could read it for a moment.
    private_files::create(draft).map_err(|error| about(draft, format!("can't be made: {error}")))?;
    let target = Raw::open(draft).map_err(|error| about(draft, error))?;
    // A draft that is broken off is thrown away: nothing needs to be undone in it.
    target.execute(c"PRAGMA synchronous = OFF").map_err(|error| about(draft, error))?;
    source.copy_into(&target).map_err(|error| about(database, error))?;
    // The copy of a database in WAL mode is in that mode too.
    target.execute(c"PRAGMA journal_mode = DELETE").map_err(|error| about(database, error))?;
    drop(target);
    check(&mut open(draft)?).map_err(|why| about(database, why))
}

/// Opens an SQLite file without the settings that a server gives it.
fn open(path: &Path) -> Result<AnyConnection, StartError> {
    let name = path.to_str().ok_or_else(|| about(path, "the path is not in UTF-8"))?;
    let mut sqlite = SqliteConnection::establish(name).map_err(|error| about(path, error))?;
    sqlite
        .batch_execute("PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL")
        .map_err(|error| about(path, error))?;
    Ok(AnyConnection::Sqlite(sqlite))
}

/// That a database is whole, klatch's, and not too new for this program.
fn check(connection: &mut AnyConnection) -> Result<(), String> {
    let found = diesel::select(sql::<Text>("(SELECT integrity_check FROM pragma_integrity_check LIMIT 1)"))
        .get_result::<String>(connection)
        .map_err(|error| error.to_string())?;
    if found != "ok" {
        return Err(format!("is damaged: {}", found.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    belongs_to_klatch(connection)
}

fn belongs_to_klatch(connection: &mut AnyConnection) -> Result<(), String> {
    match minimum_version(connection) {
        Ok(Some(version)) if version > VERSION => Err(needs_newer(version)),
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err("is no database of klatch".into()),
        Err(error) => Err(format!("is no database of klatch: {error}")),
    }
}

/// What every restore ends with. Numbers above the backup's will be given a second time, so the epoch is renewed and
/// clients throw away what they had. Sessions that were ended since the backup must not come back, so all end. Gives
/// how many those were.
fn begin_anew(connection: &mut AnyConnection) -> QueryResult<usize> {
    transaction(connection, |connection| {
        let old = rooms::epoch(connection)?;
        rooms::renew_epoch(connection, &old)?;
        login_sessions::end_all(connection)
    })
}

/// Gives a finished draft a second name, which nothing may have, on the disk; gives its size in bytes.
fn publish(draft: &Path, name: &Path) -> Result<u64, StartError> {
    let finish = || {
        let bytes = sync(draft)?;
        // A rename would overwrite what has come since the backup began.
        fs::hard_link(draft, name)?;
        sync_folder(name).inspect_err(|_| drop(fs::remove_file(name)))?;
        Ok(bytes)
    };
    finish().map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => is_there(name),
        _ => about(name, error),
    })
}

/// Removes a draft with what SQLite may have left beside it. What can't be removed has a name that tells what it is.
fn discard(draft: &Path) {
    let _ = fs::remove_file(draft);
    for companion in COMPANIONS {
        let _ = fs::remove_file(with_suffix(draft, companion));
    }
}

/// Brings a file to the disk; gives its size in bytes.
fn sync(path: &Path) -> io::Result<u64> {
    let file = File::open(path)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

/// A name is on the disk once its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    // An absolute path of a file has a parent.
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

fn absolute(path: &str) -> Result<PathBuf, StartError> {
    std::path::absolute(path).map_err(|error| StartError(format!("FILE: {error}")))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn is_there(file: &Path) -> StartError {
    about(file, "is there already, and is not overwritten")
}

fn about(path: &Path, why: impl std::fmt::Display) -> StartError {
    StartError(format!("{}: {why}", path.display()))
}
