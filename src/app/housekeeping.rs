//! What goes on beside the requests.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Secret;
use crate::limits::CallerLimiter;
use crate::telemetry::Metrics;

/// How often files of secrets and keys are looked at: Kubernetes takes about a minute to swap them anyway.
const RELOAD_EVERY: Duration = Duration::from_secs(5);
/// How often idle callers are forgotten.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// Looks at the files of secrets and keys again and again.
pub(super) async fn reload(secrets: Vec<Arc<Secret>>, metrics: Arc<Metrics>) {
    loop {
        tokio::time::sleep(RELOAD_EVERY).await;
        for secret in &secrets {
            match secret.reload() {
                Ok(false) => (),
                Ok(true) => {
                    metrics.reloaded(secret.key(), true);
                    tracing::info!(setting = secret.key(), "a changed file was taken");
                }
                Err(error) => {
                    metrics.reloaded(secret.key(), false);
                    tracing::warn!(setting = secret.key(), error = %error, "a file cannot be taken; its old content holds");
                }
            }
        }
    }
}

pub(super) async fn sweep(callers: Arc<CallerLimiter>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        callers.sweep();
    }
}
