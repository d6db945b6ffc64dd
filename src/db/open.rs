//! Opening the database at start: locked, migrated, with its pools.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::r2d2::{ManageConnection, Pool};
use diesel::sql_types::Text;
use rustix::fs::{Access, access};
use rustix::io::Errno;
use url::Url;

use crate::base::private_files;
use crate::base::start_error::StartError;
use crate::db::connection::{AnyConnection, ConnectionPool, Manager};
use crate::db::explained::{name_database, unusable};
use crate::db::migrations::has_tables;
use crate::db::{InstanceLock, PATIENCE, Store, expected, meta, migrations, restoring, sqlite};

const READERS: usize = 4;
/// Batches that Postgres stores at the same time; a room is always in the same one.
const POSTGRES_LANES: usize = 4;
/// Writers beside the journal's, for accounts and rooms.
const POSTGRES_WRITERS: usize = 2;

/// Opens, locks and migrates the database at `address` (`sqlite://path` or `postgres://…`) and starts the executors.
/// Needs a running actix system. `secret` gives the fingerprint of the one that this instance has; it is asked once there is a
/// database.
pub fn open(
    address: &str,
    instance_lock: InstanceLock,
    secret: impl FnOnce() -> Result<String, StartError>,
) -> Result<Store, StartError> {
    name_database(address);
    match address.strip_prefix("sqlite://") {
        Some(path) => open_sqlite(path, secret),
        None => open_postgres(address, instance_lock, secret),
    }
}

fn open_sqlite(path: &str, secret: impl FnOnce() -> Result<String, StartError>) -> Result<Store, StartError> {
    sqlite::refuse_foreign(path)?;
    must_be_writable(path)?;
    let lock = lock_file(path)?;
    // Held until the process ends, however it ends.
    std::mem::forget(lock);
    make_private(path)?;
    let mut first = establish(path)?;
    migrations::migrate(&mut first)?;
    meta::note_secret(&mut first, &secret()?).map_err(unusable)?;
    // One writer: SQLite has no more, and a batch waits for nothing else. One connection more copies its log.
    let store = Store::start(pool(path, READERS + 2)?, READERS, 1, 1);
    store.copy_log();
    Ok(store)
}

/// A connection beside a server that may run. Where none does, the tables are brought up to date; they are made only where
/// `creates` says so.
///
/// # Errors
/// There is no chat in the database, and none is to be made.
pub fn open_beside(address: &str, creates: bool) -> Result<AnyConnection, StartError> {
    name_database(address);
    let there_is_one = |connection: &mut AnyConnection| has_tables(connection).map_err(unusable);
    if !creates && !there_is_one(&mut open_as_it_is(address)?)? {
        return Err(StartError::option(
            "database-url",
            "there is no chat in this database: name the server's, or --create",
        ));
    }
    let Some(path) = address.strip_prefix("sqlite://") else {
        let address = with_timeouts(address)?;
        let mut first = establish(&address)?;
        restoring::check(&mut first)?;
        expected::refuse_anothers(&mut first)?;
        migrations::migrate(&mut first)?;
        return establish(&address);
    };
    sqlite::refuse_foreign(path)?;
    must_be_writable(path)?;
    // A server that runs has the lock, and has migrated. The lock is given back before the command does its work.
    if let Ok(_lock) = lock_file(path) {
        make_private(path)?;
        migrations::migrate(&mut establish(path)?)?;
    }
    establish(path)
}

/// A connection to a database as it is.
///
/// # Errors
/// There is none, or it does not answer.
pub fn open_as_it_is(address: &str) -> Result<AnyConnection, StartError> {
    name_database(address);
    match address.strip_prefix("sqlite://") {
        Some(path) if !Path::new(path).is_file() => {
            let why = match std::fs::metadata(path) {
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    "may not be read: run this as the server's user"
                }
                _ => "there is no such database: name the server's --data-dir or --database-url",
            };
            Err(StartError::option("database-url", format!("{path}: {why}")))
        }
        Some(path) => sqlite::refuse_foreign(path).and_then(|()| establish(path)),
        None => establish(&with_timeouts(address)?),
    }
}

