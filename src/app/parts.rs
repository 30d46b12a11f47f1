//! The parts of the gateway, each built once.

use std::io::Write;
use std::sync::Arc;

use tokio_util::task::TaskTracker;

use super::StartError;
use crate::api::ApiParts;
use crate::auth::Verifier;
use crate::config::{IdempotencySettings, ServerSettings, Settings, StoreSettings, TelemetrySettings};
use crate::graph::GraphClient;
use crate::limits::{CallerLimiter, GraphPacing, Replicas, Strangers};
use crate::moderation::{DecisionBounds, Foundations, Moderation, PageTokens};
use crate::store::{Store, StoreError};
use crate::telemetry::{Audit, Metrics, Pseudonyms};

/// The secret behind log hashes, page tokens and the names in the store.
pub(super) fn process_key(settings: &ServerSettings) -> Result<Vec<u8>, StartError> {
    if let Some(secret) = &settings.secret_key {
        return Ok(secret.current().expose().to_vec());
    }
    tracing::warn!(
        "server.secret_key_file is not set: page tokens and log hashes hold for this process only"
    );
    let mut key = vec![0; 32];
    aws_lc_rs::rand::fill(&mut key).map_err(|_unspecified| StartError::NoRandomness)?;
    Ok(key)
}

/// The audit log, which goes to `sink`.
pub(super) fn build_audit(
    sink: impl Write + Send + 'static,
    settings: &TelemetrySettings,
    key: &[u8],
    metrics: &Arc<Metrics>,
) -> Result<Arc<Audit>, StartError> {
    let pseudonyms = Arc::new(Pseudonyms::new(key));
    let rules = (settings.audit_clear_ids, settings.audit_on_failure);
    let audit = Audit::start(sink, rules, pseudonyms, Arc::clone(metrics));
    audit
        .map(Arc::new)
        .map_err(|error| StartError::System { what: "the audit writer cannot be started".to_owned(), error })
}

/// What replicas share, or the memory of this process.
pub(super) async fn build_store(
    settings: &StoreSettings,
    times: &IdempotencySettings,
    key: &[u8],
    metrics: &Arc<Metrics>,
) -> Result<Arc<Store>, StoreError> {
    let metrics = Arc::clone(metrics);
    let store = match &settings.redis {
        Some(redis) => Store::connect(redis, times, key, metrics).await?,
        None => Store::in_memory(times, key, metrics),
    };
    Ok(Arc::new(store))
}

pub(super) fn build_parts(
    settings: &Settings,
    key: &[u8],
    audit: &Arc<Audit>,
    metrics: &Arc<Metrics>,
    store: Arc<Store>,
    decisions: &TaskTracker,
) -> Result<(ApiParts, Arc<GraphClient>), StartError> {
    let replicas = Replicas::new(&store, &settings.store);
    let timeout = settings.graph.attempt_timeout;
    let pacing = GraphPacing::new(&settings.limits, timeout, replicas.clone(), Arc::clone(metrics));
    let pacing = Arc::new(pacing);
    let callers = Arc::new(CallerLimiter::new(&settings.limits, replicas, Arc::clone(metrics)));
    pacing.set_read_only(settings.graph.read_only);
    let graph = GraphClient::new(&settings.graph, Arc::clone(&pacing), Arc::clone(metrics))?;
    let graph = Arc::new(graph);
    let bounds = DecisionBounds {
        ids_per_call: settings.graph.ids_per_call,
        most_at_once: settings.server.max_in_flight,
        least_time: settings.graph.least_decision_time(),
    };
    let foundations = Foundations {
        graph: Arc::clone(&graph),
        store,
        callers: Arc::clone(&callers),
        audit: Arc::clone(audit),
        metrics: Arc::clone(metrics),
        tasks: decisions.clone(),
    };
    let moderation = Moderation::new(
        foundations,
        (settings.graph.max_pages, settings.reads),
        PageTokens::new(key)?,
        bounds,
    );
    let parts = ApiParts {
        verifier: Arc::new(Verifier::new(&settings.auth)?),
        callers,
        pacing,
        strangers: Arc::new(Strangers::new(settings.limits.auth_failures, Arc::clone(metrics))),
        lister: moderation.lister,
        reviewer: moderation.reviewer,
        decider: moderation.decider,
        metrics: Arc::clone(metrics),
    };
    Ok((parts, graph))
}
