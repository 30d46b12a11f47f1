//! One log line as JSON: what the library's own formatter writes, put together in one piece. The library writes every mark and every
//! word of it on its own, which cost as much as the rest of a small answer.

use std::fmt;

use jiff::Timestamp;
use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::{Map, Value};
use tracing::{Event, Subscriber};
use tracing_serde::SerdeMapVisitor;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// Room for most lines, in bytes.
const USUAL: usize = 512;

/// Time, level, the event's fields, and the span that it happened in.
#[derive(Clone, Copy, Debug)]
pub(super) struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Vec::with_capacity(USUAL);
        // Nothing fails but what is written to, and that is memory.
        write_line(&mut line, context, event).map_err(|_never| fmt::Error)?;
        line.push(b'\n');
        writer.write_str(str::from_utf8(&line).map_err(|_never| fmt::Error)?)
    }
}

fn write_line<S, N>(
    line: &mut Vec<u8>,
    context: &FmtContext<'_, S, N>,
    event: &Event<'_>,
) -> Result<(), serde_json::Error>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    let mut serializer = serde_json::Serializer::new(line);
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("timestamp", &format_args!("{:.6}", Timestamp::now()))?;
    map.serialize_entry("level", event.metadata().level().as_str())?;
    let mut fields = SerdeMapVisitor::new(map);
    event.record(&mut fields);
    let mut map = fields.take_serializer()?;
    if let Some(span) = context.lookup_current() {
        map.serialize_entry("span", &described::<S, N>(&span))?;
    }
    map.end()
}

/// The fields of a span, and its name.
fn described<S, N>(span: &SpanRef<'_, S>) -> Map<String, Value>
where
    S: for<'lookup> LookupSpan<'lookup>,
    N: 'static,
{
    let extensions = span.extensions();
    let fields = extensions.get::<FormattedFields<N>>();
    let fields = fields.and_then(|fields| serde_json::from_str::<Map<_, _>>(&fields.fields).ok());
    let mut fields = fields.unwrap_or_default();
    fields.insert("name".to_owned(), span.metadata().name().into());
    fields
}
