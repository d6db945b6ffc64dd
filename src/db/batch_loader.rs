//! Group reads: what is asked for while a read runs goes together into the next one. A crowd costs few reads, and a lone
//! asker waits for nobody.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use crate::base::arrivals::Arrivals;
use crate::base::panics::catch_panic;
use crate::db::connection::{AnyConnection, ConnectionPool};
use crate::db::{Lane, StoreError, patiently};
use crate::wire::refusal::Refusal;

/// Askers who may wait.
const MAX_WAITING: usize = 4_096;
/// Askers whom one read answers; SQLite binds 32,766 values at most.
const AT_ONCE: usize = 256;

/// Reads for many askers at once what each would otherwise read for itself. It uses one reader at a time, which rests between
/// two reads while many are on their way in, so that more gather. An answer is never older than its question.
///
/// At most [`MAX_WAITING`] wait; one more is refused as busy. A read for several that fails or panics is tried again for
/// fewer, so that what one asks for fails nobody else; nobody waits longer than [`PATIENCE`](crate::db::PATIENCE).
#[derive(Clone)]
pub struct BatchLoader<K, V>(Arc<Shared<K, V>>);

/// Finds the values of these keys; for those that have none the answer is `None`.
pub type Read<K, V> = fn(&mut AnyConnection, &[K]) -> Result<HashMap<K, V>, Refusal>;

struct Shared<K, V> {
    lane: Lane,
    arrivals: Arc<Arrivals>,
    read: Read<K, V>,
    queue: Mutex<Queue<K, V>>,
}

struct Queue<K, V> {
    /// In the order in which they came.
    waiting: VecDeque<Waiter<K, V>>,
    /// Some thread of the lane reads, or is about to.
    reading: bool,
    /// How many the next read answers at most.
    at_once: usize,
}

struct Waiter<K, V> {
    key: K,
    answer: oneshot::Sender<Result<Option<V>, Refusal>>,
}

impl<K, V> BatchLoader<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    pub(super) fn new(lane: Lane, arrivals: Arc<Arrivals>, read: Read<K, V>) -> Self {
        let queue = Queue { waiting: VecDeque::new(), reading: false, at_once: AT_ONCE };
        Self(Arc::new(Shared { lane, arrivals, read, queue: Mutex::new(queue) }))
    }

    /// The value of `key` as of a moment after the call.
    ///
    /// # Errors
    /// `unavailable`: the database does not answer.
    pub async fn load(&self, key: K) -> Result<Option<V>, Refusal> {
        let (answer, answered) = oneshot::channel();
        let begin = {
            let mut queue = self.0.queue();
            if queue.waiting.len() >= MAX_WAITING {
                return Err(StoreError::Busy.into());
            }
            queue.waiting.push_back(Waiter { key, answer });
            !std::mem::replace(&mut queue.reading, true)
        };
        if begin {
            let reading = Reading { shared: Arc::clone(&self.0), finished: false };
            self.0.lane.see_to(move |pool| reading.run(pool))?;
        }
        patiently(async { answered.await.unwrap_or_else(|_| Err(StoreError::Lost.into())) }).await
    }
}

impl<K, V> Shared<K, V> {
    /// Held for a few moves only, on any thread.
    fn queue(&self) -> MutexGuard<'_, Queue<K, V>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one who reads, until nobody waits any more.
struct Reading<K, V> {
    shared: Arc<Shared<K, V>>,
    finished: bool,
}

impl<K: Clone + Eq + Hash, V: Clone> Reading<K, V> {
    fn run(mut self, pool: &ConnectionPool) {
        while let Some(batch) = self.next() {
            // After a panic the batch goes back into the queue, and its connection is thrown away.
            catch_panic(|| batch.read(pool));
            thread::sleep(self.shared.arrivals.shared_pace());
        }
        self.finished = true;
    }

    /// Those who wait next. Whoever has given up needs no answer.
    fn next(&self) -> Option<Batch<'_, K, V>> {
        let mut queue = self.shared.queue();
        queue.waiting.retain(|waiter| !waiter.answer.is_closed());
        let count = queue.waiting.len().min(queue.at_once);
        queue.reading = count > 0;
        let waiters: Vec<_> = queue.waiting.drain(..count).collect();
        (count > 0).then_some(Batch { shared: &self.shared, waiters })
    }
}

impl<K, V> Drop for Reading<K, V> {
    /// Where no thread takes it, since too much waits for one or the program ends, those who wait are not answered.
    fn drop(&mut self) {
        if !self.finished {
            let mut queue = self.shared.queue();
            queue.reading = false;
            queue.waiting.clear();
        }
    }
}

/// Those whom one read answers. Dropped without an answer they are put back, to be read for in smaller parts; somebody who
/// is alone is not answered then.
struct Batch<'a, K, V> {
    shared: &'a Shared<K, V>,
    waiters: Vec<Waiter<K, V>>,
}

