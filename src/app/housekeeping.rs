//! What goes on beside the requests.

use std::sync::Arc;
use std::time::Duration;

use crate::auth::Verifier;
use crate::config::Secret;
use crate::moderation::Lister;
use crate::store::Store;
use crate::telemetry::Metrics;

/// How often files of secrets and keys are looked at: Kubernetes takes about a minute to swap them anyway.
const RELOAD_EVERY: Duration = Duration::from_secs(5);
/// How often old copies are forgotten.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// Looks at the files of secrets and keys again and again.
pub(super) async fn reload(secrets: Vec<Arc<Secret>>, verifier: Arc<Verifier>, metrics: Arc<Metrics>) {
    loop {
        tokio::time::sleep(RELOAD_EVERY).await;
        let (secrets, verifier, metrics) = (secrets.clone(), Arc::clone(&verifier), Arc::clone(&metrics));
        // Files are read off the runtime that drives decisions; a look that fails is made again.
        drop(tokio::task::spawn_blocking(move || look(&secrets, &verifier, &metrics)).await);
    }
}

fn look(secrets: &[Arc<Secret>], verifier: &Verifier, metrics: &Metrics) {
    for secret in secrets {
        match secret.reload() {
            Ok(false) => (),
            // Keys that cannot be used are named by the verifier, which keeps the old ones.
            Ok(true) if !verifier.uses_latest(secret.key()) => metrics.reloaded(secret.key(), false),
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

pub(super) async fn sweep(lister: Arc<Lister>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        lister.sweep();
    }
}

pub(super) async fn keep_connected(store: Arc<Store>) {
    store.keep_connected().await;
}
