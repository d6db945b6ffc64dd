//! The job that deletes sessions which ran out long ago, and networks from where nobody has signed in for long.

use diesel::QueryResult;

use crate::app::jobs::{JobError, JobKind, Step, Work};
use crate::base::config::Config;
use crate::chat::{known_networks, login_sessions};
use crate::db::AnyConnection;
use crate::db::jobs::enqueue_once;

pub const PRUNE_SESSIONS: JobKind = JobKind { name: "prune_sessions", work: Work::Rows(step), look };

/// Rows of each kind that are deleted in a step.
const AT_ONCE: i64 = 250;

fn look(connection: &mut AnyConnection, _: &Config) -> QueryResult<()> {
    if login_sessions::run_out(connection, 1)?.is_empty() && known_networks::unused(connection, 1)?.is_empty() {
        return Ok(());
    }
    enqueue_once(connection, PRUNE_SESSIONS.name, PRUNE_SESSIONS.name, "{}")
}

fn step(connection: &mut AnyConnection, _: &str) -> Result<Step, JobError> {
    let sessions = login_sessions::run_out(connection, AT_ONCE)?;
    login_sessions::delete(connection, &sessions)?;
    let networks = known_networks::unused(connection, AT_ONCE)?;
    for (user, network) in &networks {
        known_networks::forget(connection, *user, network)?;
    }
    Ok(if sessions.is_empty() && networks.is_empty() { Step::Done } else { Step::More("{}".to_owned()) })
}
