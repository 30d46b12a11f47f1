//! `joingate serve`: the gateway, until a signal ends it.

use std::io::Write;

use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};

use super::SettingsArgs;
use crate::app::{App, StartError};
use crate::config::{AuditTarget, SettingProblems, TelemetrySettings};
use crate::net::{ClientError, collector_client};
use crate::telemetry::{AuditFile, LoggingError, Traces, TracesError, WholeLines, log_panics, start_logging};

/// The gateway did not start, or did not end as it should.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The settings do not hold.
    #[error(transparent)]
    Settings(#[from] SettingProblems),
    /// Logging.
    #[error(transparent)]
    Logging(#[from] LoggingError),
    /// The client for the collector of traces.
    #[error("telemetry.otlp_endpoint cannot be used: {0}")]
    Collector(#[from] ClientError),
    /// The way of traces to it.
    #[error("telemetry.otlp_endpoint cannot be used: {0}")]
    Traces(#[from] TracesError),
    /// The audit log.
    #[error("telemetry.audit cannot be opened: {0}")]
    Audit(std::io::Error),
    /// A part of the gateway.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A second signal came before everything was answered.
    #[error("cut off by a second signal: what was under way was not waited for")]
    CutOff,
    /// The runtime or the signals.
    #[error("the process cannot be set up: {0}")]
    System(#[from] std::io::Error),
}

fn start_traces(settings: &TelemetrySettings, runtime: &Handle) -> Result<Option<Traces>, ServeError> {
    let Some(otlp) = &settings.otlp else { return Ok(None) };
    let client = collector_client(otlp, runtime.clone())?;
    Ok(Some(Traces::start(otlp, client)?))
}

/// Serves until SIGTERM or SIGINT, then drains.
pub fn serve(args: &SettingsArgs) -> Result<(), ServeError> {
    let settings = args.load()?;
    // For what goes on beside the requests: those have threads of their own.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let traces = start_traces(&settings.telemetry, runtime.handle())?;
    let log_writer = start_logging(&settings.telemetry, traces.as_ref())?;
    log_panics();
    // A core dump would hold Meta's token.
    rlimit::setrlimit(rlimit::Resource::CORE, 0, 0)?;
    let ended = runtime.block_on(async {
        let (mut terminate, mut interrupt, mut hangup) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::hangup())?,
        );
        let sink: Box<dyn Write + Send> = match &settings.telemetry.audit {
            AuditTarget::Stdout => Box::new(WholeLines::new(std::io::stdout())),
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
        tokio::select! {
            () = app.shut_down() => (),
            // Whoever cannot wait says so once more. What was sent to Graph is as in doubt as after a crash, and is looked after alike.
            _ = terminate.recv() => return Err(ServeError::CutOff),
            _ = interrupt.recv() => return Err(ServeError::CutOff),
        }
        if let Some(traces) = traces {
            tokio::task::spawn_blocking(move || traces.finish()).await.map_err(std::io::Error::from)?;
        }
        if log_writer.lost() > 0 {
            tracing::warn!(lines = log_writer.lost(), "log lines were lost: nobody read them in time");
        }
        Ok(())
    });
    // All that mattered has ended. A name that is still looked up holds its thread until the resolver gives up.
    runtime.shutdown_background();
    ended
}
