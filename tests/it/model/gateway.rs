//! A gateway, or two that share a Redis, with a sandbox of their own for many programs, one after another.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use joingate::app::App;
use joingate::config::{Environment, Settings};
use joingate_sandbox::{Control, RunningSandbox, Sandbox, SandboxOptions};
use serde_json::Value;

use crate::support::{Client, DECIDE, GRAPH_TOKEN, READ, RedisServer, settings_for, token};

/// Nothing that a gateway does takes longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks at whether something has happened.
const POLL: Duration = Duration::from_millis(1);

/// How long the gateway waits for an answer of Graph.
pub(super) const ATTEMPT: Duration = Duration::from_millis(300);

/// Settings that keep a program short. The time-out is [`ATTEMPT`].
const SHORT: [(&str, &str); 13] = [
    ("SERVER__REQUEST_DEADLINE", "5s"),
    ("SERVER__SHUTDOWN_TIMEOUT", "5s"),
    ("GRAPH__CONNECT_TIMEOUT", "100ms"),
    ("GRAPH__ATTEMPT_TIMEOUT", "300ms"),
    ("GRAPH__LOOK_RESERVE", "1s"),
    ("GRAPH__RETRY_BUDGET", "1"),
    ("LIMITS__CALLER", "1000000/min"),
    ("LIMITS__CALLER_BURST", "100000"),
    ("LIMITS__GRAPH", "1000000/min"),
    ("LIMITS__GRAPH_BURST", "100000"),
    ("LIMITS__MAX_WAIT", "2s"),
    ("READS__MAX_COPY_AGE", "1min"),
    ("TELEMETRY__AUDIT_CLEAR_IDS", "true"),
];

/// What differs from one gateway to the next.
const VARIANTS: [&[(&str, &str)]; 6] = [
    &[],
    &[("GRAPH__PAGE_SIZE", "1")],
    &[("GRAPH__IDS_PER_CALL", "1")],
    &[("GRAPH__PAGE_SIZE", "2"), ("GRAPH__IDS_PER_CALL", "2")],
    &[("GRAPH__PAGE_SIZE", "2"), ("GRAPH__MAX_PAGES", "1")],
    &[("GRAPH__MAX_ATTEMPTS", "1")],
];
/// Of so many, one is two gateways on a Redis.
const SHARED_EVERY: usize = 4;
/// Seconds by which Graph's clock is off.
const CLOCKS: [i64; 3] = [0, 3600, -90];

pub(super) struct Gateway {
    apps: Vec<App>,
    /// A caller of each.
    callers: Vec<Client>,
    sandbox: RunningSandbox,
    audit: Audit,
    pub(super) clock_offset: i64,
    _redis: Option<RedisServer>,
}

impl Gateway {
    pub(super) async fn start(number: usize) -> Self {
        let options = SandboxOptions { token: GRAPH_TOKEN.to_owned(), ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let clock_offset = CLOCKS[number % CLOCKS.len()];
        sandbox.control().set_clock_offset(clock_offset).unwrap();
        let redis = number.is_multiple_of(SHARED_EVERY).then(RedisServer::start);
        let url = redis.iter().map(|redis| ("JOINGATE_STORE__REDIS_URL".to_owned(), redis.url()));
        let settings = SHORT.iter().chain(VARIANTS[number % VARIANTS.len()]);
        let settings = settings.map(|(name, value)| (format!("JOINGATE_{name}"), (*value).to_owned()));
        let settings = settings_for(&sandbox.base_url()).into_iter().chain(settings).chain(url);
        let environment = Environment::from_pairs(settings);
        let audit = Audit::default();
        let (mut apps, mut callers) = (Vec::new(), Vec::new());
        for _ in 0..if redis.is_some() { 2 } else { 1 } {
            let settings = Settings::load(None, &environment).unwrap();
            let app = App::start(settings, audit.clone()).await.unwrap();
            let token = token("moderator", &format!("{READ} {DECIDE}"), Some("*"));
            callers.push(Client::new(format!("http://{}", app.api_address()), Some(token)));
            apps.push(app);
        }
        Self { apps, callers, sandbox, audit, clock_offset, _redis: redis }
    }

    /// A caller of one of the gateways.
    pub(super) fn caller(&self, number: usize) -> &Client {
        &self.callers[number % self.callers.len()]
    }

    pub(super) fn graph(&self) -> &Control {
        self.sandbox.control()
    }

    /// Forgets what the program before it did.
    pub(super) fn clear(&self) {
        self.graph().clear_faults();
        self.graph().clear_calls();
        self.graph().clear_effects();
        self.audit.0.lock().unwrap().clear();
    }

    /// The last call that Graph received.
    pub(super) fn last_call(&self) -> u64 {
        self.graph().calls().last().map_or(0, |call| call.sequence)
    }

    /// The `decided` events of a request: id and outcome.
    pub(super) fn decided(&self, request_id: &str) -> Vec<(String, String)> {
        let bytes = self.audit.0.lock().unwrap().clone();
        let events =
            bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let events = events.filter(|event| event["request_id"] == request_id && event["event"] == "decided");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        events.map(|event| (text(&event["join_requests"][0]), text(&event["outcome"]))).collect()
    }

    pub(super) async fn stop(self) {
        for app in self.apps {
            app.shut_down().await;
        }
        self.sandbox.stop().await;
    }
}

/// Waits until something has happened; whether it did.
pub(super) async fn wait_until(happened: impl Fn() -> bool) -> bool {
    let waiting = async {
        while !happened() {
            tokio::time::sleep(POLL).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.is_ok()
}

#[derive(Clone, Default)]
struct Audit(Arc<Mutex<Vec<u8>>>);

impl Write for Audit {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
