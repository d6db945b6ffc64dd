//! How often a login may fail.

use std::collections::VecDeque;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use moka::sync::Cache;
use tokio::sync::Notify;

use crate::base::metrics::METRICS;
use crate::wire::refusal::Refusal;

/// The time in which failed logins are counted.
const LOGIN_WINDOW: Duration = Duration::from_secs(60);
/// Logins of one key that wait for those before them, and how long one waits in all; then they are told to come again
/// [`SOON`].
const MAX_WAITING: usize = 256;
const MAX_WAIT: Duration = Duration::from_secs(10);
const SOON: Duration = Duration::from_secs(1);
/// Accounts and addresses that are kept in mind; beyond that the rarest are forgotten.
const MAX_KEYS: u64 = 100_000;

/// How often a login may fail within a minute: N times for one account from one address, 10 x N for one address, and
/// 10 x N for one account from all addresses that are not known for it. So an account can't be guessed at from a
/// thousand addresses, and its owner, at home, does not have to wait for those who try.
pub struct LoginRate {
    windows: Option<Windows>,
}

struct Windows {
    accounts: Window<(String, IpAddr)>,
    addresses: Window<IpAddr>,
    strangers: Window<String>,
}

/// A login that is being tried: it holds a place in its windows until it is settled or dropped.
#[derive(Default)]
#[must_use]
pub struct Attempt {
    places: Vec<Place>,
}

impl Attempt {
    /// The name or the password was wrong.
    pub fn failed(self) {
        for place in self.places {
            place.failed(Instant::now());
        }
    }
}

impl LoginRate {
    /// `per_minute` = 0: no limit.
    pub fn new(per_minute: u32) -> Self {
        let most = per_minute as usize;
        let windows = || Windows {
            accounts: Window::new(most),
            addresses: Window::new(most * 10),
            strangers: Window::new(most * 10),
        };
        Self { windows: (most > 0).then(windows) }
    }

    /// Takes a place before the password is verified, so that many at once can't pass together; waits while those that
    /// are being verified could still fill the window. Names count without regard to case, IPv6 addresses by their /64,
    /// which is one customer's. `is_known`: somebody has signed in to the account from there.
    ///
    /// # Errors
    /// `rate_limited`, with the time until the next attempt.
    pub async fn reserve(&self, account: &str, address: IpAddr, is_known: bool) -> Result<Attempt, Refusal> {
        let Some(windows) = &self.windows else { return Ok(Attempt::default()) };
        let entered = windows.enter(account.to_ascii_lowercase(), network_of(address), is_known);
        let places = tokio::time::timeout(MAX_WAIT, entered).await.unwrap_or(Err(SOON));
        places.map(|places| Attempt { places }).map_err(too_many)
    }
}

impl Windows {
    async fn enter(&self, account: String, network: IpAddr, is_known: bool) -> Result<Vec<Place>, Duration> {
        let mut places =
            vec![self.accounts.enter((account.clone(), network)).await?, self.addresses.enter(network).await?];
        if !is_known {
            places.push(self.strangers.enter(account).await?);
        }
        Ok(places)
    }
}

fn too_many(wait: Duration) -> Refusal {
    METRICS.logins_refused.of("rate").increment(1);
    Refusal::rate_limited("too many failed logins, wait a moment", wait)
}

/// What an address counts as: an IPv6 address as its /64.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        address => address,
    }
}

/// At most `most` failures within any [`LOGIN_WINDOW`], for each key.
struct Window<K> {
    most: usize,
    keys: Cache<K, Arc<Failures>>,
}

/// What failed lately for one key, and what is being tried.
#[derive(Default)]
struct Failures {
    counted: Mutex<Tries>,
    settled: Notify,
}

#[derive(Default)]
struct Tries {
    /// When, the oldest first.
    failed: VecDeque<Instant>,
    pending: usize,
    /// Those who wait for a place; at most [`MAX_WAITING`].
    waiting: usize,
}

/// A place of one that is being tried; given back when it is dropped.
struct Place(Arc<Failures>);

impl<K: Hash + Eq + Send + Sync + 'static> Window<K> {
    fn new(most: usize) -> Self {
        Self { most, keys: Cache::builder().max_capacity(MAX_KEYS).time_to_idle(LOGIN_WINDOW).build() }
    }

    async fn enter(&self, key: K) -> Result<Place, Duration> {
        let failures = self.keys.get_with(key, Arc::default);
        let _waiting = Waiting::join(&failures)?;
        loop {
            // Listens before it looks, so that nothing is settled in between unheard.
            let settled = failures.settled.notified();
            if failures.counted().admit(self.most, Instant::now())? {
                return Ok(Place(Arc::clone(&failures)));
            }
            settled.await;
        }
    }
}

