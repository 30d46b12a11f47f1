//! Builds metrics, registers them, and remembers what they are for the documentation.

use prometheus::core::{Collector, Desc};
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Error, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

use crate::telemetry::{COMMIT, VERSION};

/// A registry that is being filled.
pub(super) struct MetricsBuilder {
    pub(super) registry: Registry,
    pub(super) descriptions: Vec<Described>,
}

/// A metric for the documentation.
#[derive(Debug)]
pub(super) struct Described {
    /// Its kind, as Prometheus calls it.
    pub(super) kind: &'static str,
    pub(super) metric: Desc,
    /// Those of a histogram.
    pub(super) buckets: Option<&'static Buckets>,
}

/// The buckets of a histogram.
#[derive(Debug)]
pub(super) struct Buckets {
    /// Their upper bounds, in seconds.
    pub(super) bounds: &'static [f64],
    /// Why these.
    pub(super) why: &'static str,
}

impl MetricsBuilder {
    /// Starts with the metrics of the process itself.
    pub(super) fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::for_self()))?;
        Ok(Self { registry, descriptions: Vec::new() })
    }

    /// `build_info`, which never changes.
    pub(super) fn info(&mut self, graph_version: &str) -> Result<(), Error> {
        let labels = ["version", "commit", "graph_version"];
        let info = self.int_gauges("build_info", "Always 1; what is running.", &labels)?;
        info.with_label_values(&[VERSION, COMMIT, graph_version]).set(1);
        Ok(())
    }

    pub(super) fn counter(&mut self, name: &str, help: &str) -> Result<IntCounter, Error> {
        self.register("counter", IntCounter::with_opts(opts(name, help))?)
    }

    pub(super) fn counters(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, Error> {
        self.register("counter", IntCounterVec::new(opts(name, help), labels)?)
    }

    pub(super) fn int_gauge(&mut self, name: &str, help: &str) -> Result<IntGauge, Error> {
        self.register("gauge", IntGauge::with_opts(opts(name, help))?)
    }

    pub(super) fn int_gauges(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntGaugeVec, Error> {
        self.register("gauge", IntGaugeVec::new(opts(name, help), labels)?)
    }

    pub(super) fn gauges(&mut self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, Error> {
        self.register("gauge", GaugeVec::new(opts(name, help), labels)?)
    }

    pub(super) fn histograms(
        &mut self,
        name: &str,
        help: &str,
        buckets: &'static Buckets,
        labels: &[&str],
    ) -> Result<HistogramVec, Error> {
        let opts = HistogramOpts::new(format!("joingate_{name}"), help).buckets(buckets.bounds.to_vec());
        let histogram = self.register("histogram", HistogramVec::new(opts, labels)?)?;
        if let Some(described) = self.descriptions.last_mut() {
            described.buckets = Some(buckets);
        }
        Ok(histogram)
    }

    /// Counters that were made elsewhere.
    pub(super) fn made(&mut self, counters: &IntCounterVec) -> Result<(), Error> {
        self.register("counter", counters.clone()).map(drop)
    }

    fn register<C: Collector + Clone + 'static>(
        &mut self,
        kind: &'static str,
        metric: C,
    ) -> Result<C, Error> {
        let described =
            metric.desc().into_iter().map(|metric| Described { kind, metric: metric.clone(), buckets: None });
        self.descriptions.extend(described);
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("joingate_{name}"), help)
}
