//! Files that are read again while the gateway runs: the settings, of which some take effect at once, and every file of
//! secrets and keys.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::tls::{TlsListener, check_certificate};
use crate::auth::Verifier;
use crate::config::{
    AuthSettings, Effective, Environment, GraphSettings, LiveSettings, LogLevel, Secret, ServerSettings,
    SettingProblems, Settings, SettingsSource, needing_restart,
};
use crate::limits::{CallerLimiter, GraphPacing, Strangers};
use crate::net::graph_client;
use crate::telemetry::Metrics;

/// How often the files are looked at: Kubernetes takes about a minute to swap them anyway.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The settings file, among the values of the metric label `what`.
const SETTINGS: &str = "settings";

/// Reads the settings and what they point to, so that all problems come back at once.
pub fn load_settings(file: Option<&Path>, environment: &Environment) -> Result<Settings, SettingProblems> {
    Settings::load_checked(file, environment, check_files)
}

/// Key and message of everything wrong with the files that the settings point to.
fn check_files(
    server: &ServerSettings,
    auth: &AuthSettings,
    graph: Option<&GraphSettings>,
) -> Vec<(String, String)> {
    let keys = Verifier::new(auth).err().map_or_else(Vec::new, |problems| problems.0);
    let keys = keys.into_iter().map(|problem| (format!("auth.issuers.{}", problem.issuer), problem.message));
    let client = graph.and_then(|graph| graph_client(graph).err()).map(|error| {
        // Nothing else of them can be wrong: a system without certificates lacks the file, too.
        ("graph.ca_file".to_owned(), error.to_string())
    });
    let tls = server.tls.as_ref().and_then(|tls| check_certificate(tls).err());
    let tls = tls.map(|problem| (problem.setting().to_owned(), problem.to_string()));
    keys.chain(client).chain(tls).collect()
}

/// What takes changes while running.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) pacing: Arc<GraphPacing>,
    pub(super) callers: Arc<CallerLimiter>,
    pub(super) strangers: Arc<Strangers>,
    pub(super) level: watch::Sender<LogLevel>,
    pub(super) verifier: Arc<Verifier>,
    pub(super) tls: Option<Arc<TlsListener>>,
    pub(super) metrics: Arc<Metrics>,
}

/// Looks at the files again and again.
#[derive(Debug)]
pub(super) struct Reloader {
    live: Live,
    source: SettingsSource,
    /// As they were at the start.
    effective: Vec<Effective>,
    secrets: Vec<Arc<Secret>>,
}

impl Reloader {
    pub(super) fn new(
        live: Live,
        source: SettingsSource,
        effective: Vec<Effective>,
        secrets: Vec<Arc<Secret>>,
    ) -> Self {
        for secret in &secrets {
            live.metrics.may_be_reloaded(secret.key());
        }
        Self { live, source, effective, secrets }
    }

    /// Every few seconds, and at once when `asked`: then the settings are read even if their file is the same.
    pub(super) async fn run(self, asked: Arc<Notify>) {
        let reloader = Arc::new(self);
        let mut stamp = reloader.source.stamp();
        loop {
            let asked = tokio::time::timeout(LOOK_EVERY, asked.notified()).await.is_ok();
            let looking = Arc::clone(&reloader);
            // Files are read off the runtime that drives decisions; a look that fails is made again.
            let look = move || {
                looking.look_at_secrets();
                let now = looking.source.stamp();
                if asked || now != stamp {
                    looking.read_settings();
                }
                now
            };
            stamp = tokio::task::spawn_blocking(look).await.unwrap_or(stamp);
        }
    }

    fn read_settings(&self) {
        let metrics = &self.live.metrics;
        match load_settings(self.source.file(), self.source.environment()) {
            Ok(settings) => {
                self.take(&settings);
                metrics.reloaded(SETTINGS, true);
            }
            Err(problems) => {
                metrics.reloaded(SETTINGS, false);
                tracing::error!(
                    problems = %problems.one_line(),
                    "the new settings are refused as a whole; the old ones hold"
                );
            }
        }
    }

    fn take(&self, settings: &Settings) {
        let live = LiveSettings::of(settings);
        self.live.pacing.set(&live.limits);
        self.live.pacing.set_read_only(live.read_only);
        self.live.callers.set(&live.limits);
        self.live.strangers.set(live.limits.auth_failures);
        tracing::info!(read_only = live.read_only, "the settings were read again");
        let waiting = needing_restart(&self.effective, &settings.effective);
        if !waiting.is_empty() {
            tracing::warn!(
                settings = waiting.join(", "),
                "changed settings that take effect at the next start"
            );
        }
        // Last: what stands above is told at the old level.
        self.live.level.send_if_modified(|level| std::mem::replace(level, live.level) != live.level);
    }

    fn look_at_secrets(&self) {
        let metrics = &self.live.metrics;
        // All are read before any is used: a certificate and its key change together.
        let looked = self.secrets.iter().map(|secret| (secret.key(), secret.reload())).collect::<Vec<_>>();
        if let Some(Err(problem)) = self.live.tls.as_ref().map(|tls| tls.renew()) {
            tracing::warn!(
                setting = problem.setting(),
                error = %problem,
                "the new certificate cannot be taken; the old one holds"
            );
        }
        for (setting, result) in looked {
            match result {
                Ok(false) => (),
                // What cannot be used is named by its user, which keeps the old content.
                Ok(true) if !self.uses_latest(setting) => metrics.reloaded(setting, false),
                Ok(true) => {
                    metrics.reloaded(setting, true);
                    tracing::info!(setting, "a changed file was taken");
                }
                Err(error) => {
                    metrics.reloaded(setting, false);
                    tracing::warn!(setting, error = %error, "a file cannot be taken; its old content holds");
                }
            }
        }
    }

    fn uses_latest(&self, setting: &str) -> bool {
        let Live { verifier, tls, .. } = &self.live;
        verifier.uses_latest(setting) && tls.as_ref().is_none_or(|tls| tls.uses_latest(setting))
    }
}
