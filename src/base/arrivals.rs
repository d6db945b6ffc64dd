//! Who is on their way in. When everybody comes back at once, those who are in must not wait behind them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::base::metrics::{Counted, METRICS};

/// A debug build takes about eight times as long for everything.
const SLOWNESS: usize = if cfg!(debug_assertions) { 8 } else { 1 };
/// While so many are on their way in, no further socket is let in. What they need of the database is read for all of them
/// together; what remains is the time of the workers, about a quarter of a millisecond for each, which those who are in need
/// too. Measured with 8,000 who come at once on two cores, their clients on them too: with 64 they are in after 19 s, with
/// 512 after 6, with 2,048 after 4, half of what is sent meanwhile being stored after 10 ms; with no bound after 2, and half of
/// it after 400 ms. Beside other work 2,048 delay those who are in by a second: hence half of that.
const AT_ONCE: usize = 1_024 / SLOWNESS;
/// Who is put off comes again after so long at least, and at most; those who were put off together come one after another,
/// as fast as they can be let in: each refusal costs time too.
const SOONEST: Duration = Duration::from_millis(500);
const LATEST: Duration = Duration::from_secs(20);
const BETWEEN: Duration = Duration::from_micros(250 * SLOWNESS as u64);
/// What each of those on their way in adds to the time between two reads, and the most of it: of the joins of a room, and of
/// sessions and welcomes, which all share.
const PACE: Duration = Duration::from_micros(500);
const SLOWEST: Duration = Duration::from_millis(250);
const SLOWEST_SHARED: Duration = Duration::from_millis(5);

/// Counts sockets from their handshake to `welcome`, and joins until what they begin with is read.
pub struct Arrivals {
    underway: Arc<AtomicUsize>,
    started: Instant,
    /// Microseconds after `started` for which the next is put off, if that is not too soon.
    next: AtomicU64,
}

/// One arrival, for as long as it is held.
pub struct Arrival {
    underway: Arc<AtomicUsize>,
    _counted: Counted,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self { underway: Arc::default(), started: Instant::now(), next: AtomicU64::new(0) }
    }
}

impl Arrivals {
    /// For a new socket.
    ///
    /// # Errors
    /// When to come again, where too many are on their way in.
    pub fn try_begin(&self) -> Result<Arrival, Duration> {
        let place = |underway: usize| (underway < AT_ONCE).then_some(underway + 1);
        match self.underway.fetch_update(Ordering::Relaxed, Ordering::Relaxed, place) {
            Ok(_) => Ok(self.begun()),
            Err(_) => Err(self.put_off(self.started.elapsed())),
        }
    }

    /// For a join, which its socket has a right to.
    pub fn begin(&self) -> Arrival {
        self.underway.fetch_add(1, Ordering::Relaxed);
        self.begun()
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

    fn begun(&self) -> Arrival {
        Arrival { underway: Arc::clone(&self.underway), _counted: Counted::one(&METRICS.arrivals) }
    }

    fn put_off(&self, now: Duration) -> Duration {
        METRICS.handshakes_put_off.increment(1);
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX / 2);
        let (soonest, latest) = (micros(now + SOONEST), micros(now + LATEST));
        let after = |next: u64| Some(next.clamp(soonest, latest) + micros(BETWEEN));
        // `after` always gives a value, so both outcomes hold the one before.
        let next = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, after).unwrap_or_else(|next| next);
        Duration::from_micros(next.clamp(soonest, latest)).saturating_sub(now)
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.underway.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_are_put_off_together_come_again_one_after_another() {
        let arrivals = Arrivals::default();
        let now = Duration::from_secs(60);
        let waits: Vec<_> = (0..200_000).map(|_| arrivals.put_off(now)).collect();
        assert_eq!(waits[0], SOONEST);
        assert!(waits.is_sorted());
        assert_eq!(waits[1_000], SOONEST + BETWEEN * 1_000);
        assert_eq!(waits[waits.len() - 1], LATEST);
        assert_eq!(arrivals.put_off(now * 2), SOONEST);
    }

    #[test]
    fn while_joins_wait_no_new_socket_is_let_in() {
        let arrivals = Arrivals::default();
        let mut inside: Vec<_> = (0..AT_ONCE).map(|_| arrivals.begin()).collect();
        assert!(arrivals.try_begin().is_err());
        inside.pop();
        let socket = arrivals.try_begin();
        assert!(socket.is_ok() && arrivals.try_begin().is_err());
    }

    #[test]
    fn a_lone_arrival_is_read_for_at_once_and_a_crowd_a_few_times_a_second() {
        let arrivals = Arrivals::default();
        assert_eq!(arrivals.pace(), Duration::ZERO);
        let crowd: Vec<_> = (0..10_000).map(|_| arrivals.begin()).collect();
        assert_eq!(arrivals.pace(), SLOWEST);
        drop(crowd);
        assert_eq!(arrivals.pace(), Duration::ZERO);
    }
}
