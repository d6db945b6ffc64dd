//! The job that deletes entries of the log which are older than the operator wants to keep.

use chrono::{NaiveDateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel::result::Error;

use crate::app::jobs::{JobError, JobKind, Step, Work};
use crate::base::config::Config;
use crate::chat::audit;
use crate::db::AnyConnection;
use crate::db::jobs::enqueue_once;

pub const PRUNE_LOG: JobKind = JobKind { name: "prune_log", work: Work::Rows(step), look };

/// Entries that are deleted in a step.
const AT_ONCE: i64 = 250;

fn look(connection: &mut AnyConnection, config: &Config) -> QueryResult<()> {
    let kept = TimeDelta::days(i64::from(config.audit_days));
    let Some(before) = Utc::now().naive_utc().checked_sub_signed(kept) else { return Ok(()) };
    if config.audit_days == 0 || !audit::is_any_before(connection, before)? {
        return Ok(());
    }
    // The time up to which entries go.
    let payload = serde_json::to_string(&before).map_err(|error| Error::SerializationError(error.into()))?;
    enqueue_once(connection, PRUNE_LOG.name, PRUNE_LOG.name, &payload)
}

fn step(connection: &mut AnyConnection, payload: &str) -> Result<Step, JobError> {
    let before: NaiveDateTime = serde_json::from_str(payload)?;
    Ok(match audit::delete_before(connection, before, AT_ONCE)? {
        0 => Step::Done,
        _ => Step::More(payload.to_owned()),
    })
}
