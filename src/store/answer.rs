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

/// The store cannot be relied on. Whether the operation took effect is not known after [`Self::NoConnection`] and
/// [`Self::TimedOut`]; otherwise it surely did not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreUnavailable {
    /// The memory set apart in this process is used up; nothing is dropped before its time.
    #[error("the store of this process is full")]
    Full,
    /// More than [`MAX_CONTENT`] bytes.
    #[error("a record's content is larger than 256 KiB")]
    ContentTooLarge,
    /// Redis cannot be reached, or the connection broke.
    #[error("there is no connection to Redis")]
    NoConnection,
    /// Redis did not answer within the bound of an operation, or the deadline has passed.
    #[error("Redis did not answer in time")]
    TimedOut,
    /// Redis would drop entries before their time: its `maxmemory-policy` is not `noeviction`.
    #[error("Redis would drop entries by itself")]
    Evicting,
    /// There is nothing that replicas share.
    #[error("the store of this process is not shared")]
    NotShared,
    /// Redis refused the operation; its error code, such as `OOM`.
    #[error("Redis refused the operation: {0}")]
    Refused(String),
}

/// The settings of the store can never work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The library takes no such URL or certificates.
    #[error("store.redis_url or store.redis_ca_file cannot be used: {0}")]
    Settings(String),
    /// A Redis that drops entries by itself would let a decision be sent twice.
    #[error("the maxmemory-policy of Redis is `{0}`; the store needs `noeviction`")]
    Evicting(String),
}
