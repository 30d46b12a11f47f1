//! The one constructor of HTTP clients: certificates, time-outs, no redirects, no proxy from the environment.

use std::time::Duration;

use crate::config::GraphSettings;

/// How long an idle connection is kept. Graph's load balancers close earlier than the usual 90 s, and a
/// connection closed by the other side in the moment of use would make a write's fate unknown.
const IDLE: Duration = Duration::from_secs(20);

/// Exactly the form that Meta's document asks for: a name and three numbers.
const USER_AGENT: &str = concat!("joingate/", env!("CARGO_PKG_VERSION"));

/// The client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The file of certificates cannot be read.
    #[error("graph.ca_file cannot be read: {0}")]
    CaUnreadable(std::io::Error),
    /// The file holds no certificate.
    #[error("graph.ca_file holds no certificate in PEM form")]
    CaInvalid,
    /// The client library refused its configuration.
    #[error("the HTTP client cannot be built: {0}")]
    Build(reqwest::Error),
}

/// The client for Graph.
#[expect(clippy::disallowed_methods, reason = "this is the one constructor that the ban refers to")]
pub fn http_client(settings: &GraphSettings) -> Result<reqwest::Client, ClientError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        // Shorter than the whole call, or an attempt to connect would end as if something might have been sent.
        .connect_timeout(settings.connect_timeout.min(settings.attempt_timeout / 2))
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .https_only(settings.base_url.scheme() == "https")
        .referer(false);
    if settings.base_url.scheme() == "http" {
        // A Graph on the same machine, for trying out: reading the system's certificates would only take time.
        builder = builder.tls_certs_only([]);
    }
    if let Some(path) = &settings.ca_file {
        let pem = std::fs::read(path).map_err(ClientError::CaUnreadable)?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
        if certificates.is_empty() {
            return Err(ClientError::CaInvalid);
        }
        builder = builder.tls_certs_only(certificates);
    }
    if let Some(url) = &settings.proxy_url {
        let proxy =
            reqwest::Proxy::all(url.as_str()).map_err(|error| ClientError::Build(error.without_url()))?;
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| ClientError::Build(error.without_url()))
}
