//! Every metric, one field each; the text given at its construction is its help text.

pub use prometheus::Error as MetricsError;
use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

/// Whole requests: from a cached answer to the longest deadline.
const REQUEST_SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0,
];
/// Time spent in the gateway itself: tens of microseconds to what would be a fault.
const OVERHEAD_SECONDS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5,
];
/// Waits in our own queues: none to the largest `limits.max_wait` in use.
const WAIT_SECONDS: &[f64] = &[0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0];

/// The gateway's metrics and the registry that exposes them. Label values are closed sets.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
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
    pub(super) graph_token_valid: IntGaugeVec,
    pub(super) graph_version_mismatch: IntGaugeVec,
    pub(super) graph_schema_drift: IntCounterVec,
    pub(super) decisions: IntCounterVec,
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
        let registry = Registry::new();
        let r = &registry;
        build_info(r, graph_version)?;
        registry.register(Box::new(ProcessCollector::for_self()))?;
        Ok(Self {
            http_requests: counters(
                r,
                "http_requests_total",
                "Requests answered.",
                &["route", "method", "status", "fault"],
            )?,
            http_duration: histograms(
                r,
                "http_request_duration_seconds",
                "Time from the head of a request to its answer.",
                REQUEST_SECONDS,
                &["route", "method"],
            )?,
            http_in_flight: register(
                r,
                IntGauge::new("joingate_http_requests_in_flight", "Requests being served.")?,
            )?,
            overhead: histograms(
                r,
                "gateway_overhead_seconds",
                "Time of a request not spent waiting for Graph or for its limits.",
                OVERHEAD_SECONDS,
                &["route"],
            )?,
            auth_failures: counters(
                r,
                "auth_failures_total",
                "Requests without a valid internal token.",
                &["reason"],
            )?,
            limited: counters(
                r,
                "limited_total",
                "Requests refused by a limit of the gateway.",
                &["limit", "reason"],
            )?,
            limit_wait: histograms(
                r,
                "limit_wait_seconds",
                "Time waited for a limit before a call was sent.",
                WAIT_SECONDS,
                &["limit"],
            )?,
            graph_requests: counters(
                r,
                "graph_requests_total",
                "Calls sent to Graph.",
                &["account", "operation", "outcome"],
            )?,
            graph_duration: histograms(
                r,
                "graph_request_duration_seconds",
                "Time from sending a call to the end of Graph's answer.",
                REQUEST_SECONDS,
                &["account", "operation"],
            )?,
            graph_retries: counters(
                r,
                "graph_retries_total",
                "Calls sent again.",
                &["account", "operation", "reason"],
            )?,
            graph_errors: counters(
                r,
                "graph_errors_total",
                "Errors named by Graph, whole calls and single ids.",
                &["account", "class", "code"],
            )?,
            graph_usage: gauges(
                r,
                "graph_usage_percent",
                "Highest usage that Graph reported last.",
                &["account", "header", "measure"],
            )?,
            graph_paused_until: gauges(
                r,
                "graph_paused_until_timestamp_seconds",
                "Until when nothing is sent to Graph; 0 when not paused.",
                &["account"],
            )?,
            graph_token_valid: register(
                r,
                IntGaugeVec::new(
                    opts(
                        "graph_token_valid",
                        "Whether Graph took the token at the last call that tells (1) or refused it (0).",
                    ),
                    &["account"],
                )?,
            )?,
            graph_version_mismatch: register(
                r,
                IntGaugeVec::new(
                    opts(
                        "graph_version_mismatch",
                        "Whether Graph served another version than asked for.",
                    ),
                    &["account"],
                )?,
            )?,
            graph_schema_drift: counters(
                r,
                "graph_schema_drift_total",
                "Answers of Graph that differ from its documentation.",
                &["account", "kind"],
            )?,
            decisions: counters(
                r,
                "decisions_total",
                "Ids decided, by what became of them.",
                &["action", "outcome"],
            )?,
            reloads: counters(
                r,
                "config_reloads_total",
                "Files that changed while running.",
                &["what", "result"],
            )?,
            audit_lost: register(
                r,
                IntCounter::new(
                    "joingate_audit_lost_total",
                    "Audit events that could not be written.",
                )?,
            )?,
            registry,
        })
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

fn build_info(registry: &Registry, graph_version: &str) -> Result<(), MetricsError> {
    let labels = ["version", "commit", "graph_version"];
    let info = IntGaugeVec::new(opts("build_info", "Always 1; what is running."), &labels)?;
    let commit = option_env!("JOINGATE_COMMIT").unwrap_or("unknown");
    info.with_label_values(&[env!("CARGO_PKG_VERSION"), commit, graph_version])
        .set(1);
    register(registry, info).map(drop)
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("joingate_{name}"), help)
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, metric: C) -> Result<C, MetricsError> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn counters(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntCounterVec, MetricsError> {
    register(registry, IntCounterVec::new(opts(name, help), labels)?)
}

fn gauges(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, MetricsError> {
    register(registry, GaugeVec::new(opts(name, help), labels)?)
}

fn histograms(
    registry: &Registry,
    name: &str,
    help: &str,
    buckets: &[f64],
    labels: &[&str],
) -> Result<HistogramVec, MetricsError> {
    let opts = HistogramOpts::new(format!("joingate_{name}"), help).buckets(buckets.to_vec());
    register(registry, HistogramVec::new(opts, labels)?)
}
