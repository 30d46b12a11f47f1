//! `[reads]`: copies of lists, for callers who accept them.

use std::time::Duration;

use super::section::Section;

/// `[reads]`
#[derive(Clone, Copy, Debug)]
pub struct ReadSettings {
    /// The oldest copy that a caller can get; zero: no copies.
    pub max_copy_age: Duration,
    /// All copies together, in bytes.
    pub max_copies: usize,
}

impl ReadSettings {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        Self {
            max_copy_age: section.duration(
                "max_copy_age",
                Duration::from_secs(10),
                Duration::ZERO..=Duration::from_mins(5),
                "The oldest copy of a list given to callers who accept one (`Cache-Control: max-age`); `0s` keeps none.",
            ),
            max_copies: section.size(
                "max_copies",
                16 * 1024 * 1024,
                64 * 1024..=1024 * 1024 * 1024,
                "Memory for all copies together.",
            ),
        }
    }
}
