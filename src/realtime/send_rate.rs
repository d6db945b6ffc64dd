//! How fast a user may send messages, change them, and change anything else.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::base::metrics::METRICS;
use crate::wire::UserId;
use crate::wire::refusal::Refusal;

/// What a user does in a room: each kind has a bucket of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Send a message.
    Message,
    /// Edit, delete, react.
    Change,
    /// Set a read mark.
    Read,
    /// Change anything else.
    Write,
}

/// How fast a user may send: so many a second, three times as many at once; and so many other changes, ten times as many at
/// once. Shared by all workers, so that a user's sockets and HTTP calls count together.
pub struct SendRate {
    buckets: Option<Buckets>,
    writes: Option<DefaultKeyedRateLimiter<UserId>>,
    started: Instant,
    /// Seconds after `started` at which idle users were last forgotten.
    swept: AtomicU64,
}

struct Buckets {
    messages: DefaultKeyedRateLimiter<UserId>,
    changes: DefaultKeyedRateLimiter<UserId>,
    reads: DefaultKeyedRateLimiter<UserId>,
}

/// Read marks a second that a user may set at least.
const LEAST_READS: NonZeroU32 = NonZeroU32::MIN.saturating_add(31);

/// How many seconds' worth may come at once.
const SEND_BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(2);
const WRITE_BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// Seconds between two sweeps of users who have been quiet.
const SWEEP_SECS: u64 = 60;

impl SendRate {
    /// 0 a second: no limit.
    pub fn new(sends: u32, writes: u32) -> Self {
        let bucket = |rate: NonZeroU32, burst| {
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(rate.saturating_mul(burst)))
        };
        let buckets = NonZeroU32::new(sends).map(|rate| {
            let bucket = |rate| bucket(rate, SEND_BURST);
            // Every open window marks what is read once a second: that must work however slowly its user may send.
            let of_reads = rate.max(LEAST_READS);
            Buckets { messages: bucket(rate), changes: bucket(rate), reads: bucket(of_reads) }
        });
        let writes = NonZeroU32::new(writes).map(|rate| bucket(rate, WRITE_BURST));
        Self { buckets, writes, started: Instant::now(), swept: AtomicU64::new(0) }
    }

    /// Counts one.
    ///
    /// # Errors
    /// `rate_limited`, with the time until there is room for the next.
    pub fn check(&self, user: UserId, kind: Kind) -> Result<(), Refusal> {
        let (bucket, name, message) = match (kind, &self.buckets, &self.writes) {
            (Kind::Message, Some(buckets), _) => (&buckets.messages, "message", "too many messages at once"),
            (Kind::Change, Some(buckets), _) => (&buckets.changes, "change", "too many changes at once"),
            (Kind::Read, Some(buckets), _) => (&buckets.reads, "read", "too many read marks at once"),
            (Kind::Write, _, Some(writes)) => (writes, "write", "too many changes at once"),
            _ => return Ok(()),
        };
        self.forget_the_quiet();
        bucket.check_key(&user).map_err(|until| {
            METRICS.requests_limited.of(name).increment(1);
            Refusal::rate_limited(message, until.wait_time_from(DefaultClock::default().now()))
        })
    }

    fn forget_the_quiet(&self) {
        let (now, swept) = (self.started.elapsed().as_secs(), self.swept.load(Ordering::Relaxed));
        // Of several threads that find it due, one does it.
        if now >= swept + SWEEP_SECS
            && self.swept.compare_exchange(swept, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            let sends = self.buckets.iter().flat_map(|all| [&all.messages, &all.changes, &all.reads]);
            for bucket in sends.chain(&self.writes) {
                bucket.retain_recent();
                bucket.shrink_to_fit();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::refusal::Code;

    #[test]
    fn a_burst_is_three_times_the_rate_and_changes_have_a_bucket_of_their_own() {
        let rate = SendRate::new(2, 0);
        for _ in 0..6 {
            rate.check(1, Kind::Message).unwrap();
        }
        let refusal = rate.check(1, Kind::Message).unwrap_err();
        assert_eq!(refusal.code, Code::RateLimited);
        assert!((1..=501).contains(&refusal.retry_after_ms.unwrap()), "{refusal:?}");
        rate.check(1, Kind::Change).unwrap();
        rate.check(2, Kind::Message).unwrap();
    }

    #[test]
    fn other_changes_have_a_burst_of_ten_times_their_rate() {
        let rate = SendRate::new(0, 1);
        for _ in 0..10 {
            rate.check(1, Kind::Write).unwrap();
        }
        let refusal = rate.check(1, Kind::Write).unwrap_err();
        assert!((1..=1_001).contains(&refusal.retry_after_ms.unwrap()), "{refusal:?}");
        rate.check(2, Kind::Write).unwrap();
        rate.check(1, Kind::Message).unwrap();
    }

    #[test]
    fn zero_is_no_limit() {
        let rate = SendRate::new(0, 0);
        for _ in 0..1_000 {
            rate.check(1, Kind::Message).unwrap();
            rate.check(1, Kind::Write).unwrap();
        }
    }
}
