//! What Graph lets us do, as far as it has shown: a share of the rate in the settings, never more than all of it.
//!
//! A throttle takes a quarter away at once; every minute a little comes back (additive increase, multiplicative
//! decrease), slowly up to where it went wrong the last time. Usage headers slow us down before that.

use std::time::{Duration, Instant};

use crate::store::{LearnedRate, SharedWay};

/// What is left of the share after a throttle.
const DECREASE: f64 = 0.75;
/// What comes back in a minute: of the last ceiling, below it; of the whole rate, well above it.
const CAREFUL: f64 = 0.02;
const BOLD: f64 = 0.05;
/// So far above the last ceiling it seems to be gone.
const BEYOND: f64 = 1.1;
/// Never slower than this.
const LEAST: f64 = 0.01;

/// From this usage on we are slower, in percent…
const SLOWER_FROM: f64 = 80.0;
/// …a little until here, so that a rate which fits the quota settles here…
const SETTLED: f64 = 97.0;
/// …and then down to nothing here.
pub(super) const USED_UP: f64 = 100.0;
/// A report counts for so long: without calls there is no newer one.
const REPORT_COUNTS: Duration = Duration::from_mins(5);

/// The share, and what it comes from.
#[derive(Debug)]
pub(super) struct Learned {
    share: f64,
    /// The share at the last throttle.
    ceiling: f64,
    grown_at: Instant,
    /// The highest usage of the last report, in percent.
    usage: Option<(f64, Instant)>,
    /// Names what another replica has learned and we know.
    epoch: u64,
}

impl Learned {
    /// All of the rate.
    pub(super) const fn new(now: Instant) -> Self {
        Self { share: 1.0, ceiling: 1.0, grown_at: now, usage: None, epoch: 0 }
    }

    /// Graph throttled: this was too fast.
    pub(super) fn throttled(&mut self, now: Instant) {
        self.grow(now);
        self.ceiling = self.share;
        self.share = (self.share * DECREASE).max(LEAST);
    }

    /// What was learned, for other replicas.
    pub(super) const fn rate(&self) -> LearnedRate {
        LearnedRate { share: self.share, ceiling: self.ceiling }
    }

    /// Takes over what a replica learned that long ago, unless it is known already.
    pub(super) fn adopt(&mut self, way: &SharedWay, now: Instant) {
        if way.epoch == 0 || way.epoch == self.epoch {
            return;
        }
        self.epoch = way.epoch;
        let LearnedRate { share, ceiling } = way.learned;
        (self.share, self.ceiling) = (share.clamp(LEAST, 1.0), ceiling.clamp(LEAST, 1.0));
        self.grown_at = now.checked_sub(way.age).unwrap_or(now);
    }

    /// Graph told how much of its quotas is used.
    pub(super) fn reported(&mut self, percent: f64, now: Instant) {
        self.usage = Some((percent, now));
    }

    /// The highest usage, as long as the report counts.
    pub(super) fn usage(&self, now: Instant) -> Option<f64> {
        let (percent, at) = self.usage?;
        (now.saturating_duration_since(at) < REPORT_COUNTS).then_some(percent)
    }

    /// The share of the rate to go at.
    pub(super) fn share(&mut self, now: Instant) -> f64 {
        self.grow(now);
        self.share * self.usage(now).map_or(1.0, slowed)
    }

    fn grow(&mut self, now: Instant) {
        let minutes = now.saturating_duration_since(self.grown_at).as_secs_f64() / 60.0;
        self.grown_at = now;
        let a_minute = if self.share < self.ceiling * BEYOND { self.ceiling * CAREFUL } else { BOLD };
        self.share = (self.share + a_minute * minutes).min(1.0);
    }
}

