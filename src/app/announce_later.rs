//! Events of changes that were made beside the server: a job has a server that runs tell them, or the next one.

use diesel::QueryResult;
use diesel::result::Error;
use futures_util::future::LocalBoxFuture;
use uuid::Uuid;

use crate::app::jobs::{JobError, JobKind, Step, Tools, Work, nothing_to_look_for};
use crate::chat::events::Event;
use crate::db::AnyConnection;
use crate::db::jobs::enqueue_once;

/// What is told twice is as if told once: everybody looks at the database then.
pub const ANNOUNCE: JobKind = JobKind { name: "announce", work: Work::Journal(step), look: nothing_to_look_for };

/// Queues events, in the transaction of what they tell.
///
/// # Errors
/// Those of the database.
pub fn enqueue(connection: &mut AnyConnection, events: &[Event]) -> QueryResult<()> {
    if events.is_empty() {
        return Ok(());
    }
    let payload = serde_json::to_string(events).map_err(|error| Error::SerializationError(error.into()))?;
    enqueue_once(connection, ANNOUNCE.name, &format!("announce:{}", Uuid::new_v4()), &payload)
}

fn step<'a>(tools: &'a Tools, payload: &'a str) -> LocalBoxFuture<'a, Result<Step, JobError>> {
    Box::pin(async {
        let events: Vec<Event> = serde_json::from_str(payload)?;
        for event in events {
            tools.hub.announce(event).await;
        }
        Ok(Step::Done)
    })
}
