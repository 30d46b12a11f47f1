//! The composition root: builds every part once, binds both listeners, and takes everything down in order.

mod connection;
mod housekeeping;
mod http2;
mod parts;
mod reloading;
mod servers;
mod serving;
mod tls;

pub use reloading::load_settings;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::housekeeping::Household;
use self::parts::{build_audit, build_parts, build_store, process_key};
use self::reloading::{Live, Reloader};
use self::servers::{bind, serve_admin, serve_api};
use self::serving::Server;
use self::tls::{CertificateProblem, TlsListener};
use crate::api::{Api, Readiness};
use crate::auth::KeyProblems;
use crate::config::{LogLevel, Settings};
use crate::moderation::KeyUnusable;
use crate::store::StoreError;
use crate::telemetry::{Audit, Metrics, MetricsError};

/// How long the last lines of the audit log may take.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// The gateway could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Keys of issuers.
    #[error(transparent)]
    Keys(#[from] KeyProblems),
    /// The way to Graph.
    #[error(transparent)]
    Graph(#[from] crate::net::ClientError),
    /// A fault of the program: two metrics of one name.
    #[error("the metrics cannot be set up: {0}")]
    Metrics(#[from] MetricsError),
    /// The key of the page tokens.
    #[error(transparent)]
    PageTokens(#[from] KeyUnusable),
    /// TLS of the API.
    #[error("{setting}: {0}", setting = .0.setting())]
    Certificate(#[from] CertificateProblem),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error("the system has no random numbers")]
    NoRandomness,
    /// An address that cannot be served.
    #[error("{key} = {address} cannot be listened on: {error}")]
    Listen {
        /// The setting.
        key: String,
        /// What it says.
        address: SocketAddr,
        /// What came of it.
        error: std::io::Error,
    },
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
    api: Server,
    admin: Server,
    readiness: Readiness,
    /// Decisions under way.
    decisions: TaskTracker,
    /// Accepting connections, and housekeeping.
    background: TaskTracker,
    stop: CancellationToken,
    audit: Arc<Audit>,
    reload: Arc<Notify>,
    level: watch::Receiver<LogLevel>,
    drain_delay: Duration,
    shutdown_timeout: Duration,
}

impl App {
    /// Builds everything and binds both listeners, inside the runtime of the process. The audit log goes to
    /// `audit_sink`.
    pub async fn start(
        mut settings: Settings,
        audit_sink: impl Write + Send + 'static,
    ) -> Result<Self, StartError> {
        let metrics = Arc::new(Metrics::new(&settings.graph.version)?);
        let key = process_key(&settings.server)?;
        let audit = build_audit(audit_sink, &settings.telemetry, &key, &metrics)?;
        let store = build_store(&settings.store, &settings.idempotency, &key, &metrics).await?;
        let tls = settings.server.tls.take().map(TlsListener::new).transpose()?.map(Arc::new);
        let decisions = TaskTracker::new();
        let (parts, graph) = build_parts(&settings, &key, &audit, &metrics, Arc::clone(&store), &decisions)?;
        let household = Household {
            graph,
            token_probe_interval: settings.graph.token_probe_interval,
            lister: Arc::clone(&parts.lister),
            store,
            pacing: Arc::clone(&parts.pacing),
            verifier: Arc::clone(&parts.verifier),
            metrics: Arc::clone(&metrics),
        };
        let (level_sender, level) = watch::channel(settings.telemetry.level);
        let live = Live {
            pacing: Arc::clone(&parts.pacing),
            callers: Arc::clone(&parts.callers),
            strangers: Arc::clone(&parts.strangers),
            level: level_sender,
            verifier: Arc::clone(&parts.verifier),
            tls: tls.clone(),
            metrics: Arc::clone(&metrics),
        };
        let api = web::Data::new(Api::new(parts, &settings));

        let api_listener = bind("server.listen", settings.server.listen)?;
        let admin_listener = bind("server.admin_listen", settings.server.admin_listen)?;
        let readiness = Readiness::default();
        let (background, stop) = (TaskTracker::new(), CancellationToken::new());
        let api =
            serve_api(api_listener, tls, (api, readiness.clone()), &settings.server, &background).await?;
        let admin = serve_admin(admin_listener, Arc::clone(&metrics), readiness.clone(), &background).await?;
        let reload = Arc::new(Notify::new());
        let reloader = Reloader::new(live, settings.source, settings.effective, settings.secrets);
        background.spawn(stop.clone().run_until_cancelled_owned(reloader.run(Arc::clone(&reload))));
        household.keep(&background, &stop);
        readiness.up();
        Ok(Self {
            api,
            admin,
            readiness,
            decisions,
            background,
            stop,
            audit,
            reload,
            level,
            drain_delay: settings.server.drain_delay,
            shutdown_timeout: settings.server.shutdown_timeout,
        })
    }

    /// Where the API listens.
    pub const fn api_address(&self) -> SocketAddr {
        self.api.address()
    }

    /// Where probes and metrics are.
    pub const fn admin_address(&self) -> SocketAddr {
        self.admin.address()
    }

    /// Reads the settings and all other files again, soon.
    pub fn reload(&self) {
        self.reload.notify_one();
    }

    /// The level to log at, whenever it changes.
    pub fn log_level(&self) -> watch::Receiver<LogLevel> {
        self.level.clone()
    }

    /// Takes the gateway down: not ready at once, serving on for the drain delay, then no new connections, then the
    /// end of what is in flight, at most for the shutdown timeout.
    pub async fn shut_down(self) {
        self.readiness.down();
        tracing::info!(
            drain_ms = u64::try_from(self.drain_delay.as_millis()).unwrap_or(u64::MAX),
            "going down: not ready, still serving"
        );
        tokio::time::sleep(self.drain_delay).await;
        // One timeout for both: what is in flight and the decisions that outlived their requests.
        let end = Instant::now() + self.shutdown_timeout;
        self.api.drain().await;
        self.decisions.close();
        if tokio::time::timeout_at(end.into(), self.decisions.wait()).await.is_err() {
            tracing::error!(decisions = self.decisions.len(), "decisions were still under way at the end");
        }
        self.api.end().await;
        self.admin.drain().await;
        self.admin.end().await;
        self.stop.cancel();
        self.background.close();
        self.background.wait().await;
        let lost = self.audit.flush(FLUSH_TIMEOUT).await;
        if lost > 0 {
            tracing::error!(lines = lost, "the end of the audit log could not be written");
        }
        tracing::info!("down");
    }
}
