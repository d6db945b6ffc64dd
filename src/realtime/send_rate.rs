//! How fast a user may send messages and changes.

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
}

/// How fast a user may send: so many a second, three times as many at once. Shared by all workers, so that a user's
/// sockets and HTTP calls count together.
pub struct SendRate {
    buckets: Option<Buckets>,
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

/// Seconds between two sweeps of users who have been quiet.
const SWEEP_SECS: u64 = 60;

impl SendRate {
    /// `per_second` = 0: no limit.
    pub fn new(per_second: u32) -> Self {
        let buckets = NonZeroU32::new(per_second).map(|rate| {
            let bucket = |rate: NonZeroU32| {
                let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(2));
                RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))
            };
            // Every open window marks what is read once a second: that must work however slowly its user may send.
            let of_reads = rate.max(LEAST_READS);
            Buckets { messages: bucket(rate), changes: bucket(rate), reads: bucket(of_reads) }
        });
        Self { buckets, started: Instant::now(), swept: AtomicU64::new(0) }
    }

    /// Counts one.
    ///
    /// # Errors
    /// `rate_limited`, with the time until there is room for the next.
    pub fn check(&self, user: UserId, kind: Kind) -> Result<(), Refusal> {
        let Some(buckets) = &self.buckets else { return Ok(()) };
        self.forget_the_quiet(buckets);
        let (bucket, name, message) = match kind {
            Kind::Message => (&buckets.messages, "message", "too many messages at once"),
            Kind::Change => (&buckets.changes, "change", "too many changes at once"),
            Kind::Read => (&buckets.reads, "read", "too many read marks at once"),
        };
        bucket.check_key(&user).map_err(|until| {
            METRICS.requests_limited.of(name).increment(1);
            Refusal::rate_limited(message, until.wait_time_from(DefaultClock::default().now()))
        })
    }

    fn forget_the_quiet(&self, buckets: &Buckets) {
        let (now, swept) = (self.started.elapsed().as_secs(), self.swept.load(Ordering::Relaxed));
        // Of several threads that find it due, one does it.
        if now >= swept + SWEEP_SECS
            && self.swept.compare_exchange(swept, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            for bucket in [&buckets.messages, &buckets.changes, &buckets.reads] {
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
        let rate = SendRate::new(2);
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
    fn zero_is_no_limit() {
        let rate = SendRate::new(0);
        for _ in 0..1_000 {
            rate.check(1, Kind::Message).unwrap();
        }
    }
}
