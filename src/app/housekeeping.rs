//! What goes on beside the requests, from start to end.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::Verifier;
use crate::graph::{GraphClient, watch_tokens};
use crate::limits::{GraphPacing, tell_others};
use crate::moderation::Lister;
use crate::store::Store;
use crate::telemetry::Metrics;

/// How often old copies are forgotten.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// The parts that need looking after.
#[derive(Debug)]
pub(super) struct Household {
    pub(super) graph: Arc<GraphClient>,
    pub(super) token_probe_interval: Option<Duration>,
    pub(super) lister: Arc<Lister>,
    pub(super) store: Arc<Store>,
    pub(super) pacing: Arc<GraphPacing>,
    pub(super) verifier: Arc<Verifier>,
    pub(super) metrics: Arc<Metrics>,
}

/// How old what the metrics say of Graph may be.
const SHOW_EVERY: Duration = Duration::from_secs(1);

impl Household {
    /// Looks after all of them until `stop`.
    pub(super) fn keep(self, tasks: &TaskTracker, stop: &CancellationToken) {
        let Self { graph, token_probe_interval, lister, store, pacing, verifier, metrics } = self;
        let until_stop = || stop.clone();
        let shown = Arc::clone(&pacing);
        tasks.spawn(until_stop().run_until_cancelled_owned(sweep(lister)));
        tasks.spawn(until_stop().run_until_cancelled_owned(async move { store.keep_connected().await }));
        tasks.spawn(until_stop().run_until_cancelled_owned(async move { tell_others(&pacing).await }));
        tasks.spawn(until_stop().run_until_cancelled_owned(show(shown)));
        let tokens = watch_tokens(graph, token_probe_interval);
        tasks.spawn(until_stop().run_until_cancelled_owned(tokens));
        // A task for each: what goes wrong with one issuer is nothing to the others.
        for keys in verifier.keep_keys_fresh(&metrics) {
            tasks.spawn(until_stop().run_until_cancelled_owned(keys));
        }
    }
}

/// Without calls nothing else would show that a pause is over.
async fn show(pacing: Arc<GraphPacing>) {
    loop {
        tokio::time::sleep(SHOW_EVERY).await;
        pacing.show_state();
    }
}

async fn sweep(lister: Arc<Lister>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        lister.sweep();
    }
}
