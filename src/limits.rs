//! How often: messages and changes of a user, and failed logins.

use std::collections::VecDeque;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;

use crate::error::Refusal;
use crate::protocol::UserId;

/// What a user does in a room: each kind has a bucket of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Send a message.
    Message,
    /// Edit, delete, react.
    Change,
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
}

/// Seconds between two sweeps of users who have been quiet.
const SWEEP_SECS: u64 = 60;

impl SendRate {
    /// `per_second` = 0: no limit.
    pub fn new(per_second: u32) -> Self {
        let buckets = NonZeroU32::new(per_second).map(|rate| {
            let quota = Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(2)));
            Buckets { messages: RateLimiter::keyed(quota), changes: RateLimiter::keyed(quota) }
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
        let (bucket, message) = match kind {
            Kind::Message => (&buckets.messages, "too many messages at once"),
            Kind::Change => (&buckets.changes, "too many changes at once"),
        };
        bucket.check_key(&user).map_err(|until| {
            Refusal::rate_limited(message, millis_up(until.wait_time_from(DefaultClock::default().now())))
        })
    }

    fn forget_the_quiet(&self, buckets: &Buckets) {
        let (now, swept) = (self.started.elapsed().as_secs(), self.swept.load(Ordering::Relaxed));
        // Of several threads that find it due, one does it.
        if now >= swept + SWEEP_SECS
            && self.swept.compare_exchange(swept, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            for bucket in [&buckets.messages, &buckets.changes] {
                bucket.retain_recent();
                bucket.shrink_to_fit();
            }
        }
    }
}

/// The time in which failed logins are counted.
const LOGIN_WINDOW: Duration = Duration::from_secs(60);
/// Accounts and addresses that are kept in mind; beyond that the rarest are forgotten.
const MAX_KEYS: u64 = 100_000;

/// How often a login may fail within a minute: N times for one account from one address, 10 x N for one address.
pub struct LoginRate {
    windows: Option<Windows>,
}

struct Windows {
    accounts: Window<(String, IpAddr)>,
    addresses: Window<IpAddr>,
}

/// A login that is being tried. It counts as failed unless it is given back.
#[derive(Debug)]
#[must_use]
pub struct Attempt {
    account: String,
    address: IpAddr,
    at: Instant,
}

impl LoginRate {
    /// `per_minute` = 0: no limit.
    pub fn new(per_minute: u32) -> Self {
        let most = per_minute as usize;
        let windows = || Windows { accounts: Window::new(most), addresses: Window::new(most * 10) };
        Self { windows: (most > 0).then(windows) }
    }

    /// Takes a place before the password is verified, so that many at once can't pass together. Names count without
    /// regard to case, IPv6 addresses by their /64, which is one customer's.
    ///
    /// # Errors
    /// `rate_limited`, with the time until the next attempt.
    pub fn reserve(&self, account: &str, address: IpAddr) -> Result<Attempt, Refusal> {
        let attempt =
            Attempt { account: account.to_ascii_lowercase(), address: network_of(address), at: Instant::now() };
        if let Some(Windows { accounts, addresses }) = &self.windows {
            let account = (attempt.account.clone(), attempt.address);
            accounts.enter(account.clone(), attempt.at).map_err(too_many)?;
            addresses.enter(attempt.address, attempt.at).map_err(|wait| {
                accounts.leave(&account, attempt.at);
                too_many(wait)
            })?;
        }
        Ok(attempt)
    }

    /// The login did not fail.
    pub fn give_back(&self, attempt: Attempt) {
        if let Some(Windows { accounts, addresses }) = &self.windows {
            addresses.leave(&attempt.address, attempt.at);
            accounts.leave(&(attempt.account, attempt.address), attempt.at);
        }
    }
}

fn too_many(wait: Duration) -> Refusal {
    Refusal::rate_limited("too many failed logins, wait a moment", millis_up(wait))
}

fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        address => address,
    }
}

fn millis_up(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX - 1) + 1
}

/// At most `most` within any [`LOGIN_WINDOW`], for each key.
struct Window<K> {
    most: usize,
    /// When, the oldest first; at most `most` of them.
    times: Cache<K, Arc<Mutex<VecDeque<Instant>>>>,
}

impl<K: Hash + Eq + Send + Sync + 'static> Window<K> {
    fn new(most: usize) -> Self {
        Self { most, times: Cache::builder().max_capacity(MAX_KEYS).time_to_idle(LOGIN_WINDOW).build() }
    }

    fn enter(&self, key: K, now: Instant) -> Result<(), Duration> {
        let times = self.times.get_with(key, Arc::default);
        let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
        while times.front().is_some_and(|time| now.saturating_duration_since(*time) >= LOGIN_WINDOW) {
            times.pop_front();
        }
        match times.front() {
            Some(oldest) if times.len() >= self.most => Err((*oldest + LOGIN_WINDOW).saturating_duration_since(now)),
            _ => {
                times.push_back(now);
                Ok(())
            }
        }
    }

    fn leave(&self, key: &K, entered: Instant) {
        if let Some(times) = self.times.get(key) {
            let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(index) = times.iter().rposition(|time| *time == entered) {
                times.remove(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

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
        let (send, login) = (SendRate::new(0), LoginRate::new(0));
        for _ in 0..1_000 {
            send.check(1, Kind::Message).unwrap();
            let _ = login.reserve("ann", HOME).unwrap();
        }
    }

    #[test]
    fn failed_logins_count_for_an_account_from_an_address() {
        let rate = LoginRate::new(2);
        let _ = rate.reserve("ann", HOME).unwrap();
        let _ = rate.reserve("Ann", HOME).unwrap();
        let refusal = rate.reserve("ann", HOME).unwrap_err();
        assert!((1..=60_001).contains(&refusal.retry_after_ms.unwrap()), "{refusal:?}");
        let _ = rate.reserve("bob", HOME).unwrap();
        let _ = rate.reserve("ann", [192, 0, 2, 2].into()).unwrap();
    }

    #[test]
    fn ten_times_as_many_count_for_an_address() {
        let rate = LoginRate::new(1);
        for n in 0..10 {
            let _ = rate.reserve(&format!("user{n}"), HOME).unwrap();
        }
        rate.reserve("another", HOME).unwrap_err();
    }

    #[test]
    fn a_login_that_succeeds_is_not_counted() {
        let rate = LoginRate::new(1);
        for _ in 0..20 {
            let attempt = rate.reserve("ann", HOME).unwrap();
            rate.give_back(attempt);
        }
    }

    #[test]
    fn an_address_of_ipv6_is_its_network() {
        let rate = LoginRate::new(1);
        let _ = rate.reserve("ann", "2001:db8::1".parse().unwrap()).unwrap();
        rate.reserve("ann", "2001:db8::2".parse().unwrap()).unwrap_err();
        let _ = rate.reserve("ann", "2001:db8:0:1::1".parse().unwrap()).unwrap();
    }

    #[test]
    fn a_place_is_free_again_a_minute_later() {
        let window = Window::new(1);
        let start = Instant::now();
        window.enter("k", start).unwrap();
        window.enter("k", start + LOGIN_WINDOW - Duration::from_millis(1)).unwrap_err();
        window.enter("k", start + LOGIN_WINDOW).unwrap();
    }
}
