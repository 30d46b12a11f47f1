//! What is known of a caller once its token holds.

use jiff::Timestamp;

use crate::domain::{Caller, Rights};

/// What a verified token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Who calls.
    pub caller: Caller,
    /// What the caller may do.
    pub rights: Rights,
    /// The token's `exp`, without leeway.
    pub expires_at: Timestamp,
}
