//! Which part of a list a call asks for.

use std::ops::Range;

use crate::codes;
use crate::graph::call::Call;
use crate::graph::cursor::Cursor;
use crate::graph::error::GraphError;

/// Largest `limit`.
pub(crate) const MAX_LIMIT: usize = 1024;

/// A part of a list.
pub(crate) struct Page {
    pub(crate) range: Range<usize>,
    pub(crate) limit: usize,
}

impl Page {
    /// Reads `limit`, `after` and `before`. A cursor of another version of the list is refused.
    pub(crate) fn read(
        call: &Call,
        default: usize,
        length: usize,
        version: &str,
    ) -> Result<Self, GraphError> {
        let limit = match call.parameter("limit") {
            None => default,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                .ok_or_else(|| GraphError::parameter("limit must be a number from 1 to 1024"))?,
        };
        let cursor = |name| call.parameter(name).map(|text| offset(text, length, version)).transpose();
        let range = match (cursor("after")?, cursor("before")?) {
            (Some(_), Some(_)) => return Err(GraphError::parameter("after and before exclude each other")),
            (None, Some(end)) => end.saturating_sub(limit)..end,
            (after, None) => {
                let start = after.unwrap_or(0);
                start..start.saturating_add(limit).min(length)
            }
        };
        Ok(Self { range, limit })
    }
}

fn offset(text: &str, length: usize, version: &str) -> Result<usize, GraphError> {
    Cursor::decode(text)
        .filter(|cursor| cursor.version_id == version && cursor.offset <= length)
        .map(|cursor| cursor.offset)
        .ok_or_else(|| GraphError::of(codes::STALE_CURSOR))
}
