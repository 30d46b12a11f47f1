//! `[graph]`: Meta's Graph API and how it is called.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::secret::{Secret, SecretForm};
use super::section::Section;
use super::value::is_https_or_loopback;

/// `[graph]`
#[derive(Debug)]
pub struct GraphSettings {
    /// Scheme and host of Graph.
    pub base_url: Url,
    /// Version segment of every path, such as `v23.0`.
    pub version: String,
    /// The system-user token.
    pub token: Arc<Secret>,
    /// The token that takes over when Graph refuses the other one.
    pub fallback_token: Option<Arc<Secret>>,
    /// The app secret; with it every call carries `appsecret_proof`.
    pub app_secret: Option<Arc<Secret>>,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long one call may take.
    pub attempt_timeout: Duration,
    /// Most tries of one call, the first included.
    pub max_attempts: u32,
    /// Most retries as a share of all calls.
    pub retry_budget: f32,
    /// What a decision leaves of its time for a look after it.
    pub look_reserve: Duration,
    /// Most ids in one call of Graph; approvals are never more than 8.
    pub ids_per_call: usize,
    /// Most pages walked for one list.
    pub max_pages: u32,
    /// The `limit` sent with a list; `None`: Graph's own.
    pub page_size: Option<u32>,
    /// Certificates to trust in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// A proxy for all calls to Graph.
    pub proxy_url: Option<ProxyUrl>,
    /// Whether no decision is sent.
    pub read_only: bool,
    /// How often Graph is asked what the tokens are worth; `None`: only after it has refused one.
    pub token_probe_interval: Option<Duration>,
}

impl GraphSettings {
    /// The version of Graph that the gateway is written for, and asks for unless told otherwise.
    pub const DEFAULT_VERSION: &str = "v23.0";

    /// The least time of its own that a decision is sent with: less would make its outcome unknown more often than not.
    pub const LEAST_CALL: Duration = Duration::from_secs(1);

    /// What must be left of a request's time for a decision to be sent: its own, and the look after it.
    pub const fn least_decision_time(&self) -> Duration {
        self.look_reserve.saturating_add(Self::LEAST_CALL)
    }

    /// `None` when something required is missing, which has then been reported.
    pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let base_url = read_base_url(section);
        let version = read_version(section);
        let (token, fallback_token, app_secret) = read_secrets(section);
        let (connect_timeout, attempt_timeout) = read_timeouts(section);
        let (max_attempts, retry_budget, look_reserve) = read_retries(section);
        let ids_per_call = section.count(
            "ids_per_call",
            64,
            1..=256,
            "Most ids in one call of Graph; approvals are never more than 8, a group's size.",
        );
        let max_pages = section.count("max_pages", 20, 1..=100, "Most pages walked for one list.");
        let page_size = section.optional_count(
            "page_size",
            None,
            1..=1024,
            "The `limit` sent with a list; Graph's own when not set.",
        );
        let ca_file = section.path(
            "ca_file",
            "certificates as PEM",
            "Certificates (PEM) to trust in place of the system's.",
        );
        let proxy_url = read_proxy(section, base_url.as_ref());
        let read_only =
            section.flag("read_only", false, "Whether decisions are refused; lists and dry runs go on.");
        let token_probe_interval = section.duration_or_off(
            "token_probe_interval",
            Duration::from_mins(1)..=Duration::from_hours(24),
            "How often Graph is asked whether the tokens hold and when they end; `off`: only after it has refused one, and when a token's file changes. One call each.",
        );
        Some(Self {
            base_url: base_url?,
            version,
            token: token?,
            fallback_token,
            app_secret,
            connect_timeout,
            attempt_timeout,
            max_attempts,
            retry_budget,
            look_reserve,
            ids_per_call: ids_per_call as usize,
            max_pages,
            page_size,
            ca_file,
            proxy_url,
            read_only,
            token_probe_interval,
        })
    }
}

