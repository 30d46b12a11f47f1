//! What became of the spans of traces. There is one way to the collector in a process, and so one count, whichever
//! registries show it.

use std::sync::LazyLock;

use prometheus::{IntCounterVec, Opts};

/// What became of a span that was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::telemetry) enum SpanFate {
    /// The collector has it.
    Exported,
    /// The collector did not take it.
    Failed,
    /// Too many waited before it.
    Dropped,
}

impl SpanFate {
    const ALL: [Self; 3] = [Self::Exported, Self::Failed, Self::Dropped];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Exported => "exported",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// `None` never: the name and the label are valid.
pub(super) static SPANS: LazyLock<Option<IntCounterVec>> = LazyLock::new(|| {
    let opts = Opts::new("joingate_trace_spans_total", "Spans of traces, by what became of them.");
    let spans = IntCounterVec::new(opts, &["result"]).ok()?;
    for fate in SpanFate::ALL {
        spans.with_label_values(&[fate.as_str()]);
    }
    Some(spans)
});

/// Counts spans.
pub(in crate::telemetry) fn count_spans(fate: SpanFate, spans: usize) {
    if let Some(counter) = &*SPANS {
        counter.with_label_values(&[fate.as_str()]).inc_by(u64::try_from(spans).unwrap_or(u64::MAX));
    }
}
