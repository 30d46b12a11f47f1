//! Figures as the tables show them.

use std::time::Duration;

/// Durations in order of size.
#[derive(Debug)]
pub(crate) struct Sorted(Vec<Duration>);

impl Sorted {
    pub(crate) fn new(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    /// The median, the 99th percentile and the longest.
    pub(crate) fn summary(&self) -> String {
        if self.0.is_empty() {
            return "–".to_owned();
        }
        format!("{}, {}, {} ms", self.percentile(50), self.percentile(99), self.percentile(100))
    }

    /// The shortest and the longest.
    pub(crate) fn range(&self) -> String {
        format!("{} to {} ms", self.percentile(0), self.percentile(100))
    }

    /// So many in a hundred are no longer (nearest rank), in milliseconds.
    fn percentile(&self, percent: usize) -> String {
        grouped(self.at(percent).as_millis().try_into().unwrap_or(u64::MAX))
    }

    /// The same as a duration; nothing when there is none.
    pub(crate) fn at(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100);
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

/// `part` of `whole` in percent.
pub(crate) fn percent(part: usize, whole: usize) -> String {
    let tenths = (part * 1000 + whole / 2).checked_div(whole).unwrap_or(0);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// `part` for each of `whole`.
pub(crate) fn ratio(part: u64, whole: u64) -> String {
    let tenths = (part * 10 + whole / 2).checked_div(whole).unwrap_or(0);
    format!("{}.{}", grouped(tenths / 10), tenths % 10)
}

/// With commas between thousands.
pub(crate) fn grouped(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}
