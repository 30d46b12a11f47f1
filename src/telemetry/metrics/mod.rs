//! Every metric, one field each; the text given at its construction is its help text.

mod builder;
mod recorders;
mod span_counts;
mod table;
mod zeros;

pub(super) use span_counts::{SpanFate, count_spans};
pub use table::{buckets_table, metrics_table};

use builder::{Buckets, Described, MetricsBuilder};
pub use prometheus::Error as MetricsError;
use prometheus::{
    GaugeVec, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry, TextEncoder,
};

/// The only Graph account there is in this release.
const ACCOUNT: &str = "default";

const REQUEST_SECONDS: Buckets = Buckets {
    bounds: &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0],
    why: "1 ms is a copy or a refusal, 25 to 500 ms a call of Graph, 15 s the usual `server.request_deadline` and `graph.attempt_timeout` at most, 30 s a sign that a deadline does not hold",
};
const OVERHEAD_SECONDS: Buckets = Buckets {
    bounds: &[0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5],
    why: "tens of microseconds are usual; 5 ms is the objective; what takes longer waited for a CPU, for Redis, whose operations may take 500 ms, or for the rest of the caller's body",
};
const WAIT_SECONDS: Buckets = Buckets {
    bounds: &[0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0],
    why: "up to 1 ms nobody waited; the longest `limits.max_wait` in use are 2 to 10 s",
};

/// The gateway's metrics and the registry that exposes them. Label values are closed sets.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// What is in the registry, for the documentation.
    descriptions: Vec<Described>,
    pub(super) http_requests: IntCounterVec,
    pub(super) http_duration: HistogramVec,
    pub(super) http_in_flight: IntGauge,
    pub(super) overhead: HistogramVec,
    pub(super) auth_failures: IntCounterVec,
    pub(super) limited: IntCounterVec,
    pub(super) limit_wait: HistogramVec,
    pub(super) graph_requests: IntCounterVec,
    pub(super) graph_duration: HistogramVec,
    pub(super) graph_retries: IntCounterVec,
    pub(super) graph_errors: IntCounterVec,
    pub(super) graph_usage: GaugeVec,
    pub(super) graph_paused_until: GaugeVec,
    pub(super) graph_circuit: IntGaugeVec,
    pub(super) graph_token_valid: IntGaugeVec,
    pub(super) graph_token_expiry: IntGaugeVec,
    pub(super) graph_version_mismatch: IntGaugeVec,
    pub(super) graph_schema_drift: IntCounterVec,
    pub(super) decisions: IntCounterVec,
    pub(super) looks: IntCounterVec,
    pub(super) decisions_not_remembered: IntCounter,
    pub(super) shared_reads: IntCounterVec,
    pub(super) idempotency: IntCounterVec,
    pub(super) store_up: IntGauge,
    pub(super) reloads: IntCounterVec,
    pub(super) audit_lost: IntCounter,
}

