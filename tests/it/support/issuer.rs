//! An issuer of internal tokens that tells its keys over HTTP.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use joingate::cli::token::{SigningKey, TokenContents, mint_token};
use rcgen::{KeyPair, PublicKeyData};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::certificate::{LoopbackCertificate, pem};
use super::{AUDIENCE, Reply, read_request};

pub(crate) const REMOTE_ISS: &str = "https://remote.test.invalid";

/// A key pair of the issuer, with its name.
pub(crate) struct IssuerKey {
    kid: &'static str,
    pair: KeyPair,
}

impl IssuerKey {
    pub(crate) fn new(kid: &'static str) -> Self {
        Self { kid, pair: KeyPair::generate().unwrap() }
    }

    fn jwk(&self) -> Value {
        let point = self.pair.der_bytes();
        let coordinate = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (x, y) = (coordinate(&point[1..33]), coordinate(&point[33..65]));
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": self.kid, "x": x, "y": y })
    }

    /// A token that this key signs.
    pub(crate) fn token(&self, subject: &str, scope: &str) -> String {
        let key =
            SigningKey::from_bytes(pem("PRIVATE KEY", self.pair.serialized_der()).as_bytes(), None).unwrap();
        let contents = TokenContents {
            issuer: REMOTE_ISS,
            audience: AUDIENCE,
            subject,
            scope,
            groups: Some("*"),
            ttl: Duration::from_mins(10),
            kid: Some(self.kid),
            issued_at: Timestamp::now(),
        };
        mint_token(&key, &contents).unwrap()
    }
}

/// The document with these keys.
pub(crate) fn key_set(keys: &[&IssuerKey]) -> String {
    json!({ "keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>() }).to_string()
}

/// A running issuer; it answers every request in the same way until told otherwise.
pub(crate) struct Issuer {
    pub url: String,
    answer: Arc<Mutex<Reply>>,
    requests: Arc<Mutex<Vec<String>>>,
    accepting: JoinHandle<()>,
}

impl Issuer {
    pub(crate) async fn telling(keys: &[&IssuerKey]) -> Self {
        Self::start(Reply::json(200, &key_set(keys)), None).await
    }

    pub(crate) async fn answering(answer: Reply) -> Self {
        Self::start(answer, None).await
    }

    /// One behind TLS, and the certificate of the authority that vouches for it.
    pub(crate) async fn with_tls(keys: &[&IssuerKey]) -> (Self, String) {
        let LoopbackCertificate { authority, certificate, key } = LoopbackCertificate::new();
        let private = PrivateKeyDer::try_from(key).unwrap();
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.into()], private).unwrap();
        let issuer = Self::start(Reply::json(200, &key_set(keys)), Some(config)).await;
        (issuer, pem("CERTIFICATE", &authority))
    }

    async fn start(answer: Reply, tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = match tls {
            Some(_) => format!("https://localhost:{port}/keys"),
            None => format!("http://127.0.0.1:{port}/keys"),
        };
        let (answer, requests) = (Arc::new(Mutex::new(answer)), Arc::default());
        let (given, recorded) = (Arc::clone(&answer), Arc::clone(&requests));
        let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        #[expect(clippy::disallowed_methods, reason = "ended with the issuer, when it is dropped")]
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, given, recorded) = (tls.clone(), Arc::clone(&given), Arc::clone(&recorded));
                connections.spawn(async move { serve(stream, tls, &given, &recorded).await });
            }
        });
        Self { url, answer, requests, accepting }
    }

    pub(crate) fn tells(&self, keys: &[&IssuerKey]) {
        self.answers(Reply::json(200, &key_set(keys)));
    }

    pub(crate) fn answers(&self, answer: Reply) {
        *self.answer.lock().unwrap() = answer;
    }

    /// Every request received.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    answer: &Mutex<Reply>,
    recorded: &Mutex<Vec<String>>,
) {
    match tls {
        None => answer_once(stream, answer, recorded).await,
        // Whoever does not trust the certificate goes away.
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                answer_once(stream, answer, recorded).await;
            }
        }
    }
}

async fn answer_once(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: &Mutex<Reply>,
    recorded: &Mutex<Vec<String>>,
) {
    let Some(request) = read_request(&mut stream).await else { return };
    recorded.lock().unwrap().push(request);
    let answer = answer.lock().unwrap().clone();
    match answer {
        Reply::Bytes(bytes) => {
            // The gateway may have hung up; then there is nobody to tell.
            drop(stream.write_all(&bytes).await);
            drop(stream.shutdown().await);
        }
        Reply::Stall => std::future::pending::<()>().await,
        Reply::BytesThenClose(_) | Reply::Close | Reply::Reset | Reply::Gated(..) | Reply::Drip(_) => {
            panic!("not an answer of an issuer")
        }
    }
}
