//! How long answers took.

use std::time::Duration;

/// Every latency, in microseconds.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<f64>);

impl Latencies {
    pub(crate) fn add(&mut self, latency: Duration) {
        self.0.push(latency.as_secs_f64() * 1e6);
    }

    /// This share of all is no longer (nearest rank); nothing when there is none.
    pub(crate) fn at(&mut self, share: f64) -> Option<f64> {
        self.0.sort_unstable_by(f64::total_cmp);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a share of a number of answers"
        )]
        let rank = (self.0.len() as f64 * share).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).map(|latency| (latency * 10.0).round() / 10.0)
    }
}
