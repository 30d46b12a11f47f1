//! The one constructor of HTTP clients: certificates, time-outs, no redirects, no proxy from the environment.

mod collector;

pub use collector::{CollectorClient, collector_client};

use std::time::Duration;

use crate::config::{GraphSettings, JwksUrlSettings};

/// How long an idle connection is kept. Graph's load balancers close earlier than the usual 90 s, and a
/// connection closed by the other side in the moment of use would make a write's fate unknown.
const IDLE: Duration = Duration::from_secs(20);

/// Exactly the form that Meta's document asks for: a name and three numbers.
const USER_AGENT: &str = concat!("joingate/", env!("CARGO_PKG_VERSION"));

/// How long a connection to an issuer of internal tokens may take.
const ISSUER_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The file of certificates cannot be read.
    #[error("the certificates cannot be read: {0}")]
    CaUnreadable(std::io::Error),
    /// The file holds no certificate.
    #[error("the file holds no certificate in PEM form")]
    CaInvalid,
    /// The client library refused its configuration, which it does where the system has no certificates.
    #[error("the HTTP client cannot be built{}", causes(.0))]
    Build(reqwest::Error),
}

/// The reasons behind an error: on its own it says nothing.
fn causes(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// The client for Graph.
pub fn http_client(settings: &GraphSettings) -> Result<reqwest::Client, ClientError> {
    // Shorter than the whole call, or an attempt to connect would end as if something might have been sent.
    let connect_timeout = settings.connect_timeout.min(settings.attempt_timeout / 2);
    let certificates = match &settings.ca_file {
        Some(path) => Some(std::fs::read(path).map_err(ClientError::CaUnreadable)?),
        None => None,
    };
    let plain = settings.base_url.scheme() == "http";
    let mut builder = client(connect_timeout, plain, certificates.as_deref())?.pool_idle_timeout(IDLE);
    if let Some(url) = &settings.proxy_url {
        let proxy =
            reqwest::Proxy::all(url.expose()).map_err(|error| ClientError::Build(error.without_url()))?;
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| ClientError::Build(error.without_url()))
}

/// The client for the keys of an issuer of internal tokens, with the certificates of this moment. It keeps no
/// connection: an issuer is asked every few minutes.
pub fn issuer_client(settings: &JwksUrlSettings) -> Result<reqwest::Client, ClientError> {
    let certificates = settings.ca.as_ref().map(|ca| ca.current());
    let plain = settings.url.scheme() == "http";
    let pem = certificates.as_ref().map(|loaded| loaded.expose());
    let builder = client(ISSUER_CONNECT_TIMEOUT, plain, pem)?.pool_max_idle_per_host(0);
    builder.build().map_err(|error| ClientError::Build(error.without_url()))
}

/// What all clients have in common; `pem` replaces the system's certificates.
#[expect(clippy::disallowed_methods, reason = "this is the one constructor that the ban refers to")]
fn client(
    connect_timeout: Duration,
    plain: bool,
    pem: Option<&[u8]>,
) -> Result<reqwest::ClientBuilder, ClientError> {
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(connect_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .https_only(!plain)
        .referer(false);
    match pem {
        Some(pem) => {
            let certificates = reqwest::Certificate::from_pem_bundle(pem).unwrap_or_default();
            if certificates.is_empty() {
                return Err(ClientError::CaInvalid);
            }
            Ok(builder.tls_certs_only(certificates))
        }
        // On the same machine: reading the system's certificates would only take time.
        None if plain => Ok(builder.tls_certs_only([])),
        None => Ok(builder),
    }
}
