//! What the handlers work with, built once for all threads.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::auth::Verifier;
use crate::config::Settings;
use crate::limits::{CallerLimiter, GraphPacing, Strangers};
use crate::moderation::{Decider, Lister, Reviewer};
use crate::telemetry::Metrics;

/// The parts that the API is made of.
#[derive(Debug)]
pub struct ApiParts {
    /// Checks internal tokens.
    pub verifier: Arc<Verifier>,
    /// Counts what callers use.
    pub callers: Arc<CallerLimiter>,
    /// Lets calls through to Graph.
    pub pacing: Arc<GraphPacing>,
    /// Counts tokens that do not pass.
    pub strangers: Arc<Strangers>,
    /// Lists.
    pub lister: Arc<Lister>,
    /// Tries decisions out.
    pub reviewer: Reviewer,
    /// Decides.
    pub decider: Arc<Decider>,
    /// Counts what happens.
    pub metrics: Arc<Metrics>,
}

/// The parts and the bounds of a request.
#[derive(Debug)]
pub struct Api {
    /// The parts.
    pub parts: ApiParts,
    /// How long one request may take.
    pub request_deadline: Duration,
    /// Largest body, in bytes.
    pub max_body: usize,
    /// Most ids in one decision.
    pub max_ids: usize,
    /// Whether every decision must carry an Idempotency-Key.
    pub require_key: bool,
    /// Whether the docs are served.
    pub docs: bool,
    /// The gateway's own address, without a slash at the end.
    pub public_url: Option<String>,
    /// One permit for every request that may be served at once.
    pub slots: Semaphore,
}

impl Api {
    /// Takes the bounds from the settings.
    pub fn new(parts: ApiParts, settings: &Settings) -> Self {
        let server = &settings.server;
        let public_url = server.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
        Self {
            parts,
            request_deadline: server.request_deadline,
            max_body: server.max_body,
            max_ids: server.max_ids,
            require_key: settings.idempotency.require_key,
            docs: server.docs,
            public_url,
            slots: Semaphore::new(server.max_in_flight),
        }
    }
}
