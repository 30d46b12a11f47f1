//! `[limits]`: how much callers may ask for and how much is sent to Graph.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::section::Section;
use super::value::Rate;

/// A caller with an allowance of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerLimitSettings {
    /// The issuer's name in the settings.
    pub issuer: String,
    /// The `sub` of its tokens.
    pub subject: String,
    /// Units that it may use.
    pub rate: Rate,
    /// Units that it may use at once.
    pub burst: u32,
}

/// `[limits]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitSettings {
    /// Units a caller may use: one per request and one per started 64 ids.
    pub caller: Rate,
    /// Units a caller may use at once.
    pub caller_burst: u32,
    /// Callers to whom that does not apply.
    pub callers: Vec<CallerLimitSettings>,
    /// Requests with a token that does not pass, from one address; `None`: as many as come.
    pub auth_failures: Option<Rate>,
    /// Calls sent to Graph.
    pub graph: Rate,
    /// Calls sent to Graph at once.
    pub graph_burst: u32,
    /// Calls to Graph under way at the same time.
    pub graph_max_concurrency: usize,
    /// How long a request may wait for these limits, in all.
    pub max_wait: Duration,
}

/// What a burst may be: at least what one decision on 1,024 ids takes.
const BURST: RangeInclusive<u32> = 17..=100_000;

const fn minute(count: u32) -> Rate {
    Rate { count, per: Duration::from_mins(1) }
}

impl CallerLimitSettings {
    /// `place` is `<n>` when the settings are only described.
    pub(super) fn read(limits: &mut Section<'_, '_>, place: &str) -> Self {
        let prefix = limits.key(&format!("callers.{place}"));
        let mut section = limits.reader.section(&prefix);
        Self {
            issuer: section
                .required_text("issuer", "The name of the issuer of a caller with an allowance of its own."),
            subject: section.required_text("sub", "The `sub` of its tokens."),
            rate: section.rate("rate", minute(600), "Units that it may use."),
            burst: section.count("burst", 60, BURST, "Units that it may use at once."),
        }
    }
}

impl LimitSettings {
    /// The defaults.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self {
            caller: minute(600),
            caller_burst: 60,
            callers: Vec::new(),
            auth_failures: None,
            graph: Rate { count: 5000, per: Duration::from_hours(1) },
            graph_burst: 100,
            graph_max_concurrency: 32,
            max_wait: Duration::from_secs(2),
        }
    }

    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        let hour = |count| Rate { count, per: Duration::from_hours(1) };
        let places = section.reader.places_below(&section.key("callers"));
        Self {
            caller: section.rate(
                "caller",
                minute(600),
                "Units a caller may use: one per request and one per started 64 ids.",
            ),
            caller_burst: section.count("caller_burst", 60, BURST, "Units a caller may use at once; 17 are enough for one decision on 1024 ids."),
            callers: places.iter().map(|place| CallerLimitSettings::read(section, place)).collect(),
            auth_failures: section.rate_or_off(
                "auth_failures",
                minute(60),
                "Requests from one address whose token does not pass, before further new tokens from there are refused unread; `off` behind a proxy that hides its clients.",
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
