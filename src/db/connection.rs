//! A connection to either database, and the two kinds of transaction that klatch uses.

use std::time::Duration;

use diesel::prelude::*;
use diesel::r2d2::{ManageConnection, Pool, R2D2Connection};
use diesel::sql_types::Bool;
use diesel::{PgConnection, QueryResult, SqliteConnection};
use url::Url;

use crate::db::schema::meta;
use crate::db::sqlite;

/// How long a statement of Postgres may take.
pub const STATEMENT_TIMEOUT: &str = "4s";
/// How long Postgres waits for a lock.
pub const LOCK_TIMEOUT: Duration = Duration::from_secs(3);

/// One set of queries for both databases. SQLite stands last: it would accept any address.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Runs a query on the connection that an [`AnyConnection`] holds, for what is read often: on an [`AnyConnection`] itself
/// Diesel writes a query's SQL anew each time, and more than once, although its prepared statement is kept.
macro_rules! on_backend {
    ($any:expr, |$connection:ident| $query:expr) => {
        match $any {
            $crate::db::AnyConnection::Postgres($connection) => $query,
            $crate::db::AnyConnection::Sqlite($connection) => $query,
        }
    };
}
pub(crate) use on_backend;

pub type ConnectionPool = Pool<Manager>;

/// Whether an address is that of a Postgres server; otherwise it is the path of an SQLite file.
pub(crate) fn is_postgres(address: &str) -> bool {
    address.starts_with("postgres://") || address.starts_with("postgresql://")
}

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

