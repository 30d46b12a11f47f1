//! A decision from the caller to its report: the record of its Idempotency-Key, its audit events, and a task of its own,
//! so that a caller who goes away cancels nothing that was sent.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::chunk::Task;
use super::course::Course;
use super::ledger::{Ledger, OpenRecord, lease_until};
use super::{DecisionReport, Item, Outcome, Stopped};
use crate::domain::{Action, Caller, DecisionId, GroupId, IdempotencyKey, JoinRequestId};
use crate::limits::{Budget, CallerLimiter, CallerQuota, NotAdmitted};
use crate::store::{Claimed, OwnerId, Store};
use crate::telemetry::{Audit, Deciding, Metrics};

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
    /// Makes a repeat of the call safe.
    pub key: Option<IdempotencyKey>,
}

/// A decision that was not made at all, or of which nothing is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecideError {
    /// The audit log cannot be written, so nothing was sent.
    AuditUnavailable,
    /// As many decisions as may be are under way already; nothing was sent.
    TooMany,
    /// The key was used for another decision.
    KeyReused,
    /// The caller's quota does not cover the ids, or is not known; nothing was sent.
    NotAdmitted(NotAdmitted),
    /// A call with the same key is under way, for so long at most.
    InProgress(Duration),
    /// The record of the key cannot be read or written; nothing was sent.
    StoreUnavailable,
    /// The task that made the decision died. What was executed is not known.
    Died,
}

/// What came of a decision.
#[derive(Debug)]
pub struct Decided {
    /// What became of its ids.
    pub result: Result<DecisionReport, DecideError>,
    /// What the caller has left, if ids were charged: those that an earlier call has settled cost nothing.
    pub charged: Option<CallerQuota>,
}

impl From<DecideError> for Decided {
    fn from(error: DecideError) -> Self {
        Self { result: Err(error), charged: None }
    }
}

/// Decides, for every caller.
#[derive(Debug)]
pub struct Decider {
    course: Course,
    store: Arc<Store>,
    callers: Arc<CallerLimiter>,
    audit: Arc<Audit>,
    metrics: Arc<Metrics>,
    /// Decisions run here, and shutdown waits for all of them.
    tasks: TaskTracker,
}

impl Decider {
    pub(super) fn new(
        course: Course,
        (store, callers): (Arc<Store>, Arc<CallerLimiter>),
        (audit, metrics): (Arc<Audit>, Arc<Metrics>),
        tasks: TaskTracker,
    ) -> Self {
        Self { course, store, callers, audit, metrics, tasks }
    }

    /// Makes the decision. It runs to its end even when the caller goes away meanwhile.
    pub async fn decide(self: Arc<Self>, decision: Decision, budget: Budget) -> Decided {
        // Callers who went away hold no place among the requests in flight, but their decisions do here.
        // On the way down nothing new begins that nobody would wait for.
        if self.tasks.is_closed() || self.tasks.len() >= self.course.bounds.most_at_once {
            return DecideError::TooMany.into();
        }
        let Decision { id, request_id, caller, action, group, ids, reason, on_behalf_of, key } = decision;
        let deciding = Deciding { decision_id: id, request_id, caller, on_behalf_of, reason, group, action };
        let decider = Arc::clone(&self);
        let work = async move { decider.decide_or_die(&deciding, &ids, key, budget).await };
        let running = self.tasks.spawn(work.in_current_span());
        // The task catches what goes wrong in it; it is not there any more only when the process ends.
        running.await.unwrap_or_else(|_died| DecideError::Died.into())
    }

    /// Whatever happens, an intent that stands in the audit log does not stand there alone.
    async fn decide_or_die(
        &self,
        deciding: &Deciding,
        ids: &[JoinRequestId],
        key: Option<IdempotencyKey>,
        budget: Budget,
    ) -> Decided {
        let intended = AtomicBool::new(false);
        let work = AssertUnwindSafe(self.decide_to_the_end(deciding, ids, key, &intended, budget));
        work.catch_unwind().await.unwrap_or_else(|_panicked| {
            if intended.load(Ordering::Relaxed) {
                // What it had done by then nobody knows.
                let in_doubt = ids.iter().map(|id| Item { id: id.clone(), outcome: Outcome::in_doubt(None) });
                self.write_down(deciding, &in_doubt.collect::<Vec<_>>());
            }
            DecideError::Died.into()
        })
    }

