//! The queue of jobs: work that is done later, in steps, by whichever instance takes it.
//!
//! A job is queued in the transaction of what it belongs to. Whoever [`claim`]s it has it for [`LEASE`]; a worker that is
//! killed leaves it to the next. Each step notes in its own transaction how far the job is ([`go_on`], [`remove`]): what a
//! step does in the database is done once. A job that keeps failing is given up and stays, for an operator to look at.

use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::dsl::{count_star, min};
use diesel::prelude::*;

use crate::base::failpoints::hastened;
use crate::db::clock;
use crate::db::connection::AnyConnection;
use crate::db::multi_row::Column::{Texts, Times};
use crate::db::multi_row::Rows;
use crate::db::schema::jobs;

/// How long a worker may take for a step.
const LEASE: Duration = Duration::from_secs(10);
/// A job that has been begun so often without getting on is given up.
const MAX_ATTEMPTS: i32 = 10;
/// Between the first attempt and the second; doubled from one to the next.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// Jobs that are counted, at most.
const MAX_COUNTED: i64 = 10_000;

/// A job that somebody has claimed.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: i64,
    pub kind: String,
    /// JSON: what to do next.
    pub payload: String,
    /// How often it has been begun since it last got on, this time included.
    attempts: i32,
    lease: String,
}

/// A job that was given up.
#[derive(Debug, Queryable)]
pub struct FailedJob {
    pub id: i64,
    pub kind: String,
    pub failed_at: Option<NaiveDateTime>,
    /// What the latest attempt came to.
    pub error: String,
}

/// Queues a job that there is once at most: where one of this name is queued already, or was given up, nothing happens.
pub fn enqueue_once(connection: &mut AnyConnection, kind: &'static str, name: &str, payload: &str) -> QueryResult<()> {
    let now = clock::now(connection)?;
    row(kind, name, payload, now).execute(
        connection,
        "INSERT INTO jobs ({columns}) SELECT * FROM {given} WHERE true ON CONFLICT (name) DO NOTHING",
    )
}

/// Queues a job that somebody asked for, once at most: where one of this name is queued it begins anew with this payload,
/// which is to be another each time, and where it was given up it is tried again.
pub fn enqueue_anew(connection: &mut AnyConnection, kind: &'static str, name: &str, payload: &str) -> QueryResult<()> {
    let now = clock::now(connection)?;
    row(kind, name, payload, now).execute(
        connection,
        "INSERT INTO jobs ({columns}) SELECT * FROM {given} WHERE true ON CONFLICT (name) DO UPDATE SET \
         payload = excluded.payload, run_at = excluded.run_at, attempts = 0, failed_at = NULL",
    )
}

fn row<'a>(kind: &'a str, name: &'a str, payload: &'a str, run_at: NaiveDateTime) -> Rows<'a> {
    Rows::new(1)
        .with("kind", Texts(vec![kind]))
        .with("name", Texts(vec![name]))
        .with("payload", Texts(vec![payload]))
        .with("run_at", Times(vec![run_at]))
}

/// How it stands with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Queued,
    GivenUp,
    /// It is done, or nobody asked for it.
    Gone,
}

/// How it stands with the job of this name.
pub fn standing(connection: &mut AnyConnection, name: &str) -> QueryResult<Standing> {
    let given_up: Option<bool> =
        jobs::table.filter(jobs::name.eq(name)).select(jobs::failed_at.is_not_null()).first(connection).optional()?;
    Ok(match given_up {
        None => Standing::Gone,
        Some(true) => Standing::GivenUp,
        Some(false) => Standing::Queued,
    })
}

/// Takes the job of these kinds that has been due for longest, as the worker `lease`. `None` where none is due.
pub fn claim(connection: &mut AnyConnection, kinds: &[&str], lease: &str) -> QueryResult<Option<Job>> {
    loop {
        let now = clock::now(connection)?;
        let is_free = || jobs::leased_until.is_null().or(jobs::leased_until.le(now));
        let due: Option<(i64, String, String, i32)> = jobs::table
            .filter(jobs::failed_at.is_null().and(jobs::run_at.le(now)))
            .filter(jobs::kind.eq_any(kinds))
            .filter(is_free())
            .order((jobs::run_at, jobs::id))
            .select((jobs::id, jobs::kind, jobs::payload, jobs::attempts))
            .first(connection)
            .optional()?;
        let Some((id, kind, payload, attempts)) = due else { return Ok(None) };
        let attempts = attempts + 1;
        let until = now + span(hastened(LEASE));
        // Another instance may take it at the same moment: it is whose update finds it free.
        let taken = diesel::update(jobs::table.find(id).filter(is_free()))
            .set((jobs::lease.eq(lease), jobs::leased_until.eq(until), jobs::attempts.eq(attempts)))
            .execute(connection)?;
        if taken == 0 {
            continue;
        }
        let job = Job { id, kind, payload, attempts, lease: lease.to_owned() };
        if attempts > MAX_ATTEMPTS {
            fail(connection, &job, None, "it was begun again and again, and never ended")?;
            continue;
        }
        return Ok(Some(job));
    }
}

/// Begins a step, in its transaction: nobody else takes the job until that ends. False where it is no longer this worker's.
pub fn hold(connection: &mut AnyConnection, job: &Job) -> QueryResult<bool> {
    let held = diesel::update(mine(job)).set(jobs::attempts.eq(job.attempts)).execute(connection)?;
    Ok(held == 1)
}

