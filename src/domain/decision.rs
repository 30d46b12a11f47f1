//! What a caller may decide about a join request.

use std::fmt;

use uuid::Uuid;

/// The two verbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Let the person in.
    Approve,
    /// Turn the request down; the person may ask again.
    Reject,
}

impl Action {
    /// The verb as it stands in answers, audit events and metric labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}

/// Names one call of approve or reject in the answer, the audit log and every problem. Time-ordered (UUID v7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecisionId(Uuid);

impl DecisionId {
    /// A fresh id.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for DecisionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
