//! What the gateway tells its operators: logs on stderr, metrics, traces, and the audit log on stdout. No token, phone
//! number, id or name leaves through here: ids become keyed hashes first.

/// The version of this program, as `Cargo.toml` states it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built from, if whoever built it said so.
pub const COMMIT: &str = match option_env!("JOINGATE_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

mod audit;
mod audit_file;
mod json_line;
mod labels;
mod logging;
mod metrics;
mod panics;
mod pseudonym;
mod trace_context;
mod traces;
mod whole_lines;

pub use audit::{Audit, AuditUnavailable, DecidedItem, Deciding};
pub use audit_file::AuditFile;
pub use labels::{AttemptOutcome, Circuit, Drift, Fault, GraphOperation, LimitName, Route, known_method};
pub use logging::{LogWriter, LoggingError, start_logging};
pub use metrics::{InFlight, Metrics, MetricsError, buckets_table, metrics_table};
pub use panics::log_panics;
pub use pseudonym::Pseudonyms;
pub use trace_context::TraceContext;
pub use traces::spans::TracePlace;
pub use traces::{Traces, TracesError, spans};
pub use whole_lines::WholeLines;
