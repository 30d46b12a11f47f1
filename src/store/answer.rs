//! What the store answers.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::Action;

/// Largest content of a record, in bytes: 256 for each of 1,024 ids.
pub const MAX_CONTENT: usize = 256 * 1024;

/// What came of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// Nothing was ever saved under this key, so nothing was sent; the lease is ours.
    New,
    /// Something was saved and nobody holds the lease any more; it is ours now.
    Resumed {
        /// What was saved last.
        content: Vec<u8>,
        /// How long ago that was, by the clock of the store.
        idle: Duration,
    },
    /// Somebody else holds the lease.
    InProgress {
        /// What is left of that lease.
        retry_after: Duration,
    },
    /// The key was used for another request.
    OtherFingerprint,
}

/// Whether the lease was ours.
#[must_use = "work done without the lease must stop"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It was, and what was asked for is done.
    Held,
    /// It ran out, or somebody else has it. Nothing was changed.
    Lost,
}

/// What becomes of a record whose owner is done.
#[derive(Clone, Copy, Debug)]
pub enum RecordEnd<'c> {
    /// It keeps this content for `idempotency.ttl` and is free to be claimed.
    Keep(&'c [u8]),
    /// It is forgotten: nothing was sent.
    Remove,
}

/// What Graph told this gateway that it did with an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// The verb.
    pub action: Action,
    /// When Graph said so, in whole microseconds.
    pub at: Timestamp,
}

/// The store cannot be relied on. Whether the operation took effect is not known, except for [`Self::Full`] and
/// [`Self::ContentTooLarge`], where it surely did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreUnavailable {
    /// The memory set apart in this process is used up; nothing is dropped before its time.
    #[error("the store of this process is full")]
    Full,
    /// More than [`MAX_CONTENT`] bytes.
    #[error("a record's content is larger than 256 KiB")]
    ContentTooLarge,
}