    async fn decide_to_the_end(
        &self,
        deciding: &Deciding,
        ids: &[JoinRequestId],
        key: Option<IdempotencyKey>,
        intended: &AtomicBool,
        budget: Budget,
    ) -> Decided {
        let ledger = match self.open(deciding, ids, key, &budget).await {
            Ok(ledger) => ledger,
            Err(error) => return error.into(),
        };
        let charged = match ledger.unsettled() {
            0 => None,
            unsettled => match self.callers.admit_ids(&deciding.caller, unsettled, budget.deadline).await {
                Ok(quota) => Some(quota),
                Err(refused) => {
                    // Leaves the record as it was.
                    drop(ledger.close(&Stopped::too_late()).await);
                    return DecideError::NotAdmitted(refused).into();
                }
            },
        };
        Decided { result: self.carry_out(deciding, ids, ledger, intended, budget).await, charged }
    }

    async fn carry_out(
        &self,
        deciding: &Deciding,
        ids: &[JoinRequestId],
        mut ledger: Ledger,
        intended: &AtomicBool,
        mut budget: Budget,
    ) -> Result<DecisionReport, DecideError> {
        let task = Task { action: deciding.action, group: &deciding.group, ids };
        let result = self.make(deciding, task, &mut ledger, intended, &mut budget).await;
        let (stopped, failed) = match result {
            Ok(stopped) => (stopped, None),
            Err(error) => (None, Some(error)),
        };
        let resumed = ledger.is_resumed();
        let outcomes = ledger.close(&stopped.unwrap_or_else(Stopped::too_late)).await;
        let items = ids.iter().cloned().zip(outcomes).map(|(id, outcome)| Item { id, outcome });
        let report = DecisionReport { items: items.collect(), spent: budget.spent, resumed };
        // The intent may stand in the log even when writing it failed; it must not stand there alone.
        if intended.load(Ordering::Relaxed) || failed.is_none() && report.stopped_by().is_none() {
            self.write_down(deciding, &report.items);
        }
        failed.map_or(Ok(report), Err)
    }

    /// The state of every id: fresh, or as an earlier call with the same key left it.
    async fn open(
        &self,
        deciding: &Deciding,
        ids: &[JoinRequestId],
        key: Option<IdempotencyKey>,
        budget: &Budget,
    ) -> Result<Ledger, DecideError> {
        let Some(key) = key else { return Ok(Ledger::untried(ids.len(), None)) };
        let Deciding { caller, group, action, .. } = deciding;
        let route = format!("{}/{}", group.as_str(), action.as_str());
        let key = self.store.record_key(caller, &route, key.as_str());
        let words = std::iter::once(action.as_str()).chain(ids.iter().map(JoinRequestId::as_str));
        let fingerprint = self.store.fingerprint(words);
        let (owner, until) = (OwnerId::generate(), budget.deadline);
        let claimed = self.store.claim(&key, &fingerprint, &owner, lease_until(until), until).await;
        let record = || OpenRecord { store: Arc::clone(&self.store), key, owner, until };
        let (result, opened) = match claimed {
            Ok(Claimed::New) => ("new", Ok(Ledger::untried(ids.len(), Some(record())))),
            Ok(Claimed::Resumed { content, idle }) => {
                ("resumed", Ok(Ledger::resumed(ids.len(), *action, &content, idle, record())))
            }
            Ok(Claimed::InProgress { retry_after }) => {
                ("in_progress", Err(DecideError::InProgress(retry_after)))
            }
            Ok(Claimed::OtherFingerprint) => ("reused", Err(DecideError::KeyReused)),
            Err(error) => {
                tracing::warn!(%error, "the record of an Idempotency-Key cannot be claimed");
                ("unavailable", Err(DecideError::StoreUnavailable))
            }
        };
        self.metrics.idempotency(result);
        opened
    }

    /// Does what is left to do, if anything is. Answers what stopped it, if anything did.
    async fn make(
        &self,
        deciding: &Deciding,
        task: Task<'_>,
        ledger: &mut Ledger,
        intended: &AtomicBool,
        budget: &mut Budget,
    ) -> Result<Option<Stopped>, DecideError> {
        if ledger.unsettled() == 0 {
            return Ok(None);
        }
        // Held until every id has its outcome.
        let _turn = match self.course.turn(task, budget).await {
            Ok(turn) => turn,
            Err(stopped) => return Ok(Some(stopped)),
        };
        intended.store(true, Ordering::Relaxed);
        let written = self.audit.intended(deciding, task.ids, budget.deadline).await;
        written.map_err(|_unavailable| DecideError::AuditUnavailable)?;
        Ok(self.course.run(task, ledger, budget).await)
    }

    /// Writes what became of each id into the audit log and counts it.
    fn write_down(&self, deciding: &Deciding, items: &[Item]) {
        for item in items {
            self.audit.decided(deciding, &item.audited());
            self.metrics.decided(deciding.action.as_str(), item.outcome.as_str());
        }
    }
}
