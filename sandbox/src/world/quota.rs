//! Quotas over a rolling window: what was used, what was refused, and when there is room again.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::codes;
use crate::world::usage::Usage;

/// Calls a quota allows at most in its window.
pub const MAX_QUOTA_CALLS: usize = 100_000;
/// Longest window of a quota, in seconds: a day.
pub const MAX_QUOTA_WINDOW_S: u64 = 86_400;
/// Phone numbers whose use is kept; unused ones are forgotten first.
const MAX_PHONES: usize = 10_000;

/// So many calls in a rolling window; those over it are refused and use up nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Calls in the window, 1 to 100000.
    pub calls: usize,
    /// The window in seconds, 1 to 86400.
    pub window_s: u64,
    /// The code of the refusal, such as 4, 80007, 130429 or 131208.
    pub code: i64,
    /// HTTP status of the refusal, 400 to 599; the usual one of the code when absent.
    #[serde(default)]
    pub status: Option<u16>,
    /// Value of `Retry-After`, at most 86400 seconds; the header is left out when absent.
    #[serde(default)]
    pub retry_after_s: Option<u64>,
}

impl Quota {
    /// So many calls in so many seconds, refused with a code.
    pub fn new(calls: usize, window_s: u64, code: i64) -> Self {
        Self { calls, window_s, code, status: None, retry_after_s: None }
    }

    fn is_within_bounds(&self) -> bool {
        (1..=MAX_QUOTA_CALLS).contains(&self.calls)
            && (1..=MAX_QUOTA_WINDOW_S).contains(&self.window_s)
            && self.status.is_none_or(|status| (400..=599).contains(&status))
            && self.retry_after_s.is_none_or(|seconds| seconds <= MAX_QUOTA_WINDOW_S)
    }
}

/// The quotas in force. The default is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Quotas {
    /// Of the app (code 4) or the business (other codes): every call with a valid token counts.
    pub app: Option<Quota>,
    /// Of each business phone number: every decision about one of its groups counts.
    pub phone: Option<Quota>,
}

impl Quotas {
    pub(crate) fn is_within_bounds(&self) -> bool {
        [&self.app, &self.phone].into_iter().flatten().all(Quota::is_within_bounds)
    }
}

/// The quotas and what became of the calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotaView {
    /// The quotas in force.
    pub quotas: Quotas,
    /// Use of the quota of the app or business.
    pub app: QuotaUse,
    /// Use of each business phone number that decided something.
    pub phones: BTreeMap<String, QuotaUse>,
}

/// Use of one quota.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotaUse {
    /// Calls in the window that ends now.
    pub used: usize,
    /// Calls refused since the quota was set.
    pub refused: u64,
}

#[derive(Debug, Default)]
struct Window {
    calls: VecDeque<Instant>,
    refused: u64,
}

impl Window {
    fn forget(&mut self, quota: &Quota, now: Instant) {
        let window = Duration::from_secs(quota.window_s);
        while self.calls.front().is_some_and(|call| now.duration_since(*call) >= window) {
            self.calls.pop_front();
        }
    }

    fn take(&mut self, quota: &Quota, now: Instant) -> Result<(), Quota> {
        self.forget(quota, now);
        if self.calls.len() >= quota.calls {
            self.refused += 1;
            return Err(*quota);
        }
        self.calls.push_back(now);
        Ok(())
    }

    /// Until the oldest call leaves the window; nothing while there is room.
    fn until_room(&self, quota: &Quota, now: Instant) -> Option<Duration> {
        let oldest = self.calls.front().filter(|_| self.calls.len() >= quota.calls)?;
        Some((*oldest + Duration::from_secs(quota.window_s)).saturating_duration_since(now))
    }

    fn view(&self) -> QuotaUse {
        QuotaUse { used: self.calls.len(), refused: self.refused }
    }
}

