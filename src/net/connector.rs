//! Opens connections: name, TCP, a proxy if one is set, TLS.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hyper::Uri;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tower::{BoxError, Service, ServiceExt};

use super::ClientError;
use crate::config::ProxyUrl;

/// A connection that is silent for so long is asked whether it is still there, again after as long…
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// …and given up after so many questions…
const KEEP_ALIVE_RETRIES: u32 = 3;
/// …or when what was sent is not acknowledged for so long (RFC 5482).
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// How connections are opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'w> {
    /// Longest wait for the whole of it.
    pub(super) timeout: Duration,
    /// Whether it may be without TLS.
    pub(super) plain: bool,
    /// What replaces the system's certificates, in PEM form.
    pub(super) certificates: Option<&'w [u8]>,
    /// Asked for a tunnel (RFC 9110 §9.3.6), whatever goes through it.
    pub(super) proxy: Option<&'w ProxyUrl>,
}

/// Opens connections. The pool clones it for each request.
#[derive(Clone, Debug)]
pub(super) struct Connector(Arc<Opening>);

#[derive(Debug)]
struct Opening {
    timeout: Duration,
    route: Route,
}

#[derive(Debug)]
enum Route {
    Direct(HttpsConnector<HttpConnector>),
    Tunnelled(HttpsConnector<Tunnel<HttpConnector>>),
}

impl Connector {
    pub(super) fn new(way: Way<'_>) -> Result<Self, ClientError> {
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls(way.plain, way.certificates)?);
        let builder = if way.plain { builder.https_or_http() } else { builder.https_only() };
        let builder = builder.enable_all_versions();
        let route = match way.proxy {
            None => Route::Direct(builder.wrap_connector(tcp(way.timeout))),
            Some(proxy) => Route::Tunnelled(builder.wrap_connector(tunnel(proxy, way.timeout)?)),
        };
        Ok(Self(Arc::new(Opening { timeout: way.timeout, route })))
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let opening = Arc::clone(&self.0);
        async move {
            let opened = async {
                match &opening.route {
                    Route::Direct(connector) => connector.clone().oneshot(to).await,
                    Route::Tunnelled(connector) => connector.clone().oneshot(with_port(to)).await,
                }
            };
            timeout(opening.timeout, opened).await.unwrap_or_else(|late| Err(late.into()))
        }
        .boxed()
    }
}

fn tcp(timeout: Duration) -> HttpConnector {
    let mut connector = HttpConnector::new();
    // It divides that among the addresses of a name, so that a dead one leaves time for the next.
    connector.set_connect_timeout(Some(timeout));
    // What is spoken is the affair of TLS above it.
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_keepalive(Some(KEEP_ALIVE));
    connector.set_keepalive_interval(Some(KEEP_ALIVE));
    connector.set_keepalive_retries(Some(KEEP_ALIVE_RETRIES));
    connector.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
    connector
}

fn tunnel(proxy: &ProxyUrl, timeout: Duration) -> Result<Tunnel<HttpConnector>, ClientError> {
    // It reads the address and the password in it; where to makes no difference.
    let proxy =
        Matcher::builder().all(proxy.expose()).build().intercept(&Uri::from_static("https://any.invalid"));
    let proxy = proxy.ok_or(ClientError::Proxy)?;
    let tunnel = Tunnel::new(proxy.uri().clone(), tcp(timeout));
    Ok(match proxy.basic_auth() {
        Some(password) => tunnel.with_auth(password.clone()),
        None => tunnel,
    })
}

/// The library asks for a tunnel to port 443 where none is given, whatever the scheme.
fn with_port(to: Uri) -> Uri {
    let (Some("http"), None, Some(host)) = (to.scheme_str(), to.port(), to.host()) else { return to };
    let named = Uri::builder().scheme("http").authority(format!("{host}:80")).path_and_query("/").build();
    named.unwrap_or(to)
}

fn tls(plain: bool, certificates: Option<&[u8]>) -> Result<ClientConfig, ClientError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError::System(error.into()))?;
    let builder = match certificates {
        Some(pem) => builder.with_root_certificates(roots(pem)?),
        // On the same machine: reading the system's certificates would only take time.
        None if plain => builder.with_root_certificates(RootCertStore::empty()),
        None => builder.with_native_roots().map_err(|error| ClientError::System(error.into()))?,
    };
    Ok(builder.with_no_client_auth())
}

fn roots(pem: &[u8]) -> Result<RootCertStore, ClientError> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().unwrap_or_default();
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate).map_err(|_unusable| ClientError::CaInvalid)?;
    }
    if roots.is_empty() { Err(ClientError::CaInvalid) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tunnel_leads_to_the_port_of_the_scheme() {
        for (to, expected) in [
            ("http://127.0.0.1/", "http://127.0.0.1:80/"),
            ("http://[::1]/", "http://[::1]:80/"),
            ("http://127.0.0.1:9/", "http://127.0.0.1:9/"),
            ("https://graph.test.invalid/", "https://graph.test.invalid/"),
        ] {
            assert_eq!(with_port(to.parse().unwrap()).to_string(), expected);
        }
    }
}
