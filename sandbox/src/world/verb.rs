//! What a call of the join request edge is about.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a caller wants of a group's join requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// `GET`: the open requests.
    List,
    /// `POST`: let people in.
    Approve,
    /// `DELETE`: send people away.
    Reject,
}

/// The two verbs that change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Approve,
    Reject,
}

impl From<Decision> for Verb {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Approve => Self::Approve,
            Decision::Reject => Self::Reject,
        }
    }
}
