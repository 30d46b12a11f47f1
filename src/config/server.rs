//! `[server]`: the listeners, the bounds of a request and the way down.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::secret::{Secret, SecretForm};
use super::section::Section;

const CERTIFICATE: &str = "tls_cert_file";
const KEY: &str = "tls_key_file";

/// A certificate and its private key, both PEM.
#[derive(Debug)]
pub struct TlsSettings {
    /// The certificate, and those between it and an authority that clients know.
    pub certificate: Arc<Secret>,
    /// Its private key.
    pub key: Arc<Secret>,
}

/// `[server]`
#[derive(Debug)]
pub struct ServerSettings {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where probes and metrics listen.
    pub admin_listen: SocketAddr,
    /// How long one request may take, waiting included.
    pub request_deadline: Duration,
    /// Largest request body, in bytes.
    pub max_body: usize,
    /// Most ids in one decision, duplicates included.
    pub max_ids: usize,
    /// Most requests served at once.
    pub max_in_flight: usize,
    /// How long to keep serving after SIGTERM.
    pub drain_delay: Duration,
    /// How long to wait for requests in flight after that.
    pub shutdown_timeout: Duration,
    /// Whether `/docs` and `/openapi.json` are served.
    pub docs: bool,
    /// The gateway's address as callers see it.
    pub public_url: Option<Url>,
    /// Makes the API speak TLS, and nothing else.
    pub tls: Option<TlsSettings>,
    /// Keys the hashes of ids in logs, the page tokens and the names in the store.
    pub secret_key: Option<Arc<Secret>>,
}

impl ServerSettings {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        let any = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        let seconds = Duration::from_secs;
        let settings = Self {
            listen: section.address("listen", any(8080), "Where the API listens."),
            admin_listen: section.address("admin_listen", any(9090), "Where `/livez`, `/readyz` and `/metrics` listen."),
            request_deadline: section.duration(
                "request_deadline",
                seconds(15),
                seconds(2)..=seconds(120),
                "How long one request may take, waiting included.",
            ),
            max_body: section.size("max_body", 64 * 1024, 1024..=1024 * 1024, "Largest request body."),
            max_ids: section.count("max_ids", 256, 1..=1024, "Most ids in one decision, duplicates included.") as usize,
            max_in_flight: section.count("max_in_flight", 1024, 1..=65_536, "Most requests served at once; more are refused with 503.")
                as usize,
            drain_delay: section.duration(
                "drain_delay",
                seconds(5),
                seconds(0)..=seconds(60),
                "How long to keep serving after SIGTERM, while load balancers notice `/readyz`.",
            ),
            shutdown_timeout: section.duration(
                "shutdown_timeout",
                seconds(20),
                seconds(1)..=seconds(300),
                "How long to wait for requests in flight after that.",
            ),
            docs: section.flag("docs", true, "Whether `/docs` and `/openapi.json` are served."),
            public_url: section.parsed(
                "public_url",
                None,
                "an http or https URL without user, query and fragment",
                |url: &Url| {
                    matches!(url.scheme(), "http" | "https")
                        && url.username().is_empty()
                        && url.password().is_none()
                        && url.query().is_none()
                        && url.fragment().is_none()
                },
                "The gateway's address as callers see it; makes problem types absolute.",
            ),
            tls: read_tls(section),
            secret_key: section.secret_read_once(
                "secret_key",
                SecretForm::Key,
                "Keys the hashes of ids in logs, the page tokens and the names in the store; read at start only. Without it: random, so none of them outlives the process or is shared between replicas.",
            ),
        };
        settings.check_together(section);
        settings
    }

    /// What is right by itself and wrong together.
    fn check_together(&self, section: &mut Section<'_, '_>) {
        if self.shutdown_timeout < self.request_deadline {
            let message = "at least `request_deadline`, or requests in flight would be cut off";
            section.missing("shutdown_timeout", message);
        }
        if self.listen == self.admin_listen && self.listen.port() != 0 {
            section.missing("admin_listen", "it must differ from `listen`");
        }
    }
}

fn read_tls(section: &mut Section<'_, '_>) -> Option<TlsSettings> {
    let certificate = section.secret_file(
        CERTIFICATE,
        SecretForm::Document,
        "The certificate of the API (PEM), followed by those between it and an authority that clients know. With it the API speaks TLS only, HTTP/1.1 and HTTP/2.",
    );
    let key = section.secret_file(KEY, SecretForm::Document, "The private key (PEM) of that certificate.");
    match (&certificate, &key) {
        (Some(_), None) => section.missing(KEY, "it must be set with `tls_cert_file`"),
        (None, Some(_)) => section.missing(CERTIFICATE, "it must be set with `tls_key_file`"),
        (Some(_), Some(_)) | (None, None) => (),
    }
    Some(TlsSettings { certificate: certificate?, key: key? })
}
