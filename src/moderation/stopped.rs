//! What keeps a decision from being sent.

use std::time::Duration;

use super::{GraphError, Held, Refusal};

/// Why ids were not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Graph, the way to it, or our limits towards it.
    Graph(GraphError),
    /// Graph refused a call because of single ids, and no look showed that this one may be sent again.
    NotCleared(Refusal),
    /// Too many ids wait for the group already.
    LineFull,
    /// What must be stored before sending could not be stored.
    StoreUnavailable,
}

impl Stopped {
    /// The time was up before anything was sent.
    pub(super) const fn too_late() -> Self {
        Self::Graph(GraphError::Held(Held::DeadlinePassed))
    }

    /// How long the caller should wait before trying again, as far as known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Graph(error) => error.retry_after(),
            Self::NotCleared(_) | Self::LineFull | Self::StoreUnavailable => None,
        }
    }
}
