//! The tables, made and brought up to date at start.
//!
//! Migrations add, and take nothing away that the last version needs: it can run beside this one while a deployment rolls. A database that needs
//! a newer program than this one says so in `meta.minimum_version`.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::base::start_error::StartError;
use crate::db::connection::AnyConnection;
use crate::db::explained::unusable;
use crate::db::schema::meta;
use crate::db::sqlite;

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// What this program understands; a database whose `minimum_version` is above it is refused.
pub const VERSION: i64 = 1;

/// Holds back other instances on the same Postgres while one migrates. ("klatch" in ASCII, and a 1.)
const MIGRATION_LOCK: i64 = 0x6b_6c61_7463_6801;

/// Checks the database's version and runs what is missing.
pub fn migrate(connection: &mut AnyConnection) -> Result<(), StartError> {
    let locked = match connection {
        // The lock is waited for as long as another instance migrates; the statement timeout comes after.
        AnyConnection::Postgres(postgres) => postgres.batch_execute(&format!(
            "SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_advisory_lock({MIGRATION_LOCK})"
        )),
        AnyConnection::Sqlite(_) => Ok(()),
    };
    locked.map_err(failed)?;
    check_version(connection)?;
    match connection {
        AnyConnection::Postgres(postgres) => postgres.run_pending_migrations(POSTGRES).map(drop),
        AnyConnection::Sqlite(connection) => {
            let migrated = connection.run_pending_migrations(SQLITE).map(drop);
            migrated.and_then(|()| Ok(sqlite::sign(connection)?))
        }
    }
    .map_err(failed)
    // The lock is given back with the connection, which the caller closes.
}

/// Whether the tables are of an older version than this program's.
pub fn is_behind(connection: &mut AnyConnection) -> Result<bool, StartError> {
    check_version(connection)?;
    match connection {
        AnyConnection::Postgres(postgres) => postgres.has_pending_migration(POSTGRES),
        AnyConnection::Sqlite(sqlite) => sqlite.has_pending_migration(SQLITE),
    }
    .map_err(failed)
}

/// A database as it is made, empty, in memory.
///
/// # Errors
/// There is no memory for it.
pub fn new_in_memory() -> Result<AnyConnection, StartError> {
    let mut sqlite = SqliteConnection::establish(":memory:").map_err(failed)?;
    sqlite.run_pending_migrations(SQLITE).map_err(failed)?;
    Ok(AnyConnection::Sqlite(sqlite))
}

fn check_version(connection: &mut AnyConnection) -> Result<(), StartError> {
    match minimum_version(connection).map_err(failed)? {
        Some(version) if version > VERSION => Err(StartError::option("database-url", needs_newer(version))),
        _ => Ok(()),
    }
}

/// What keeps this program from a database of this minimum version.
pub fn needs_newer(version: i64) -> String {
    format!("the database needs a newer klatch (its minimum version is {version}, this program's is {VERSION})")
}

/// The oldest version of the program that may use this database; `None` where it is new or not klatch's.
pub fn minimum_version(connection: &mut AnyConnection) -> QueryResult<Option<i64>> {
    if !has_tables(connection)? {
        return Ok(None);
    }
    let stored: Option<String> =
        meta::table.find("minimum_version").select(meta::value).first(connection).optional()?;
    stored
        .map(|version| version.parse::<i64>())
        .transpose()
        .map_err(|error| diesel::result::Error::DeserializationError(Box::new(error)))
}

/// Whether this is a database of klatch, and not a new one.
pub fn has_tables(connection: &mut AnyConnection) -> QueryResult<bool> {
    match connection {
        AnyConnection::Postgres(postgres) => {
            diesel::select(sql::<Bool>("to_regclass('meta') IS NOT NULL")).get_result(postgres)
        }
        AnyConnection::Sqlite(sqlite) => {
            let table = "EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta')";
            diesel::select(sql::<Bool>(table)).get_result(sqlite)
        }
    }
}

fn failed(error: impl std::fmt::Display) -> StartError {
    unusable(format!("migrating failed: {error}"))
}
