//! The database, without knowledge of what is kept in it: connections, executors, transactions, batch loaders,
//! migrations, and the lock that keeps instances apart.
//!
//! [`Store`] hands work to the [`DbExecutor`]s. The work itself is plain functions over a
//! [`AnyConnection`] in `chat` and the features; each is one transaction, or is called inside one.

pub mod batch_loader;
mod checkpoints;
pub mod clock;
pub mod connection;
pub mod error;
pub mod executor;
pub mod expected;
pub mod explained;
pub mod instance_lock;
pub mod jobs;
pub mod meta;
pub mod migrations;
pub mod multi_row;
pub mod open;
pub mod restoring;
pub mod schema;
mod sqlite;

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix::prelude::*;
use diesel::prelude::*;
use metrics::Counter;
use tokio::sync::Semaphore;

use crate::base::arrivals::Arrivals;
use crate::base::failpoints::hastened;
use crate::base::mailbox::send_detached;
use crate::base::metrics::METRICS;
use crate::db::batch_loader::BatchLoader;
use crate::db::connection::ConnectionPool;
use crate::db::executor::{DbExecutor, Query};
use crate::db::schema::{messages, meta as meta_rows, rooms};
use crate::wire::RoomId;
use crate::wire::refusal::Refusal;

pub use crate::db::connection::AnyConnection;
pub use crate::db::error::StoreError;
pub use crate::db::instance_lock::InstanceLock;

/// How long anything waits for the database before it counts as away.
pub const PATIENCE: Duration = Duration::from_millis(4_800);

/// The row in `meta` with which it is tried whether something can be stored.
const PROBE: &str = "probe";
const PROBE_BYTES: usize = 64 * 1024;
/// A room that there is not.
const NOWHERE: RoomId = -1;
/// That the database stores is believed for so long.
const PROVEN: Duration = Duration::from_secs(10);

/// Queries that may wait for one kind of executor; one more is refused with [`StoreError::Busy`].
const MAX_WAITING: usize = 4_096;

/// The way to the database, shared by all.
#[derive(Clone)]
pub struct Store {
    /// For what only reads: several threads.
    readers: Lane,
    /// For what writes: one thread on SQLite, which has one writer; several on Postgres.
    writers: Lane,
    stores: Arc<Stores>,
    probes: Arc<Semaphore>,
    pub arrivals: Arc<Arrivals>,
    /// How many batches may be stored at the same time.
    pub journal_lanes: usize,
    pool: ConnectionPool,
}

#[derive(Clone)]
struct Lane {
    executors: Addr<DbExecutor>,
    permits: Arc<Semaphore>,
    begun: Counter,
}

impl Store {
    /// Starts the executors on pools that are open. Needs a running actix system.
    fn start(pool: ConnectionPool, readers: usize, writers: usize, journal_lanes: usize) -> Self {
        let begun = |name: &'static str| METRICS.database_queries_begun.of(name);
        let (readers, writers) =
            (Lane::start(&pool, readers, begun("read")), Lane::start(&pool, writers, begun("write")));
        let arrivals = Arc::<Arrivals>::default();
        let stores = Arc::new(Stores::new());
        let probes = Arc::new(Semaphore::new(1));
        Self { readers, writers, stores, probes, arrivals, journal_lanes, pool }
    }

    /// Has SQLite's write-ahead log copied by a thread of its own.
    fn copy_log(&self) {
        let beside = Lane::start(&self.pool, 1, Counter::noop());
        actix_rt::spawn(checkpoints::run(beside, self.writers.clone()));
    }

    /// Notes whether a batch could be stored, for [`is_ready`](Self::is_ready).
    pub fn note(&self, stored: bool) {
        self.stores.note(stored);
    }

    /// Whether the database answers, and takes what is to be stored. Where the last batch could not be stored, or was stored
    /// a while ago, it is tried; after a failure with something of the size of a few messages, since a full disk may have
    /// room for less.
    pub async fn is_ready(&self) -> bool {
        let answers = self.read(|connection| answers(connection).map_err(Refusal::from));
        if self.stores.is_proven() {
            return answers.await.is_ok();
        }
        // One at a time, whoever asks: it is a write. Meanwhile the others are told what is known.
        let Ok(_probing) = self.probes.try_acquire() else {
            return self.stores.did_last() && answers.await.is_ok();
        };
        let bytes = if self.stores.did_last() { 1 } else { PROBE_BYTES };
        let stored = self.write(move |connection| probe(connection, bytes).map_err(Refusal::from)).await.is_ok();
        self.note(stored);
        stored
    }

    /// Tells the metrics what runs and waits just now.
    pub fn observe(&self) {
        METRICS.database_queries.of("read").set(self.readers.queries() as f64);
        METRICS.database_queries.of("write").set(self.writers.queries() as f64);
        let pool = self.pool.state();
        METRICS.database_connections.of("idle").set(pool.idle_connections);
        METRICS.database_connections.of("used").set(pool.connections.saturating_sub(pool.idle_connections));
    }

