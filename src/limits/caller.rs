//! The units each caller may use, so that no application starves another.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{InsufficientCapacity, RateLimiter};

use super::quota;
use crate::config::{LimitSettings, Rate};
use crate::domain::Caller;
use crate::telemetry::{LimitName, Metrics};

/// Callers remembered at most before idle ones are dropped outside the regular sweep.
const MAX_CALLERS: usize = 100_000;
/// Ids that one unit pays for.
const IDS_PER_UNIT: usize = 64;

type Limiter = RateLimiter<Caller, DashMapStateStore<Caller>, DefaultClock, StateInformationMiddleware>;

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

/// Counts units per caller: one for each request, one more for every started 64 ids.
#[derive(Debug)]
pub struct CallerLimiter {
    limiter: Limiter,
    rate: Rate,
    burst: u32,
    started: Instant,
    /// Seconds after the start.
    swept_at: AtomicU64,
    metrics: Arc<Metrics>,
}

impl CallerLimiter {
    /// A limiter in which nobody has used anything.
    pub fn new(settings: &LimitSettings, metrics: Arc<Metrics>) -> Self {
        let limiter = RateLimiter::dashmap(quota(settings.caller, settings.caller_burst)).with_middleware();
        Self {
            limiter,
            rate: settings.caller,
            burst: settings.caller_burst,
            started: Instant::now(),
            swept_at: AtomicU64::new(0),
            metrics,
        }
    }

    /// Takes the unit of a request.
    pub fn admit(&self, caller: &Caller) -> Result<CallerQuota, QuotaExceeded> {
        if self.limiter.len() > MAX_CALLERS {
            self.sweep_soon();
        }
        self.take(caller, NonZeroU32::MIN)
    }

    /// Takes the further units of a decision on so many ids.
    pub fn admit_ids(&self, caller: &Caller, ids: usize) -> Result<CallerQuota, QuotaExceeded> {
        let units = u32::try_from(ids.div_ceil(IDS_PER_UNIT)).unwrap_or(u32::MAX);
        self.take(caller, NonZeroU32::new(units).unwrap_or(NonZeroU32::MIN))
    }

    /// Sweeps between the timer's turns, but not with every request.
    fn sweep_soon(&self) {
        let seconds = self.started.elapsed().as_secs();
        let last = self.swept_at.swap(seconds, Ordering::Relaxed);
        if seconds > last {
            self.sweep();
        }
    }

    /// Forgets callers whose units are all there again; called on a timer.
    pub fn sweep(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }

    fn take(&self, caller: &Caller, units: NonZeroU32) -> Result<CallerQuota, QuotaExceeded> {
        match self.limiter.check_key_n(caller, units) {
            Ok(Ok(state)) => Ok(self.state(state.remaining_burst_capacity())),
            Ok(Err(not_until)) => {
                let retry_after = not_until.wait_time_from(DefaultClock::default().now());
                Err(self.refuse("rate", retry_after))
            }
            // More units than the burst holds could never pass; `limits.caller_burst` is bounded so that none are.
            Err(InsufficientCapacity(_)) => Err(self.refuse("burst", Duration::from_hours(1))),
        }
    }

    fn refuse(&self, reason: &'static str, retry_after: Duration) -> QuotaExceeded {
        self.metrics.limited(LimitName::Caller, reason);
        QuotaExceeded { quota: self.state(0), retry_after }
    }

    fn state(&self, remaining: u32) -> CallerQuota {
        let missing = self.burst.saturating_sub(remaining);
        let interval = self.rate.per / self.rate.count.max(1);
        let reset_seconds = interval.saturating_mul(missing).as_secs_f64().ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "non-negative and far below 2^53"
        )]
        let reset_seconds = reset_seconds as u64;
        CallerQuota { rate: self.rate, burst: self.burst, remaining, reset_seconds }
    }
}
