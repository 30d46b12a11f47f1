//! How much a caller may ask for, and how much is sent to Graph: by this process, or by all replicas together as long as
//! their store can be reached.

mod breaker;
mod budget;
mod caller;
mod gate;
mod gcra;
mod graph_pacing;
mod learned;
mod line;
mod news;
mod others;
mod pause;
mod pauses;
mod replicas;
mod step;
mod strangers;
mod telling;
mod waiting;

pub use budget::{Budget, Spent};
pub use caller::{CallerLimiter, CallerQuota, NotAdmitted, QuotaExceeded};
pub use graph_pacing::{GraphPacing, PacingView, Permit};
pub use line::Priority;
pub use pause::PauseReason;
pub use replicas::Replicas;
pub use step::Held;
pub use strangers::Strangers;
pub use telling::tell_others;

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
