//! The units each caller may use, so that no application starves another.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{InsufficientCapacity, RateLimiter};
use quick_cache::sync::Cache;

use super::quota;
use crate::config::{LimitSettings, Rate};
use crate::domain::Caller;
use crate::telemetry::{LimitName, Metrics};

/// Callers remembered at most. Those that ask least are forgotten first: they have their units back anyway, mostly.
const MAX_CALLERS: usize = 100_000;
/// Ids that one unit pays for.
const IDS_PER_UNIT: usize = 64;

type Limiter = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// What a caller has left, for the `RateLimit` fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerQuota {
    /// The rate in force.
    pub rate: Rate,
    /// Units that may be used at once.
    pub burst: u32,
    /// Units left at this moment.
    pub remaining: u32,
    /// Seconds until the whole burst is there again.
    pub reset_seconds: u64,
}

/// The caller must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaExceeded {
    /// What the caller has.
    pub quota: CallerQuota,
    /// How long to wait before the same request can pass.
    pub retry_after: Duration,
}

/// What a caller may use.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    rate: Rate,
    burst: u32,
}

/// What one caller has used.
struct Account {
    limiter: Limiter,
    allowance: Allowance,
}

/// Counts units per caller: one for each request, one more for every started 64 ids.
pub struct CallerLimiter {
    accounts: Cache<Caller, Arc<Account>>,
    usual: Allowance,
    /// Of the callers that have one of their own.
    special: HashMap<Caller, Allowance>,
    metrics: Arc<Metrics>,
}

impl CallerLimiter {
    /// A limiter in which nobody has used anything.
    pub fn new(settings: &LimitSettings, metrics: Arc<Metrics>) -> Self {
        let special = settings.callers.iter().map(|one| {
            let caller = Caller { issuer: one.issuer.clone(), subject: one.subject.clone() };
            (caller, Allowance { rate: one.rate, burst: one.burst })
        });
        Self {
            accounts: Cache::new(MAX_CALLERS),
            usual: Allowance { rate: settings.caller, burst: settings.caller_burst },
            special: special.collect(),
            metrics,
        }
    }

    /// Takes the unit of a request.
    pub fn admit(&self, caller: &Caller) -> Result<CallerQuota, QuotaExceeded> {
        self.take(caller, NonZeroU32::MIN)
    }

    /// Takes the further units of a decision on so many ids.
    pub fn admit_ids(&self, caller: &Caller, ids: usize) -> Result<CallerQuota, QuotaExceeded> {
        let units = u32::try_from(ids.div_ceil(IDS_PER_UNIT)).unwrap_or(u32::MAX);
        self.take(caller, NonZeroU32::new(units).unwrap_or(NonZeroU32::MIN))
    }

    fn take(&self, caller: &Caller, units: NonZeroU32) -> Result<CallerQuota, QuotaExceeded> {
        let account = self.account(caller);
        match account.limiter.check_n(units) {
            Ok(Ok(state)) => Ok(account.allowance.state(state.remaining_burst_capacity())),
            Ok(Err(not_until)) => {
                let retry_after = not_until.wait_time_from(DefaultClock::default().now());
                Err(self.refuse(&account, "rate", retry_after))
            }
            // More units than the burst holds could never pass; the bounds of the settings see to it that none are.
            Err(InsufficientCapacity(_)) => Err(self.refuse(&account, "burst", Duration::from_hours(1))),
        }
    }

    fn account(&self, caller: &Caller) -> Arc<Account> {
        let open = || {
            let allowance = self.special.get(caller).copied().unwrap_or(self.usual);
            let limiter = RateLimiter::direct(quota(allowance.rate, allowance.burst)).with_middleware();
            Ok::<_, std::convert::Infallible>(Arc::new(Account { limiter, allowance }))
        };
        match self.accounts.get_or_insert_with(caller, open) {
            Ok(account) => account,
            Err(never) => match never {},
        }
    }

    fn refuse(&self, account: &Account, reason: &'static str, retry_after: Duration) -> QuotaExceeded {
        self.metrics.limited(LimitName::Caller, reason);
        QuotaExceeded { quota: account.allowance.state(0), retry_after }
    }
}

impl Allowance {
    fn state(self, remaining: u32) -> CallerQuota {
        let Self { rate, burst } = self;
        let missing = burst.saturating_sub(remaining);
        let interval = rate.per / rate.count.max(1);
        let reset_seconds = interval.saturating_mul(missing).as_secs_f64().ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "non-negative and far below 2^53"
        )]
        let reset_seconds = reset_seconds as u64;
        CallerQuota { rate, burst, remaining, reset_seconds }
    }
}

impl fmt::Debug for CallerLimiter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CallerLimiter").field("callers", &self.accounts.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_forgotten_before_they_are_too_many() {
        let rate = Rate { count: 1, per: Duration::from_hours(1) };
        let settings = LimitSettings { caller: rate, ..LimitSettings::for_tests() };
        let limiter = CallerLimiter::new(&settings, Arc::new(Metrics::new("v23.0").unwrap()));
        let caller = |number: usize| Caller { issuer: "main".to_owned(), subject: format!("app-{number}") };
        for _ in 0..settings.caller_burst {
            assert!(limiter.admit(&caller(0)).is_ok());
        }
        for number in 1..MAX_CALLERS + 5_000 {
            assert!(limiter.admit(&caller(number)).is_ok());
            // Whoever keeps asking is not forgotten.
            if number % 100 == 0 {
                assert!(limiter.admit(&caller(0)).is_err(), "after {number} others");
            }
        }
        assert!(limiter.accounts.len() <= MAX_CALLERS);
    }
}
