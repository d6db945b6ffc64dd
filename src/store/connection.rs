//! A connection to either database, and the two kinds of transaction that klatch uses.

use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};
use diesel::{PgConnection, QueryResult, SqliteConnection};

/// One set of queries for both databases. SQLite stands last: it would accept any address.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

pub type ConnectionPool = Pool<ConnectionManager<AnyConnection>>;

/// Runs `work` with everything it reads as of one moment.
pub fn snapshot<T, E>(
    connection: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<diesel::result::Error>,
{
    connection.transaction(|connection| {
        if let AnyConnection::Postgres(postgres) = connection {
            diesel::sql_query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(postgres)?;
        }
        work(connection)
    })
}

/// What every connection is told once, before its first use.
#[derive(Debug)]
pub struct Prepare;

impl CustomizeConnection<AnyConnection, diesel::r2d2::Error> for Prepare {
    fn on_acquire(&self, connection: &mut AnyConnection) -> Result<(), diesel::r2d2::Error> {
        prepare(connection).map_err(diesel::r2d2::Error::QueryError)
    }
}

/// Durable commits on both. On Postgres a statement, a lock and an idle transaction each end within 5 s, so that a
/// database that hangs is a database that is away and a dead instance's locks are free within seconds; READ COMMITTED
/// whatever the server's default is, since a batch must see what was committed while it waited for its rooms' rows.
pub fn prepare(connection: &mut AnyConnection) -> QueryResult<()> {
    use diesel::connection::SimpleConnection;
    match connection {
        AnyConnection::Postgres(postgres) => postgres.batch_execute(
            "SET synchronous_commit = on; SET statement_timeout = '4s'; SET lock_timeout = '3s'; \
             SET idle_in_transaction_session_timeout = '5s'; SET TIME ZONE 'UTC'; \
             SET default_transaction_isolation = 'read committed'",
        ),
        AnyConnection::Sqlite(sqlite) => sqlite.batch_execute(
            "PRAGMA busy_timeout = 4000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
             PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000",
        ),
    }
}
