//! Who is on their way in. When everybody comes back at once, those who are in must not wait behind them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::metrics::{Counted, METRICS};

/// While so many are on their way in, no further socket is let in. What they need of the database is read for all of them
/// together; what remains is the time of the workers, which those who are in need too.
const AT_ONCE: usize = 512;
/// Who is put off comes again after so long at least, and at most; those who were put off together come one after another,
/// as fast as others get in just then.
const SOONEST: Duration = Duration::from_millis(500);
const LATEST: Duration = Duration::from_secs(20);
/// From one who gets in to the next, as long as nothing is known, and at most.
const BETWEEN: Duration = Duration::from_millis(2);
/// Over so many it is averaged.
const AVERAGED: u64 = 64;
/// What each of those on their way in adds to the time between two reads, and the most of it: of the joins of a room, and of
/// sessions and welcomes, which all share.
const PACE: Duration = Duration::from_micros(500);
const SLOWEST: Duration = Duration::from_millis(250);
const SLOWEST_SHARED: Duration = Duration::from_millis(5);

/// Counts sockets from their handshake to `welcome`, and joins until what they begin with is read.
pub struct Arrivals {
    underway: AtomicUsize,
    started: Instant,
    /// Nanoseconds after `started` for which the next is put off, if that is not too soon.
    next: AtomicU64,
    /// Nanoseconds after `started` when the last socket got in.
    last: AtomicU64,
    /// Nanoseconds from one that gets in to the next, on average.
    between: AtomicU64,
}

/// One arrival, for as long as it is held.
pub struct Arrival {
    arrivals: Arc<Arrivals>,
    is_socket: bool,
    _counted: Counted,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self {
            underway: AtomicUsize::new(0),
            started: Instant::now(),
            next: AtomicU64::new(0),
            last: AtomicU64::new(0),
            between: AtomicU64::new(nanos(BETWEEN)),
        }
    }
}

impl Arrivals {
    /// For a new socket.
    ///
    /// # Errors
    /// When to come again, where too many are on their way in.
    pub fn try_begin(self: &Arc<Self>) -> Result<Arrival, Duration> {
        let place = |underway: usize| (underway < AT_ONCE).then_some(underway + 1);
        match self.underway.fetch_update(Ordering::Relaxed, Ordering::Relaxed, place) {
            Ok(_) => Ok(Arrival::of(self, true)),
            Err(_) => Err(self.put_off(self.started.elapsed())),
        }
    }

    /// For a join, which its socket has a right to.
    pub fn begin(self: &Arc<Self>) -> Arrival {
        self.underway.fetch_add(1, Ordering::Relaxed);
        Arrival::of(self, false)
    }

    /// The time from one read for joins of a room to the next: the more are on their way in, the more of them go into one
    /// read.
    pub fn pace(&self) -> Duration {
        let underway = u32::try_from(self.underway.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        PACE.saturating_mul(underway).min(SLOWEST)
    }

    /// The time from one read of sessions or welcomes to the next, likewise.
    pub fn shared_pace(&self) -> Duration {
        self.pace().min(SLOWEST_SHARED)
    }

    fn put_off(&self, now: Duration) -> Duration {
        METRICS.handshakes_put_off.increment(1);
        let (soonest, latest) = (nanos(now + SOONEST), nanos(now + LATEST));
        let between = self.between.load(Ordering::Relaxed);
        let after = |next: u64| Some(next.clamp(soonest, latest) + between);
        // `after` always gives a value, so both outcomes hold the one before.
        let next = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, after).unwrap_or_else(|next| next);
        Duration::from_nanos(next.clamp(soonest, latest)).saturating_sub(now)
    }

    /// A socket has got in.
    fn note(&self, now: Duration) {
        let took = nanos(now).saturating_sub(self.last.swap(nanos(now), Ordering::Relaxed)).min(nanos(BETWEEN));
        let average = |between: u64| Some((between * (AVERAGED - 1) + took) / AVERAGED);
        // `average` always gives a value.
        let _ = self.between.fetch_update(Ordering::Relaxed, Ordering::Relaxed, average);
    }
}

impl Arrival {
    fn of(arrivals: &Arc<Arrivals>, is_socket: bool) -> Self {
        Self { arrivals: Arc::clone(arrivals), is_socket, _counted: Counted::one(&METRICS.arrivals) }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.arrivals.underway.fetch_sub(1, Ordering::Relaxed);
        if self.is_socket {
            self.arrivals.note(self.arrivals.started.elapsed());
        }
    }
}

/// 584 years go into the number.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 2)
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
    #[test]
    fn while_joins_wait_no_new_socket_is_let_in() {
        let arrivals = Arc::<Arrivals>::default();
        let mut inside: Vec<_> = (0..AT_ONCE).map(|_| arrivals.begin()).collect();
        assert!(arrivals.try_begin().is_err());
        inside.pop();
        let socket = arrivals.try_begin();
        assert!(socket.is_ok() && arrivals.try_begin().is_err());
    }

    #[test]
    fn a_lone_arrival_is_read_for_at_once_and_a_crowd_a_few_times_a_second() {
        let arrivals = Arc::<Arrivals>::default();
        assert_eq!(arrivals.pace(), Duration::ZERO);
        let crowd: Vec<_> = (0..10_000).map(|_| arrivals.begin()).collect();
        assert_eq!(arrivals.pace(), SLOWEST);
        drop(crowd);
        assert_eq!(arrivals.pace(), Duration::ZERO);
    }

    #[test]
    fn they_come_as_fast_as_others_get_in() {
        let arrivals = Arrivals::default();
        let pause = Duration::from_micros(100);
        (0..1_000).for_each(|n| arrivals.note(pause * n));
        let now = Duration::from_secs(60);
        let waits: Vec<_> = (0..1_001).map(|_| arrivals.put_off(now)).collect();
        let spread = waits[1_000] - waits[0];
        assert!(spread >= pause * 1_000 && spread < pause * 1_100, "{spread:?}");
    }
}
