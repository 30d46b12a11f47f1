//! `joingate check`: every setting, without starting anything.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use super::CheckArgs;
use crate::config::{SettingProblems, Settings};
use crate::graph::{GraphClient, TokenExamined, TokenState, TokensAsked};
use crate::limits::GraphPacing;
use crate::net::ClientError;
use crate::telemetry::{Metrics, MetricsError};

/// How long Graph may take to say what one token is worth.
const PATIENCE: Duration = Duration::from_secs(15);

/// The settings do not hold.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Values, and what they point to.
    #[error(transparent)]
    Settings(#[from] SettingProblems),
    /// The result cannot be written.
    #[error("cannot write: {0}")]
    Output(#[from] std::io::Error),
    /// Graph cannot be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A fault of the program.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// Graph did not say that it takes every token.
    #[error("not every token is known to be valid")]
    Tokens,
}

/// Checks the settings and what they point to, and prints what is in force. Online, asks Graph about the tokens too.
pub fn check(args: &CheckArgs, out: &mut impl Write) -> Result<(), CheckError> {
    let settings = args.settings.load()?;
    for setting in &settings.effective {
        let value = if setting.value.is_empty() { "–" } else { &setting.value };
        let changes = match (setting.is_live(), setting.from_environment) {
            (true, true) => ", fixed",
            (true, false) if settings.source.file().is_some() => ", re-read while running",
            (true | false, _) => "",
        };
        writeln!(out, "{} = {value}  ({}{changes})", setting.key, setting.source)?;
    }
    writeln!(out, "The settings are valid.")?;
    if args.online { examine(&settings, out) } else { Ok(()) }
}

fn examine(settings: &Settings, out: &mut impl Write) -> Result<(), CheckError> {
    let metrics = Arc::new(Metrics::new(&settings.graph.version)?);
    let timeout = settings.graph.attempt_timeout;
    let pacing = GraphPacing::new(&settings.limits, timeout, None, Arc::clone(&metrics));
    let graph = GraphClient::new(&settings.graph, Arc::new(pacing), metrics)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let examined = runtime.block_on(Box::pin(graph.examine_tokens(TokensAsked::All, PATIENCE)));
    for TokenExamined { name, result } in &examined {
        let verdict = match result {
            Ok(state) => describe(state),
            Err(error) => format!("not known, Graph did not say ({})", error.reason()),
        };
        writeln!(out, "graph.{name}: {verdict}")?;
    }
    let all_valid = examined.iter().all(|one| one.result.as_ref().is_ok_and(|state| state.valid));
    if all_valid { Ok(()) } else { Err(CheckError::Tokens) }
}

fn describe(state: &TokenState) -> String {
    let TokenState { valid, expires_at, scopes } = state;
    if !valid {
        return "not valid".to_owned();
    }
    let end = expires_at.map_or_else(|| "never expires".to_owned(), |at| format!("expires {at}"));
    format!("valid, {end}, scopes: {}", scopes.join(", "))
}
