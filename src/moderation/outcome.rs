//! What became of one id.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ErrorClass, GraphError, Refusal, Stopped};
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
    /// Graph says that it is not open, and said so lately to this gateway that it had done the same.
    Already {
        /// What was done.
        action: Action,
        /// When Graph said so.
        at: Timestamp,
    },
    /// Not open any more; who did it is not known. Without a refusal when a walk showed it.
    Gone(Option<Refusal>),
    /// Graph refused this id.
    Failed(Refusal),
    /// Surely not executed, and why.
    NotSent(Stopped),
    /// Sent, and no answer to rely on.
    Unknown {
        /// Graph's words, if it had any.
        refusal: Option<Refusal>,
        /// What a look afterwards showed.
        observed: Observed,
    },
    /// Only tried out: it is open and would be sent.
    WouldSend,
}

/// What a look showed of an id whose outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// Still open.
    Open,
    /// Not open any more: most likely done by this decision.
    NotOpen,
    /// A newer request is open under the same id: it has to be decided anew.
    Reopened,
    /// No complete look was to be had.
    LookFailed,
}

impl Observed {
    /// Every word that [`Self::as_str`] gives, for the contract.
    pub const WORDS: [&'static str; 4] = ["open", "not_open", "reopened", "look_failed"];

    /// The word in the answer and the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::NotOpen => "not_open",
            Self::Reopened => "reopened",
            Self::LookFailed => "look_failed",
        }
    }
}

/// An outcome that no repeat changes, as it is stored. The verb stands in the record's fingerprint.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Settled {
    Decided,
    Already { at: Timestamp },
    Gone { refusal: Option<Refusal> },
    Failed { refusal: Refusal },
}

impl Outcome {
    /// The outcome as it is stored; `None` when a repeat with the same Idempotency-Key takes the id up again.
    pub(super) fn settled(&self) -> Option<Settled> {
        match self {
            Self::Decided(_) => Some(Settled::Decided),
            Self::Already { at, .. } => Some(Settled::Already { at: *at }),
            Self::Gone(refusal) => Some(Settled::Gone { refusal: refusal.clone() }),
            Self::Failed(refusal) if !refusal.class.passes() => {
                Some(Settled::Failed { refusal: refusal.clone() })
            }
            Self::Failed(_) | Self::NotSent(_) | Self::Unknown { .. } | Self::WouldSend => None,
        }
    }

    /// An outcome that was stored.
    pub(super) fn of_settled(action: Action, settled: Settled) -> Self {
        match settled {
            Settled::Decided => Self::Decided(action),
            Settled::Already { at } => Self::Already { action, at },
            Settled::Gone { refusal } => Self::Gone(refusal),
            Settled::Failed { refusal } => Self::Failed(refusal),
        }
    }

    /// Every word that [`Self::as_str`] gives, for the contract.
    pub const WORDS: [&'static str; 9] = [
        "approved",
        "rejected",
        "already_approved",
        "already_rejected",
        "gone",
        "failed",
        "not_sent",
        "unknown",
        "would_send",
    ];

    /// Sent, and nothing looked yet.
    pub(super) const fn in_doubt(refusal: Option<Refusal>) -> Self {
        Self::Unknown { refusal, observed: Observed::LookFailed }
    }

    /// The word in the answer, the audit log and the metric label.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Decided(Action::Approve) => "approved",
            Self::Decided(Action::Reject) => "rejected",
            Self::Already { action: Action::Approve, .. } => "already_approved",
            Self::Already { action: Action::Reject, .. } => "already_rejected",
            Self::Gone(_) => "gone",
            Self::Failed(_) => "failed",
            Self::NotSent(_) => "not_sent",
            Self::Unknown { .. } => "unknown",
            Self::WouldSend => "would_send",
        }
    }

    /// What Graph's reply about one id means.
    pub(super) fn of_reply(action: Action, reply: ItemReply) -> Self {
        match reply {
            ItemReply::Done => Self::Decided(action),
            ItemReply::Unclear => Self::in_doubt(None),
            ItemReply::Refused(refusal) => match refusal.class {
                ErrorClass::Transient | ErrorClass::Unclear | ErrorClass::Partial => {
                    Self::in_doubt(Some(refusal))
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
    pub fn of_failed_call(error: &GraphError, ids: usize) -> Self {
        if !error.surely_not_executed() {
            return Self::in_doubt(error.refusal().cloned());
        }
        let not_sent = || Self::NotSent(Stopped::Graph(error.clone()));
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
                | ErrorClass::Unclear => not_sent(),
            },
            GraphError::Held(_)
            | GraphError::NotConnected
            | GraphError::TimedOut
            | GraphError::Broken
            | GraphError::Unreadable { .. } => not_sent(),
        }
    }

    /// Graph's own words, if it had any.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Gone(refusal) | Self::Unknown { refusal, .. } => refusal.as_ref(),
            Self::Failed(refusal) | Self::NotSent(Stopped::NotCleared(refusal)) => Some(refusal),
            Self::NotSent(Stopped::Graph(error)) => error.refusal(),
            Self::NotSent(Stopped::LineFull | Stopped::StoreUnavailable)
            | Self::Decided(_)
            | Self::Already { .. }
            | Self::WouldSend => None,
        }
    }

    /// Whether the id ended as the caller asked.
    pub const fn as_asked(&self) -> bool {
        matches!(self, Self::Decided(_) | Self::Already { .. } | Self::WouldSend)
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
            asks_for_less: false,
        };
        let already = |action| Outcome::Already { action, at: Timestamp::UNIX_EPOCH };
        let outcomes = [
            Outcome::Decided(Action::Approve),
            Outcome::Decided(Action::Reject),
            already(Action::Approve),
            already(Action::Reject),
            Outcome::Gone(None),
            Outcome::Failed(refusal),
            Outcome::NotSent(Stopped::LineFull),
            Outcome::in_doubt(None),
            Outcome::WouldSend,
        ];
        assert_eq!(outcomes.map(|outcome| outcome.as_str()), Outcome::WORDS);
    }
}