/// The quotas with their windows.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    quotas: Quotas,
    app: Window,
    phones: BTreeMap<String, Window>,
}

impl Meter {
    /// Begins anew with other quotas.
    pub(crate) fn new(quotas: Quotas) -> Self {
        Self { quotas, ..Self::default() }
    }

    /// Counts a call of the app, or says which quota refuses it.
    pub(crate) fn take_app(&mut self, now: Instant) -> Result<(), Quota> {
        let Some(quota) = &self.quotas.app else { return Ok(()) };
        self.app.take(quota, now)
    }

    /// Counts a decision of a business phone number, or says which quota refuses it.
    pub(crate) fn take_phone(&mut self, phone: &str, now: Instant) -> Result<(), Quota> {
        let Some(quota) = &self.quotas.phone else { return Ok(()) };
        if self.phones.len() >= MAX_PHONES && !self.phones.contains_key(phone) {
            self.phones.retain(|_, window| {
                window.forget(quota, now);
                !window.calls.is_empty()
            });
            if self.phones.len() >= MAX_PHONES {
                self.phones.pop_first();
            }
        }
        self.phones.entry(phone.to_owned()).or_default().take(quota, now)
    }

    /// What the usage headers tell: the use of the app's quota where one is set.
    pub(crate) fn usage(&mut self, ordinary: Usage, now: Instant) -> Usage {
        let Some(quota) = &self.quotas.app else { return ordinary };
        self.app.forget(quota, now);
        let percent = u32::try_from(self.app.calls.len() * 100 / quota.calls).ok();
        let minutes = self.app.until_room(quota, now).map(|wait| wait.as_secs().div_ceil(60).max(1));
        let minutes = minutes.and_then(|minutes| u32::try_from(minutes).ok());
        if quota.code == codes::APP_LIMIT {
            Usage { app_percent: percent, ..ordinary }
        } else {
            Usage { business_percent: percent, regain_minutes: minutes, ..ordinary }
        }
    }

    pub(crate) fn view(&mut self, now: Instant) -> QuotaView {
        if let Some(quota) = &self.quotas.app {
            self.app.forget(quota, now);
        }
        if let Some(quota) = &self.quotas.phone {
            self.phones.values_mut().for_each(|window| window.forget(quota, now));
        }
        let phones = self.phones.iter().map(|(phone, window)| (phone.clone(), window.view())).collect();
        QuotaView { quotas: self.quotas, app: self.app.view(), phones }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Meter, Quota, Quotas, Usage};

    #[test]
    fn there_is_room_again_when_the_oldest_call_leaves_the_window() {
        let quota = Quota::new(2, 60, 80_007);
        let mut meter = Meter::new(Quotas { app: Some(quota), phone: None });
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(meter.take_app(at(0)), Ok(()));
        assert_eq!(meter.take_app(at(30)), Ok(()));
        assert_eq!(meter.take_app(at(59)), Err(quota));
        assert_eq!(meter.take_app(at(60)), Ok(()));
        assert_eq!(meter.take_app(at(61)), Err(quota));
        assert_eq!((meter.view(at(61)).app.used, meter.view(at(61)).app.refused), (2, 2));
        assert_eq!(meter.view(at(120)).app.used, 0);
    }

    #[test]
    fn the_wait_is_told_in_started_minutes_once_the_quota_is_used_up() {
        let mut meter = Meter::new(Quotas { app: Some(Quota::new(3, 600, 80_007)), phone: None });
        let start = Instant::now();
        meter.take_app(start).unwrap();
        let usage = meter.usage(Usage::default(), start);
        assert_eq!((usage.business_percent, usage.regain_minutes), (Some(33), None));
        meter.take_app(start).unwrap();
        meter.take_app(start).unwrap();
        let usage = meter.usage(Usage::default(), start + Duration::from_secs(61));
        assert_eq!((usage.business_percent, usage.regain_minutes), (Some(100), Some(9)));
    }
}
