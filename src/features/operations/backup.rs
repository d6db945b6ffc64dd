//! Backup and restore. SQLite is copied by this program, Postgres by its own tools, which this program runs.
//!
//! A backup is whole or not there, and overwrites nothing: it is made under another name ([`draft`]), checked, brought to the
//! disk and then given its own. What a restore puts in the database's place is made alike.

mod draft;
mod file_kind;
mod postgres;
mod progress;
mod raw;
mod restore;

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use chrono::Utc;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use libsqlite3_sys::SQLITE_FULL;

use crate::base::config::Config;
use crate::base::private_files;
use crate::base::start_error::StartError;
use crate::chat::{login_sessions, rooms};
use crate::db::connection::{AnyConnection, is_postgres, transaction};
use crate::db::explained::advised;
use crate::db::meta;
use crate::db::migrations::{VERSION, minimum_version, needs_newer};
use crate::db::open::open_as_it_is;
use crate::features::operations::backup::draft::Draft;
use crate::features::operations::backup::file_kind::FileKind;
use crate::features::operations::backup::raw::Raw;

/// The file that stands for standard output, and for standard input.
const STANDARD: &str = "-";

/// Copies the database into `file`, which must not exist, or to standard output; a server may use it meanwhile. Gives the line
/// to print, and whether standard output has the backup.
///
/// # Errors
/// One line that says what can't be done; then there is no `file`.
pub fn backup(config: &Config, file: &str) -> Result<(String, bool), StartError> {
    let address = config.database_url();
    if file == STANDARD {
        to_standard_output(&address)?;
        return Ok((format!("backed up {} to standard output{}", shown(&address), noted(&address)), true));
    }
    let file = absolute(file)?;
    if fs::symlink_metadata(&file).is_ok() {
        return Err(is_there(&file));
    }
    let bytes = make(&address, &file, true)?;
    let line = format!("backed up {} to {}, {bytes} bytes{}", shown(&address), file.display(), noted(&address));
    Ok((line, false))
}

/// Notes for the metrics that there is a backup. Says where that fails: the backup is as good.
fn noted(address: &str) -> String {
    let note = |mut connection: AnyConnection| {
        meta::set(&mut connection, meta::LAST_BACKUP, &Utc::now().timestamp().to_string())
            .map_err(|error| StartError(error.to_string()))
    };
    match open_as_it_is(address).and_then(note) {
        Ok(()) => String::new(),
        Err(error) => format!("; its time could not be noted for the metrics: {error}"),
    }
}

/// Makes the file, which must not exist; gives its size in bytes. `told`: somebody may wait for it at a terminal.
pub(super) fn make(address: &str, file: &Path, told: bool) -> Result<u64, StartError> {
    let source = sqlite_path(address);
    source.as_deref().map_or(Ok(()), is_database)?;
    let draft = Draft::of(file)?;
    match source {
        None => {
            let copy = draft.file.try_clone().map_err(|error| about(file, error))?;
            progress::told(told, &draft.path, None, || postgres::backup(address, copy))?;
        }
        Some(database) => copy(&database, &draft.path, told, |why| about(&database, why))?,
    }
    draft.publish(file)
}

fn to_standard_output(address: &str) -> Result<(), StartError> {
    let failed = |error: io::Error| StartError(format!("standard output: {error}"));
    let out = io::stdout();
    if out.is_terminal() {
        return Err(StartError("standard output is a terminal: send the backup to a program, or name a file".into()));
    }
    let out = out.as_fd().try_clone_to_owned().map_err(failed)?;
    let Some(database) = sqlite_path(address) else { return postgres::backup(address, out.into()) };
    is_database(&database)?;
    // SQLite copies into a file only. It is checked before any of it is sent.
    let draft = Draft::of(&fs::canonicalize(&database).map_err(|error| about(&database, error))?)?;
    copy(&database, &draft.path, true, |why| about(&database, why))?;
    let mut whole = File::open(&draft.path).map_err(|error| about(&draft.path, error))?;
    io::copy(&mut whole, &mut File::from(out)).map(drop).map_err(failed)
}

/// Puts the backup in `file`, or from standard input, in the database's place. Gives the line to print.
///
/// # Errors
/// One line that says what can't be done, and whether the database is as it was.
pub fn restore(config: &Config, file: &str) -> Result<String, StartError> {
    if file == STANDARD {
        let whole = from_standard_input(config)?;
        let named = |text: String| text.replace(&*whole.path.to_string_lossy(), "standard input");
        let restored = restore_file(config, whole.path.clone());
        return restored.map(named).map_err(|StartError(why)| StartError(named(why)));
    }
    restore_file(config, absolute(file)?)
}

