//! The events that metrics are made of, one method each. Callers speak of what happened, never of label texts.

use jiff::Timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{ACCOUNT, Metrics};
use crate::telemetry::{AttemptOutcome, Circuit, Drift, Fault, GraphOperation, LimitName, Route};

#[expect(clippy::multiple_inherent_impl, reason = "construction and recording are two ideas in two files")]
impl Metrics {
    /// A request was answered.
    pub fn request_answered(
        &self,
        route: Route,
        method: &'static str,
        status: u16,
        fault: Fault,
        took: Duration,
    ) {
        let labels = [route.as_str(), method, &status.to_string(), fault.as_str()];
        self.http_requests.with_label_values(&labels).inc();
        self.http_duration.with_label_values(&[route.as_str(), method]).observe(took.as_secs_f64());
    }

    /// How much of a request was the gateway's own time.
    pub fn overhead(&self, route: Route, own_time: Duration) {
        self.overhead.with_label_values(&[route.as_str()]).observe(own_time.as_secs_f64());
    }

    /// A request had no valid token. `reason` comes from the closed set of the verifier.
    pub fn auth_failed(&self, reason: &'static str) {
        self.auth_failures.with_label_values(&[reason]).inc();
    }

    /// A limit refused something. `reason` is a fixed word.
    pub fn limited(&self, limit: LimitName, reason: &'static str) {
        self.limited.with_label_values(&[limit.as_str(), reason]).inc();
    }

    /// Something waited for a limit.
    pub fn waited(&self, limit: LimitName, wait: Duration) {
        self.limit_wait.with_label_values(&[limit.as_str()]).observe(wait.as_secs_f64());
    }

    /// A call of Graph ended.
    pub fn graph_called(&self, operation: GraphOperation, outcome: AttemptOutcome, took: Duration) {
        self.graph_requests.with_label_values(&[ACCOUNT, operation.as_str(), outcome.as_str()]).inc();
        self.graph_duration.with_label_values(&[ACCOUNT, operation.as_str()]).observe(took.as_secs_f64());
    }

    /// A call of Graph is sent again. `reason` is the class of the fault.
    pub fn graph_retried(&self, operation: GraphOperation, reason: &'static str) {
        self.graph_retries.with_label_values(&[ACCOUNT, operation.as_str(), reason]).inc();
    }

    /// Graph named an error. `code` is a code of the table or `other`.
    pub fn graph_refused(&self, class: &'static str, code: &str) {
        self.graph_errors.with_label_values(&[ACCOUNT, class, code]).inc();
    }

    /// Graph reported how much of its quota is used.
    pub fn graph_usage(&self, header: &'static str, measure: &'static str, percent: f64) {
        self.graph_usage.with_label_values(&[ACCOUNT, header, measure]).set(percent);
    }

    /// Nothing is sent until then; `None` ends the pause.
    pub fn graph_paused(&self, until: Option<SystemTime>) {
        let since_epoch = until.and_then(|until| until.duration_since(UNIX_EPOCH).ok());
        let seconds = since_epoch.map_or(0.0, |duration| duration.as_secs_f64());
        self.graph_paused_until.with_label_values(&[ACCOUNT]).set(seconds);
    }

    /// Whether Graph is in trouble.
    pub fn graph_circuit(&self, circuit: Circuit) {
        self.graph_circuit.with_label_values(&[ACCOUNT]).set(circuit.as_number());
    }

    /// Graph took the token, or refused it.
    pub fn graph_token(&self, valid: bool) {
        self.graph_token_valid.with_label_values(&[ACCOUNT]).set(i64::from(valid));
    }

    /// Graph said when the token ends, if it does.
    pub fn graph_token_expiry(&self, at: Option<Timestamp>) {
        self.graph_token_expiry.with_label_values(&[ACCOUNT]).set(at.map_or(0, Timestamp::as_second));
    }

    /// Graph said which version answered.
    pub fn graph_version(&self, as_asked: bool) {
        self.graph_version_mismatch.with_label_values(&[ACCOUNT]).set(i64::from(!as_asked));
    }

    /// An answer differed from the documentation.
    pub fn graph_drifted(&self, kind: Drift) {
        self.graph_schema_drift.with_label_values(&[ACCOUNT, kind.as_str()]).inc();
    }

    /// An id was decided. `outcome` is a word of the API.
    pub fn decided(&self, action: &'static str, outcome: &'static str) {
        self.decisions.with_label_values(&[action, outcome]).inc();
    }

    /// Somebody looked after a decision whose outcome was in doubt. `result` is a fixed word.
    pub fn looked(&self, result: &'static str) {
        self.looks.with_label_values(&[result]).inc();
    }

    /// What Graph did with an id could not be remembered.
    pub fn decision_not_remembered(&self) {
        self.decisions_not_remembered.inc();
    }

    /// A list was read for a caller, or taken from elsewhere. `result` is a fixed word.
    pub fn read_shared(&self, result: &'static str) {
        self.shared_reads.with_label_values(&[result]).inc();
    }

    /// A decision came with an Idempotency-Key. `result` is a fixed word.
    pub fn idempotency(&self, result: &'static str) {
        self.idempotency.with_label_values(&[result]).inc();
    }

    /// Whether the store can be used.
    pub fn store_up(&self, up: bool) {
        self.store_up.set(i64::from(up));
    }

    /// A file changed while running. `what` is the key of a setting.
    pub fn reloaded(&self, what: &str, taken: bool) {
        self.reloads.with_label_values(&[what, if taken { "taken" } else { "refused" }]).inc();
    }

    /// Whatever may be read again is counted from zero.
    pub fn may_be_reloaded(&self, what: &str) {
        self.reloads.with_label_values(&[what, "refused"]);
    }

    /// An audit event could not be written.
    pub fn audit_lost(&self) {
        self.audit_lost.inc();
    }
}
