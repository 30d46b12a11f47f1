//! How much a caller may ask for, and how much is sent to Graph. In this process only.

mod breaker;
mod budget;
mod caller;
mod gate;
mod gcra;
mod graph_pacing;
mod learned;
mod line;
mod pause;
mod strangers;

pub use budget::{Budget, Spent};
pub use caller::{CallerLimiter, CallerQuota, QuotaExceeded};
pub use graph_pacing::{GraphPacing, Held, PacingView, Permit};
pub use line::Priority;
pub use pause::PauseReason;
pub use strangers::Strangers;

use std::num::NonZeroU32;

use governor::Quota;

use crate::config::Rate;

/// A rate and a burst as the limiter library takes them.
fn quota(rate: Rate, burst: u32) -> Quota {
    let count = NonZeroU32::new(rate.count).unwrap_or(NonZeroU32::MIN);
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    let interval = rate.per / count.get();
    Quota::with_period(interval).unwrap_or(Quota::per_second(count)).allow_burst(burst)
}
