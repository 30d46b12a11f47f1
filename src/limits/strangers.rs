//! Requests whose token does not pass, counted for each peer address, so that nobody makes the gateway check
//! signatures as fast as it can.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use governor::RateLimiter;
use governor::clock::DefaultClock;
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use quick_cache::sync::Cache;

use super::quota;
use crate::config::Rate;
use crate::telemetry::{LimitName, Metrics};

/// Addresses remembered at most; those that fail least are forgotten first.
const MAX_PEERS: usize = 100_000;

/// What one address has used up.
struct Peer {
    failures: RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>,
    /// Nothing more of it is looked at before.
    shut_until: Mutex<Option<Instant>>,
}

/// Addresses that failed, with a quota each; a burst is what may fail in one unit of the rate.
pub struct Strangers {
    peers: Cache<IpAddr, Arc<Peer>>,
    rate: ArcSwap<Option<Rate>>,
    metrics: Arc<Metrics>,
}

impl Strangers {
    /// Nobody has failed yet. Without a rate nobody is ever refused.
    pub fn new(rate: Option<Rate>, metrics: Arc<Metrics>) -> Self {
        Self { peers: Cache::new(MAX_PEERS), rate: ArcSwap::from_pointee(rate), metrics }
    }

    /// Takes this rate from now on. If it is another one, what was counted is forgotten.
    pub fn set(&self, rate: Option<Rate>) {
        if *self.rate.swap(Arc::new(rate)) != rate {
            self.peers.clear();
        }
    }

    /// Whether a token that was never seen may be looked at; else how long that takes.
    pub fn admit(&self, address: IpAddr) -> Result<(), Duration> {
        let Some(peer) = self.peers.get(&network(address)) else { return Ok(()) };
        let shut_until = *peer.shut_until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = shut_until.map(|until| until.saturating_duration_since(Instant::now()));
        match left.filter(|left| !left.is_zero()) {
            None => Ok(()),
            Some(left) => {
                self.metrics.limited(LimitName::AuthFailures, "rate");
                Err(left)
            }
        }
    }

    /// A token from there did not pass.
    pub fn failed(&self, address: IpAddr) {
        let Some(rate) = **self.rate.load() else { return };
        let open = || {
            let failures = RateLimiter::direct(quota(rate, rate.count)).with_middleware();
            Ok::<_, Infallible>(Arc::new(Peer { failures, shut_until: Mutex::new(None) }))
        };
        let peer = match self.peers.get_or_insert_with(&network(address), open) {
            Ok(peer) => peer,
            Err(never) => match never {},
        };
        let used_up = peer.failures.check().map_or(true, |state| state.remaining_burst_capacity() == 0);
        if used_up {
            let mut shut_until = peer.shut_until.lock().unwrap_or_else(PoisonError::into_inner);
            *shut_until = Some(Instant::now() + rate.per / rate.count.max(1));
        }
    }
}

/// Of IPv6 the network of 64 bits, which one customer has to itself.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

impl fmt::Debug for Strangers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Strangers").field("peers", &self.peers.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strangers(hourly: Option<u32>) -> Strangers {
        let rate = hourly.map(|count| Rate { count, per: Duration::from_hours(1) });
        Strangers::new(rate, Arc::new(Metrics::new("v23.0").unwrap()))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_that_fails_too_often_is_shut_out_and_others_are_not() {
        let (strangers, one) = (strangers(Some(3)), address("192.0.2.1"));
        for _ in 0..3 {
            assert_eq!(strangers.admit(one), Ok(()));
            strangers.failed(one);
        }
        let wait = strangers.admit(one).unwrap_err();
        assert!(wait <= Duration::from_mins(20) && wait > Duration::from_mins(19), "{wait:?}");
        assert!(strangers.admit(address("::ffff:192.0.2.1")).is_err(), "the same address");
        assert_eq!(strangers.admit(address("192.0.2.2")), Ok(()));
    }

    #[test]
    fn a_network_of_ipv6_is_one_stranger() {
        let strangers = strangers(Some(1));
        strangers.failed(address("2001:db8::1"));
        assert!(strangers.admit(address("2001:db8::ffff:1")).is_err());
        assert_eq!(strangers.admit(address("2001:db8:0:1::1")), Ok(()));
    }

    #[test]
    fn without_a_rate_nobody_is_shut_out() {
        let (strangers, one) = (strangers(None), address("192.0.2.1"));
        (0..10_000).for_each(|_| strangers.failed(one));
        assert_eq!((strangers.admit(one), strangers.peers.len()), (Ok(()), 0));
    }

    #[test]
    fn addresses_are_forgotten_before_they_are_too_many() {
        let strangers = strangers(Some(3));
        for number in 0..u32::try_from(MAX_PEERS).unwrap() + 1_000 {
            strangers.failed(IpAddr::V4(number.into()));
        }
        assert!(strangers.peers.len() <= MAX_PEERS);
    }
}
