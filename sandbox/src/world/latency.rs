//! How long Graph takes.

use std::f64::consts::TAU;
use std::time::Duration;

use fastrand::Rng;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest latency, in milliseconds; what chance makes longer is cut to it.
pub const MAX_LATENCY_MS: u64 = 60_000;

/// The 99th percentile of the standard normal distribution.
const NORMAL_P99: f64 = 2.326_347_874;

/// The time added to every answer, after the call was executed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Latency {
    /// None.
    #[default]
    None,
    /// Always the same.
    Fixed {
        /// Milliseconds, at most 60000.
        ms: u64,
    },
    /// Evenly between two bounds.
    Uniform {
        /// Shortest, in milliseconds.
        min_ms: u64,
        /// Longest, in milliseconds; at most 60000.
        max_ms: u64,
    },
    /// Log-normal: mostly near the median, with a long tail, as of real services.
    LogNormal {
        /// Half of the answers take longer, in milliseconds; at least 1.
        median_ms: u64,
        /// One in a hundred takes longer, in milliseconds; at most 60000.
        p99_ms: u64,
    },
}

impl Latency {
    pub(crate) fn is_within_bounds(self) -> bool {
        match self {
            Self::None => true,
            Self::Fixed { ms } => ms <= MAX_LATENCY_MS,
            Self::Uniform { min_ms, max_ms } => min_ms <= max_ms && max_ms <= MAX_LATENCY_MS,
            Self::LogNormal { median_ms, p99_ms } => {
                1 <= median_ms && median_ms <= p99_ms && p99_ms <= MAX_LATENCY_MS
            }
        }
    }

    /// The latency of the next call.
    pub(crate) fn draw(self, chance: &mut Rng) -> Duration {
        // Whole milliseconds up to a minute are exact in a float.
        #[expect(clippy::cast_precision_loss, reason = "bounded by a minute")]
        let float = |ms: u64| ms as f64;
        let ms = match self {
            Self::None => 0.0,
            Self::Fixed { ms } => float(ms),
            Self::Uniform { min_ms, max_ms } => {
                float(min_ms) + chance.f64() * (float(max_ms) - float(min_ms))
            }
            Self::LogNormal { median_ms, p99_ms } => {
                let (median, p99) = (float(median_ms), float(p99_ms));
                median * ((p99 / median).ln() / NORMAL_P99 * normal(chance)).exp()
            }
        };
        Duration::from_secs_f64(ms.min(float(MAX_LATENCY_MS)) / 1_000.0)
    }
}

/// A draw from the standard normal distribution (Box–Muller).
fn normal(chance: &mut Rng) -> f64 {
    let (radius, angle) = (1.0 - chance.f64(), chance.f64());
    (-2.0 * radius.ln()).sqrt() * (TAU * angle).cos()
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::{Latency, MAX_LATENCY_MS};

    fn draws(latency: Latency, seed: u64) -> Vec<u128> {
        let mut chance = Rng::with_seed(seed);
        let mut all: Vec<_> = (0..10_000).map(|_| latency.draw(&mut chance).as_micros()).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn a_log_normal_latency_has_the_median_and_the_99th_percentile_it_was_given() {
        let all = draws(Latency::LogNormal { median_ms: 50, p99_ms: 400 }, 1);
        assert!((47_000..53_000).contains(&all[5_000]), "{}", all[5_000]);
        assert!((340_000..460_000).contains(&all[9_900]), "{}", all[9_900]);
    }

    #[test]
    fn a_uniform_latency_fills_its_bounds_and_a_seed_repeats_it() {
        let all = draws(Latency::Uniform { min_ms: 10, max_ms: 20 }, 1);
        assert!(all[0] >= 10_000 && all[9_999] <= 20_000);
        assert!(all[100] < 10_500 && all[9_900] > 19_500);
        assert_eq!(draws(Latency::Uniform { min_ms: 10, max_ms: 20 }, 1), all);
    }

    #[test]
    fn no_latency_is_longer_than_a_minute() {
        let all = draws(Latency::LogNormal { median_ms: 1, p99_ms: MAX_LATENCY_MS }, 1);
        assert_eq!(all[9_999], u128::from(MAX_LATENCY_MS) * 1_000);
    }
}
