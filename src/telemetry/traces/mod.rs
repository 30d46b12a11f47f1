//! Traces: one for each request, sent in batches to an OpenTelemetry collector. Nothing of it is on the way of a request.

mod export;
pub mod spans;

use std::fmt;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_http::HttpClient;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use super::VERSION;
use crate::config::OtlpSettings;

/// Traces cannot be sent as the settings say.
pub type TracesError = ExporterBuildError;

/// How long the collector may take for one batch.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the end of the process may wait for the last batch.
const LAST_BATCH: Duration = Duration::from_secs(3);

/// The way of spans to the collector.
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// Starts sending, over a client that must be usable from a thread without a runtime.
    pub fn start(
        settings: &OtlpSettings,
        client: impl HttpClient + 'static,
    ) -> Result<Self, ExporterBuildError> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(EXPORT_TIMEOUT)
            .with_endpoint(settings.traces_url())
            .build()?;
        // As callers decide, where they have; a new trace by its id, so that all who share the rate decide alike.
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.sample.into())));
        // With what `OTEL_RESOURCE_ATTRIBUTES` says of the place that it runs at.
        let resource = Resource::builder()
            .with_service_name("joingate")
            .with_attribute(opentelemetry::KeyValue::new("service.version", VERSION))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_sampler(sampler)
            .with_resource(resource)
            .with_span_processor(export::batches(exporter))
            .build();
        let tracer = provider.tracer("joingate");
        Ok(Self { provider, tracer })
    }

    /// Turns the spans of [`spans`], and nothing else, into spans of a trace.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        OpenTelemetryLayer::new(self.tracer.clone())
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(filter_fn(spans::is_ours))
    }

    /// Sends what is left, for three seconds at most. Blocks its thread, which must not be one that the client needs.
    pub fn finish(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_BATCH) {
            tracing::warn!(%error, "the last traces may not have been delivered");
        }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Traces").finish_non_exhaustive()
    }
}
