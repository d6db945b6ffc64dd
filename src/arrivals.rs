//! Who is on their way in. When everybody comes back at once, those who are in must not wait behind them: what an arrival
//! costs is reads of the database, which all share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::metrics::{Counted, METRICS};

/// Arrivals at once on an instance. Each reads one thing after another, so there are as many reads before anybody else's.
const AT_ONCE: usize = 64;
/// Who is put off comes again after so long at least, and at most; those who were put off together come one after another.
const SOONEST: Duration = Duration::from_secs(1);
const LATEST: Duration = Duration::from_secs(20);
const BETWEEN: Duration = Duration::from_millis(2);

/// Counts sockets from their handshake to `welcome`, and joins while their page is read. A join waits for its turn; a new
/// socket does not, and finds no place while a join waits. So there are never many more joins than can be served.
pub struct Arrivals {
    places: Arc<Semaphore>,
    started: Instant,
    /// Milliseconds after `started` for which the next is put off, if that is not too soon.
    next: AtomicU64,
}

/// One arrival, for as long as it is held.
pub struct Arrival {
    _permit: OwnedSemaphorePermit,
    _counted: Counted,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)), started: Instant::now(), next: AtomicU64::new(0) }
    }
}

impl Arrivals {
    /// For a new socket.
    ///
    /// # Errors
    /// When to come again, where too many are on their way in.
    pub fn try_begin(&self) -> Result<Arrival, Duration> {
        self.places.clone().try_acquire_owned().map(Arrival::of).map_err(|_| self.put_off(self.started.elapsed()))
    }

    /// For a join: waits for its turn.
    pub async fn begin(&self) -> Option<Arrival> {
        self.places.clone().acquire_owned().await.ok().map(Arrival::of)
    }

    fn put_off(&self, now: Duration) -> Duration {
        METRICS.handshakes_put_off.increment(1);
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 2);
        let (soonest, latest) = (millis(now + SOONEST), millis(now + LATEST));
        let after = |next: u64| Some(next.clamp(soonest, latest) + millis(BETWEEN));
        // `after` always gives a value, so both outcomes hold the one before.
        let next = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, after).unwrap_or_else(|next| next);
        Duration::from_millis(next.clamp(soonest, latest)).saturating_sub(now)
    }
}

impl Arrival {
    fn of(permit: OwnedSemaphorePermit) -> Self {
        Self { _permit: permit, _counted: Counted::one(&METRICS.arrivals) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_are_put_off_together_come_again_one_after_another() {
        let arrivals = Arrivals::default();
        let now = Duration::from_secs(60);
        let waits: Vec<_> = (0..20_000).map(|_| arrivals.put_off(now)).collect();
        assert_eq!(waits[0], SOONEST);
        assert!(waits.is_sorted());
        assert_eq!(waits[1_000], SOONEST + BETWEEN * 1_000);
        assert_eq!(waits[waits.len() - 1], LATEST);
        assert_eq!(arrivals.put_off(now * 2), SOONEST);
    }

    #[tokio::test]
    async fn while_a_join_waits_no_new_socket_is_let_in() {
        let arrivals = Arrivals::default();
        let mut inside: Vec<_> = (0..AT_ONCE).map(|_| arrivals.try_begin().ok()).collect();
        let mut join = Box::pin(arrivals.begin());
        assert!(futures_util::poll!(&mut join).is_pending());
        inside.pop();
        assert!(arrivals.try_begin().is_err());
        drop(join.await);
        assert!(arrivals.try_begin().is_ok());
    }
}
