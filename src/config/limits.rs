//! `[limits]`: how much callers may ask for and how much is sent to Graph.

use std::time::Duration;

use super::section::Section;
use super::value::Rate;

/// `[limits]`
#[derive(Clone, Debug)]
pub struct LimitSettings {
    /// Units a caller may use: one per request and one per started 64 ids.
    pub caller: Rate,
    /// Units a caller may use at once.
    pub caller_burst: u32,
    /// Calls sent to Graph.
    pub graph: Rate,
    /// Calls sent to Graph at once.
    pub graph_burst: u32,
    /// Calls to Graph under way at the same time.
    pub graph_max_concurrency: usize,
    /// How long a request may wait for these limits, in all.
    pub max_wait: Duration,
}

impl LimitSettings {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        let minute = |count| Rate { count, per: Duration::from_mins(1) };
        let hour = |count| Rate { count, per: Duration::from_hours(1) };
        Self {
            caller: section.rate(
                "caller",
                minute(600),
                "Units a caller may use: one per request and one per started 64 ids.",
            ),
            caller_burst: section.count(
                "caller_burst",
                60,
                17..=100_000,
                "Units a caller may use at once; 17 are enough for one decision on 1024 ids.",
            ),
            graph: section.rate("graph", hour(5000), "Calls sent to Graph."),
            graph_burst: section.count("graph_burst", 100, 1..=100_000, "Calls sent to Graph at once."),
            graph_max_concurrency: section.count(
                "graph_max_concurrency",
                32,
                1..=1024,
                "Calls to Graph under way at the same time.",
            ) as usize,
            max_wait: section.duration(
                "max_wait",
                Duration::from_secs(2),
                Duration::ZERO..=Duration::from_mins(1),
                "How long a request may wait for Graph's limits, in all.",
            ),
        }
    }
}
