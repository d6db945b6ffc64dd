//! A mark in a Postgres database that is being restored, from before its tables are replaced until the last step is done. No
//! server starts on it: what was broken off is told, and not served.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::base::start_error::StartError;
use crate::db::InstanceLock;
use crate::db::connection::AnyConnection;
use crate::db::explained::unusable;

/// A table, since it has to be there whatever becomes of the others. No backup has it.
pub const MARK: &str = "klatch_restoring";

/// Marks the database.
pub fn begin(connection: &mut AnyConnection) -> QueryResult<()> {
    run(connection, &format!("CREATE TABLE IF NOT EXISTS {MARK} ()"))
}

/// Takes the mark away.
pub fn end(connection: &mut AnyConnection) -> QueryResult<()> {
    run(connection, &format!("DROP TABLE IF EXISTS {MARK}"))
}

fn run(connection: &mut AnyConnection, statement: &str) -> QueryResult<()> {
    match connection {
        AnyConnection::Postgres(postgres) => diesel::sql_query(statement).execute(postgres).map(drop),
        // A file is replaced in one step.
        AnyConnection::Sqlite(_) => Ok(()),
    }
}

/// That no restore runs or was broken off.
///
/// # Errors
/// One line that says what to do.
pub fn check(connection: &mut AnyConnection) -> Result<(), StartError> {
    if !is_marked(connection).map_err(unusable)? {
        return Ok(());
    }
    let why = match InstanceLock::Exclusive.try_lock(connection).map_err(unusable)? {
        true => {
            "a restore of this database was broken off: do it again, or keep the database as it is by klatch renew-epoch"
        }
        false => "this database is being restored: wait until klatch restore has ended",
    };
    Err(StartError::option("database-url", why))
}

fn is_marked(connection: &mut AnyConnection) -> QueryResult<bool> {
    match connection {
        AnyConnection::Postgres(postgres) => {
            diesel::select(sql::<Bool>(&format!("to_regclass('{MARK}') IS NOT NULL"))).get_result(postgres)
        }
        AnyConnection::Sqlite(_) => Ok(false),
    }
}
