//! What an answer means for the calls after it: pauses, metrics, and one line in the log.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::codes::ErrorClass;
use super::credential::TokenInUse;
use super::fault::GraphError;
use super::refusal::Refusal;
use super::shape::Difference;
use crate::domain::GroupId;
use crate::limits::{GraphPacing, PauseReason};
use crate::telemetry::{AttemptOutcome, Drift, GraphOperation, Metrics};

/// How long nothing is sent when Meta moves the account: it takes minutes.
const MAINTENANCE: Duration = Duration::from_mins(1);

/// The quota of decisions on groups: of one group, or of the phone number that all groups share. Meta does not say.
const GROUPS_CODE: u32 = 131_208;

/// Lets pacing and metrics know of a refusal, whether of a whole call, of one id, or beside the lists. The refusal learns
/// how long the pause will be.
pub(super) fn note(
    refusal: &mut Refusal,
    (group, token): (Option<&GroupId>, &TokenInUse),
    pacing: &GraphPacing,
    metrics: &Metrics,
) {
    metrics.graph_refused(refusal.class.as_str(), &refusal.code_label());
    match refusal.class {
        ErrorClass::Throttle => {
            let alone = group.filter(|_| refusal.code == Some(GROUPS_CODE));
            refusal.wait = Some(pacing.throttled(refusal.wait, PauseReason::Quota, alone));
        }
        ErrorClass::Maintenance => {
            let wait = refusal.wait.unwrap_or_default().max(MAINTENANCE);
            refusal.wait = Some(pacing.throttled(Some(wait), PauseReason::Maintenance, None));
        }
        // That the other token is refused is no sign that the ordinary one is.
        ErrorClass::Credential if token.is_ordinary() => metrics.graph_token(false),
        ErrorClass::Credential
        | ErrorClass::Transient
        | ErrorClass::Permission
        | ErrorClass::GroupNotFound
        | ErrorClass::GroupSuspended
        | ErrorClass::GroupFull
        | ErrorClass::UserNotAddable
        | ErrorClass::RequestGone
        | ErrorClass::CursorExpired
        | ErrorClass::Partial
        | ErrorClass::Rejected
        | ErrorClass::Unclear => (),
    }
}

/// Writes down why a call failed, with Graph's trace id, which expires quickly.
pub(super) fn log(operation: GraphOperation, error: &GraphError) {
    let (operation, reason) = (operation.as_str(), error.reason());
    match error {
        // Nothing was sent; the request's own line tells.
        GraphError::Held(_) => (),
        GraphError::Refused(Refusal { code, subcode, http_status, fbtrace_id, class, .. }) => {
            let class = class.as_str();
            tracing::warn!(operation, class, code, subcode, http_status, fbtrace_id, "Graph refused a call");
        }
        GraphError::Unreadable { http_status, .. } => {
            tracing::warn!(operation, reason, http_status, "Graph's answer makes no sense");
        }
        GraphError::NotConnected | GraphError::TimedOut | GraphError::Broken => {
            tracing::warn!(operation, reason, "a call of Graph brought no answer");
        }
    }
}

/// An answer differs from Graph's documentation: the kind of it, and never what stood there.
pub(super) fn drifted(kind: Drift, metrics: &Metrics) {
    metrics.graph_drifted(kind);
    tracing::warn!(kind = kind.as_str(), "an answer of Graph differs from its documentation");
}

/// The fields of Graph's that were told in the log: each once in the life of the process, since it would stand in every answer.
#[derive(Debug, Default)]
pub(super) struct FieldsTold(Mutex<HashSet<Difference>>);

impl FieldsTold {
    /// Most fields told; those that come later are counted only.
    const MOST: usize = 64;

    /// A field of an answer is not documented, or of another type: its name, and never what stood there.
    pub(super) fn differs(&self, difference: &Difference, metrics: &Metrics) {
        metrics.graph_drifted(difference.kind);
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < Self::MOST && !told.contains(difference) {
            told.insert(difference.clone());
            let (kind, field) = (difference.kind.as_str(), difference.field.as_str());
            tracing::warn!(kind, field, "a field in an answer of Graph is not as documented");
        }
    }
}

/// The metric label of a call that was sent.
pub(super) const fn outcome_of<T>(result: &Result<(T, AttemptOutcome), GraphError>) -> AttemptOutcome {
    match result {
        Ok((_, outcome)) => *outcome,
        // A call that is held comes to no answer.
        Err(GraphError::Held(_) | GraphError::NotConnected) => AttemptOutcome::NotConnected,
        Err(GraphError::TimedOut) => AttemptOutcome::TimedOut,
        Err(GraphError::Broken) => AttemptOutcome::Broken,
        Err(GraphError::Unreadable { .. }) => AttemptOutcome::Unreadable,
        Err(GraphError::Refused(_)) => AttemptOutcome::Refused,
    }
}
