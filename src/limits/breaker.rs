//! Whether Graph is in trouble: then nothing is sent for a while, and after that one call tries.

use std::time::{Duration, Instant};

/// Failures in a row that are trouble.
const IN_A_ROW: u32 = 7;
/// Of at least so many calls in [`WINDOW`] this share must succeed.
const ENOUGH: u32 = 20;
const SUCCEEDING: f64 = 0.8;
/// What counts as now.
const WINDOW: Duration = Duration::from_secs(10);
/// The shortest rest; doubled each time until a call succeeds, up to the longest.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);

/// Calls of one half of the window.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    calls: u32,
    failures: u32,
}

/// The health of Graph.
#[derive(Debug)]
pub(super) struct Breaker {
    in_a_row: u32,
    /// The half of the window that is being counted, and the one before.
    counts: [Count; 2],
    turned_at: Instant,
    /// Rests since a call succeeded.
    rests: u32,
}

impl Breaker {
    /// In good health.
    pub(super) fn new(now: Instant) -> Self {
        Self { in_a_row: 0, counts: [Count::default(); 2], turned_at: now, rests: 0 }
    }

    /// A call succeeded, as far as Graph's health goes.
    pub(super) fn succeeded(&mut self, now: Instant) {
        self.turn(now);
        let [current, _] = &mut self.counts;
        current.calls += 1;
        (self.in_a_row, self.rests) = (0, 0);
    }

    /// A call failed. Answers how long nothing should be sent, if that is trouble; `share` is random, 0 to 255.
    pub(super) fn failed(&mut self, trying: bool, share: u8, now: Instant) -> Option<Duration> {
        self.turn(now);
        let [current, before] = &mut self.counts;
        current.calls += 1;
        current.failures += 1;
        self.in_a_row += 1;
        let (calls, failures) = (current.calls + before.calls, current.failures + before.failures);
        let mostly = calls >= ENOUGH && f64::from(calls - failures) < f64::from(calls) * SUCCEEDING;
        if !trying && self.in_a_row < IN_A_ROW && !mostly {
            return None;
        }
        let rest = FIRST.saturating_mul(1 << self.rests.min(10)).min(LONGEST);
        self.rests += 1;
        // What has led to this rest does not lead to the next one.
        self.in_a_row = 0;
        self.counts = [Count::default(); 2];
        // Half of it is random, so that replicas do not come back together.
        Some(rest / 2 + rest / 2 * u32::from(share) / u32::from(u8::MAX))
    }

    fn turn(&mut self, now: Instant) {
        let halves = now.saturating_duration_since(self.turned_at).as_millis() / (WINDOW / 2).as_millis();
        if halves > 0 {
            let [current, _] = self.counts;
            self.counts = [Count::default(), if halves == 1 { current } else { Count::default() }];
            self.turned_at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(breaker: &mut Breaker, count: u32, now: Instant) -> Vec<Option<Duration>> {
        (0..count).map(|_| breaker.failed(false, 255, now)).collect()
    }

    #[test]
    fn seven_failures_in_a_row_are_trouble_and_six_are_not() {
        let now = Instant::now();
        let mut breaker = Breaker::new(now);
        assert_eq!(failures(&mut breaker, 6, now), [None; 6]);
        breaker.succeeded(now);
        assert_eq!(failures(&mut breaker, 6, now), [None; 6]);
        assert_eq!(breaker.failed(false, 255, now), Some(FIRST));
    }

    #[test]
    fn a_fifth_of_many_calls_is_trouble_while_it_is_recent() {
        let now = Instant::now();
        let mut breaker = Breaker::new(now);
        (0..16).for_each(|_| breaker.succeeded(now));
        assert_eq!(failures(&mut breaker, 4, now), [None; 4], "four of twenty");
        assert_eq!(breaker.failed(false, 255, now), Some(FIRST));
        let mut breaker = Breaker::new(now);
        (0..16).for_each(|_| breaker.succeeded(now));
        assert_eq!(failures(&mut breaker, 4, now), [None; 4]);
        assert_eq!(breaker.failed(false, 255, now + WINDOW), None, "long ago");
    }

    #[test]
    fn each_rest_is_twice_as_long_until_a_call_succeeds() {
        let now = Instant::now();
        let mut breaker = Breaker::new(now);
        let mut try_once = || breaker.failed(true, 255, now).unwrap().as_secs();
        assert_eq!([(); 8].map(|()| try_once()), [1, 2, 4, 8, 16, 32, 60, 60]);
        breaker.succeeded(now);
        assert_eq!(breaker.failed(true, 255, now), Some(FIRST));
        assert_eq!(breaker.failed(true, 0, now), Some(FIRST), "half of two seconds at least");
    }
}
