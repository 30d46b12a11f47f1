//! Every setting with its default, bounds and meaning; the only reader of the environment and of files.
//!
//! A setting is declared once, where its section reads it. The same declaration parses the value, bounds it,
//! writes the line of `joingate check` and the row of the README's table.

mod auth;
mod describe;
mod entries;
mod graph;
mod idempotency;
mod limits;
mod live;
mod problem;
mod reader;
mod reads;
mod secret;
mod section;
mod server;
mod store;
mod telemetry;
mod value;

pub use auth::{AuthSettings, GrantSettings, IssuerSettings, JwksUrlSettings, KeySource};
pub use describe::settings_table;
pub use entries::Environment;
pub use graph::{GraphSettings, ProxyUrl};
pub use idempotency::IdempotencySettings;
pub use limits::{CallerLimitSettings, LimitSettings};
pub use live::{LiveSettings, SettingsSource, needing_restart};
pub use problem::{SettingProblem, SettingProblems};
pub use reader::Effective;
pub use reads::ReadSettings;
pub use secret::{Loaded, Secret, SecretError, SecretForm};
pub use server::{ServerSettings, TlsSettings};
pub use store::{OnStoreFailure, RedisSettings, StoreSettings};
pub use telemetry::{AuditTarget, LogFormat, LogLevel, OnAuditFailure, OtlpSettings, TelemetrySettings};
pub use value::{Rate, parse_duration};

use std::path::Path;
use std::sync::Arc;

use entries::Entries;
use reader::Reader;

/// All settings, checked.
#[derive(Debug)]
pub struct Settings {
    /// `[server]`
    pub server: ServerSettings,
    /// `[auth]`
    pub auth: AuthSettings,
    /// `[graph]`
    pub graph: GraphSettings,
    /// `[limits]`
    pub limits: LimitSettings,
    /// `[reads]`
    pub reads: ReadSettings,
    /// `[store]`
    pub store: StoreSettings,
    /// `[idempotency]`
    pub idempotency: IdempotencySettings,
    /// `[telemetry]`
    pub telemetry: TelemetrySettings,
    /// Every value as it took effect, secrets left out, for `joingate check`.
    pub effective: Vec<Effective>,
    /// Every value that came from a file of its own, to be re-read while running.
    pub secrets: Vec<Arc<Secret>>,
    /// Where all of it was read, to be read again while running.
    pub source: SettingsSource,
}

impl Settings {
    /// Reads the TOML file (if any), lays the environment over it and checks everything. All problems come back
    /// at once.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, SettingProblems> {
        Self::load_checked(file, environment, |_server, _auth, _graph| Vec::new())
    }

    /// The same, with a further look at what the values point to, as far as they could be read: `further` gives key
    /// and message of every problem it finds, and they come back with the others.
    pub fn load_checked(
        file: Option<&Path>,
        environment: &Environment,
        further: impl FnOnce(&ServerSettings, &AuthSettings, Option<&GraphSettings>) -> Vec<(String, String)>,
    ) -> Result<Self, SettingProblems> {
        let (entries, problems) = Entries::gather(file, environment);
        let mut reader = Reader::new(&entries, problems);
        let Sections { server, auth, graph, limits, reads, store, idempotency, telemetry } =
            Sections::read(&mut reader);
        if store.redis.is_some() && server.secret_key.is_none() {
            let message =
                "it must be set with `store.redis_url`: replicas share the state of the same key only";
            reader.section("server").missing("secret_key_file", message);
        }
        for (place, caller) in reader.places_below("limits.callers").iter().zip(&limits.callers) {
            if !auth.issuers.iter().any(|issuer| issuer.name == caller.issuer) {
                let mut section = reader.section(&format!("limits.callers.{place}"));
                section.missing("issuer", "it names no issuer of `auth.issuers`");
            }
        }
        for (key, message) in further(&server, &auth, graph.as_ref()) {
            let source = reader.sources_of(&key);
            reader.refuse(&key, &source, message);
        }
        let (effective, secrets) = reader.finish()?;
        // Never absent once `finish` has found no problem.
        let graph = graph.ok_or_else(|| SettingProblems(Vec::new()))?;
        let source = SettingsSource::new(file, environment.clone());
        Ok(Self {
            server,
            auth,
            graph,
            limits,
            reads,
            store,
            idempotency,
            telemetry,
            effective,
            secrets,
            source,
        })
    }
}

/// Every section as far as it could be read.
struct Sections {
    server: ServerSettings,
    auth: AuthSettings,
    graph: Option<GraphSettings>,
    limits: LimitSettings,
    reads: ReadSettings,
    store: StoreSettings,
    idempotency: IdempotencySettings,
    telemetry: TelemetrySettings,
}

impl Sections {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            server: ServerSettings::read(&mut reader.section("server")),
            auth: AuthSettings::read(&mut reader.section("auth")),
            graph: GraphSettings::read(&mut reader.section("graph")),
            limits: LimitSettings::read(&mut reader.section("limits")),
            reads: ReadSettings::read(&mut reader.section("reads")),
            store: StoreSettings::read(&mut reader.section("store")),
            idempotency: IdempotencySettings::read(&mut reader.section("idempotency")),
            telemetry: TelemetrySettings::read(&mut reader.section("telemetry")),
        }
    }
}
