//! How many accounts may be made from one address.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;

use crate::app::login_rate::network_of;
use crate::base::metrics::METRICS;
use crate::wire::refusal::Refusal;

/// Addresses that are kept in mind; beyond that the rarest are forgotten.
const MAX_ADDRESSES: u64 = 100_000;
/// How many hours' worth may come at once. An address that has been quiet for as long has its whole burst again.
const BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);
const REFILLED: Duration = Duration::from_secs(2 * 60 * 60);

/// So many accounts an hour from one address, twice as many at once. Each instance counts by itself.
pub struct SignupRate {
    limit: Option<(Quota, Cache<IpAddr, Arc<DefaultDirectRateLimiter>>)>,
}

impl SignupRate {
    /// `per_hour` = 0: no limit.
    pub fn new(per_hour: u32) -> Self {
        let limit = NonZeroU32::new(per_hour).map(|rate| {
            let addresses = Cache::builder().max_capacity(MAX_ADDRESSES).time_to_idle(REFILLED).build();
            (Quota::per_hour(rate).allow_burst(rate.saturating_mul(BURST)), addresses)
        });
        Self { limit }
    }

    /// Counts one sign-up; an IPv6 address counts by its /64, which is one customer's.
    ///
    /// # Errors
    /// `rate_limited`, with the time until the next may come.
    pub fn check(&self, address: IpAddr) -> Result<(), Refusal> {
        let Some((quota, addresses)) = &self.limit else { return Ok(()) };
        let limiter = addresses.get_with(network_of(address), || Arc::new(RateLimiter::direct(*quota)));
        limiter.check().map_err(|until| {
            METRICS.requests_limited.of("signup").increment(1);
            let wait = until.wait_time_from(DefaultClock::default().now());
            Refusal::rate_limited("too many accounts were made from your network, try again later", wait)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_twice_its_rate_at_once_and_then_waits() {
        let rate = SignupRate::new(10);
        let home = "2001:db8::1".parse().unwrap();
        for _ in 0..20 {
            rate.check(home).unwrap();
        }
        let refusal = rate.check("2001:db8::2".parse().unwrap()).unwrap_err();
        assert!((300_000..=360_001).contains(&refusal.retry_after_ms.unwrap()), "{refusal:?}");
        rate.check("2001:db8:0:1::1".parse().unwrap()).unwrap();
    }

    #[test]
    fn zero_is_no_limit() {
        let rate = SignupRate::new(0);
        for _ in 0..100 {
            rate.check([192, 0, 2, 1].into()).unwrap();
        }
    }
}
