//! Where Graph's answers become problems. The class of an error decides; the codes behind the classes stand in the
//! table of Graph's codes.

use super::{ProblemCode, Raised, UpstreamBody};
use crate::limits::PauseReason;
use crate::moderation::{ErrorClass, GraphError, Held, ListError, Outcome, Refusal, Stopped};

/// The problem that a refusal of a whole call is.
pub(crate) const fn class_problem(class: ErrorClass) -> ProblemCode {
    match class {
        ErrorClass::Throttle => ProblemCode::UpstreamRateLimited,
        ErrorClass::Credential => ProblemCode::UpstreamCredentialInvalid,
        ErrorClass::Permission => ProblemCode::UpstreamForbidden,
        ErrorClass::GroupNotFound => ProblemCode::GroupNotFound,
        ErrorClass::GroupSuspended => ProblemCode::GroupSuspended,
        ErrorClass::Transient | ErrorClass::Maintenance | ErrorClass::CursorExpired => {
            ProblemCode::UpstreamUnavailable
        }
        ErrorClass::Unclear | ErrorClass::Partial => ProblemCode::UpstreamBadResponse,
        ErrorClass::Rejected
        | ErrorClass::GroupFull
        | ErrorClass::UserNotAddable
        | ErrorClass::RequestGone => ProblemCode::UpstreamRejected,
    }
}

/// The problem that a refusal of one id is.
pub(crate) const fn class_item_problem(class: ErrorClass) -> ProblemCode {
    match class {
        ErrorClass::GroupFull => ProblemCode::GroupFull,
        ErrorClass::UserNotAddable => ProblemCode::UserNotAddable,
        ErrorClass::RequestGone => ProblemCode::Gone,
        ErrorClass::Transient | ErrorClass::Unclear | ErrorClass::Partial => ProblemCode::OutcomeUnknown,
        ErrorClass::Throttle
        | ErrorClass::Maintenance
        | ErrorClass::Credential
        | ErrorClass::Permission
        | ErrorClass::GroupNotFound
        | ErrorClass::GroupSuspended
        | ErrorClass::CursorExpired
        | ErrorClass::Rejected => class_problem(class),
    }
}

/// The problem that a failed list is.
pub(crate) fn list_problem(error: &ListError) -> Raised {
    match error {
        ListError::Graph(error) => read_problem(error),
        ListError::PageTokenExpired => ProblemCode::PageTokenExpired.into(),
        ListError::Changing => {
            Raised::from(ProblemCode::UpstreamUnavailable).detail("The list kept changing while it was read.")
        }
        ListError::Endless => {
            Raised::from(ProblemCode::UpstreamError).detail("Graph's pages do not come to an end.")
        }
        ListError::Died => ProblemCode::Internal.into(),
        ListError::TooLong => {
            Raised::from(ProblemCode::UpstreamError).detail("The group's list is longer than one walk goes.")
        }
    }
}

fn read_problem(error: &GraphError) -> Raised {
    match error {
        GraphError::TimedOut => ProblemCode::UpstreamTimeout.into(),
        GraphError::Unreadable { http_status, .. } if *http_status < 500 => unreadable(*http_status),
        GraphError::Held(_)
        | GraphError::NotConnected
        | GraphError::Broken
        | GraphError::Unreadable { .. }
        | GraphError::Refused(_) => call_problem(error),
    }
}

fn unreadable(http_status: u16) -> Raised {
    let mut raised = Raised::from(ProblemCode::UpstreamBadResponse);
    raised.upstream =
        Some(UpstreamBody { code: None, subcode: None, http_status: Some(http_status), fbtrace_id: None });
    raised
}

/// The problem that kept a decision from being sent.
pub(crate) fn stop_problem(stopped: &Stopped) -> Raised {
    match stopped {
        Stopped::Graph(error) => call_problem(error),
        Stopped::NotCleared(refusal) => with_upstream(ProblemCode::UpstreamUnavailable, Some(refusal)),
        Stopped::LineFull => {
            Raised::from(ProblemCode::Overloaded).detail("Too many decisions wait for this group.")
        }
        Stopped::StoreUnavailable => ProblemCode::StoreUnavailable.into(),
    }
}

/// The problem of a call that was not sent, or that was refused as a whole.
fn call_problem(error: &GraphError) -> Raised {
    let raised = match error {
        GraphError::Held(Held::Paused { reason: PauseReason::Quota, .. }) => {
            ProblemCode::UpstreamRateLimited.into()
        }
        GraphError::Held(Held::Limited { .. }) => ProblemCode::Overloaded.into(),
        GraphError::Held(Held::DeadlinePassed) => ProblemCode::DeadlineExceeded.into(),
        GraphError::Held(Held::ReadOnly) => ProblemCode::DecisionsDisabled.into(),
        GraphError::Held(Held::StoreUnavailable) => ProblemCode::StoreUnavailable.into(),
        GraphError::Held(Held::Paused {
            reason: PauseReason::Maintenance | PauseReason::Trouble, ..
        })
        | GraphError::NotConnected
        | GraphError::TimedOut
        | GraphError::Broken
        | GraphError::Unreadable { .. } => ProblemCode::UpstreamUnavailable.into(),
        GraphError::Refused(refusal) => with_upstream(class_problem(refusal.class), Some(refusal)),
    };
    raised.retry_after(error.retry_after())
}

/// The problem of one id; `None` when it ended as asked.
pub(crate) fn item_problem(outcome: &Outcome) -> Option<Raised> {
    match outcome {
        Outcome::Decided(_) | Outcome::Already { .. } | Outcome::WouldSend => None,
        Outcome::Gone(refusal) => Some(with_upstream(ProblemCode::Gone, refusal.as_ref())),
        // Of a call on several ids, "no such request" does not say which: the id is not known to be gone.
        Outcome::Failed(refusal) if refusal.class == ErrorClass::RequestGone => {
            Some(with_upstream(ProblemCode::UpstreamRejected, Some(refusal)))
        }
        Outcome::Failed(refusal) => {
            let raised = with_upstream(class_item_problem(refusal.class), Some(refusal));
            Some(raised.retry_after(refusal.wait))
        }
        Outcome::NotSent(stopped) => Some(stop_problem(stopped)),
        Outcome::Unknown { refusal, .. } => {
            Some(with_upstream(ProblemCode::OutcomeUnknown, refusal.as_ref()))
        }
    }
}

fn with_upstream(code: ProblemCode, refusal: Option<&Refusal>) -> Raised {
    let mut raised = Raised::from(code);
    raised.upstream = refusal.map(UpstreamBody::from);
    raised
}
