//! A page of a list and where the next one starts.

use std::fmt;

use jiff::Timestamp;

use crate::domain::JoinRequest;

/// Where a page starts. Opaque, and never stored: it dies when the list changes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor(String);

impl Cursor {
    /// Longest cursor accepted, in bytes.
    pub const MAX_LENGTH: usize = 1024;

    /// Takes visible ASCII of at most [`Self::MAX_LENGTH`].
    pub fn parse(text: &str) -> Option<Self> {
        let fits =
            (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
    }

    /// The cursor as Graph wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Cursor(…)")
    }
}

/// One page of open requests.
#[derive(Debug)]
pub struct Page {
    /// The requests, in Graph's order.
    pub requests: Vec<JoinRequest>,
    /// Entries without a usable id.
    pub unreadable: usize,
    /// Where the next page starts; `None` at the end.
    pub next: Option<Cursor>,
    /// There is a next page but no usable cursor: the list cannot be completed.
    pub next_without_cursor: bool,
    /// When Graph made the page, by its own clock.
    pub date: Option<Timestamp>,
}

/// The `limit` that a walk asks Graph for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimit(Option<u32>);

impl PageLimit {
    /// What Graph is taken to give when no limit is asked for: the default documented for the sibling edge.
    const GRAPHS_OWN: u32 = 25;

    /// The size in the settings; `None`: Graph's own.
    pub const fn new(size: Option<u32>) -> Self {
        Self(size)
    }

    /// What to ask for.
    pub(super) const fn get(self) -> Option<u32> {
        self.0
    }

    /// Halves it, because Graph asks for less; `false` when one request a page is all there is left.
    pub(super) fn halve(&mut self) -> bool {
        let size = self.0.unwrap_or(Self::GRAPHS_OWN);
        self.0 = Some((size / 2).max(1));
        size > 1
    }
}
