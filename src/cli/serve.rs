//! `joingate serve`: the gateway, until a signal ends it.

use std::io::Write;

use tokio::signal::unix::{SignalKind, signal};

use super::SettingsArgs;
use crate::app::{App, StartError};
use crate::config::{AuditTarget, SettingProblems};
use crate::telemetry::{AuditFile, LoggingError, log_panics, start_logging};

/// The gateway did not start, or did not end as it should.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The settings do not hold.
    #[error(transparent)]
    Settings(#[from] SettingProblems),
    /// Logging.
    #[error(transparent)]
    Logging(#[from] LoggingError),
    /// The audit log.
    #[error("telemetry.audit cannot be opened: {0}")]
    Audit(std::io::Error),
    /// A part of the gateway.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The runtime or the signals.
    #[error("the process cannot be set up: {0}")]
    System(#[from] std::io::Error),
}

/// Serves until SIGTERM or SIGINT, then drains.
pub fn serve(args: &SettingsArgs) -> Result<(), ServeError> {
    let settings = args.load()?;
    let log_writer = start_logging(&settings.telemetry)?;
    log_panics();
    // A core dump would hold Meta's token.
    rlimit::setrlimit(rlimit::Resource::CORE, 0, 0)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut terminate, mut interrupt, mut hangup) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::hangup())?,
        );
        let sink: Box<dyn Write + Send> = match &settings.telemetry.audit {
            AuditTarget::Stdout => Box::new(std::io::stdout()),
            AuditTarget::File(path) => Box::new(AuditFile::open(path).map_err(ServeError::Audit)?),
        };
        let app = App::start(settings, sink).await?;
        let mut level = app.log_level();
        tracing::info!(api = %app.api_address(), admin = %app.admin_address(), "serving");
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => app.reload(),
                Ok(()) = level.changed() => {
                    let wanted = *level.borrow_and_update();
                    tracing::info!(to = wanted.as_str(), "the log level changes");
                    if let Err(error) = log_writer.set_level(wanted) {
                        tracing::warn!(%error, "the new log level cannot be taken; the old one holds");
                    }
                }
            }
        }
        app.shut_down().await;
        if log_writer.lost() > 0 {
            tracing::warn!(lines = log_writer.lost(), "log lines were lost: nobody read them in time");
        }
        Ok(())
    })
}
