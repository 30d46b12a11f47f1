//! The composition root: builds every part once, binds both listeners, and takes everything down in order.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App as Routes, HttpServer, web};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{Api, ApiParts, Readiness, admin_routes, api_routes, observe, openapi_document};
use crate::auth::{KeyProblems, Verifier};
use crate::config::{Secret, ServerSettings, Settings};
use crate::graph::GraphClient;
use crate::limits::{CallerLimiter, GraphPacing};
use crate::moderation::{Decider, KeyUnusable, Lister, PageTokens, Reviewer};
use crate::telemetry::{Audit, Metrics, Pseudonyms};

/// How often files of secrets and keys are looked at: Kubernetes takes about a minute to swap them anyway.
const RELOAD_EVERY: Duration = Duration::from_secs(5);
/// How often idle callers are forgotten.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// How long an idle client connection is kept.
const KEEP_ALIVE: Duration = Duration::from_mins(1);
/// How long a client may take to send the head of its first request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections of clients held at most by one worker.
const MAX_CONNECTIONS: usize = 4096;

/// The gateway could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Keys of issuers.
    #[error(transparent)]
    Keys(#[from] KeyProblems),
    /// The way to Graph.
    #[error(transparent)]
    Graph(#[from] crate::graph::StartError),
    /// A fault of the program: two metrics of one name.
    #[error("the metrics cannot be set up: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The key of the page tokens.
    #[error(transparent)]
    PageTokens(#[from] KeyUnusable),
    /// No randomness.
    #[error("the system has no random numbers")]
    NoRandomness,
    /// A listener or a thread.
    #[error("{what}: {error}")]
    System {
        /// What was attempted.
        what: String,
        /// What came of it.
        error: std::io::Error,
    },
}

/// A running gateway.
#[derive(Debug)]
pub struct App {
    api_address: SocketAddr,
    admin_address: SocketAddr,
    api_server: ServerHandle,
    admin_server: ServerHandle,
    readiness: Readiness,
    /// Decisions under way.
    decisions: TaskTracker,
    /// Servers and housekeeping.
    background: TaskTracker,
    stop: CancellationToken,
    audit: Arc<Audit>,
    drain_delay: Duration,
    shutdown_timeout: Duration,
}

impl App {
    /// Builds everything and binds both listeners, inside the runtime of the process. The audit log goes to
    /// `audit_sink`.
    pub fn start(settings: Settings, audit_sink: impl Write + Send + 'static) -> Result<Self, StartError> {
        let metrics = Arc::new(Metrics::new(&settings.graph.version)?);
        let key = process_key(&settings.server)?;
        let pseudonyms = Arc::new(Pseudonyms::new(&key));
        let clear_ids = settings.telemetry.audit_clear_ids;
        let audit =
            Audit::start(audit_sink, clear_ids, pseudonyms, Arc::clone(&metrics)).map_err(|error| {
                StartError::System {
                    what: "the audit writer cannot be started".to_owned(),
                    error,
                }
            })?;
        let audit = Arc::new(audit);
        let decisions = TaskTracker::new();
        let parts = build_parts(&settings, &key, &audit, &metrics, &decisions)?;
        let callers = Arc::clone(&parts.callers);
        let api = web::Data::new(Api::new(parts, &settings.server, &settings.limits));

        let api_listener = bind("server.listen", settings.server.listen)?;
        let admin_listener = bind("server.admin_listen", settings.server.admin_listen)?;
        let addresses = (local_address(&api_listener)?, local_address(&admin_listener)?);
        let readiness = Readiness::default();
        let api_server = serve_api(api_listener, api, readiness.clone(), &settings.server)?;
        let admin_server = serve_admin(admin_listener, Arc::clone(&metrics), readiness.clone())?;

        let (background, stop) = (TaskTracker::new(), CancellationToken::new());
        let (api_handle, admin_handle) = (api_server.handle(), admin_server.handle());
        background.spawn(report_end("API", api_server));
        background.spawn(report_end("admin", admin_server));
        background.spawn(
            stop.clone()
                .run_until_cancelled_owned(reload(settings.secrets, metrics)),
        );
        background.spawn(stop.clone().run_until_cancelled_owned(sweep(callers)));
        readiness.up();
        Ok(Self {
            api_address: addresses.0,
            admin_address: addresses.1,
            api_server: api_handle,
            admin_server: admin_handle,
            readiness,
            decisions,
            background,
            stop,
            audit,
            drain_delay: settings.server.drain_delay,
            shutdown_timeout: settings.server.shutdown_timeout,
        })
    }

    /// Where the API listens.
    pub const fn api_address(&self) -> SocketAddr {
        self.api_address
    }

    /// Where probes and metrics are.
    pub const fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Takes the gateway down: not ready at once, serving on for the drain delay, then no new connections, then the
    /// end of what is in flight, at most for the shutdown timeout.
    pub async fn shut_down(self) {
        self.readiness.down();
        tracing::info!(
            drain_ms = self.drain_delay.as_millis(),
            "going down: not ready, still serving"
        );
        tokio::time::sleep(self.drain_delay).await;
        self.api_server.stop(true).await;
        self.decisions.close();
        if tokio::time::timeout(self.shutdown_timeout, self.decisions.wait())
            .await
            .is_err()
        {
            tracing::error!(
                decisions = self.decisions.len(),
                "decisions were still under way at the end"
            );
        }
        self.admin_server.stop(true).await;
        self.stop.cancel();
        self.background.close();
        self.background.wait().await;
        self.audit.flush().await;
        tracing::info!("down");
    }
}

/// The secret behind log hashes and page tokens.
fn process_key(settings: &ServerSettings) -> Result<Vec<u8>, StartError> {
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

fn build_parts(
    settings: &Settings,
    key: &[u8],
    audit: &Arc<Audit>,
    metrics: &Arc<Metrics>,
    decisions: &TaskTracker,
) -> Result<ApiParts, StartError> {
    let pacing = Arc::new(GraphPacing::new(&settings.limits, Arc::clone(metrics)));
    let graph = Arc::new(GraphClient::new(&settings.graph, pacing, Arc::clone(metrics))?);
    let lister = Arc::new(Lister::new(
        Arc::clone(&graph),
        settings.graph.max_pages,
        PageTokens::new(key)?,
    ));
    let decider = Decider::new(
        graph,
        settings.graph.ids_per_call,
        Arc::clone(audit),
        Arc::clone(metrics),
        decisions.clone(),
        Handle::current(),
    );
    Ok(ApiParts {
        verifier: Verifier::new(&settings.auth)?,
        callers: Arc::new(CallerLimiter::new(&settings.limits, Arc::clone(metrics))),
        reviewer: Reviewer::new(Arc::clone(&lister)),
        lister,
        decider: Arc::new(decider),
        metrics: Arc::clone(metrics),
    })
}

fn bind(key: &str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|error| StartError::System {
        what: format!("{key} = {address} cannot be listened on"),
        error,
    })
}

fn local_address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|error| StartError::System {
        what: "a listener has no address".to_owned(),
        error,
    })
}