/// The address of a proxy, with the password that it may hold kept out of what is printed.
#[derive(Clone)]
pub struct ProxyUrl(Url);

impl ProxyUrl {
    /// The whole address.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ProxyUrl({})", self.0.host_str().unwrap_or_default())
    }
}

fn read_proxy(section: &mut Section<'_, '_>, base_url: Option<&Url>) -> Option<ProxyUrl> {
    let proxy: Url = section.parsed(
        "proxy_url",
        None,
        "an http URL",
        |url: &Url| url.scheme() == "http",
        "A proxy that all calls to Graph go through in a tunnel (`CONNECT`). The environment's proxy settings are never used.",
    )?;
    // Nothing in a tunnel hides the calls of an http URL from the proxy, nor the token in them.
    if base_url.is_some_and(|url| url.scheme() == "http") && !is_https_or_loopback(&proxy) {
        section.missing("proxy_url", "it must be on the loopback as long as graph.base_url is http");
    }
    Some(ProxyUrl(proxy))
}

type Given = Option<Arc<Secret>>;

fn read_secrets(section: &mut Section<'_, '_>) -> (Given, Given, Given) {
    let token = section.secret("token", SecretForm::Token, "Meta's system-user token.");
    let given = ["token", "token_file"].map(|name| section.key(name));
    if token.is_none() && !given.iter().any(|key| section.reader.entries.0.contains_key(key)) {
        section.missing("token_file", "the system-user token must be given");
    }
    let fallback_token = section.secret(
        "fallback_token",
        SecretForm::Token,
        "Takes over as soon as Graph refuses the token, until that one changes.",
    );
    let app_secret = section.secret(
        "app_secret",
        SecretForm::Token,
        "The app secret; with it every call carries `appsecret_proof`.",
    );
    (token, fallback_token, app_secret)
}

fn read_retries(section: &mut Section<'_, '_>) -> (u32, f32, Duration) {
    let max_attempts =
        section.count("max_attempts", 3, 1..=5, "Most tries of one call, the first included. A decision is tried again only when Graph surely did not execute it.");
    let retry_budget = section.share(
        "retry_budget",
        0.0,
        0.1,
        "Most retries, as a share of all calls of the last 10 seconds; 3 a second are allowed besides.",
    );
    let look_reserve = section.duration(
        "look_reserve",
        Duration::from_secs(3),
        Duration::from_millis(100)..=Duration::from_secs(30),
        "What a decision leaves of its time, to look afterwards if its outcome is in doubt.",
    );
    (max_attempts, retry_budget, look_reserve)
}

fn read_timeouts(section: &mut Section<'_, '_>) -> (Duration, Duration) {
    let least = Duration::from_millis(100);
    let connect = section.duration(
        "connect_timeout",
        Duration::from_secs(2),
        least..=Duration::from_secs(30),
        "How long to wait for a connection to Graph; at most half of `attempt_timeout`.",
    );
    let attempt = section.duration(
        "attempt_timeout",
        Duration::from_secs(8),
        least..=Duration::from_mins(1),
        "How long one call of Graph may take.",
    );
    (connect, attempt)
}

fn read_base_url(section: &mut Section<'_, '_>) -> Option<Url> {
    let accept = |url: &Url| {
        is_https_or_loopback(url)
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
    };
    let default = Url::parse("https://graph.facebook.com").ok();
    let form = "an https URL of scheme and host only (http for loopback)";
    section.parsed("base_url", default, form, accept, "Scheme and host of Graph.")
}

fn read_version(section: &mut Section<'_, '_>) -> String {
    let accept = |text: &String| {
        let numbers = text.strip_prefix('v').and_then(|rest| rest.split_once('.'));
        let digits =
            |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        numbers.is_some_and(|(major, minor)| digits(major) && digits(minor))
    };
    let version = section.parsed(
        "version",
        Some(GraphSettings::DEFAULT_VERSION.to_owned()),
        "a version such as `v23.0`",
        accept,
        "Graph's version.",
    );
    version.unwrap_or_default()
}
