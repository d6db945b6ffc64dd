//! The job that notes names which were set by a version that does not, or does it otherwise: see `chat/names.rs`.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use diesel::prelude::*;

use crate::app::jobs::{JobError, JobKind, Step};
use crate::chat::names;
use crate::db::connection::AnyConnection;
use crate::db::jobs::enqueue_once;

pub const NOTE_NAMES: JobKind = JobKind { name: "note_names", step, look };

/// Names that are noted in a step.
const AT_ONCE: i64 = 100;
/// How often it is looked whether there are any: at the start, and while instances of an older version may still run. Each
/// time all people and rooms are gone through.
const BETWEEN_LOOKS: Duration = Duration::from_secs(3_600);

static LOOKED_AT: Mutex<Option<Instant>> = Mutex::new(None);

fn look(connection: &mut AnyConnection) -> QueryResult<()> {
    let mut looked_at = LOOKED_AT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if looked_at.is_some_and(|at| at.elapsed() < BETWEEN_LOOKS) {
        return Ok(());
    }
    let are_noted = names::stale_users(connection, 1)?.is_empty() && names::stale_rooms(connection, 1)?.is_empty();
    if !are_noted {
        enqueue_once(connection, NOTE_NAMES.name, NOTE_NAMES.name, "{}")?;
    }
    *looked_at = Some(Instant::now());
    Ok(())
}

fn step(connection: &mut AnyConnection, _: &str) -> Result<Step, JobError> {
    let users = names::stale_users(connection, AT_ONCE)?;
    for user in &users {
        names::note_user(connection, *user)?;
    }
    let rooms = names::stale_rooms(connection, AT_ONCE)?;
    for room in &rooms {
        names::note_room(connection, *room)?;
    }
    Ok(if users.is_empty() && rooms.is_empty() { Step::Done } else { Step::More("{}".to_owned()) })
}
