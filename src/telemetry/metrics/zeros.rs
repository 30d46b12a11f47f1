//! Series that are there from the start: a rate sees the first event only of a counter that was zero before it.

use super::Metrics;
use crate::telemetry::Drift;

/// The outcomes of each action, as the API names them.
const DECISIONS: [(&str, [&str; 6]); 2] = [
    ("approve", ["approved", "already_approved", "gone", "failed", "not_sent", "unknown"]),
    ("reject", ["rejected", "already_rejected", "gone", "failed", "not_sent", "unknown"]),
];

#[expect(clippy::multiple_inherent_impl, reason = "what is there from the start is an idea of its own")]
impl Metrics {
    /// Makes the series of what is rare, or alarms somebody.
    pub(super) fn start_at_zero(&self) {
        for (action, outcomes) in DECISIONS {
            for outcome in outcomes {
                self.decisions.with_label_values(&[action, outcome]);
            }
        }
        for result in ["complete", "failed"] {
            self.looks.with_label_values(&[result]);
        }
        for result in ["walked", "joined", "copied"] {
            self.shared_reads.with_label_values(&[result]);
        }
        for result in ["new", "resumed", "in_progress", "reused", "unavailable"] {
            self.idempotency.with_label_values(&[result]);
        }
        for kind in Drift::ALL {
            self.graph_schema_drift.with_label_values(&[super::ACCOUNT, kind.as_str()]);
        }
        self.reloads.with_label_values(&["settings", "refused"]);
    }
}
