//! Log lines on stderr.

use std::fmt;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, reload};

use super::Traces;
use super::json_line::JsonLine;
use crate::config::{LogFormat, LogLevel, TelemetrySettings};

/// Logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The directives are built from fixed words, so this is a fault of the program.
    #[error("the log filter is invalid")]
    Filter(#[from] ParseError),
    /// Something else has set a subscriber already.
    #[error("logging was started twice")]
    Twice(#[from] TryInitError),
    /// What is logged cannot be changed any more.
    #[error("the log filter cannot be changed: {0}")]
    Reload(#[from] reload::Error),
}

/// Log lines that may wait to be written; further ones are dropped, since requests go before them.
const QUEUE: usize = 16 * 1024;

/// Changes what is written.
type Changing = Box<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>;

/// The writer of log lines. Dropping it writes what still waits, for about a second at most.
pub struct LogWriter {
    lost: ErrorCounter,
    filter: Changing,
    _guard: WorkerGuard,
}

impl LogWriter {
    /// Lines dropped so far.
    pub fn lost(&self) -> usize {
        self.lost.dropped_lines()
    }

    /// Logs from this level on.
    pub fn set_level(&self, level: LogLevel) -> Result<(), LoggingError> {
        Ok((self.filter)(filter(level)?)?)
    }
}

impl fmt::Debug for LogWriter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LogWriter").field("lost", &self.lost()).finish_non_exhaustive()
    }
}

/// Starts logging for the whole process, and traces if there are any.
pub fn start_logging(
    settings: &TelemetrySettings,
    traces: Option<&Traces>,
) -> Result<LogWriter, LoggingError> {
    let queue = NonBlockingBuilder::default().buffered_lines_limit(QUEUE).lossy(true);
    let (writer, guard) = queue.finish(std::io::stderr());
    let lost = writer.error_counter();
    // What the log itself fails at is told on stderr, which is what has failed then, and with a panic.
    let lines =
        tracing_subscriber::fmt::layer().with_writer(writer).with_target(false).log_internal_errors(false);
    let lines = match settings.log {
        LogFormat::Json => lines.fmt_fields(JsonFields::new()).event_format(JsonLine).boxed(),
        LogFormat::Pretty => lines.boxed(),
    };
    let directives = filter(settings.level)?;
    let filter = match traces {
        // What the log does not show is nobody's then. A filter for the log alone would be asked anew for each span.
        None => {
            let (filter, handle) = reload::Layer::new(directives);
            tracing_subscriber::registry().with(lines).with(filter).try_init()?;
            changing(move |filter| handle.reload(filter))
        }
        Some(traces) => {
            let (filter, handle) = reload::Layer::new(directives);
            let layers = vec![lines.with_filter(filter).boxed(), traces.layer().boxed()];
            tracing_subscriber::registry().with(layers).try_init()?;
            changing(move |filter| handle.reload(filter))
        }
    };
    Ok(LogWriter { lost, filter, _guard: guard })
}

/// Boxed here, where it can be named.
fn changing(change: impl Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync + 'static) -> Changing {
    Box::new(change)
}

/// What is logged at a level. The HTTP libraries stay at `warn` at every level: at `debug` they would write headers, and
/// with them tokens.
fn filter(level: LogLevel) -> Result<EnvFilter, ParseError> {
    let own = level.as_str();
    let libraries = if level == LogLevel::Error { "error" } else { "warn" };
    // `actix_http` logs every malformed request as an error: whoever connects could fill the log.
    EnvFilter::try_new(format!("{libraries},actix_http=off,joingate={own}"))
}
