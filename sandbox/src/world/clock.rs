//! Graph's own clock, which need not agree with anybody else's.

use jiff::{SignedDuration, Timestamp};

/// Seconds by which the clock may be off at most: ten years.
pub const MAX_CLOCK_OFFSET: i64 = 10 * 366 * 24 * 60 * 60;

/// The machine's clock, so many seconds off.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Clock {
    pub(crate) offset_s: i64,
}

impl Clock {
    pub(crate) fn now(self) -> Timestamp {
        let now = Timestamp::now();
        // Ten years off, the end of time is far away.
        now.checked_add(SignedDuration::from_secs(self.offset_s)).unwrap_or(now)
    }

    /// The value of a `Date` header.
    pub(crate) fn date(self) -> String {
        self.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}
