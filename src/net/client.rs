//! Sends one request and reads its answer, within a bound.

use std::error::Error;
use std::fmt;
use std::pin::pin;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{ACCEPT, HeaderValue, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::client::legacy::{Builder, Client as Pool};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use thread_local::ThreadLocal;
use tower::{BoxError, Service};
use tower_http::decompression::{Decompression, DecompressionBody};

use super::ClientError;
use super::connector::{Connector, Way};

/// Exactly the form that Meta's document asks for: a name and three numbers.
const OURSELVES: HeaderValue = HeaderValue::from_static(concat!("joingate/", env!("CARGO_PKG_VERSION")));
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");

/// A client for one server: no redirects, no repeating of what was sent, no proxy from the environment. Every thread has connections of
/// its own, so that an answer arrives where it is waited for.
pub struct Client {
    connector: Connector,
    builder: Builder,
    pools: ThreadLocal<Pool<Connector, Full<Bytes>>>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There was no connection: nothing was sent.
    #[error("no connection{}", Causes(.0))]
    NotConnected(BoxError),
    /// The connection broke; what was sent may have arrived.
    #[error("the connection broke{}", Causes(.0))]
    Broken(BoxError),
}

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is longer than it may be.
    #[error("the answer is too large")]
    TooLarge,
    /// It does not decompress.
    #[error("the answer does not decompress")]
    Garbled,
    /// The connection broke before its end.
    #[error("the connection broke{}", Causes(.0))]
    Broken(BoxError),
}

/// What stands behind an error, which says little on its own. No address is in it, and nothing that the other side has chosen:
/// what is behind an error of HTTP may quote it.
struct Causes<'e>(&'e BoxError);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cause = Some::<&dyn Error>(self.0.as_ref());
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source().filter(|_| !error.is::<hyper::Error>());
        }
        Ok(())
    }
}

impl Client {
    /// `idle`: how long a connection is kept for the next request; zero: not at all.
    #[expect(clippy::disallowed_methods, reason = "this is the one constructor that the ban refers to")]
    pub(super) fn new(way: Way<'_>, idle: Duration) -> Result<Self, ClientError> {
        let mut builder = Pool::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(idle);
        if idle.is_zero() {
            builder.pool_max_idle_per_host(0);
        }
        Ok(Self { connector: Connector::new(way)?, builder, pools: ThreadLocal::new() })
    }

    /// Sends one request. Whoever drops this before its end may have sent it all the same.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<AnswerBody>, SendError> {
        let mut request = request.map(Full::new);
        request.headers_mut().entry(USER_AGENT).or_insert(OURSELVES);
        request.headers_mut().entry(ACCEPT).or_insert(ANYTHING);
        // Nothing of the thread may be held while waiting.
        let answer = {
            let pool = self.pools.get_or(|| self.builder.build(self.connector.clone()));
            Decompression::new(pool).call(request)
        };
        match answer.await {
            Ok(answer) => Ok(answer.map(AnswerBody)),
            Err(error) if error.is_connect() => Err(SendError::NotConnected(error.into())),
            Err(error) => Err(SendError::Broken(error.into())),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("connector", &self.connector).finish_non_exhaustive()
    }
}

/// The body of an answer, not yet read.
pub struct AnswerBody(DecompressionBody<Incoming>);

impl AnswerBody {
    /// Reads it to its end, decompressed; at most `most` bytes.
    pub async fn read(self, most: usize) -> Result<Vec<u8>, BodyError> {
        let mut body = pin!(self.0);
        let stated = usize::try_from(body.size_hint().lower()).unwrap_or(most);
        let mut read = Vec::with_capacity(stated.min(most));
        // Piece by piece: what a few bytes would swell to is never held.
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                // The decompressor speaks of input and output, the connection does not.
                if error.is::<std::io::Error>() { BodyError::Garbled } else { BodyError::Broken(error) }
            })?;
            let Some(piece) = frame.data_ref() else { continue };
            if read.len() + piece.len() > most {
                return Err(BodyError::TooLarge);
            }
            read.extend_from_slice(piece);
        }
        Ok(read)
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerBody").finish_non_exhaustive()
    }
}
