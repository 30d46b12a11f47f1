//! The audit log: who decided what, written as JSON lines to stdout or a file.
//!
//! `intended` is written before the first call is sent; if it cannot be, nothing is sent. `decided` follows, one per
//! id, equal to the answer. A thread of its own does the writing, behind a bounded queue.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::oneshot;

use super::metrics::Metrics;
use super::pseudonym::Pseudonyms;
use crate::config::OnAuditFailure;
use crate::domain::{Action, Caller, Deadline, DecisionId, GroupId, JoinRequestId};

/// Events that may wait to be written. A decision of 256 ids takes 257.
const QUEUE: usize = 8192;

/// The audit event could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit log cannot be written")]
pub struct AuditUnavailable;

/// Who decides what, as far as it is the same for all ids of a call.
#[derive(Clone, Debug)]
pub struct Deciding {
    /// Names the call.
    pub decision_id: DecisionId,
    /// The request id of the call.
    pub request_id: String,
    /// Who called.
    pub caller: Caller,
    /// For whom, as the caller says.
    pub on_behalf_of: Option<String>,
    /// Why, as the caller says.
    pub reason: Option<String>,
    /// The group.
    pub group: GroupId,
    /// The verb.
    pub action: Action,
}

/// What became of one id.
#[derive(Clone, Debug)]
pub struct DecidedItem {
    /// The id.
    pub id: JoinRequestId,
    /// The word of the answer.
    pub outcome: &'static str,
    /// Graph's error code, if any.
    pub graph_code: Option<u32>,
    /// Graph's trace id, if any.
    pub fbtrace_id: Option<String>,
}

/// One line of the audit log.
#[derive(Debug, Serialize)]
struct AuditEvent {
    event: &'static str,
    at: String,
    decision_id: String,
    request_id: String,
    issuer: String,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    action: &'static str,
    group: String,
    join_requests: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    graph_code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fbtrace_id: Option<String>,
}

struct Line {
    text: Vec<u8>,
    /// Told whether the line was written.
    written: Option<oneshot::Sender<bool>>,
}

/// The audit log. Dropping it ends the writer once the queue is empty.
#[derive(Debug)]
pub struct Audit {
    queue: SyncSender<Line>,
    /// Lines that wait to be written.
    waiting: Arc<AtomicUsize>,
    clear_ids: bool,
    on_failure: OnAuditFailure,
    pseudonyms: Arc<Pseudonyms>,
    metrics: Arc<Metrics>,
}

impl Audit {
    /// Starts the writer on the given sink. Losses are told of by what `on_failure` says.
    pub fn start(
        sink: impl Write + Send + 'static,
        (clear_ids, on_failure): (bool, OnAuditFailure),
        pseudonyms: Arc<Pseudonyms>,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let (queue, lines) = sync_channel(QUEUE);
        let waiting = Arc::new(AtomicUsize::new(0));
        let (counted, written) = (Arc::clone(&metrics), Arc::clone(&waiting));
        std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || write_lines(&lines, sink, &counted, &written))?;
        Ok(Self { queue, waiting, clear_ids, on_failure, pseudonyms, metrics })
    }

    /// Writes that a decision is about to be sent, and waits until it stands there, at most until the deadline: a
    /// reader of stdout that has stopped reading must not hold requests for ever. Where losses are only counted, nothing is
    /// waited for.
    pub async fn intended(
        &self,
        deciding: &Deciding,
        ids: &[JoinRequestId],
        deadline: Deadline,
    ) -> Result<(), AuditUnavailable> {
        let event = self.event("intended", deciding, ids.iter().map(|id| self.name(id.as_str())).collect());
        if self.on_failure == OnAuditFailure::Count {
            if self.enqueue(&event, None).is_err() {
                self.metrics.audit_lost();
            }
            return Ok(());
        }
        let (written, told) = oneshot::channel();
        let stands = match self.enqueue(&event, Some(written)) {
            Ok(()) => {
                tokio::time::timeout_at(deadline.at().into(), told).await.is_ok_and(|told| told == Ok(true))
            }
            Err(AuditUnavailable) => false,
        };
        if stands {
            return Ok(());
        }
        // Whoever watches the log learns of it, also when only refusals come of it.
        self.metrics.audit_lost();
        Err(AuditUnavailable)
    }

    /// Writes what became of one id. A loss is counted: the decision itself has been made.
    pub fn decided(&self, deciding: &Deciding, item: &DecidedItem) {
        let mut event = self.event("decided", deciding, vec![self.name(item.id.as_str())]);
        event.outcome = Some(item.outcome);
        event.graph_code = item.graph_code;
        event.fbtrace_id.clone_from(&item.fbtrace_id);
        if self.enqueue(&event, None).is_err() {
            self.metrics.audit_lost();
        }
    }

    /// Waits at the end of the process until everything is written, at most so long. Answers how many lines are not.
    pub async fn flush(&self, at_most: Duration) -> usize {
        let (written, told) = oneshot::channel();
        self.waiting.fetch_add(1, Ordering::SeqCst);
        if self.queue.try_send(Line { text: Vec::new(), written: Some(written) }).is_ok() {
            drop(tokio::time::timeout(at_most, told).await);
        }
        // The mark of this call is no line of the log.
        self.waiting.load(Ordering::SeqCst).saturating_sub(1)
    }

    fn event(&self, event: &'static str, deciding: &Deciding, join_requests: Vec<String>) -> AuditEvent {
        AuditEvent {
            event,
            at: Timestamp::now().to_string(),
            decision_id: deciding.decision_id.to_string(),
            request_id: deciding.request_id.clone(),
            issuer: deciding.caller.issuer.clone(),
            subject: deciding.caller.subject.clone(),
            on_behalf_of: deciding.on_behalf_of.clone(),
            reason: deciding.reason.clone(),
            action: deciding.action.as_str(),
            group: self.name(deciding.group.as_str()),
            join_requests,
            outcome: None,
            graph_code: None,
            fbtrace_id: None,
        }
    }

    fn name(&self, id: &str) -> String {
        if self.clear_ids { id.to_owned() } else { self.pseudonyms.of(id) }
    }

    fn enqueue(
        &self,
        event: &AuditEvent,
        written: Option<oneshot::Sender<bool>>,
    ) -> Result<(), AuditUnavailable> {
        let mut text = serde_json::to_vec(event).map_err(|_never| AuditUnavailable)?;
        text.push(b'\n');
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.queue.try_send(Line { text, written }).map_err(|error| {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            match error {
                TrySendError::Full(_) | TrySendError::Disconnected(_) => AuditUnavailable,
            }
        })
    }
}

fn write_lines(lines: &Receiver<Line>, mut sink: impl Write, metrics: &Metrics, waiting: &AtomicUsize) {
    for line in lines {
        let result = sink.write_all(&line.text).and_then(|()| sink.flush());
        let stands = result.is_ok();
        waiting.fetch_sub(1, Ordering::SeqCst);
        match line.written {
            // Whoever waited may be gone; the line stands all the same.
            Some(written) => drop(written.send(stands)),
            None if !stands => metrics.audit_lost(),
            None => (),
        }
    }
}
