//! Log lines on stderr.

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{LogFormat, LogLevel, TelemetrySettings};

/// Logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The directives are built from fixed words, so this is a fault of the program.
    #[error("the log filter is invalid")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something else has set a subscriber already.
    #[error("logging was started twice")]
    Twice(#[from] TryInitError),
}

/// Log lines that may wait to be written; further ones are dropped, since requests go before them.
const QUEUE: usize = 16 * 1024;

/// The writer of log lines. Dropping it writes what still waits, for about a second at most.
#[derive(Debug)]
pub struct LogWriter {
    lost: ErrorCounter,
    _guard: WorkerGuard,
}

impl LogWriter {
    /// Lines dropped so far.
    pub fn lost(&self) -> usize {
        self.lost.dropped_lines()
    }
}

/// Starts logging for the whole process. The HTTP libraries stay at `warn` at every level: at `debug` they would
/// write headers, and with them tokens.
pub fn start_logging(settings: TelemetrySettings) -> Result<LogWriter, LoggingError> {
    let level = match settings.level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    };
    let libraries = if settings.level == LogLevel::Error { "error" } else { "warn" };
    // `actix_http` logs every malformed request as an error: whoever connects could fill the log.
    let filter = EnvFilter::try_new(format!("{libraries},actix_http=off,joingate={level}"))?;
    let queue = NonBlockingBuilder::default().buffered_lines_limit(QUEUE).lossy(true);
    let (writer, guard) = queue.finish(std::io::stderr());
    let log_writer = LogWriter { lost: writer.error_counter(), _guard: guard };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_target(false);
    // Told on stderr, which is what has failed then, and with a panic.
    let builder = builder.log_internal_errors(false);
    match settings.log {
        LogFormat::Json => {
            let json = builder.json().flatten_event(true).with_current_span(true).with_span_list(false);
            json.finish().try_init()?;
        }
        LogFormat::Pretty => builder.finish().try_init()?,
    }
    Ok(log_writer)
}
