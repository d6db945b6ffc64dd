//! The worker that does jobs: one for each instance.
//!
//! It takes the job that has been due for longest, does one step of it in one transaction, and lets everybody else at the
//! database for at least as long as that took. What a step is to be small enough for: other writes wait for it on SQLite.

use std::time::{Duration, Instant};

use diesel::QueryResult;
use thiserror::Error;

use crate::base::failpoints::{failpoint, hastened};
use crate::base::metrics::METRICS;
use crate::db::connection::{AnyConnection, transaction};
use crate::db::jobs::{self, Job};
use crate::db::{Store, StoreError};

/// How often it is asked whether something is due, while nothing is.
const IDLE: Duration = Duration::from_secs(5);

/// A kind of job. The name stands in the database.
pub struct JobKind {
    pub name: &'static str,
    /// Does one step of what the payload says, in the transaction that notes it.
    pub step: fn(&mut AnyConnection, &str) -> Result<Step, JobError>,
    /// Queues what there is to do, where nobody else queues it. Asked every few seconds, so it must cost little.
    pub look: fn(&mut AnyConnection) -> QueryResult<()>,
}

/// What a step came to.
pub enum Step {
    Done,
    /// There is more to do: the payload for it.
    More(String),
}

/// Why a step failed, for the operator.
#[derive(Debug, Error)]
pub enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("its payload can't be read: {0}")]
    Payload(#[from] serde_json::Error),
}

impl From<diesel::result::Error> for JobError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Does jobs of these kinds until the program ends.
pub async fn work(store: Store, kinds: Vec<&'static JobKind>) {
    let lease = uuid::Uuid::new_v4().to_string();
    loop {
        let since = Instant::now();
        let pause = match turn(&store, &kinds, &lease).await {
            Ok(true) => since.elapsed(),
            Ok(false) => hastened(IDLE),
            Err(error) => {
                error.count();
                tracing::warn!(%error, "the jobs can't be read");
                hastened(IDLE)
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Does a step of the job that is due. False where none is.
async fn turn(store: &Store, kinds: &[&'static JobKind], lease: &str) -> Result<bool, StoreError> {
    let names: Vec<&'static str> = kinds.iter().map(|kind| kind.name).collect();
    let looks: Vec<_> = kinds.iter().map(|kind| kind.look).collect();
    let worker = lease.to_owned();
    let claim = move |connection: &mut AnyConnection| -> Result<_, StoreError> {
        for look in looks {
            look(connection)?;
        }
        let counts = jobs::counts(connection)?;
        Ok((jobs::claim(connection, &names, &worker)?, counts))
    };
    let (claimed, (waiting, failed)) = store.write(claim).await?;
    METRICS.jobs_waiting.set(waiting as f64);
    METRICS.jobs_failed.set(failed as f64);
    let Some(job) = claimed else { return Ok(false) };
    let Some(kind) = kinds.iter().find(|kind| kind.name == job.kind) else { return Ok(false) };
    failpoint("job_claimed");
    let (step, held) = (kind.step, job.clone());
    let outcome = match store.write_to_the_end(move |connection| run(connection, &held, step)).await {
        Ok(outcome) => outcome,
        Err(error) => {
            let (error, failing) = (error.to_string(), job.clone());
            tracing::warn!(job = job.id, kind = job.kind, error, "a job failed");
            let noted = move |connection: &mut AnyConnection| -> Result<_, StoreError> {
                Ok(jobs::fail(connection, &failing, &error)?)
            };
            if store.write(noted).await? {
                tracing::error!(job = job.id, kind = job.kind, "a job was given up: see klatch jobs");
            }
            "failed"
        }
    };
    failpoint("job_stepped");
    METRICS.job_steps.of(outcome).increment(1);
    Ok(true)
}

/// One step, and the note of it: both or neither.
fn run(
    connection: &mut AnyConnection,
    job: &Job,
    step: fn(&mut AnyConnection, &str) -> Result<Step, JobError>,
) -> Result<&'static str, JobError> {
    transaction(connection, |connection| {
        if !jobs::hold(connection, job)? {
            return Ok("lost");
        }
        let outcome = match step(connection, &job.payload)? {
            Step::Done => jobs::remove(connection, job).map(|()| "done")?,
            Step::More(payload) => jobs::go_on(connection, job, &payload).map(|()| "more")?,
        };
        failpoint("job_step");
        Ok(outcome)
    })
}
