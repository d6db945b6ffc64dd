//! The job that removes all that somebody wrote. Each message goes through the journal, as when it is deleted by itself, so
//! that everybody sees it go.

use std::time::Duration;

use diesel::QueryResult;
use diesel::result::Error;
use futures_util::future::{LocalBoxFuture, join_all};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;
use crate::app::jobs::{JobError, JobKind, Step, Tools, Work, nothing_to_look_for};
use crate::base::failpoints::hastened;
use crate::chat::batch::Action;
use crate::chat::removals::{self, Part};
use crate::db::AnyConnection;
use crate::db::jobs::{Standing, enqueue_anew, standing};
use crate::wire::UserId;
use crate::wire::refusal::{Code, Refusal};

pub const REMOVE_MESSAGES: JobKind =
    JobKind { name: "remove_messages", work: Work::Journal(step), look: nothing_to_look_for };

/// Messages that are removed in a step: one batch of the journal.
const AT_ONCE: i64 = 50;
/// Walks on end in which nothing could be removed, before the job fails.
const MOST_IN_VAIN: u32 = 30;
/// How long a request waits for the end, at most, and how often it looks.
const WAIT: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(25);

/// Whose messages are removed, by whom, and how far that is.
#[derive(Deserialize, Serialize)]
struct Progress {
    author: UserId,
    by: UserId,
    /// The key of the last message that is done in this walk through them.
    after: String,
    /// Whether something of this walk was removed, and whether something was refused, and is still to be removed.
    removed: bool,
    refused: bool,
    /// Whether it is not the first walk: the second is for what was written during the first.
    again: bool,
    /// Walks on end in which nothing could be removed of what is left.
    in_vain: u32,
    /// Each request has its own: what is asked for again begins again.
    asked: Uuid,
}

fn name_of(by: UserId, author: UserId) -> String {
    format!("remove_messages:{author}:{by}")
}

/// Queues the removal of all that somebody has written by now.
///
/// # Errors
/// Those of the database.
pub fn enqueue(connection: &mut AnyConnection, by: UserId, author: UserId) -> QueryResult<()> {
    let after = String::new();
    let asked = Uuid::new_v4();
    let progress = Progress { author, by, after, removed: false, refused: false, again: false, in_vain: 0, asked };
    let payload = serde_json::to_string(&progress).map_err(|error| Error::SerializationError(error.into()))?;
    enqueue_anew(connection, REMOVE_MESSAGES.name, &name_of(by, author), &payload)
}

/// Has the removal begun at once, and waits for its end for a while; whether it has ended.
///
/// # Errors
/// `unavailable`.
pub async fn await_end(app: &App, by: UserId, author: UserId) -> Result<bool, Refusal> {
    app.jobs.wake();
    let ends = async {
        loop {
            match app.store.read(move |c| Ok::<_, Refusal>(standing(c, &name_of(by, author))?)).await? {
                Standing::Gone => return Ok(true),
                Standing::GivenUp => return Ok(false),
                Standing::Queued => tokio::time::sleep(LOOK).await,
            }
        }
    };
    match tokio::time::timeout(hastened(WAIT), ends).await {
        Ok(ended) => ended,
        Err(_) => Ok(false),
    }
}

fn step<'a>(tools: &'a Tools, payload: &'a str) -> LocalBoxFuture<'a, Result<Step, JobError>> {
    Box::pin(remove_part(tools, payload))
}

async fn remove_part(tools: &Tools, payload: &str) -> Result<Step, JobError> {
    let mut progress: Progress = serde_json::from_str(payload)?;
    let Progress { author, by, .. } = progress;
    let after = progress.after.clone();
    let read = move |c: &mut AnyConnection| Ok::<_, Refusal>(removals::part(c, author, by == author, &after, AT_ONCE)?);
    let Part { left, next } = tools.store.read(read).await?;
    let removals = left.iter().map(async |(slug, room, id)| {
        let action = Action::Delete { id: *id, reason: String::new(), wipe: true };
        match tools.hub.act(slug, Some(*room), by, &action).await {
            // The room may have been deleted meanwhile.
            Err(refusal) if refusal.code != Code::NotFound => Err(refusal),
            _ => Ok(()),
        }
    });
    let mut refusals: Vec<Refusal> = join_all(removals).await.into_iter().filter_map(Result::err).collect();
    progress.refused |= !refusals.is_empty();
    progress.removed |= refusals.len() < left.len();
    // What is refused stops nothing else.
    if let Some(after) = next {
        let progress = Progress { after, ..progress };
        return Ok(Step::More(serde_json::to_string(&progress)?));
    }
    if progress.again && !progress.refused {
        return Ok(Step::Done);
    }
    let is_in_vain = progress.refused && !progress.removed;
    let in_vain = if is_in_vain { progress.in_vain + 1 } else { 0 };
    let progress = Progress { after: String::new(), removed: false, refused: false, again: true, in_vain, ..progress };
    let payload = serde_json::to_string(&progress)?;
    match (is_in_vain, refusals.pop().unwrap_or_else(Refusal::unavailable)) {
        (false, _) => Ok(Step::More(payload)),
        // Given up in the end, which the operator is told.
        (true, refusal) if in_vain > MOST_IN_VAIN => Err(refusal.into()),
        (true, refusal) => Err(JobError::Again { payload, refusal }),
    }
}