/// That the database can be written, and what SQLite keeps beside it: it gives that the database's rights, which may have been others.
fn must_be_writable(path: &str) -> Result<(), StartError> {
    for file in ["", "-wal", "-shm"].map(|companion| format!("{path}{companion}")) {
        let denied = access(&file, Access::WRITE_OK).is_err_and(|error| error != Errno::NOENT);
        if denied {
            let why = format!("{file} can't be written: run this as the server's user, or look at its rights");
            return Err(StartError::option("database-url", why));
        }
    }
    Ok(())
}

/// Makes the file where there is none: SQLite would leave it to the umask who reads it. The files beside it get its mode.
fn make_private(path: &str) -> Result<(), StartError> {
    match private_files::create(Path::new(path)) {
        Ok(_) => {
            tracing::info!(path, "made a new database");
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(unusable(error)),
    }
}

fn open_postgres(
    address: &str,
    instance_lock: InstanceLock,
    secret: impl FnOnce() -> Result<String, StartError>,
) -> Result<Store, StartError> {
    let address = with_timeouts(address)?;
    let mut first = establish(&address)?;
    restoring::check(&mut first)?;
    expected::refuse_anothers(&mut first)?;
    warn_of_encoding(&mut first);
    migrations::migrate(&mut first)?;
    drop(first);
    instance_lock.acquire(&address, &secret()?)?;
    // A restore may have come between, and ended: from now on none begins.
    let mut again = establish(&address)?;
    restoring::check(&mut again)?;
    migrations::migrate(&mut again)?;
    drop(again);
    let writers = POSTGRES_LANES + POSTGRES_WRITERS;
    Ok(Store::start(pool(&address, READERS + writers)?, READERS, writers, POSTGRES_LANES))
}

/// In another encoding than UTF-8 some of what people write can't be stored, or comes back as something else.
fn warn_of_encoding(connection: &mut AnyConnection) {
    if let AnyConnection::Postgres(postgres) = connection {
        let encoding = diesel::select(sql::<Text>("getdatabaseencoding()")).get_result::<String>(postgres);
        if let Some(encoding) = encoding.ok().filter(|encoding| encoding != "UTF8") {
            tracing::warn!(encoding, "the database is not in UTF-8: not all that people write can be stored there");
        }
    }
}

pub(crate) fn establish(address: &str) -> Result<AnyConnection, StartError> {
    let manager = Manager { address: address.to_owned() };
    manager.connect().map_err(unusable)
}

fn pool(address: &str, size: usize) -> Result<ConnectionPool, StartError> {
    Pool::builder()
        .max_size(size as u32)
        .connection_timeout(PATIENCE)
        .build(Manager { address: address.to_owned() })
        .map_err(unusable)
}

/// Two programs that write to one SQLite file would each think they alone know what was handed out.
pub(crate) fn lock_file(database: &str) -> Result<File, StartError> {
    // Nothing is made beside something that can't be a database.
    if Path::new(database).is_dir() {
        return Err(StartError::option("database-url", format!("{database} is a directory")));
    }
    if matches!(sqlite::is_foreign(database), Ok(true)) {
        return Err(sqlite::foreign(database));
    }
    let path = format!("{database}.lock");
    let lock = File::create(Path::new(&path))
        .map_err(|error| StartError::option("database-url", StartError::about(Path::new(&path), &error)))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            Err(StartError::option("database-url", format!("another klatch is running on {database}")))
        }
        Err(TryLockError::Error(error)) => Err(StartError::option("database-url", format!("{path}: {error}"))),
    }
}

/// A server that is gone, or a network that swallows packets, is noticed within seconds.
pub(crate) fn with_timeouts(address: &str) -> Result<String, StartError> {
    let mut url = Url::parse(address).map_err(|error| StartError::option("database-url", error))?;
    let defaults = [
        ("connect_timeout", "4"),
        ("tcp_user_timeout", "4000"),
        ("keepalives_idle", "5"),
        ("keepalives_interval", "2"),
        ("keepalives_count", "2"),
        ("application_name", "klatch"),
    ];
    for (name, value) in defaults {
        if !url.query_pairs().any(|(given, _)| given == name) {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    Ok(url.into())
}
