//! Every span of a trace and all that stands in one, by OpenTelemetry's semantic conventions for HTTP where they have a
//! word. No token, id, name, path or query: whoever reads traces may know how long something took and how it ended, not
//! whom it was about.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceContextExt};
use opentelemetry_sdk::trace::SpanData;
use tracing::field::Empty;
use tracing::{Metadata, Span, error_span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::telemetry::trace_context::{Parent, TraceContext};
use crate::telemetry::{AttemptOutcome, GraphOperation};

/// Tells the spans that only a trace has from those of the log. It is within none of the targets that the log shows.
const TARGET: &str = "trace";
/// The one span that both have: the log for the request id, which it states with every line.
const REQUEST: &str = "joingate::request";

/// Whether a span belongs into traces.
pub(super) fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && matches!(metadata.target(), TARGET | REQUEST)
}

/// The kind of the request's span. Given as a field, it would stand in every line of the log.
pub(super) fn kind_of(span: &SpanData) -> SpanKind {
    let outermost = span.parent_span_is_remote || span.parent_span_id == SpanId::INVALID;
    if outermost { SpanKind::Server } else { span.span_kind.clone() }
}

/// A span that others may refer to.
#[derive(Clone, Debug, Default)]
pub struct TracePlace(Option<SpanContext>);

/// One request, from its head to its answer, and its place in the caller's trace or in one of its own. `method` is of a
/// closed set, `pattern` the route's with its parameters unfilled.
pub fn request(
    method: &'static str,
    pattern: Option<&str>,
    traceparent: Option<&[u8]>,
    request_id: &str,
) -> (Span, TraceContext) {
    // Whatever the level of the log, its lines state the request id.
    let span = error_span!(target: REQUEST, "request", request_id);
    let parent = traceparent.and_then(Parent::parse);
    if let Some(parent) = parent {
        // Refused only to a span that has begun.
        drop(span.set_parent(Context::new().with_remote_span_context(parent.into())));
    }
    let Some(place) = place(&span).0 else {
        return (span, TraceContext::continuing(parent));
    };
    let method = if method == "other" { "_OTHER" } else { method };
    span.set_attribute("http.request.method", method);
    match pattern {
        Some(pattern) => {
            span.context().span().update_name(format!("{method} {pattern}"));
            span.set_attribute("http.route", pattern.to_owned());
        }
        None => span.context().span().update_name(method),
    }
    (span, TraceContext::from(&place))
}

/// The request is answered. By the conventions it has failed only if that is the server's doing.
pub fn answered(span: &Span, status: u16, problem: Option<&'static str>) {
    span.set_attribute("http.response.status_code", i64::from(status));
    if let Some(problem) = problem {
        span.set_attribute("error.type", problem);
    }
    if status >= 500 {
        span.set_status(Status::error(""));
    }
}

/// Whose request it is, and whether its quota is used up.
pub fn admission() -> Span {
    info_span!(target: TARGET, "admission", error.type = Empty)
}

/// The wait for a turn towards Graph: for its limits, and for what is more urgent.
pub fn pacing() -> Span {
    within_a_request(|| info_span!(target: TARGET, "wait for Graph's limits", error.type = Empty))
}

/// The wait for the decisions on the same group that came before.
pub fn turn() -> Span {
    info_span!(target: TARGET, "wait for the group's turn", error.type = Empty)
}

/// What stands between asking for a list and having it: a walk, one's own or another caller's.
pub fn shared_read() -> Span {
    info_span!(target: TARGET, "shared read", joingate.read = Empty)
}

/// The list came of the request's own walk.
pub fn walked_for_it(span: &Span) {
    span.record("joingate.read", "walked");
}

/// The list came of the walk of another request, which this links to.
pub fn joined(span: &Span, other: TracePlace) {
    span.record("joingate.read", "joined");
    if let Some(other) = other.0.filter(SpanContext::is_sampled) {
        span.add_link(other);
    }
}

/// One walk over a group's pages.
pub fn walk() -> Span {
    info_span!(target: TARGET, "walk", joingate.pages = Empty, error.type = Empty)
}

/// The walk has ended, after so many pages if it came to an end.
pub fn walked(span: &Span, pages: u32, failed: bool) {
    span.record("joingate.pages", pages);
    if failed {
        self::failed(span, "walk_failed");
    }
}

/// One look after a decision whose outcome is in doubt.
pub fn look() -> Span {
    info_span!(target: TARGET, "look", error.type = Empty)
}

/// One call of Graph, sent once.
pub fn attempt(operation: GraphOperation, method: &str, server: Option<&str>) -> Span {
    within_a_request(|| {
        info_span!(
            target: TARGET,
            "call",
            otel.kind = "client",
            otel.name = format!("{method} {}", operation.as_str()),
            otel.status_code = Empty,
            http.request.method = method,
            http.response.status_code = Empty,
            server.address = server,
            error.type = Empty,
            joingate.operation = operation.as_str(),
            joingate.outcome = Empty,
            joingate.graph.code = Empty,
        )
    })
}

/// Graph's answer is judged; `code` is a code of the table, if it named one.
pub fn attempted(span: &Span, outcome: AttemptOutcome, code: Option<&str>) {
    span.record("joingate.outcome", outcome.as_str());
    span.record("joingate.graph.code", code);
    if !matches!(outcome, AttemptOutcome::Answered | AttemptOutcome::Partial) {
        failed(span, outcome.as_str());
        span.record("otel.status_code", "error");
    }
}

/// One operation of the shared store.
pub fn store() -> Span {
    within_a_request(
        || info_span!(target: TARGET, "store", otel.kind = "client", db.system.name = "redis", error.type = Empty),
    )
}

/// What goes on in the background is no trace.
fn within_a_request(span: impl FnOnce() -> Span) -> Span {
    if Span::current().is_none() { Span::none() } else { span() }
}

/// It came to nothing, for this fixed reason.
pub fn failed(span: &Span, reason: &'static str) {
    span.record("error.type", reason);
}

/// Where a span is, if there are traces at all.
pub fn place(span: &Span) -> TracePlace {
    let context = span.context().span().span_context().clone();
    TracePlace(context.is_valid().then_some(context))
}
