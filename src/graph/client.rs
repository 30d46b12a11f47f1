//! One method per operation of the edge.

use std::sync::Arc;
use std::time::Duration;

use super::codes::ErrorClass;
use super::fault::GraphError;
use super::page::{Cursor, Page};
use super::reading::{Answer, ItemReply, read_decision, read_page};
use super::refusal::Refusal;
use super::retry::repeat_read;
use super::transport::{Call, Transport};
use super::wire::decision_body;
use crate::config::GraphSettings;
use crate::domain::{Action, GroupId, JoinRequestId};
use crate::limits::{Budget, GraphPacing, PauseReason};
use crate::net::ClientError;
use crate::telemetry::{AttemptOutcome, Drift, GraphOperation, Metrics};

/// How long nothing is sent when Meta moves the account: it takes minutes.
const MAINTENANCE: Duration = Duration::from_mins(1);

/// The edge of one account.
#[derive(Debug)]
pub struct GraphClient {
    transport: Transport,
    max_attempts: u32,
    page_size: Option<u32>,
}

impl GraphClient {
    /// Builds the client. Nothing is sent.
    pub fn new(
        settings: &GraphSettings,
        pacing: Arc<GraphPacing>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, ClientError> {
        let transport = Transport::new(settings, pacing, metrics)?;
        Ok(Self { transport, max_attempts: settings.max_attempts, page_size: settings.page_size })
    }

    /// One page of the group's open requests. Repeated on passing trouble, inside the deadline.
    pub async fn list_page(
        &self,
        group: &GroupId,
        after: Option<&Cursor>,
        budget: &mut Budget,
    ) -> Result<Page, GraphError> {
        let limit = self.page_size.map(|limit| ("limit", limit.to_string()));
        let after = after.map(|cursor| ("after", cursor.as_str().to_owned()));
        let operation = GraphOperation::List;
        let query = limit.into_iter().chain(after).collect();
        let call = Call { operation, group, query, body: None };
        let page = repeat_read(
            self.max_attempts,
            budget,
            async |budget: &mut Budget| {
                let read = |answer: &Answer| read_page(answer).map(|page| (page, AttemptOutcome::Answered));
                self.attempt(&call, budget, read).await
            },
            |error| self.transport.metrics.graph_retried(operation, error.reason()),
        )
        .await?;
        if page.unreadable > 0 {
            self.transport.metrics.graph_drifted(Drift::ListEntry);
        }
        Ok(page)
    }

    /// Approves or rejects, in one call that is never repeated here. The answer has one reply per id sent, in order.
    pub async fn decide(
        &self,
        action: Action,
        group: &GroupId,
        ids: &[JoinRequestId],
        budget: &mut Budget,
    ) -> Result<Vec<ItemReply>, GraphError> {
        let operation = match action {
            Action::Approve => GraphOperation::Approve,
            Action::Reject => GraphOperation::Reject,
        };
        let call = Call { operation, group, query: Vec::new(), body: Some(decision_body(ids)) };
        let mut answer = self
            .attempt(&call, budget, |answer| {
                let read = read_decision(answer, action, ids)?;
                let refused = read.replies.iter().any(|reply| matches!(reply, ItemReply::Refused(_)));
                let outcome = if refused { AttemptOutcome::Partial } else { AttemptOutcome::Answered };
                Ok((read, outcome))
            })
            .await?;
        for kind in &answer.drift {
            self.transport.metrics.graph_drifted(*kind);
        }
        // The lists are the answer; what is refused in them or beside them still counts for the calls after it.
        for reply in &mut answer.replies {
            if let ItemReply::Refused(refusal) = reply {
                self.note(refusal);
            }
        }
        if let Some(refusal) = &mut answer.beside {
            self.note(refusal);
        }
        Ok(answer.replies)
    }

    /// Sends once, reads the answer, and settles everything that follows from it.
    async fn attempt<T>(
        &self,
        call: &Call<'_>,
        budget: &mut Budget,
        read: impl Fn(&Answer) -> Result<(T, AttemptOutcome), GraphError>,
    ) -> Result<T, GraphError> {
        let (took, answer) = self.transport.send(call, budget).await;
        let mut result = answer.and_then(|answer| read(&answer));
        self.settle(call.operation, &mut result);
        if let Some(outcome) = outcome_of(&result) {
            self.transport.metrics.graph_called(call.operation, outcome, took);
        }
        result.map(|(value, _)| value)
    }

    /// Lets pacing and metrics know what the answer means for the calls after it.
    fn settle<T>(&self, operation: GraphOperation, result: &mut Result<T, GraphError>) {
        match result {
            Ok(_) => {
                self.transport.pacing.served();
                self.transport.metrics.graph_token(true);
            }
            Err(error) => {
                if let GraphError::Refused(refusal) = error {
                    self.note(refusal);
                }
                if let GraphError::Unreadable { drift: Some(kind), .. } = error {
                    self.transport.metrics.graph_drifted(*kind);
                }
                log(operation, error);
            }
        }
    }

    /// What a refusal means for the calls after it, whether of a whole call, of one id, or beside the lists.
    fn note(&self, refusal: &mut Refusal) {
        let (metrics, pacing) = (&self.transport.metrics, &self.transport.pacing);
        metrics.graph_refused(refusal.class.as_str(), &refusal.code_label());
        match refusal.class {
            ErrorClass::Throttle => refusal.wait = Some(pacing.throttled(refusal.wait, PauseReason::Quota)),
            ErrorClass::Maintenance => {
                let wait = refusal.wait.unwrap_or_default().max(MAINTENANCE);
                refusal.wait = Some(pacing.throttled(Some(wait), PauseReason::Maintenance));
            }
            ErrorClass::Credential => metrics.graph_token(false),
            ErrorClass::Transient
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
}

/// Writes down why a call failed, with Graph's trace id, which expires quickly.
fn log(operation: GraphOperation, error: &GraphError) {
    let (operation, reason) = (operation.as_str(), error.reason());
    match error {
        // Nothing was sent; the request's own line tells.
        GraphError::Held(_) => (),
        GraphError::Refused(Refusal { code, subcode, http_status, fbtrace_id, class, .. }) => {
            if *class == ErrorClass::Credential {
                tracing::error!(operation, "Meta refuses the token: somebody must renew it");
            }
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

/// The metric label of an attempt; `None` when nothing was sent.
fn outcome_of<T>(result: &Result<(T, AttemptOutcome), GraphError>) -> Option<AttemptOutcome> {
    Some(match result {
        Ok((_, outcome)) => *outcome,
        Err(GraphError::Held(_)) => return None,
        Err(GraphError::NotConnected) => AttemptOutcome::NotConnected,
        Err(GraphError::TimedOut) => AttemptOutcome::TimedOut,
        Err(GraphError::Broken) => AttemptOutcome::Broken,
        Err(GraphError::Unreadable { .. }) => AttemptOutcome::Unreadable,
        Err(GraphError::Refused(_)) => AttemptOutcome::Refused,
    })
}