/// Runs `work`, which writes, as a whole or not at all. On SQLite others' writes wait from its beginning on: a transaction that
/// has read can't begin to write once anybody else has written.
pub fn transaction<T, E>(
    connection: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<diesel::result::Error>,
{
    connection.transaction(|connection| {
        if let AnyConnection::Sqlite(sqlite) = connection {
            // Writes nothing, and takes the lock of those who write.
            diesel::delete(meta::table.filter(false.into_sql::<Bool>())).execute(sqlite)?;
        }
        work(connection)
    })
}

/// Makes and checks the connections of a pool. Diesel's own manager would try an address of Postgres that does not answer
/// as the path of an SQLite file, and tell neither error.
pub struct Manager {
    /// `postgres://…`, or the path of an SQLite file.
    pub address: String,
}

impl ManageConnection for Manager {
    type Connection = AnyConnection;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<AnyConnection, Self::Error> {
        let mut connection = match is_postgres(&self.address) {
            true => PgConnection::establish(&self.address).map(AnyConnection::Postgres),
            false => {
                sqlite::set_up();
                SqliteConnection::establish(&self.address).map(AnyConnection::Sqlite)
            }
        }
        .map_err(|error| diesel::r2d2::Error::ConnectionError(harmless(error, &self.address)))?;
        prepare(&mut connection).map_err(diesel::r2d2::Error::QueryError)?;
        Ok(connection)
    }

    fn is_valid(&self, connection: &mut AnyConnection) -> Result<(), Self::Error> {
        match connection {
            AnyConnection::Postgres(postgres) => postgres.ping().map_err(diesel::r2d2::Error::QueryError),
            // A file does not go away.
            AnyConnection::Sqlite(_) => Ok(()),
        }
    }

    fn has_broken(&self, connection: &mut AnyConnection) -> bool {
        std::thread::panicking() || connection.is_broken()
    }
}

/// On one line, where libpq's own text may have several, and without the password that it repeats of an address it can't
/// read.
fn harmless(error: ConnectionError, address: &str) -> ConnectionError {
    let ConnectionError::BadConnection(text) = error else { return error };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    ConnectionError::BadConnection(secrets(address).iter().fold(text, |text, secret| hide(&text, secret)))
}

/// Hides a secret where it stands as in an address, between signs. A word of the text that has the same letters stays: it would
/// be told by its absence.
fn hide(text: &str, secret: &str) -> String {
    let is_sign = |c: &char| ":=@/&\"'?".contains(*c);
    let mut shown = String::new();
    let mut from = 0;
    for (at, _) in text.match_indices(secret) {
        let (before, after) = (text[..at].chars().next_back(), text[at + secret.len()..].chars().next());
        let is_in_a_word = [before, after].iter().flatten().any(|c| c.is_alphanumeric());
        if !is_in_a_word && [before, after].iter().flatten().any(is_sign) {
            shown.push_str(&text[from..at]);
            shown.push_str("***");
            from = at + secret.len();
        }
    }
    shown.push_str(&text[from..]);
    shown
}

/// The passwords in an address of Postgres, as they are written there.
fn secrets(address: &str) -> Vec<String> {
    let Ok(url) = Url::parse(address) else { return Vec::new() };
    let parameters = url.query().into_iter().flat_map(|query| query.split('&')).filter_map(|pair| pair.split_once('='));
    let named = parameters.filter(|(name, _)| name.ends_with("password")).map(|(_, value)| value);
    url.password().into_iter().chain(named).filter(|secret| !secret.is_empty()).map(str::to_owned).collect()
}

/// Durable commits on both. On Postgres a statement, a lock and an idle transaction each end within 5 s, so that a
/// database that hangs is a database that is away and a dead instance's locks are free within seconds; READ COMMITTED
/// whatever the server's default is, since a batch must see what was committed while it waited for its rooms' rows. Rows
/// are looked for by their keys, one after another: a prepared statement keeps the plan that was made when its tables were
/// small, and one that reads a whole table would become slower with each message until Postgres analyses the table. Where
/// such a plan is the only one, Postgres takes it for so costly that it would compile it to machine code, for longer than
/// it runs.
fn prepare(connection: &mut AnyConnection) -> QueryResult<()> {
    use diesel::connection::SimpleConnection;
    match connection {
        AnyConnection::Postgres(postgres) => postgres.batch_execute(&format!(
            "SET synchronous_commit = on; SET statement_timeout = '{STATEMENT_TIMEOUT}'; SET lock_timeout = {lock_timeout}; \
             SET idle_in_transaction_session_timeout = '5s'; SET TIME ZONE 'UTC'; \
             SET default_transaction_isolation = 'read committed'; \
             SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off",
            lock_timeout = LOCK_TIMEOUT.as_millis(),
        )),
        AnyConnection::Sqlite(sqlite) => sqlite.batch_execute(&format!(
            "{WAIT_FOR_LOCKS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
             PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 0",
        )),
    }
}

/// For an operator's look at whole tables, which takes as long as it takes: nobody waits for what it reads.
pub(crate) fn look_at_whole_tables(connection: &mut AnyConnection) -> QueryResult<()> {
    use diesel::connection::SimpleConnection;
    match connection {
        AnyConnection::Postgres(postgres) => postgres.batch_execute(
            "SET statement_timeout = '10min'; RESET enable_seqscan; RESET enable_hashjoin; RESET enable_mergejoin",
        ),
        AnyConnection::Sqlite(_) => Ok(()),
    }
}

/// As it was when it was opened.
pub(crate) fn look_as_the_server(connection: &mut AnyConnection) -> QueryResult<()> {
    match connection {
        AnyConnection::Postgres(_) => prepare(connection),
        AnyConnection::Sqlite(_) => Ok(()),
    }
}

const WAIT_FOR_LOCKS: &str = "PRAGMA busy_timeout = 4000";

/// Has a connection of SQLite wait again for whoever else uses the database.
pub(crate) fn wait_for_locks(connection: &mut AnyConnection) -> QueryResult<()> {
    diesel::sql_query(WAIT_FOR_LOCKS).execute(connection).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_as_in_an_address_and_not_as_a_word() {
        for (text, secret, shown) in [
            ("invalid port number: \"me:5eC@db\"", "5eC", "invalid port number: \"me:***@db\""),
            ("invalid percent-encoded token: \"5eC%\"", "5eC%", "invalid percent-encoded token: \"***\""),
            ("unknown option \"x?password=p&y\"", "p", "unknown option \"x?password=***&y\""),
            ("FATAL: password authentication failed", "password", "FATAL: password authentication failed"),
            ("connection to server at \"a\" failed", "e", "connection to server at \"a\" failed"),
        ] {
            assert_eq!(hide(text, secret), shown);
        }
    }
}