/// Counts one who waits for a place, for as long as it is held.
struct Waiting<'a>(&'a Failures);

impl<'a> Waiting<'a> {
    fn join(failures: &'a Failures) -> Result<Self, Duration> {
        let mut counted = failures.counted();
        if counted.waiting >= MAX_WAITING {
            return Err(SOON);
        }
        counted.waiting += 1;
        METRICS.logins_waiting.increment(1);
        Ok(Self(failures))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        METRICS.logins_waiting.decrement(1);
        self.0.counted().waiting -= 1;
    }
}

impl Failures {
    fn counted(&self) -> MutexGuard<'_, Tries> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tries {
    /// `false` where it depends on those that are being tried; otherwise an error is the time until the next may try.
    fn admit(&mut self, most: usize, now: Instant) -> Result<bool, Duration> {
        while self.failed.front().is_some_and(|time| now.saturating_duration_since(*time) >= LOGIN_WINDOW) {
            self.failed.pop_front();
        }
        match self.failed.front() {
            Some(oldest) if self.failed.len() >= most => Err((*oldest + LOGIN_WINDOW).saturating_duration_since(now)),
            _ if self.failed.len() + self.pending >= most => Ok(false),
            _ => {
                self.pending += 1;
                Ok(true)
            }
        }
    }
}

impl Place {
    fn failed(self, at: Instant) {
        self.0.counted().failed.push_back(at);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.counted().pending -= 1;
        self.0.settled.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[tokio::test]
    async fn zero_is_no_limit() {
        let login = LoginRate::new(0);
        for _ in 0..1_000 {
            login.reserve("ann", HOME, false).await.unwrap().failed();
        }
    }

    #[tokio::test]
    async fn failed_logins_count_for_an_account_from_an_address() {
        let rate = LoginRate::new(2);
        rate.reserve("ann", HOME, false).await.unwrap().failed();
        rate.reserve("Ann", HOME, false).await.unwrap().failed();
        let refusal = rate.reserve("ann", HOME, false).await.err().unwrap();
        assert!((1..=60_001).contains(&refusal.retry_after_ms.unwrap()), "{refusal:?}");
        rate.reserve("bob", HOME, false).await.unwrap().failed();
        rate.reserve("ann", [192, 0, 2, 2].into(), false).await.unwrap().failed();
    }

    #[tokio::test]
    async fn ten_times_as_many_count_for_an_address() {
        let rate = LoginRate::new(1);
        for n in 0..10 {
            rate.reserve(&format!("user{n}"), HOME, false).await.unwrap().failed();
        }
        assert!(rate.reserve("another", HOME, false).await.is_err());
    }

    #[tokio::test]
    async fn a_login_that_does_not_fail_is_not_counted() {
        let rate = LoginRate::new(1);
        for _ in 0..20 {
            drop(rate.reserve("ann", HOME, false).await.unwrap());
        }
    }

    #[tokio::test]
    async fn whoever_might_be_one_too_many_waits_for_those_before() {
        let rate = LoginRate::new(1);
        let first = rate.reserve("ann", HOME, false).await.unwrap();
        let mut second = Box::pin(rate.reserve("ann", HOME, false));
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        let second = second.await.unwrap();
        let mut third = Box::pin(rate.reserve("ann", HOME, false));
        assert!(futures_util::poll!(&mut third).is_pending());
        second.failed();
        assert!(third.await.is_err());
    }

    #[tokio::test]
    async fn an_address_of_ipv6_is_its_network() {
        let rate = LoginRate::new(1);
        rate.reserve("ann", "2001:db8::1".parse().unwrap(), false).await.unwrap().failed();
        assert!(rate.reserve("ann", "2001:db8::2".parse().unwrap(), false).await.is_err());
        rate.reserve("ann", "2001:db8:0:1::1".parse().unwrap(), false).await.unwrap().failed();
    }

    #[test]
    fn a_place_is_free_again_a_minute_later() {
        let start = Instant::now();
        let mut counted = Tries { failed: [start].into(), pending: 0, waiting: 0 };
        counted.admit(1, start + LOGIN_WINDOW - Duration::from_millis(1)).unwrap_err();
        assert_eq!(counted.admit(1, start + LOGIN_WINDOW), Ok(true));
    }
}
