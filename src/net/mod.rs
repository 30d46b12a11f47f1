//! The one HTTP client, for Graph, issuers of tokens, and a collector of traces.

mod client;
mod collector;
mod connector;

pub use client::{AnswerBody, BodyError, Client, SendError};
pub use collector::{CollectorClient, collector_client};

use std::time::Duration;

use tower::BoxError;

use crate::config::{GraphSettings, JwksUrlSettings};
use connector::Way;

/// How long an idle connection is kept. Graph's load balancers close earlier than the usual 90 s, and a
/// connection closed by the other side in the moment of use would make a write's fate unknown.
const IDLE: Duration = Duration::from_secs(20);

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
    /// The address of the proxy cannot be used.
    #[error("the address of the proxy cannot be used")]
    Proxy,
    /// The address of Graph cannot be used.
    #[error("the address of Graph cannot be used")]
    Address,
    /// What the system has will not do, as where it has no certificates.
    #[error("the HTTP client cannot be built: {0}")]
    System(BoxError),
}

/// The client for Graph.
pub fn graph_client(settings: &GraphSettings) -> Result<Client, ClientError> {
    let certificates = match &settings.ca_file {
        Some(path) => Some(std::fs::read(path).map_err(ClientError::CaUnreadable)?),
        None => None,
    };
    let way = Way {
        // Shorter than the whole call, or an attempt to connect would end as if something might have been sent.
        timeout: settings.connect_timeout.min(settings.attempt_timeout / 2),
        plain: settings.base_url.scheme() == "http",
        certificates: certificates.as_deref(),
        proxy: settings.proxy_url.as_ref(),
    };
    Client::new(way, IDLE)
}

/// The client for the keys of an issuer of internal tokens, with the certificates of this moment. It keeps no
/// connection: an issuer is asked every few minutes.
pub fn issuer_client(settings: &JwksUrlSettings) -> Result<Client, ClientError> {
    let certificates = settings.ca.as_ref().map(|ca| ca.current());
    let way = Way {
        timeout: ISSUER_CONNECT_TIMEOUT,
        plain: settings.url.scheme() == "http",
        certificates: certificates.as_ref().map(|loaded| loaded.expose()),
        proxy: None,
    };
    Client::new(way, Duration::ZERO)
}