/// The job is done. One that was asked for again meanwhile goes on with what it was asked.
pub fn remove(connection: &mut AnyConnection, job: &Job) -> QueryResult<()> {
    match diesel::delete(mine(job).filter(jobs::payload.eq(&job.payload))).execute(connection)? {
        0 => free(connection, job),
        _ => Ok(()),
    }
}

/// The job got on, and goes on with this payload when its turn comes again; unless it was asked for anew meanwhile.
pub fn go_on(connection: &mut AnyConnection, job: &Job, payload: &str) -> QueryResult<()> {
    diesel::update(mine(job).filter(jobs::payload.eq(&job.payload)))
        .set(jobs::payload.eq(payload))
        .execute(connection)?;
    free(connection, job)
}

/// Lets the next worker have it, when its turn comes again.
fn free(connection: &mut AnyConnection, job: &Job) -> QueryResult<()> {
    let now = clock::now(connection)?;
    let free = (jobs::lease.eq(None::<String>), jobs::leased_until.eq(None::<NaiveDateTime>));
    diesel::update(mine(job))
        .set((jobs::run_at.eq(now), jobs::attempts.eq(0), jobs::error.eq(""), free))
        .execute(connection)
        .map(drop)
}

/// A step failed: the job is tried again later, with another payload where one is given, or given up, unless it was asked for
/// anew meanwhile. True where it was given up.
pub fn fail(connection: &mut AnyConnection, job: &Job, payload: Option<&str>, error: &str) -> QueryResult<bool> {
    let now = clock::now(connection)?;
    let is_same = mine(job).filter(jobs::payload.eq(&job.payload));
    if !diesel::select(diesel::dsl::exists(is_same)).get_result::<bool>(connection)? {
        return free(connection, job).map(|()| false);
    }
    let given_up = job.attempts >= MAX_ATTEMPTS;
    let free = (jobs::lease.eq(None::<String>), jobs::leased_until.eq(None::<NaiveDateTime>));
    diesel::update(mine(job))
        .set((
            jobs::error.eq(error),
            jobs::payload.eq(payload.unwrap_or(&job.payload)),
            jobs::run_at.eq(now + span(hastened(wait_after(job.attempts)))),
            jobs::failed_at.eq(given_up.then_some(now)),
            free,
        ))
        .execute(connection)?;
    Ok(given_up)
}

/// How long a job waits after it has failed so often: twice as long each time, and up to half as long again, so that jobs
/// that failed together are not tried together.
fn wait_after(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(16);
    let wait = (FIRST_WAIT * 2_u32.pow(doublings)).min(LONGEST_WAIT);
    wait + wait.mul_f64(rand::random::<f64>() / 2.0)
}

/// A job's row, as long as its lease is this worker's.
#[diesel::dsl::auto_type]
fn mine<'a>(job: &'a Job) -> _ {
    let lease: &'a str = job.lease.as_str();
    let id: i64 = job.id;
    jobs::table.filter(jobs::id.eq(id)).filter(jobs::lease.eq(lease))
}

fn span(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX)
}

/// How many jobs wait or run, and how many were given up; [`MAX_COUNTED`] stands for all above it.
pub fn counts(connection: &mut AnyConnection) -> QueryResult<(i64, i64)> {
    let mut count = |failed: bool| -> QueryResult<i64> {
        let some = jobs::table.select(jobs::id).limit(MAX_COUNTED);
        let ids: Vec<i64> = match failed {
            true => some.filter(jobs::failed_at.is_not_null()).load(connection)?,
            false => some.filter(jobs::failed_at.is_null()).load(connection)?,
        };
        Ok(i64::try_from(ids.len()).unwrap_or(MAX_COUNTED))
    };
    Ok((count(false)?, count(true)?))
}

/// Jobs that were given up, the first ones first.
pub fn failed(connection: &mut AnyConnection, limit: i64) -> QueryResult<Vec<FailedJob>> {
    jobs::table
        .filter(jobs::failed_at.is_not_null())
        .order((jobs::failed_at, jobs::id))
        .limit(limit)
        .select((jobs::id, jobs::kind, jobs::failed_at, jobs::error))
        .load(connection)
}

/// How many jobs are to be done now, and since when the first of them.
pub fn due(connection: &mut AnyConnection) -> QueryResult<(i64, Option<NaiveDateTime>)> {
    let now = clock::now(connection)?;
    jobs::table
        .filter(jobs::failed_at.is_null().and(jobs::run_at.le(now)))
        .select((count_star(), min(jobs::run_at)))
        .first(connection)
}

/// Queues a job anew that was given up. False where there is none of this number.
pub fn retry(connection: &mut AnyConnection, id: i64) -> QueryResult<bool> {
    let now = clock::now(connection)?;
    let queued = diesel::update(jobs::table.find(id).filter(jobs::failed_at.is_not_null()))
        .set((jobs::failed_at.eq(None::<NaiveDateTime>), jobs::run_at.eq(now), jobs::attempts.eq(0)))
        .execute(connection)?;
    Ok(queued == 1)
}

/// Deletes a job that was given up. False where there is none of this number.
pub fn discard(connection: &mut AnyConnection, id: i64) -> QueryResult<bool> {
    let deleted = diesel::delete(jobs::table.find(id).filter(jobs::failed_at.is_not_null())).execute(connection)?;
    Ok(deleted == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_job_waits_twice_as_long_each_time_and_an_hour_or_so_at_most() {
        for (attempts, least) in [(1, 1), (2, 2), (5, 16), (10, 512), (i32::MAX, 3600)] {
            let wait = wait_after(attempts);
            let least = Duration::from_secs(least);
            assert!(wait >= least && wait <= least * 3 / 2, "{attempts}: {wait:?}");
        }
    }
}