fn serve_api(
    listener: TcpListener,
    api: web::Data<Api>,
    readiness: Readiness,
    settings: &ServerSettings,
) -> Result<Server, StartError> {
    let (with_docs, shutdown_timeout) = (settings.docs, settings.shutdown_timeout.as_secs());
    let document = web::Data::new(openapi_document());
    let readiness = web::Data::new(readiness);
    let factory = move || {
        Routes::new()
            .app_data(api.clone())
            .app_data(document.clone())
            .app_data(readiness.clone())
            .wrap(from_fn(observe))
            .configure(|config| api_routes(config, with_docs))
    };
    let server = HttpServer::new(factory)
        .listen(listener)
        .map_err(|error| StartError::System {
            what: "the API cannot be served".to_owned(),
            error,
        })?;
    let server = server
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .max_connections(MAX_CONNECTIONS)
        .shutdown_timeout(shutdown_timeout)
        .disable_signals();
    Ok(server.run())
}

fn serve_admin(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    readiness: Readiness,
) -> Result<Server, StartError> {
    let (metrics, readiness) = (web::Data::from(metrics), web::Data::new(readiness));
    let factory = move || {
        Routes::new()
            .app_data(metrics.clone())
            .app_data(readiness.clone())
            .configure(admin_routes)
    };
    let server = HttpServer::new(factory)
        .listen(listener)
        .map_err(|error| StartError::System {
            what: "the admin port cannot be served".to_owned(),
            error,
        })?;
    // A worker of its own: probes are answered however busy the API is.
    Ok(server
        .workers(1)
        .max_connections(256)
        .shutdown_timeout(1)
        .disable_signals()
        .run())
}

async fn report_end(which: &'static str, server: Server) {
    if let Err(error) = server.await {
        tracing::error!(server = which, error = %error, "a server ended");
    }
}

/// Looks at the files of secrets and keys again and again.
async fn reload(secrets: Vec<Arc<Secret>>, metrics: Arc<Metrics>) {
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

async fn sweep(callers: Arc<CallerLimiter>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        callers.sweep();
    }
}
