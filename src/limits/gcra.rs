//! The generic cell rate algorithm, with a pace that may change: one moment is all it remembers.

use std::time::{Duration, Instant};

use crate::store::SharedPace;

/// How fast calls may go: one every `interval`, and `burst` of them at once after a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) interval: Duration,
    pub(super) burst: u32,
}

impl Pace {
    /// A share of it, with a burst of at least so many.
    pub(super) fn share(self, share: f64, least: u32) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of it, and not negative"
        )]
        let burst = (f64::from(self.burst) * share) as u32;
        Self { interval: self.interval.div_f64(share), burst: burst.max(least) }
    }

    /// In the words of the store.
    pub(super) const fn shared(self) -> SharedPace {
        SharedPace { interval: self.interval, burst: self.burst }
    }

    fn tolerance(self) -> Duration {
        self.interval.saturating_mul(self.burst.saturating_sub(1))
    }
}

/// When the whole burst is there again.
#[derive(Debug)]
pub(super) struct Gcra {
    full_at: Instant,
}

impl Gcra {
    /// Nothing is used up.
    pub(super) const fn new(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// How long it takes until so many more may go at once; more than the burst never may, whatever is answered.
    pub(super) fn wait_for(&self, units: u32, pace: Pace, now: Instant) -> Duration {
        let tolerance = pace.interval.saturating_mul(pace.burst.saturating_sub(units));
        let missing = units.saturating_sub(pace.burst);
        let wait = self.full_at.saturating_duration_since(now).saturating_sub(tolerance);
        wait.saturating_add(pace.interval.saturating_mul(missing))
    }

    /// How long it takes until one more may go.
    pub(super) fn wait(&self, pace: Pace, now: Instant) -> Duration {
        self.wait_for(1, pace, now)
    }

    /// So many go.
    pub(super) fn take(&mut self, units: u32, pace: Pace, now: Instant) {
        self.full_at = self.full_at.max(now) + pace.interval.saturating_mul(units);
    }

    /// The whole burst will be there after that, whatever was known before.
    pub(super) fn set(&mut self, full_in: Duration, now: Instant) {
        self.full_at = now + full_in;
    }

    /// How many may go at once.
    pub(super) fn left(&self, pace: Pace, now: Instant) -> u32 {
        let used = self.full_at.saturating_duration_since(now).as_nanos();
        let used = used.div_ceil(pace.interval.as_nanos().max(1));
        pace.burst.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
    }

    /// From then on only one may go at once: a rest that was ordered saves nothing up.
    pub(super) fn drain(&mut self, pace: Pace, until: Instant) {
        self.full_at = self.full_at.max(until + pace.tolerance());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { interval: Duration::from_millis(100), burst: 3 };

    fn go(gcra: &mut Gcra, pace: Pace, now: Instant) -> bool {
        let may = gcra.wait(pace, now).is_zero();
        if may {
            gcra.take(1, pace, now);
        }
        may
    }

    #[test]
    fn a_burst_goes_at_once_and_then_one_every_interval() {
        let now = Instant::now();
        let mut gcra = Gcra::new(now);
        assert_eq!(gcra.left(PACE, now), 3);
        assert_eq!([(); 4].map(|()| go(&mut gcra, PACE, now)), [true, true, true, false]);
        assert_eq!((gcra.wait(PACE, now), gcra.left(PACE, now)), (Duration::from_millis(100), 0));
        let later = now + Duration::from_millis(100);
        assert_eq!([(); 2].map(|()| go(&mut gcra, PACE, later)), [true, false]);
        let rested = now + Duration::from_mins(1);
        assert_eq!([(); 4].map(|()| go(&mut gcra, PACE, rested)), [true, true, true, false]);
    }

    #[test]
    fn never_more_than_rate_and_burst_go_in_any_time() {
        let start = Instant::now();
        let mut gcra = Gcra::new(start);
        let went =
            (0..1000).filter(|step| go(&mut gcra, PACE, start + Duration::from_millis(step * 7))).count();
        assert_eq!(went, 3 + 69, "6,993 ms");
    }

    #[test]
    fn after_an_ordered_rest_one_goes() {
        let now = Instant::now();
        let mut gcra = Gcra::new(now);
        let until = now + Duration::from_mins(1);
        gcra.drain(PACE, until);
        assert_eq!([(); 2].map(|()| go(&mut gcra, PACE, until)), [true, false]);
    }
}
