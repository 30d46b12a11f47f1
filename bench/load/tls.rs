//! The same upstream behind TLS, in a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, version};

use crate::Fallible;
use crate::certificate::LoopbackCertificate;
use crate::upstream::{FIELDS, page};

#[derive(Debug, Args)]
pub(crate) struct TlsUpstream {
    /// Where to listen, as `localhost`.
    #[arg(long)]
    at: SocketAddr,
    /// The token to accept.
    #[arg(long)]
    token: String,
    /// HTTP/2 in place of HTTP/1.1.
    #[arg(long)]
    h2: bool,
    /// Where to write the certificate of the authority that vouches for it.
    #[arg(long)]
    authority: PathBuf,
}

impl TlsUpstream {
    /// Serves until it is ended.
    pub(crate) fn serve(self) -> Fallible<()> {
        let acceptor = TlsAcceptor::from(Arc::new(self.configuration()?));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (expected, h2) = (Arc::<str>::from(format!("Bearer {}", self.token)), self.h2);
        runtime.block_on(async move {
            let listener = TcpListener::bind(self.at).await?;
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let (acceptor, expected) = (acceptor.clone(), Arc::clone(&expected));
                #[expect(
                    clippy::disallowed_methods,
                    reason = "nothing waits for its end: it is ended from outside"
                )]
                drop(tokio::task::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let answer = service_fn(move |request: Request<Incoming>| {
                        let accepted =
                            request.headers().get("authorization").is_some_and(|value| *value == *expected);
                        std::future::ready(answer(accepted))
                    });
                    let stream = TokioIo::new(stream);
                    // How a connection ends, callers see.
                    if h2 {
                        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                        drop(server.serve_connection(stream, answer).await);
                    } else {
                        drop(
                            hyper::server::conn::http1::Builder::new().serve_connection(stream, answer).await,
                        );
                    }
                }));
            }
        })
    }

    fn configuration(&self) -> Fallible<ServerConfig> {
        let made = LoopbackCertificate::new();
        std::fs::write(&self.authority, made.authority_pem())?;
        let (certificate, key) = (CertificateDer::from(made.certificate), PrivateKeyDer::try_from(made.key)?);
        let builder = ServerConfig::builder_with_protocol_versions(&[&version::TLS13]).with_no_client_auth();
        let mut configuration = builder.with_single_cert(vec![certificate], key)?;
        configuration.alpn_protocols = vec![if self.h2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        Ok(configuration)
    }
}

fn answer(accepted: bool) -> Result<Response<http_body_util::Full<Bytes>>, hyper::http::Error> {
    let status = if accepted { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
    let answer = FIELDS
        .iter()
        .fold(Response::builder().status(status), |answer, (name, value)| answer.header(*name, *value));
    answer.body(http_body_util::Full::new(Bytes::from(if accepted { page() } else { "{}".to_owned() })))
}
