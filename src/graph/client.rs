//! One method per operation of the edge.

use std::sync::Arc;
use std::time::Duration;

use super::codes::ErrorClass;
use super::fault::GraphError;
use super::page::{Cursor, Page};
use super::refusal::{NamedError, Refusal};
use super::retry::repeat_read;
use super::transport::{Answer, Call, Transport};
use super::wire::{Body, Lists, decision_body};
use crate::config::GraphSettings;
use crate::domain::{Action, GroupId, JoinRequestId};
use crate::limits::{Budget, GraphPacing, PauseReason};
use crate::net::ClientError;
use crate::telemetry::{AttemptOutcome, GraphOperation, Metrics};

/// How long nothing is sent when Meta moves the account: it takes minutes.
const MAINTENANCE: Duration = Duration::from_mins(1);

/// What Graph said about one id that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemReply {
    /// Listed as done.
    Done,
    /// Listed as refused.
    Refused(Refusal),
    /// Not listed, or listed both ways: nothing is known.
    Unclear,
}

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
            async |budget: &mut Budget| self.attempt(&call, budget, read_page).await,
            |error| self.transport.metrics.graph_retried(operation, error.reason()),
        )
        .await?;
        if page.unreadable > 0 {
            self.transport.metrics.graph_drifted("list_entry");
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
        let (mut replies, mut beside) = self
            .attempt(&call, budget, |body, answer| {
                let replies = self.replies(ids, body.lists(action)?, answer);
                let beside = body.error().map(|error| Refusal::of_call(error, answer.status, answer.wait));
                let refused = replies.iter().any(|reply| matches!(reply, ItemReply::Refused(_)));
                let outcome = if refused { AttemptOutcome::Partial } else { AttemptOutcome::Answered };
                Some(((replies, beside), outcome))
            })
            .await?;
        // The lists are the answer; what is refused in them or beside them still counts for the calls after it.
        for reply in &mut replies {
            if let ItemReply::Refused(refusal) = reply {
                self.note(refusal);
            }
        }
        if let Some(refusal) = &mut beside {
            self.note(refusal);
        }
        Ok(replies)
    }

    /// Sends once, reads the answer, and settles everything that follows from it.
    async fn attempt<T>(
        &self,
        call: &Call<'_>,
        budget: &mut Budget,
        read: impl Fn(&Body, &Answer) -> Option<(T, AttemptOutcome)>,
    ) -> Result<T, GraphError> {
        let (took, answer) = self.transport.send(call, budget).await;
        let mut result = answer.and_then(|answer| judge(&answer, &read));
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

    /// Matches Graph's lists with the ids that were sent. Ids that were not sent are counted and left out.
    fn replies(&self, ids: &[JoinRequestId], lists: Lists, answer: &Answer) -> Vec<ItemReply> {
        let metrics = &self.transport.metrics;
        let Lists { done, mut failed, nameless } = lists;
        let mut done = done.iter().map(String::as_str).collect::<std::collections::HashSet<_>>();
        let replies = ids.iter().map(|id| match (done.remove(id.as_str()), failed.remove(id.as_str())) {
            (true, None) => ItemReply::Done,
            (false, Some(error)) => ItemReply::Refused(Refusal::of_item(error, answer.status, answer.wait)),
            (true, Some(_)) => {
                metrics.graph_drifted("id_in_both_lists");
                ItemReply::Unclear
            }
            (false, None) => {
                metrics.graph_drifted("id_not_mentioned");
                ItemReply::Unclear
            }
        });
        let replies = replies.collect();
        if nameless + done.len() + failed.len() > 0 {
            metrics.graph_drifted("foreign_id");
        }
        replies
    }
}

/// A page counts only in a plain success: an error beside it, or any other status, and the list may be cut.
fn read_page(body: &Body, answer: &Answer) -> Option<(Page, AttemptOutcome)> {
    let plain = (200..300).contains(&answer.status) && body.error().is_none();
    Some((body.page().filter(|_| plain)?, AttemptOutcome::Answered))
}

/// Success is content, not status: what was asked for counts first, then Graph's error, whatever the status.
fn judge<T>(answer: &Answer, read: impl Fn(&Body, &Answer) -> Option<T>) -> Result<T, GraphError> {
    let http_status = answer.status;
    let refuse =
        |error: NamedError| Err(GraphError::Refused(Refusal::of_call(error, http_status, answer.wait)));
    // A redirect is a fault even when its body looks right: it came from who knows where.
    let redirected = (300..400).contains(&http_status);
    match Body::parse(&answer.body).filter(|_| !redirected) {
        Some(body) => match (read(&body, answer), body.error()) {
            (Some(value), _) => Ok(value),
            (None, Some(error)) => refuse(error),
            (None, None) => Err(GraphError::Unreadable { http_status }),
        },
        // A quota answered by an edge that knows no JSON is still a quota.
        None if http_status == 429 => refuse(NamedError::default()),
        None => Err(GraphError::Unreadable { http_status }),
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
        GraphError::Unreadable { http_status } => {
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
