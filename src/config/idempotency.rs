//! `[idempotency]`: what is remembered of decisions, and for how long.

use std::time::Duration;

use super::section::Section;

/// `[idempotency]`
#[derive(Clone, Copy, Debug)]
pub struct IdempotencySettings {
    /// How long the outcome of a keyed decision can be asked for again.
    pub ttl: Duration,
    /// Whether every decision must carry a key.
    pub require_key: bool,
    /// How long it is remembered which ids Graph approved or rejected for this gateway.
    pub remember_decisions: Duration,
}

impl IdempotencySettings {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        let hours = Duration::from_hours;
        Self {
            ttl: section.duration(
                "ttl",
                hours(24),
                Duration::from_mins(1)..=hours(7 * 24),
                "How long the outcome of a decision with an Idempotency-Key is kept.",
            ),
            require_key: section.flag(
                "require_key",
                false,
                "Whether decisions without an Idempotency-Key are refused.",
            ),
            remember_decisions: section.duration(
                "remember_decisions",
                Duration::from_mins(10),
                Duration::ZERO..=hours(1),
                "How long it is remembered what Graph did with an id; `0s` remembers nothing.",
            ),
        }
    }
}