/// A file with all of standard input: a backup is looked at before it is restored. It stands where there must be as much room:
/// in an SQLite database's folder, or in the system's for temporary files.
fn from_standard_input(config: &Config) -> Result<Draft, StartError> {
    if io::stdin().is_terminal() {
        return Err(StartError("standard input is a terminal: have a program send the backup, or name a file".into()));
    }
    let folder = match sqlite_path(&config.database_url()) {
        Some(database) => {
            if config.keeps_database() {
                private_files::make_data_dir(&config.data_dir)?;
            }
            let database = absolute(&database.to_string_lossy())?;
            database.parent().unwrap_or(Path::new("/")).to_owned()
        }
        None => std::env::temp_dir(),
    };
    let mut draft = Draft::of(&folder.join("standard-input"))?;
    io::copy(&mut io::stdin().lock(), &mut draft.file).map_err(|error| about(&draft.path, error))?;
    Ok(draft)
}

fn restore_file(config: &Config, file: PathBuf) -> Result<String, StartError> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied => {
            about(&file, format!("can't be read: {error}: put it where the server's user may read it"))
        }
        _ => about(&file, format!("can't be read: {error}")),
    };
    if !fs::metadata(&file).map_err(unreadable)?.is_file() {
        return Err(about(&file, "is no file"));
    }
    let address = config.database_url();
    let database = sqlite_path(&address);
    let wanted = if database.is_some() { FileKind::Sqlite } else { FileKind::Archive };
    match FileKind::of(&file).map_err(unreadable)? {
        found if found == wanted => {}
        found => return Err(StartError(format!("{}: {}", file.display(), found.instead_of(wanted)))),
    }
    match database {
        None => {
            let ended = postgres::restore(&address, &file)?;
            let told = format!("restored {} from {}; the epoch is renewed", shown(&address), file.display());
            Ok(format!("{told}, {ended} sessions have ended; everybody has to sign in again"))
        }
        Some(database) => {
            if config.keeps_database() {
                private_files::make_data_dir(&config.data_dir)?;
            }
            restore::restore(&database, &file)
        }
    }
}

/// What has to be done to a database that was restored by other means, while no server runs.
///
/// # Errors
/// One line that says what can't be done; then nothing has changed.
pub fn renew_epoch(config: &Config) -> Result<String, StartError> {
    let address = config.database_url();
    let ended = match sqlite_path(&address) {
        None => postgres::renew_epoch(&address)?,
        Some(database) => restore::renew_epoch(&database)?,
    };
    Ok(format!("the epoch is renewed; {ended} sessions have ended"))
}

/// The path of an SQLite file; `None` where the address is that of a Postgres server.
pub(super) fn sqlite_path(address: &str) -> Option<PathBuf> {
    (!is_postgres(address)).then(|| PathBuf::from(address.strip_prefix("sqlite://").unwrap_or(address)))
}

/// A database as a line may name it.
fn shown(address: &str) -> String {
    match sqlite_path(address) {
        Some(path) => path.display().to_string(),
        None => "the Postgres database".to_owned(),
    }
}

fn is_database(path: &Path) -> Result<(), StartError> {
    match fs::metadata(path) {
        Ok(file) if file.is_file() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(about(path, "may not be read: run this as the server's user"))
        }
        _ => Err(about(path, "there is no such database")),
    }
}

/// Makes `draft`, an empty file, a copy of `database`, checked: one file, without a WAL beside it. `spoiled` words what is wrong with
/// the database.
fn copy(
    database: &Path,
    draft: &Path,
    told: bool,
    spoiled: impl Fn(&dyn Display) -> StartError,
) -> Result<(), StartError> {
    let source = Raw::open(database).map_err(|error| spoiled(&error))?;
    let target = Raw::open(draft).map_err(|error| about(draft, error))?;
    // A draft that is broken off is thrown away: nothing needs to be undone in it.
    target.execute(c"PRAGMA synchronous = OFF").map_err(|error| about(draft, error))?;
    let size = fs::metadata(database).map(|file| file.len()).ok();
    progress::told(told, draft, size, || source.copy_into(&target)).map_err(|error| match error.code {
        // It is the copy's disk that is full.
        SQLITE_FULL => about(draft, error),
        _ => spoiled(&error),
    })?;
    // The copy of a database in WAL mode is in that mode too.
    target.execute(c"PRAGMA journal_mode = DELETE").map_err(|error| spoiled(&error))?;
    drop(target);
    check(&mut open(draft)?).map_err(|why| spoiled(&why))
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

fn about(path: &Path, why: impl Display) -> StartError {
    StartError(format!("{}: {}", path.display(), advised(why)))
}

/// What is wrong with the file that is to be restored.
fn spoiled(file: &Path, why: impl Display) -> StartError {
    StartError(format!("{}: {why}: restore another backup", file.display()))
}
