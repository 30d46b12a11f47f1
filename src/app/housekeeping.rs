//! What goes on beside the requests.

use std::sync::Arc;
use std::time::Duration;

use crate::limits::{GraphPacing, tell_others};
use crate::moderation::Lister;
use crate::store::Store;

/// How often old copies are forgotten.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

pub(super) async fn sweep(lister: Arc<Lister>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        lister.sweep();
    }
}

pub(super) async fn keep_connected(store: Arc<Store>) {
    store.keep_connected().await;
}

pub(super) async fn keep_others_informed(pacing: Arc<GraphPacing>) {
    tell_others(&pacing).await;
}