impl<K: Clone + Eq + Hash, V: Clone> Batch<'_, K, V> {
    fn read(mut self, pool: &ConnectionPool) {
        let distinct: HashSet<&K> = self.waiters.iter().map(|waiter| &waiter.key).collect();
        let keys: Vec<K> = distinct.into_iter().cloned().collect();
        let connection = pool.get().map_err(|error| StoreError::Connection(error.to_string()).into());
        self.shared.lane.count();
        match connection.and_then(|mut connection| (self.shared.read)(&mut connection, &keys)) {
            Ok(found) => {
                self.more_at_once();
                for Waiter { key, answer } in self.waiters.drain(..) {
                    let _ = answer.send(Ok(found.get(&key).cloned()));
                }
            }
            Err(refusal) if self.waiters.len() == 1 => {
                for waiter in self.waiters.drain(..) {
                    let _ = waiter.answer.send(Err(refusal.clone()));
                }
            }
            Err(_) => {}
        }
    }

    /// After a failure it had become fewer.
    fn more_at_once(&self) {
        let mut queue = self.shared.queue();
        queue.at_once = (queue.at_once * 2).min(AT_ONCE);
    }
}

impl<K, V> Drop for Batch<'_, K, V> {
    fn drop(&mut self) {
        if self.waiters.len() > 1 {
            let mut queue = self.shared.queue();
            queue.at_once = self.waiters.len() / 2;
            for waiter in self.waiters.drain(..).rev() {
                queue.waiting.push_front(waiter);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::connection::Manager;
    use crate::db::executor::DbExecutor;
    use actix::prelude::*;
    use diesel::r2d2::Pool;
    use futures_util::FutureExt;
    use futures_util::future::join_all;
    use std::sync::atomic::{AtomicBool, Ordering};
    use tokio::sync::Semaphore;

    /// Keys that one read was asked for, in order.
    static READS: Mutex<Vec<Vec<u32>>> = Mutex::new(Vec::new());
    /// Reads wait while it is.
    static CLOSED: AtomicBool = AtomicBool::new(false);

    const FAILS: u32 = 7;
    const PANICS: u32 = 8;
    const MISSING: u32 = 9;

    fn read(_: &mut AnyConnection, keys: &[u32]) -> Result<HashMap<u32, u32>, Refusal> {
        while CLOSED.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        READS.lock().unwrap().push(sorted);
        assert!(!keys.contains(&PANICS));
        if keys.contains(&FAILS) {
            return Err(Refusal::unavailable());
        }
        Ok(keys.iter().filter(|key| **key != MISSING).map(|key| (*key, key * 10)).collect())
    }

    #[test]
    fn those_who_ask_while_a_read_runs_are_answered_together_and_each_by_itself_where_that_fails() {
        System::new().block_on(async {
            let pool = Pool::builder().max_size(1).build(Manager { address: ":memory:".into() }).unwrap();
            let executors = SyncArbiter::start(1, move || DbExecutor { pool: pool.clone() });
            let lane = Lane { executors, permits: Arc::new(Semaphore::new(8)), begun: metrics::Counter::noop() };
            let gather = BatchLoader::new(lane, Arc::default(), read);
            let reads = || std::mem::take(&mut *READS.lock().unwrap());

            assert_eq!(gather.load(1).await, Ok(Some(10)));
            assert_eq!(reads(), [[1]], "a lone asker waits for nobody");

            CLOSED.store(true, Ordering::SeqCst);
            let mut first = gather.load(1).boxed_local();
            assert!(first.as_mut().now_or_never().is_none());
            while !gather.0.queue().waiting.is_empty() {
                tokio::task::yield_now().await;
            }
            let mut given_up = gather.load(99).boxed_local();
            assert!(given_up.as_mut().now_or_never().is_none());
            let mut others = join_all([2, 3, 2, MISSING].map(|key| gather.load(key))).boxed_local();
            assert!(others.as_mut().now_or_never().is_none());
            drop(given_up);
            CLOSED.store(false, Ordering::SeqCst);
            assert_eq!(first.await, Ok(Some(10)));
            assert_eq!(others.await, [Ok(Some(20)), Ok(Some(30)), Ok(Some(20)), Ok(None)]);
            assert_eq!(reads(), [vec![1], vec![2, 3, MISSING]], "who gave up is not read for");

            let answers = join_all([1, 2, FAILS, 3, PANICS, 4].map(|key| gather.load(key))).await;
            let found: Vec<_> = answers.into_iter().map(|answer| answer.ok().flatten()).collect();
            assert_eq!(found, [Some(10), Some(20), None, Some(30), None, Some(40)]);
        });
    }
}
