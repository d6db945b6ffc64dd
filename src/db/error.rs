//! What a database that can't do something says, and what its asker is told.

use thiserror::Error;

use crate::base::metrics::METRICS;
use crate::wire::refusal::Refusal;

/// The database could not do it.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("database: {0}")]
    Database(#[from] diesel::result::Error),
    #[error("no database connection: {0}")]
    Connection(String),
    #[error("the database did not answer within {0:?}")]
    TimedOut(std::time::Duration),
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
        Self::unavailable()
    }
}

impl From<diesel::result::Error> for Refusal {
    fn from(error: diesel::result::Error) -> Self {
        StoreError::from(error).into()
    }
}