    /// Runs `work` on a reader; gives up waiting after [`PATIENCE`].
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        patiently(self.readers.run(work)).await
    }

    /// As [`read`](Self::read), for those who have waited before: gives up after `patience`.
    pub async fn read_within<T, E>(
        &self,
        patience: Duration,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        within(patience, self.readers.run(work)).await
    }

    /// A loader that reads for those who ask at the same time together.
    pub fn batch_loader<K, V>(&self, read: batch_loader::Read<K, V>) -> BatchLoader<K, V>
    where
        K: Clone + Eq + Hash + Send + 'static,
        V: Clone + Send + 'static,
    {
        BatchLoader::new(self.readers.clone(), Arc::clone(&self.arrivals), read)
    }

    /// Runs `work` on a writer; gives up waiting after [`PATIENCE`], and it may then be stored or not.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        patiently(self.writers.run(work)).await
    }

    /// Runs `work` on a writer and waits for as long as it takes: for the journal, which must know the outcome.
    pub async fn write_to_the_end<T, E>(
        &self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writers.run(work).await
    }
}

impl Lane {
    fn start(pool: &ConnectionPool, threads: usize, begun: Counter) -> Self {
        let pool = pool.clone();
        let executors = SyncArbiter::start(threads, move || DbExecutor { pool: pool.clone() });
        Self { executors, permits: Arc::new(Semaphore::new(MAX_WAITING)), begun }
    }

    /// Those that run and those that wait.
    fn queries(&self) -> usize {
        MAX_WAITING - self.permits.available_permits()
    }

    async fn run<T, E>(&self, work: impl FnOnce(&mut AnyConnection) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let permit = self.permits.clone().try_acquire_owned().map_err(|_| StoreError::Busy)?;
        let (query, answered) = Query::new(permit, work);
        self.count();
        self.executors.send(query).await.map_err(|_| StoreError::Lost)?;
        answered.await.map_err(|_| StoreError::Lost)?
    }

    /// Has a thread see to something that answers by itself.
    fn see_to(&self, work: impl FnOnce(&ConnectionPool) + Send + 'static) -> Result<(), StoreError> {
        let permit = self.permits.clone().try_acquire_owned().map_err(|_| StoreError::Busy)?;
        send_detached(self.executors.send(Query::of(permit, work)));
        Ok(())
    }

    /// Tells the metrics that a query begins.
    fn count(&self) {
        self.begun.increment(1);
    }
}

/// Whether the database stores, as far as is known.
struct Stores {
    /// What was last to be stored could be stored.
    last: AtomicBool,
    /// When something was, in milliseconds after `began`.
    proven: AtomicU64,
    began: Instant,
}

impl Stores {
    fn new() -> Self {
        Self { last: AtomicBool::new(true), proven: AtomicU64::new(0), began: Instant::now() }
    }

    fn note(&self, stored: bool) {
        if stored {
            self.proven.store(self.now(), Ordering::Relaxed);
        }
        self.last.store(stored, Ordering::Relaxed);
    }

    fn did_last(&self) -> bool {
        self.last.load(Ordering::Relaxed)
    }

    fn is_proven(&self) -> bool {
        let age = Duration::from_millis(self.now().saturating_sub(self.proven.load(Ordering::Relaxed)));
        self.did_last() && age < hastened(PROVEN)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Reads a row.
fn answers(connection: &mut AnyConnection) -> QueryResult<String> {
    meta_rows::table.select(meta_rows::name).first(connection)
}

/// Stores something of the size of a few messages, and takes it away again.
///
/// # Errors
/// Nothing can be stored.
pub fn try_to_store(connection: &mut AnyConnection) -> QueryResult<()> {
    probe(connection, PROBE_BYTES)
}

/// Stores something, and takes it away again. What messages are stored with must be free for that too.
fn probe(connection: &mut AnyConnection, bytes: usize) -> QueryResult<()> {
    diesel::update(rooms::table.find(NOWHERE)).set(rooms::last_seq.eq(0)).execute(connection)?;
    diesel::update(messages::table.find((NOWHERE, 0))).set(messages::seq.eq(0)).execute(connection)?;
    meta::set(connection, PROBE, &"-".repeat(bytes))?;
    diesel::delete(meta_rows::table.find(PROBE)).execute(connection).map(drop)
}

async fn patiently<T, E: From<StoreError>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    within(PATIENCE, work).await
}

async fn within<T, E: From<StoreError>>(patience: Duration, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    tokio::time::timeout(patience, work).await.unwrap_or_else(|_| Err(StoreError::TimedOut(PATIENCE).into()))
}
