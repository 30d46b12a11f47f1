//! Log lines on stderr.

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

/// Starts logging for the whole process. The HTTP libraries stay at `warn` at every level: at `debug` they would
/// write headers, and with them tokens.
pub fn start_logging(settings: TelemetrySettings) -> Result<(), LoggingError> {
    let level = match settings.level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    };
    let libraries = if settings.level == LogLevel::Error { "error" } else { "warn" };
    // `actix_http` logs every malformed request as an error: whoever connects could fill the log.
    let filter = EnvFilter::try_new(format!("{libraries},actix_http=off,joingate={level}"))?;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    match settings.log {
        LogFormat::Json => {
            let json = builder.json().flatten_event(true).with_current_span(true).with_span_list(false);
            json.finish().try_init()?;
        }
        LogFormat::Pretty => builder.finish().try_init()?,
    }
    Ok(())
}
