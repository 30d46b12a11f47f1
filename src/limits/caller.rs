//! The units each caller may use, so that no application starves another.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use quick_cache::sync::Cache;

use super::gcra::{Gcra, Pace};
use super::replicas::{Replicas, Shared};
use crate::config::{LimitSettings, Rate};
use crate::domain::{Caller, Deadline};
use crate::telemetry::{LimitName, Metrics};

/// Callers remembered at most. Those that ask least are forgotten first: they have their units back anyway, mostly.
const MAX_CALLERS: usize = 100_000;
/// Ids that one unit pays for.
const IDS_PER_UNIT: usize = 64;
/// Units that a request takes which decides on as many ids as there may be: 1,024. No burst is smaller.
const LARGEST_DECISION: u32 = 17;

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

/// Why a caller may not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    /// It has used up its quota.
    QuotaExceeded(QuotaExceeded),
    /// Nobody knows what it has used at other replicas, and `store.on_failure` is `deny`.
    StoreUnavailable,
}

/// What a caller may use.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    rate: Rate,
    burst: u32,
}

/// The allowances in force.
struct Allowances {
    usual: Allowance,
    /// Of the callers that have one of their own.
    special: HashMap<Caller, Allowance>,
}

/// Counts units per caller: one for each request, one more for every started 64 ids.
pub struct CallerLimiter {
    accounts: Cache<Caller, Arc<Mutex<Gcra>>>,
    allowances: ArcSwap<Allowances>,
    replicas: Option<Arc<Replicas>>,
    metrics: Arc<Metrics>,
}

impl CallerLimiter {
    /// A limiter in which nobody has used anything here.
    pub fn new(settings: &LimitSettings, replicas: Option<Arc<Replicas>>, metrics: Arc<Metrics>) -> Self {
        let allowances = ArcSwap::from_pointee(Allowances::new(settings));
        Self { accounts: Cache::new(MAX_CALLERS), allowances, replicas, metrics }
    }

    /// Takes these limits from now on. What was used stays used.
    pub fn set(&self, settings: &LimitSettings) {
        self.allowances.store(Arc::new(Allowances::new(settings)));
    }

    /// Takes the unit of a request. Waits for the store at most, and not past the deadline.
    pub async fn admit(&self, caller: &Caller, until: Deadline) -> Result<CallerQuota, NotAdmitted> {
        self.take(caller, 1, until).await
    }

    /// Takes the further units of a decision on so many ids.
    pub async fn admit_ids(
        &self,
        caller: &Caller,
        ids: usize,
        until: Deadline,
    ) -> Result<CallerQuota, NotAdmitted> {
        let units = u32::try_from(ids.div_ceil(IDS_PER_UNIT)).unwrap_or(u32::MAX);
        self.take(caller, units.max(1), until).await
    }

    async fn take(&self, caller: &Caller, units: u32, until: Deadline) -> Result<CallerQuota, NotAdmitted> {
        let allowance = self.allowances.load().of(caller);
        let pace = allowance.pace();
        let Some(replicas) = &self.replicas else { return self.take_here(caller, units, allowance, pace) };
        let question = replicas.store().take_units(caller, pace.shared(), units, until);
        match replicas.ask(question, until).await {
            Shared::Answer(taken) => {
                let now = Instant::now();
                let account = self.account(caller, now);
                let mut account = account.lock().unwrap_or_else(PoisonError::into_inner);
                // Should the store fail, what was used until then is known.
                account.set(taken.full_in, now);
                self.answer(allowance, account.left(pace, now), taken.wait)
            }
            Shared::Alone(share) => {
                self.take_here(caller, units, allowance, pace.share(share, LARGEST_DECISION))
            }
            Shared::Denied => {
                self.metrics.limited(LimitName::Caller, "store");
                Err(NotAdmitted::StoreUnavailable)
            }
        }
    }

    fn take_here(
        &self,
        caller: &Caller,
        units: u32,
        allowance: Allowance,
        pace: Pace,
    ) -> Result<CallerQuota, NotAdmitted> {
        let now = Instant::now();
        let account = self.account(caller, now);
        let mut account = account.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = account.wait_for(units, pace, now);
        if wait.is_zero() {
            account.take(units, pace, now);
        }
        self.answer(allowance, account.left(pace, now), wait)
    }

    fn answer(&self, allowance: Allowance, left: u32, wait: Duration) -> Result<CallerQuota, NotAdmitted> {
        let quota = allowance.state(left);
        if wait.is_zero() {
            return Ok(quota);
        }
        self.metrics.limited(LimitName::Caller, "rate");
        Err(NotAdmitted::QuotaExceeded(QuotaExceeded { quota, retry_after: wait }))
    }

    fn account(&self, caller: &Caller, now: Instant) -> Arc<Mutex<Gcra>> {
        let open = || Ok::<_, Infallible>(Arc::new(Mutex::new(Gcra::new(now))));
        match self.accounts.get_or_insert_with(caller, open) {
            Ok(account) => account,
            Err(never) => match never {},
        }
    }
}

impl Allowances {
    fn new(settings: &LimitSettings) -> Self {
        let special = settings.callers.iter().map(|one| {
            let caller = Caller { issuer: one.issuer.clone(), subject: one.subject.clone() };
            (caller, Allowance { rate: one.rate, burst: one.burst })
        });
        let usual = Allowance { rate: settings.caller, burst: settings.caller_burst };
        Self { usual, special: special.collect() }
    }

    fn of(&self, caller: &Caller) -> Allowance {
        self.special.get(caller).copied().unwrap_or(self.usual)
    }
}

impl Allowance {
    fn pace(self) -> Pace {
        Pace { interval: self.rate.per / self.rate.count.max(1), burst: self.burst }
    }

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

    #[tokio::test]
    async fn callers_are_forgotten_before_they_are_too_many() {
        let rate = Rate { count: 1, per: Duration::from_hours(1) };
        let settings = LimitSettings { caller: rate, ..LimitSettings::for_tests() };
        let limiter = CallerLimiter::new(&settings, None, Arc::new(Metrics::new("v23.0").unwrap()));
        let caller = |number: usize| Caller { issuer: "main".to_owned(), subject: format!("app-{number}") };
        let until = Deadline::after(Duration::from_mins(1));
        for _ in 0..settings.caller_burst {
            assert!(limiter.admit(&caller(0), until).await.is_ok());
        }
        for number in 1..MAX_CALLERS + 5_000 {
            assert!(limiter.admit(&caller(number), until).await.is_ok());
            // Whoever keeps asking is not forgotten.
            if number % 100 == 0 {
                assert!(limiter.admit(&caller(0), until).await.is_err(), "after {number} others");
            }
        }
        assert!(limiter.accounts.len() <= MAX_CALLERS);
    }
}