/// One request being served; the gauge goes down when it is dropped.
#[derive(Debug)]
pub struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Builds every metric in a registry of its own. Fails only if a name is given twice.
    #[expect(
        clippy::too_many_lines,
        reason = "a list of metrics with their help texts; nothing to split it by"
    )]
    pub fn new(graph_version: &str) -> Result<Self, MetricsError> {
        let mut build = MetricsBuilder::new()?;
        build.info(graph_version)?;
        if let Some(spans) = &*span_counts::SPANS {
            build.made(spans)?;
        }
        let metrics = Self {
            http_requests: build.counters(
                "http_requests_total",
                "Requests answered.",
                &["route", "method", "status", "fault"],
            )?,
            http_duration: build.histograms(
                "http_request_duration_seconds",
                "Time from the head of a request to its answer.",
                &REQUEST_SECONDS,
                &["route", "method"],
            )?,
            http_in_flight: build.int_gauge("http_requests_in_flight", "Requests being served.")?,
            overhead: build.histograms(
                "gateway_overhead_seconds",
                "Time of a request not spent waiting for Graph or for its limits.",
                &OVERHEAD_SECONDS,
                &["route"],
            )?,
            auth_failures: build.counters(
                "auth_failures_total",
                "Requests without a valid internal token.",
                &["reason"],
            )?,
            limited: build.counters(
                "limited_total",
                "Requests refused by a limit of the gateway.",
                &["limit", "reason"],
            )?,
            limit_wait: build.histograms(
                "limit_wait_seconds",
                "Time waited for a limit before a call was sent.",
                &WAIT_SECONDS,
                &["limit"],
            )?,
            graph_requests: build.counters(
                "graph_requests_total",
                "Calls sent to Graph.",
                &["account", "operation", "outcome"],
            )?,
            graph_duration: build.histograms(
                "graph_request_duration_seconds",
                "Time from sending a call to the end of Graph's answer.",
                &REQUEST_SECONDS,
                &["account", "operation"],
            )?,
            graph_retries: build.counters(
                "graph_retries_total",
                "Calls sent again.",
                &["account", "operation", "reason"],
            )?,
            graph_errors: build.counters(
                "graph_errors_total",
                "Errors named by Graph, whole calls and single ids.",
                &["account", "class", "code"],
            )?,
            graph_usage: build.gauges(
                "graph_usage_percent",
                "Highest usage that Graph reported last.",
                &["account", "header", "measure"],
            )?,
            graph_paused_until: build.gauges(
                "graph_paused_until_timestamp_seconds",
                "Until when nothing is sent to Graph; 0 when not paused.",
                &["account"],
            )?,
            graph_circuit: build.int_gauges(
                "graph_circuit_state",
                "Whether Graph is in trouble: 0 not (closed), 1 one call tries (half-open), 2 nothing is sent (open).",
                &["account"],
            )?,
            graph_token_valid: build.int_gauges(
                "graph_token_valid",
                "Whether Graph took the token at the last call that tells (1) or refused it (0).",
                &["account"],
            )?,
            graph_token_expiry: build.int_gauges(
                "graph_token_expiry_timestamp_seconds",
                "When the token ends, as Graph said last; 0 when never, or not asked.",
                &["account"],
            )?,
            graph_version_mismatch: build.int_gauges(
                "graph_version_mismatch",
                "Whether Graph served another version than asked for.",
                &["account"],
            )?,
            graph_schema_drift: build.counters(
                "graph_schema_drift_total",
                "Answers of Graph that differ from its documentation.",
                &["account", "kind"],
            )?,
            decisions: build.counters(
                "decisions_total",
                "Ids decided, by what became of them.",
                &["action", "outcome"],
            )?,
            looks: build.counters(
                "looks_total",
                "Looks at a group's open requests after a decision whose outcome was in doubt.",
                &["result"],
            )?,
            decisions_not_remembered: build.counter(
                "decisions_not_remembered_total",
                "Ids whose decision could not be remembered, since the memory for it was full.",
            )?,
            shared_reads: build.counters(
                "shared_reads_total",
                "Lists asked for, by where they came from: `walked` for them, `joined` what another had asked for, `copied`.",
                &["result"],
            )?,
            idempotency: build.counters(
                "idempotency_total",
                "Decisions with an Idempotency-Key, by what was found under it.",
                &["result"],
            )?,
            store_up: build.int_gauge(
                "store_up",
                "Whether the store can be used (1); 0 while Redis cannot be. Always 1 without Redis.",
            )?,
            reloads: build.counters(
                "config_reloads_total",
                "Files that changed while running.",
                &["what", "result"],
            )?,
            audit_lost: build.counter("audit_lost_total", "Audit events that could not be written.")?,
            registry: build.registry,
            descriptions: build.descriptions,
        };
        metrics.start_at_zero();
        Ok(metrics)
    }

    /// Everything in Prometheus' text format.
    pub fn exposition(&self) -> String {
        let mut text = String::new();
        // Encoding into a String fails only on a metric without a name; there is none.
        match TextEncoder::new().encode_utf8(&self.registry.gather(), &mut text) {
            Ok(()) => text,
            Err(error) => format!("# {error}\n"),
        }
    }

    /// Counts a request as being served until the guard is dropped.
    pub fn enter_request(&self) -> InFlight {
        self.http_in_flight.inc();
        InFlight(self.http_in_flight.clone())
    }
}
