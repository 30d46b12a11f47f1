//! TLS of the API: the certificate in force, replaced while running when its files change.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

use crate::config::TlsSettings;

/// How long a client may take to agree on keys.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// HTTP/2 as RFC 9113 §3.2 names it.
const HTTP_2: &[u8] = b"h2";
/// In the order of preference.
const PROTOCOLS: [&[u8]; 2] = [HTTP_2, b"http/1.1"];

/// A certificate and key that cannot be used. Says nothing of their content.
#[derive(Debug, thiserror::Error)]
pub enum CertificateProblem {
    /// Not PEM, or of something else.
    #[error("it holds no certificate in PEM form")]
    NoCertificate,
    /// Not PEM, or encrypted.
    #[error("it holds no unencrypted private key in PEM form")]
    NoKey,
    /// Of another certificate, or of a kind that is not known.
    #[error("it is not the key of the first certificate of `tls_cert_file`, or of no known kind")]
    NotTogether(#[source] rustls::Error),
}

impl CertificateProblem {
    /// The setting that is to blame.
    pub(super) const fn setting(&self) -> &'static str {
        match self {
            Self::NoCertificate => "server.tls_cert_file",
            Self::NoKey | Self::NotTogether(_) => "server.tls_key_file",
        }
    }
}

/// Whether a certificate and its key can be used together.
pub(super) fn check_certificate(settings: &TlsSettings) -> Result<(), CertificateProblem> {
    InForce::read(settings).map(drop)
}

/// Takes TLS connections with the latest certificate that could be used.
#[derive(Debug)]
pub(super) struct TlsListener {
    settings: TlsSettings,
    in_force: ArcSwap<InForce>,
}

/// A certificate, its key, and the changes of their files that it comes from.
#[derive(Debug)]
struct InForce {
    config: Arc<ServerConfig>,
    generations: (u64, u64),
}

impl TlsListener {
    pub(super) fn new(settings: TlsSettings) -> Result<Self, CertificateProblem> {
        let in_force = ArcSwap::from_pointee(InForce::read(&settings)?);
        Ok(Self { settings, in_force })
    }

    /// Takes the files' latest content for connections to come. Both files change together, but are read one after
    /// the other: a pair that does not fit is an error, the old one stays, and the next look may find it whole.
    pub(super) fn renew(&self) -> Result<(), CertificateProblem> {
        if !self.is_latest() {
            self.in_force.store(Arc::new(InForce::read(&self.settings)?));
        }
        Ok(())
    }

    /// Whether the setting is not one of the two, or the content read last is what connections get.
    pub(super) fn uses_latest(&self, setting: &str) -> bool {
        let TlsSettings { certificate, key } = &self.settings;
        ![certificate.key(), key.key()].contains(&setting) || self.is_latest()
    }

    fn is_latest(&self) -> bool {
        let TlsSettings { certificate, key } = &self.settings;
        self.in_force.load().generations == (certificate.current().generation, key.current().generation)
    }

    /// Agrees with the client; tells whether on HTTP/2.
    pub(super) async fn accept<S>(&self, stream: S) -> io::Result<(TlsStream<S>, bool)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.in_force.load().config));
        let stream = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await??;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
        Ok((stream, http2))
    }
}

impl InForce {
    fn read(TlsSettings { certificate, key }: &TlsSettings) -> Result<Self, CertificateProblem> {
        let (certificate, key) = (certificate.current(), key.current());
        let chain = CertificateDer::pem_slice_iter(certificate.expose())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_not_pem| CertificateProblem::NoCertificate)?;
        if chain.is_empty() {
            return Err(CertificateProblem::NoCertificate);
        }
        let private =
            PrivateKeyDer::from_pem_slice(key.expose()).map_err(|_not_pem| CertificateProblem::NoKey)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
            .map_err(CertificateProblem::NotTogether)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        let generations = (certificate.generation, key.generation);
        Ok(Self { config: Arc::new(config), generations })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;
    use tokio::time::Instant;

    use super::*;
    use crate::config::{Secret, SecretForm};

    fn secret(name: &str, pem: &str) -> Arc<Secret> {
        Arc::new(Secret::from_value(name, pem, SecretForm::Document).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_agree_on_keys_is_given_up() {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        let pem = |label: &str, der: &[u8]| {
            let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
            format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
        };
        let settings = TlsSettings {
            certificate: secret("server.tls_cert_file", &pem("CERTIFICATE", certificate.der())),
            key: secret("server.tls_key_file", &pem("PRIVATE KEY", key.serialized_der())),
        };
        let listener = TlsListener::new(settings).unwrap();
        let (_client, stream) = duplex(1024);
        let started = Instant::now();
        let error = listener.accept(stream).await.unwrap_err();
        assert_eq!((error.kind(), started.elapsed()), (io::ErrorKind::TimedOut, HANDSHAKE_TIMEOUT));
    }
}
