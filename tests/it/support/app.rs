//! A gateway on free ports.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use joingate::app::App;
use joingate::cli::token::{SigningKey, TokenContents, mint_token};
use joingate::config::{Environment, Settings};
use joingate_sandbox::{Control, GroupSpec, RequestSpec, RunningSandbox, Sandbox, SandboxOptions};
use serde_json::Value;

use super::Client;

pub(crate) const ISSUER: &str = "https://issuer.test.invalid";
pub(crate) const AUDIENCE: &str = "joingate";
pub(crate) const SECRET: &str = "a-secret-that-only-tests-know-about";
pub(crate) const GRAPH_TOKEN: &str = "graph-token-of-the-tests";
pub(crate) const READ: &str = "join_requests:read";
pub(crate) const DECIDE: &str = "join_requests:decide";

/// How the gateway under test is set up.
#[derive(Default)]
pub(crate) struct TestAppBuilder {
    settings: Vec<(String, String)>,
    unset: Vec<String>,
    upstream: Option<String>,
    sandbox: Option<SandboxOptions>,
    audit_broken: bool,
}

impl TestAppBuilder {
    /// Sets `SECTION__KEY` as the environment would.
    pub(crate) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.push((format!("JOINGATE_{name}"), value.into()));
        self
    }

    /// Leaves out what is set otherwise.
    pub(crate) fn unset(mut self, name: &str) -> Self {
        self.unset.push(format!("JOINGATE_{name}"));
        self
    }

    /// Calls this in place of a sandbox.
    pub(crate) fn against(mut self, base_url: &str) -> Self {
        self.upstream = Some(base_url.to_owned());
        self
    }

    /// Options of the sandbox; its token is the gateway's.
    pub(crate) fn sandbox(mut self, options: SandboxOptions) -> Self {
        self.sandbox = Some(options);
        self
    }

    /// Makes every write of the audit log fail.
    pub(crate) fn with_a_broken_audit_log(mut self) -> Self {
        self.audit_broken = true;
        self
    }

    pub(crate) async fn spawn(self) -> TestApp {
        let options = SandboxOptions { token: GRAPH_TOKEN.to_owned(), ..self.sandbox.unwrap_or_default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let upstream = self.upstream.unwrap_or_else(|| sandbox.base_url());
        let usual = settings_for(&upstream).into_iter().filter(|(name, _)| !self.unset.contains(name));
        let environment = Environment::from_pairs(usual.chain(self.settings));
        let settings = Settings::load(None, &environment).unwrap();
        let audit = AuditLog { lines: Arc::default(), broken: self.audit_broken };
        let app = App::start(settings, audit.clone()).await.unwrap();
        TestApp { app, sandbox, audit }
    }
}

/// A running gateway with its sandbox.
pub(crate) struct TestApp {
    pub app: App,
    pub sandbox: RunningSandbox,
    audit: AuditLog,
}

impl TestApp {
    pub(crate) async fn spawn() -> Self {
        Self::builder().spawn().await
    }

    pub(crate) fn builder() -> TestAppBuilder {
        TestAppBuilder::default()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.app.api_address())
    }

    pub(crate) fn admin_url(&self) -> String {
        format!("http://{}", self.app.admin_address())
    }

    pub(crate) fn graph(&self) -> &Control {
        self.sandbox.control()
    }

    /// May read and decide everywhere.
    pub(crate) fn moderator(&self) -> Client {
        self.caller("moderator", &format!("{READ} {DECIDE}"), Some("*"))
    }

    /// May read everywhere.
    pub(crate) fn reader(&self) -> Client {
        self.caller("reader", READ, Some("*"))
    }

    /// Has no token.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(self.url(), None)
    }

    /// Any caller.
    pub(crate) fn caller(&self, subject: &str, scope: &str, groups: Option<&str>) -> Client {
        Client::new(self.url(), Some(token(subject, scope, groups)))
    }

    /// Creates a group with so many open requests; answers its id and theirs.
    pub(crate) fn group_with_requests(&self, requests: usize) -> (String, Vec<String>) {
        let group = self.graph().create_group(GroupSpec { capacity: 1000, ..GroupSpec::default() }).unwrap();
        let add = |_| self.graph().add_request(&group, RequestSpec::default()).unwrap();
        let ids = (0..requests).map(add).collect();
        (group, ids)
    }

    /// The sum of all series whose line contains every text, in whole units.
    pub(crate) async fn metric(&self, texts: &[&str]) -> u64 {
        let exposition = Client::new(self.admin_url(), None).get("/metrics").await.text;
        let lines = exposition.lines().filter(|line| texts.iter().all(|text| line.contains(text)));
        let sum = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum::<f64>();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counters are far below 2^53"
        )]
        let whole = sum as u64;
        whole
    }

    pub(crate) async fn stop(self) {
        self.app.shut_down().await;
        self.sandbox.stop().await;
    }

    /// Nothing is written to the audit log while the guard lives, as when nobody reads stdout any more.
    pub(crate) fn stall_the_audit_log(&self) -> MutexGuard<'_, Vec<u8>> {
        self.audit.lines.lock().unwrap()
    }

    /// The audit log so far. What has been answered has been handed to the writer; this waits for it.
    pub(crate) async fn audit_events(&self, expected: usize) -> Vec<Value> {
        let all = || self.audit.events();
        let written = async {
            while all().len() < expected {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), written).await.expect("the audit events did not come");
        all()
    }
}

/// Environment variables for a gateway on free ports that calls this upstream.
pub(crate) fn settings_for(upstream: &str) -> Vec<(String, String)> {
    let pairs = [
        ("SERVER__LISTEN", "127.0.0.1:0"),
        ("SERVER__ADMIN_LISTEN", "127.0.0.1:0"),
        ("SERVER__DRAIN_DELAY", "0s"),
        ("SERVER__SECRET_KEY", SECRET),
        ("AUTH__ISSUERS__TEST__ISSUER", ISSUER),
        ("AUTH__ISSUERS__TEST__AUDIENCE", AUDIENCE),
        ("AUTH__ISSUERS__TEST__HMAC_SECRET", SECRET),
        ("GRAPH__BASE_URL", upstream),
        ("GRAPH__TOKEN", GRAPH_TOKEN),
    ];
    pairs.map(|(name, value)| (format!("JOINGATE_{name}"), value.to_owned())).to_vec()
}

/// A valid token of the tests' issuer.
pub(crate) fn token(subject: &str, scope: &str, groups: Option<&str>) -> String {
    let key = SigningKey::from_bytes(SECRET.as_bytes(), None).unwrap();
    let contents = TokenContents {
        issuer: ISSUER,
        audience: AUDIENCE,
        subject,
        scope,
        groups,
        ttl: Duration::from_mins(10),
        kid: None,
        issued_at: Timestamp::now(),
    };
    mint_token(&key, &contents).unwrap()
}

#[derive(Clone)]
struct AuditLog {
    lines: Arc<Mutex<Vec<u8>>>,
    broken: bool,
}

impl AuditLog {
    fn events(&self) -> Vec<Value> {
        let bytes = self.lines.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for AuditLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.broken {
            return Err(std::io::Error::other("the disk is full"));
        }
        self.lines.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
