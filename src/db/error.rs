//! What a database that can't do something says, what its asker is told, and whether to ask again.

use std::time::Duration;

use diesel::result::DatabaseErrorKind::{SerializationFailure, UniqueViolation, Unknown};
use diesel::result::Error::DatabaseError;
use thiserror::Error;

use crate::base::metrics::METRICS;
use crate::db::connection::{AnyConnection, LOCK_TIMEOUT};
use crate::db::explained::explained;
use crate::wire::refusal::Refusal;

/// The database could not do it.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("{}", explained(.0))]
    Database(#[from] diesel::result::Error),
    #[error("no connection: {}", explained(.0))]
    Connection(String),
    #[error("the database did not answer within {0:?}")]
    TimedOut(Duration),
    #[error("too many requests wait for the database")]
    Busy,
    #[error("a database task panicked or was dropped")]
    Lost,
}

impl StoreError {
    /// Adds to the metrics; goes with every line in the log that tells of one.
    pub fn count(&self) {
        let kind = match self {
            Self::Database(_) => "query",
            Self::Connection(_) => "connection",
            Self::TimedOut(_) => "timeout",
            Self::Busy => "busy",
            Self::Lost => "lost",
        };
        METRICS.database_errors.of(kind).increment(1);
    }
}

impl From<StoreError> for Refusal {
    /// Logs the cause, for the operator, and tells the asker what they can do.
    fn from(error: StoreError) -> Self {
        error.count();
        tracing::error!(%error, "store failed");
        Self { cause: Some(error.to_string().into()), ..Self::unavailable() }
    }
}

impl From<diesel::result::Error> for Refusal {
    fn from(error: diesel::result::Error) -> Self {
        StoreError::from(error).into()
    }
}

/// What to expect where a transaction that failed is run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It may pass: another transaction came between, by a deadlock or by storing the same row.
    MayPass,
    /// It would wait again: somebody holds a lock that it needs.
    WouldWait,
    /// It would fail again.
    WouldFail,
}

impl Retry {
    /// By the error, and by how long the transaction took.
    ///
    /// Diesel hides the SQLSTATE and has no kind of its own for a deadlock or a timeout of Postgres, and their texts are in
    /// the server's language (`lc_messages`, which only a superuser may set). So an error of an unknown kind counts as a
    /// deadlock, unless a lock may have been waited for in vain. Where it is something else, it comes again.
    pub fn after(error: &diesel::result::Error, connection: &AnyConnection, took: Duration) -> Self {
        let on_postgres = matches!(connection, AnyConnection::Postgres(_));
        match error {
            DatabaseError(UniqueViolation | SerializationFailure, _) => Self::MayPass,
            DatabaseError(Unknown, _) if on_postgres && took < LOCK_TIMEOUT => Self::MayPass,
            DatabaseError(Unknown, _) if on_postgres => Self::WouldWait,
            _ => Self::WouldFail,
        }
    }
}

/// Whether another program holds SQLite's one lock. Diesel has no kind for that; SQLite, which is built in, speaks English
/// only.
pub fn is_locked_sqlite(error: &diesel::result::Error, connection: &AnyConnection) -> bool {
    matches!(connection, AnyConnection::Sqlite(_))
        && matches!(error, DatabaseError(Unknown, info) if info.message().contains("database is locked"))
}