/// The share of the rate to go at when Graph reports that so much of a quota is used.
fn slowed(reported: f64) -> f64 {
    // Graph reports whole percents, rounded down: what is used is almost one more.
    let percent = reported.floor() + 1.0;
    let settled = SETTLED / 100.0;
    let share = if percent <= SETTLED {
        let on_the_way = (percent - SLOWER_FROM) / (SETTLED - SLOWER_FROM);
        1.0 - on_the_way * (1.0 - settled)
    } else {
        settled * (USED_UP - percent) / (USED_UP - SETTLED)
    };
    share.clamp(LEAST, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::CallAnswer;

    fn minutes(count: u64) -> Duration {
        Duration::from_mins(count)
    }

    #[test]
    fn usage_slows_us_down_from_80_percent_for_as_long_as_it_counts() {
        let now = Instant::now();
        let mut learned = Learned::new(now);
        let mut share = |percent| {
            learned.reported(percent, now);
            format!("{:.0}", learned.share(now) * 100.0)
        };
        assert_eq!(
            [0.0, 79.0, 90.0, 96.0, 97.0, 98.0, 99.0, 100.0, 250.0].map(&mut share),
            ["100", "100", "98", "97", "65", "32", "1", "1", "1"]
        );
        assert!(learned.share(now + minutes(5)) > 0.999);
    }

    /// A Graph that throttles whatever goes faster than this share of the settings' rate, looked at every second.
    fn throttles(quota: f64, hours: u64) -> (Vec<u64>, f64) {
        let start = Instant::now();
        let mut learned = Learned::new(start);
        let (mut throttles, mut used) = (Vec::new(), 0.0);
        for second in 0..hours * 3600 {
            let now = start + Duration::from_secs(second);
            let share = learned.share(now);
            if share > quota {
                learned.throttled(now);
                throttles.push(second);
            }
            used += share.min(quota);
        }
        #[expect(clippy::cast_precision_loss, reason = "hours in seconds")]
        let seconds = (hours * 3600) as f64;
        (throttles, used / quota / seconds)
    }

    #[test]
    fn a_lower_quota_is_found_and_then_seldom_met() {
        for quota in [0.9, 0.5, 0.25, 0.1, 0.02] {
            let (throttles, used) = throttles(quota, 10);
            let early = throttles.iter().filter(|second| **second < 60).count();
            // From there every quarter is a step: ten of them are a tenth.
            assert!(early <= 14, "{quota}: {early} throttles until it is found");
            let later = throttles.len() - early;
            assert!(later <= 60, "{quota}: {later} throttles in ten hours");
            assert!(used > 0.8, "{quota}: {used} of it was used");
        }
    }

    #[test]
    fn what_another_replica_has_learned_is_taken_over_once() {
        let now = Instant::now() + minutes(60);
        let mut learned = Learned::new(now);
        let answer = CallAnswer::Looked;
        let rate = LearnedRate { share: 0.5, ceiling: 0.6 };
        let way =
            SharedWay { answer, full_in: Duration::ZERO, row: 0, epoch: 7, learned: rate, age: minutes(1) };
        learned.adopt(&SharedWay { epoch: 0, ..way.clone() }, now);
        assert_eq!(learned.rate(), LearnedRate { share: 1.0, ceiling: 1.0 });
        learned.adopt(&way, now);
        assert_eq!(learned.rate(), rate);
        assert!((learned.share(now) - 0.512).abs() < 1e-9, "it has grown since, for a minute");
        learned.throttled(now);
        let ours = learned.rate();
        learned.adopt(&way, now);
        assert_eq!(learned.rate(), ours, "what we know is newer");
        learned.adopt(&SharedWay { epoch: 1, ..way }, now);
        assert_eq!(learned.rate(), rate, "the store has begun anew");
    }

    #[test]
    fn after_a_throttle_that_was_a_mistake_the_whole_rate_comes_back() {
        let now = Instant::now();
        let mut learned = Learned::new(now);
        (0..5).for_each(|_| learned.throttled(now));
        let back = (0..10_000).find(|minute| learned.share(now + minutes(*minute)) >= 1.0);
        assert!(back.is_some_and(|minutes| (10..90).contains(&minutes)), "{back:?}");
    }
}
