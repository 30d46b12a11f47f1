//! The moment by which a request must be answered.

use std::time::{Duration, Instant};

/// When the work for one request must end, on the monotonic clock. Handed down to every wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// So long from now.
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// The moment itself.
    pub const fn at(self) -> Instant {
        self.0
    }

    /// What is left; zero once it has passed.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// The earlier of this deadline and so long from now, however long that is.
    #[must_use]
    pub fn capped(self, duration: Duration) -> Self {
        Instant::now().checked_add(duration).map_or(self, |at| Self(self.0.min(at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_beyond_all_clocks_caps_nothing() {
        let deadline = Deadline::after(Duration::from_secs(1));
        assert_eq!(deadline.capped(Duration::MAX), deadline);
        assert_eq!(deadline.capped(Duration::from_secs(u64::MAX)), deadline);
        assert!(deadline.capped(Duration::ZERO) < deadline);
    }
}
