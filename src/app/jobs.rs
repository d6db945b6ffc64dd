//! The worker that does jobs: one for each instance.
//!
//! It takes the job that has been due for longest, does one step of it, and lets everybody else at the database for at
//! least as long as that took. What a step is to be small enough for: other writes wait for it on SQLite.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::QueryResult;
use futures_util::future::LocalBoxFuture;
use thiserror::Error;
use tokio::sync::Notify;

use crate::base::config::Config;
use crate::base::failpoints::{failpoint, hastened};
use crate::base::metrics::METRICS;
use crate::db::connection::{AnyConnection, transaction};
use crate::db::jobs::{self, Job};
use crate::db::{Store, StoreError};
use crate::realtime::hub::HubHandle;
use crate::wire::refusal::Refusal;

/// How often it is asked whether something is due, while nothing is.
const IDLE: Duration = Duration::from_secs(5);

/// A kind of job. The name stands in the database.
pub struct JobKind {
    pub name: &'static str,
    pub work: Work,
    /// Queues what there is to do, where nobody else queues it. Asked every few seconds, so it must cost little.
    pub look: fn(&mut AnyConnection, &Config) -> QueryResult<()>,
}

/// How a step of what the payload says is done.
#[derive(Clone, Copy)]
pub enum Work {
    /// In the transaction that notes it: once.
    Rows(fn(&mut AnyConnection, &str) -> Result<Step, JobError>),
    /// Through the journal, before it is noted: what is done twice must be as if done once.
    Journal(for<'a> fn(&'a Tools, &'a str) -> LocalBoxFuture<'a, Result<Step, JobError>>),
}

/// For jobs that are queued by those who ask for them.
pub fn nothing_to_look_for(_: &mut AnyConnection, _: &Config) -> QueryResult<()> {
    Ok(())
}

/// What the worker works with.
pub struct Tools {
    pub config: Arc<Config>,
    pub store: Store,
    pub hub: HubHandle,
}

/// Wakes the worker of this instance, where a job was queued that somebody waits for.
#[derive(Clone, Default)]
pub struct Waker(Arc<Notify>);

impl Waker {
    pub fn wake(&self) {
        self.0.notify_one();
    }
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
    #[error("a change was refused: {0}")]
    Refused(#[from] Refusal),
    /// It is tried later, with this payload.
    #[error("a change was refused: {refusal}")]
    Again { payload: String, refusal: Refusal },
}

impl From<diesel::result::Error> for JobError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Does jobs of these kinds until the program ends.
pub async fn work(tools: Tools, kinds: Vec<&'static JobKind>, waker: Waker) {
    let lease = uuid::Uuid::new_v4().to_string();
    loop {
        let since = Instant::now();
        match turn(&tools, &kinds, &lease).await {
            Ok(true) => tokio::time::sleep(since.elapsed()).await,
            Ok(false) => _ = tokio::time::timeout(hastened(IDLE), waker.0.notified()).await,
            Err(error) => {
                error.count();
                tracing::warn!(%error, "the jobs can't be read");
                tokio::time::sleep(hastened(IDLE)).await;
            }
        }
    }
}

/// Does a step of the job that is due. False where none is.
async fn turn(tools: &Tools, kinds: &[&'static JobKind], lease: &str) -> Result<bool, StoreError> {
    let names: Vec<&'static str> = kinds.iter().map(|kind| kind.name).collect();
    let looks: Vec<_> = kinds.iter().map(|kind| kind.look).collect();
    let (worker, config) = (lease.to_owned(), Arc::clone(&tools.config));
    let claim = move |connection: &mut AnyConnection| -> Result<_, StoreError> {
        for look in looks {
            look(connection, &config)?;
        }
        let counts = jobs::counts(connection)?;
        Ok((jobs::claim(connection, &names, &worker)?, counts))
    };
    let (claimed, (waiting, failed)) = tools.store.write(claim).await?;
    METRICS.jobs_waiting.set(waiting as f64);
    METRICS.jobs_failed.set(failed as f64);
    let Some(job) = claimed else { return Ok(false) };
    let Some(kind) = kinds.iter().find(|kind| kind.name == job.kind) else { return Ok(false) };
    failpoint("job_claimed");
    let outcome = match step(tools, kind.work, &job).await {
        Ok(outcome) => outcome,
        Err(error) => {
            let (text, failing) = (error.to_string(), job.clone());
            let payload = if let JobError::Again { payload, .. } = error { Some(payload) } else { None };
            let error = text;
            tracing::warn!(job = job.id, kind = job.kind, error, "a job failed");
            let noted = move |connection: &mut AnyConnection| -> Result<_, StoreError> {
                Ok(jobs::fail(connection, &failing, payload.as_deref(), &error)?)
            };
            if tools.store.write(noted).await? {
                tracing::error!(job = job.id, kind = job.kind, "a job was given up: see klatch jobs");
            }
            "failed"
        }
    };
    failpoint("job_stepped");
    METRICS.job_steps.of(outcome).increment(1);
    Ok(true)
}

/// One step, and the note of it.
async fn step(tools: &Tools, work: Work, job: &Job) -> Result<&'static str, JobError> {
    let held = job.clone();
    match work {
        Work::Rows(step) => {
            let noted = move |c: &mut AnyConnection| note(c, &held, |c| step(c, &held.payload));
            tools.store.write_to_the_end(noted).await
        }
        Work::Journal(step) => {
            let done = step(tools, &job.payload).await?;
            tools.store.write_to_the_end(move |c: &mut AnyConnection| note(c, &held, |_| Ok(done))).await
        }
    }
}

/// What a step does in the database, and the note of it: both or neither.
fn note(
    connection: &mut AnyConnection,
    job: &Job,
    step: impl FnOnce(&mut AnyConnection) -> Result<Step, JobError>,
) -> Result<&'static str, JobError> {
    transaction(connection, |connection| {
        if !jobs::hold(connection, job)? {
            return Ok("lost");
        }
        let outcome = match step(connection)? {
            Step::Done => jobs::remove(connection, job).map(|()| "done")?,
            Step::More(payload) => jobs::go_on(connection, job, &payload).map(|()| "more")?,
        };
        failpoint("job_step");
        Ok(outcome)
    })
}
