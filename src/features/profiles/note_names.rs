//! The job that notes names which were set by a version that does not, or does it otherwise: see `chat/names.rs`.

use diesel::prelude::*;

use crate::app::jobs::{JobError, JobKind, Step, Work};
use crate::base::config::Config;
use crate::chat::names;
use crate::db::connection::AnyConnection;
use crate::db::jobs::enqueue_once;

pub const NOTE_NAMES: JobKind = JobKind { name: "note_names", work: Work::Rows(step), look };

/// Names that are noted in a step.
const AT_ONCE: i64 = 100;
/// Queues the job where there are any; an index has just these.
fn look(connection: &mut AnyConnection, _: &Config) -> QueryResult<()> {
    if names::stale_users(connection, 1)?.is_empty() && names::stale_rooms(connection, 1)?.is_empty() {
        return Ok(());
    }
    enqueue_once(connection, NOTE_NAMES.name, NOTE_NAMES.name, "{}")
}

fn step(connection: &mut AnyConnection, _: &str) -> Result<Step, JobError> {
    // Rooms before people, as everybody takes them.
    let rooms = names::stale_rooms(connection, AT_ONCE)?;
    for room in &rooms {
        names::note_room(connection, *room)?;
    }
    let users = names::stale_users(connection, AT_ONCE)?;
    for user in &users {
        names::note_user(connection, *user)?;
    }
    Ok(if users.is_empty() && rooms.is_empty() { Step::Done } else { Step::More("{}".to_owned()) })
}
