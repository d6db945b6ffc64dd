//! SQLite's write-ahead log, copied into the database beside the commits rather than in their way.
//!
//! SQLite itself copies the log on the commit after its thousandth page, which a batch of writes in many rooms is full of:
//! each of them would wait until the disk has what the one before wrote.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Integer;

use crate::base::metrics::METRICS;
use crate::db::connection::AnyConnection;
use crate::db::{Lane, StoreError};

/// Between two looks at the log.
const INTERVAL: Duration = Duration::from_millis(200);
/// Pages of 4 KiB of a log that is begun anew as soon as all of it is copied.
const LONG: i32 = 16_384;

/// What SQLite says of the log.
#[derive(QueryableByName)]
struct Log {
    /// Somebody reads what it has, so that it can't begin anew.
    #[diesel(sql_type = Integer)]
    busy: i32,
    /// Pages in it.
    #[diesel(sql_type = Integer)]
    log: i32,
}

/// Copies the log from time to time, for as long as the system runs. `beside` reads and copies while others write.
pub(crate) async fn run(beside: Lane, writer: Lane) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let copied = beside.run(|connection| Ok::<_, StoreError>(checkpoint(connection, "PASSIVE")?)).await;
        let begun = match copied {
            // Most of it is copied: the writer waits for what was written meanwhile, and for no reader.
            Ok(Log { log, .. }) if log > LONG => writer.run(begin_anew).await,
            copied => copied,
        };
        match begun {
            Ok(Log { log, .. }) => METRICS.database_log_pages.set(f64::from(log)),
            Err(error) => tracing::warn!(%error, "the write-ahead log could not be copied into the database"),
        }
    }
}

fn begin_anew(connection: &mut AnyConnection) -> Result<Log, StoreError> {
    diesel::sql_query("PRAGMA busy_timeout = 0").execute(connection)?;
    let begun = checkpoint(connection, "RESTART");
    crate::db::connection::wait_for_locks(connection)?;
    let begun = begun?;
    if begun.busy == 0 { Ok(Log { log: 0, ..begun }) } else { Ok(begun) }
}

fn checkpoint(connection: &mut AnyConnection, mode: &str) -> QueryResult<Log> {
    diesel::sql_query(format!("PRAGMA wal_checkpoint({mode})")).get_result(connection)
}
