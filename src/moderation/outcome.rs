//! What became of one id.

use super::{ErrorClass, GraphError, Refusal};
use crate::domain::{Action, JoinRequestId};
use crate::graph::ItemReply;
use crate::telemetry::DecidedItem;

/// One id of a decision and what became of it.
#[derive(Clone, Debug)]
pub struct Item {
    /// The id.
    pub id: JoinRequestId,
    /// What became of it.
    pub outcome: Outcome,
}

/// What is known about one id after a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Graph says it did as asked.
    Decided(Action),
    /// Not open any more; who did it is not known. Without a refusal when a walk showed it.
    Gone(Option<Refusal>),
    /// Graph refused this id.
    Failed(Refusal),
    /// Surely not executed, and why.
    NotSent(GraphError),
    /// Sent, and no answer to rely on. With Graph's words, if it had any.
    Unknown(Option<Refusal>),
    /// Only tried out: it is open and would be sent.
    WouldSend,
}

impl Outcome {
    /// Every word that [`Self::as_str`] gives, for the contract.
    pub const WORDS: [&'static str; 7] =
        ["approved", "rejected", "gone", "failed", "not_sent", "unknown", "would_send"];

    /// The word in the answer, the audit log and the metric label.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Decided(Action::Approve) => "approved",
            Self::Decided(Action::Reject) => "rejected",
            Self::Gone(_) => "gone",
            Self::Failed(_) => "failed",
            Self::NotSent(_) => "not_sent",
            Self::Unknown(_) => "unknown",
            Self::WouldSend => "would_send",
        }
    }

    /// What Graph's reply about one id means.
    pub(super) fn of_reply(action: Action, reply: ItemReply) -> Self {
        match reply {
            ItemReply::Done => Self::Decided(action),
            ItemReply::Unclear => Self::Unknown(None),
            ItemReply::Refused(refusal) => match refusal.class {
                ErrorClass::Transient | ErrorClass::Unclear | ErrorClass::Partial => {
                    Self::Unknown(Some(refusal))
                }
                ErrorClass::RequestGone => Self::Gone(Some(refusal)),
                ErrorClass::Throttle
                | ErrorClass::Maintenance
                | ErrorClass::Credential
                | ErrorClass::Permission
                | ErrorClass::GroupNotFound
                | ErrorClass::GroupSuspended
                | ErrorClass::GroupFull
                | ErrorClass::UserNotAddable
                | ErrorClass::CursorExpired
                | ErrorClass::Rejected => Self::Failed(refusal),
            },
        }
    }

    /// What it means for each of `ids` ids that a call on all of them failed as a whole.
    pub(super) fn of_failed_call(error: &GraphError, ids: usize) -> Self {
        if !error.surely_not_executed() {
            return Self::Unknown(error.refusal().cloned());
        }
        match error {
            GraphError::Refused(refusal) => match refusal.class {
                // Of one id alone the refusal speaks; of several it does not say which.
                ErrorClass::RequestGone if ids == 1 => Self::Gone(Some(refusal.clone())),
                ErrorClass::RequestGone
                | ErrorClass::GroupFull
                | ErrorClass::UserNotAddable
                | ErrorClass::CursorExpired
                | ErrorClass::Rejected => Self::Failed(refusal.clone()),
                ErrorClass::Throttle
                | ErrorClass::Maintenance
                | ErrorClass::Credential
                | ErrorClass::Permission
                | ErrorClass::GroupNotFound
                | ErrorClass::GroupSuspended
                | ErrorClass::Transient
                | ErrorClass::Partial
                | ErrorClass::Unclear => Self::NotSent(error.clone()),
            },
            GraphError::Held(_)
            | GraphError::NotConnected
            | GraphError::TimedOut
            | GraphError::Broken
            | GraphError::Unreadable { .. } => Self::NotSent(error.clone()),
        }
    }

    /// Graph's own words, if it had any.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Gone(refusal) | Self::Unknown(refusal) => refusal.as_ref(),
            Self::Failed(refusal) => Some(refusal),
            Self::NotSent(error) => error.refusal(),
            Self::Decided(_) | Self::WouldSend => None,
        }
    }

    /// Whether the id ended as the caller asked.
    pub const fn as_asked(&self) -> bool {
        matches!(self, Self::Decided(_) | Self::WouldSend)
    }
}

impl Item {
    /// The item as the audit log shows it.
    pub(super) fn audited(&self) -> DecidedItem {
        let refusal = self.outcome.refusal();
        DecidedItem {
            id: self.id.clone(),
            outcome: self.outcome.as_str(),
            graph_code: refusal.and_then(|refusal| refusal.code),
            fbtrace_id: refusal.and_then(|refusal| refusal.fbtrace_id.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Held;

    #[test]
    fn the_contract_knows_every_word() {
        let refusal = Refusal {
            code: None,
            subcode: None,
            http_status: 400,
            fbtrace_id: None,
            class: ErrorClass::Rejected,
            wait: None,
            not_executed: true,
        };
        let outcomes = [
            Outcome::Decided(Action::Approve),
            Outcome::Decided(Action::Reject),
            Outcome::Gone(None),
            Outcome::Failed(refusal),
            Outcome::NotSent(GraphError::Held(Held::DeadlinePassed)),
            Outcome::Unknown(None),
            Outcome::WouldSend,
        ];
        assert_eq!(outcomes.map(|outcome| outcome.as_str()), Outcome::WORDS);
    }
}
