//! A decision: chunk after chunk, each sent once, with an outcome for every id whatever happens.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::{DecisionReport, GraphError, Held, Item, Outcome};
use crate::domain::{Action, Caller, DecisionId, GroupId, JoinRequestId};
use crate::graph::GraphClient;
use crate::limits::Budget;
use crate::telemetry::{Audit, Deciding, Metrics};

/// A group has at most eight members, so no more can ever be approved at once.
/// Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/groups>.
const MOST_APPROVALS_PER_CALL: usize = 8;

/// What a caller asks for.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Names the call.
    pub id: DecisionId,
    /// The request id of the call.
    pub request_id: String,
    /// Who asks.
    pub caller: Caller,
    /// The verb.
    pub action: Action,
    /// The group.
    pub group: GroupId,
    /// The ids, each once, in the order given.
    pub ids: Vec<JoinRequestId>,
    /// Why, for the audit log.
    pub reason: Option<String>,
    /// For whom, for the audit log.
    pub on_behalf_of: Option<String>,
}

/// A decision that was not made at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecideError {
    /// The audit log cannot be written, so nothing was sent.
    AuditUnavailable,
    /// As many decisions as may be are under way already; nothing was sent.
    TooMany,
    /// The task that made the decision died. What was executed is not known.
    Died,
}

/// Decides, for every caller.
#[derive(Debug)]
pub struct Decider {
    graph: Arc<GraphClient>,
    ids_per_call: usize,
    audit: Arc<Audit>,
    metrics: Arc<Metrics>,
    /// Decisions run here, so that a caller who goes away cancels nothing and shutdown waits for all of them.
    tasks: TaskTracker,
    most_at_once: usize,
    /// The runtime of the whole process: those of the HTTP workers end while a decision may still be under way.
    runtime: Handle,
}

impl Decider {
    /// Sends at most `ids_per_call` ids in one call of Graph, and makes at most `most_at_once` decisions at a time.
    pub const fn new(
        graph: Arc<GraphClient>,
        (ids_per_call, most_at_once): (usize, usize),
        audit: Arc<Audit>,
        metrics: Arc<Metrics>,
        tasks: TaskTracker,
        runtime: Handle,
    ) -> Self {
        Self { graph, ids_per_call, audit, metrics, tasks, most_at_once, runtime }
    }

    /// Makes the decision. It runs to its end even when the caller goes away meanwhile.
    pub async fn decide(
        self: Arc<Self>,
        decision: Decision,
        budget: Budget,
    ) -> Result<DecisionReport, DecideError> {
        // Callers who went away hold no place among the requests in flight, but their decisions do here.
        if self.tasks.len() >= self.most_at_once {
            return Err(DecideError::TooMany);
        }
        let Decision { id, request_id, caller, action, group, ids, reason, on_behalf_of } = decision;
        let deciding = Deciding { decision_id: id, request_id, caller, on_behalf_of, reason, group, action };
        let deciding = Arc::new(deciding);
        let (decider, context, sent) = (Arc::clone(&self), Arc::clone(&deciding), ids.clone());
        let work = async move { decider.decide_to_the_end(&context, sent, budget).await };
        let running = self.tasks.spawn_on(work.in_current_span(), &self.runtime);
        let result = running.await;
        result.unwrap_or_else(|_panicked| {
            // What it had done by then nobody knows.
            self.write_down(
                &deciding,
                ids.into_iter().map(|id| Item { id, outcome: Outcome::Unknown(None) }),
            );
            Err(DecideError::Died)
        })
    }

    async fn decide_to_the_end(
        &self,
        deciding: &Deciding,
        ids: Vec<JoinRequestId>,
        mut budget: Budget,
    ) -> Result<DecisionReport, DecideError> {
        let not_sent = |id: JoinRequestId| Item {
            id,
            outcome: Outcome::NotSent(GraphError::Held(Held::DeadlinePassed)),
        };
        if budget.deadline.left().is_zero() {
            let items = ids.into_iter().map(not_sent).collect();
            return Ok(DecisionReport { items, spent: budget.spent });
        }
        if self.audit.intended(deciding, &ids, budget.deadline).await.is_err() {
            // The intent may be written later all the same; it must not stand there alone.
            self.write_down(deciding, ids.into_iter().map(not_sent));
            return Err(DecideError::AuditUnavailable);
        }
        let items = self.send_chunks(deciding.action, &deciding.group, ids, &mut budget).await;
        self.write_down(deciding, items.iter().cloned());
        Ok(DecisionReport { items, spent: budget.spent })
    }

    /// Writes what became of each id into the audit log and counts it.
    fn write_down(&self, deciding: &Deciding, items: impl Iterator<Item = Item>) {
        for item in items {
            self.audit.decided(deciding, &item.audited());
            self.metrics.decided(deciding.action.as_str(), item.outcome.as_str());
        }
    }

    async fn send_chunks(
        &self,
        action: Action,
        group: &GroupId,
        ids: Vec<JoinRequestId>,
        budget: &mut Budget,
    ) -> Vec<Item> {
        let size = match action {
            Action::Approve => self.ids_per_call.min(MOST_APPROVALS_PER_CALL),
            Action::Reject => self.ids_per_call,
        };
        let mut outcomes = Vec::with_capacity(ids.len());
        let mut stopped = None;
        for chunk in ids.chunks(size) {
            if let Some(error) = &stopped {
                // What was not tried was surely not executed, whatever stopped it.
                outcomes.extend(chunk.iter().map(|_| Outcome::NotSent(GraphError::clone(error))));
                continue;
            }
            match self.graph.decide(action, group, chunk, budget).await {
                Ok(replies) => {
                    outcomes.extend(replies.into_iter().map(|reply| Outcome::of_reply(action, reply)));
                }
                Err(error) => {
                    let outcome = Outcome::of_failed_call(&error, chunk.len());
                    // Only a refusal that speaks of the ids leaves hope for other ids.
                    if !matches!(outcome, Outcome::Failed(_) | Outcome::Gone(_)) {
                        stopped = Some(error);
                    }
                    outcomes.extend(chunk.iter().map(|_| outcome.clone()));
                }
            }
        }
        ids.into_iter().zip(outcomes).map(|(id, outcome)| Item { id, outcome }).collect()
    }
}
