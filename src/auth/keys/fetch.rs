//! Asks an issuer for its keys (RFC 7517 §5), once.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AGE, AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderValue};

use crate::config::JwksUrlSettings;
use crate::net::{BodyError, Client, ClientError, SendError, issuer_client};

/// Largest key set: a hundred keys of 8,192 bits are half of it.
const MAX_BYTES: usize = 256 * 1024;
/// How long the whole exchange may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The keys hold for so long at least, whatever the issuer says…
pub(super) const SHORTEST: Duration = Duration::from_secs(30);
/// …for so long if it says nothing…
const USUAL: Duration = Duration::from_mins(5);
/// …and for so long at most: this bounds the time after which a removed key works no more.
const LONGEST: Duration = Duration::from_mins(10);

/// Why there is no key set.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no answer: {0}")]
    NoAnswer(#[from] SendError),
    #[error("its address cannot be asked")]
    Address,
    #[error("no whole answer: {0}")]
    Unreadable(BodyError),
    #[error("no answer within 5 seconds")]
    TimedOut,
    #[error("the answer has the status {0}")]
    Status(u16),
    #[error("the answer is larger than 256 KiB")]
    TooLarge,
}

/// What the issuer answered, and how long it holds.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) document: Vec<u8>,
    pub(super) fresh_for: Duration,
}

/// Asks one issuer, with the certificates and the token of the moment.
#[derive(Debug)]
pub(super) struct Asker {
    settings: Arc<JwksUrlSettings>,
    /// Of the last certificates that could be used.
    client: ArcSwap<Client>,
}

impl Asker {
    /// Fails with certificates that cannot be used.
    pub(super) fn new(settings: &Arc<JwksUrlSettings>) -> Result<Self, ClientError> {
        let client = ArcSwap::from_pointee(issuer_client(settings)?);
        Ok(Self { settings: Arc::clone(settings), client })
    }

    /// Takes the certificates of this moment; while they cannot be used, those before hold.
    pub(super) fn renew(&self) -> Result<(), ClientError> {
        self.client.store(Arc::new(issuer_client(&self.settings)?));
        Ok(())
    }

    /// Asks once.
    pub(super) async fn ask(&self) -> Result<Fetched, FetchError> {
        let client = self.client.load_full();
        let exchange = Box::pin(exchange(&self.settings, &client));
        tokio::time::timeout(TIMEOUT, exchange).await.unwrap_or(Err(FetchError::TimedOut))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the ban protects Graph; this asks the issuer of internal tokens"
)]
async fn exchange(settings: &JwksUrlSettings, client: &Client) -> Result<Fetched, FetchError> {
    let mut request = Request::get(settings.url.as_str());
    request = request.header(ACCEPT, "application/jwk-set+json, application/json");
    if let Some(token) = &settings.bearer_token
        && let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {}", token.current().expose_text()))
    {
        bearer.set_sensitive(true);
        request = request.header(AUTHORIZATION, bearer);
    }
    let request = request.body(Bytes::new()).map_err(|_invalid| FetchError::Address)?;
    let (head, body) = client.send(request).await?.into_parts();
    if head.status != 200 {
        return Err(FetchError::Status(head.status.as_u16()));
    }
    let document = body.read(MAX_BYTES).await.map_err(|error| match error {
        BodyError::TooLarge => FetchError::TooLarge,
        error @ (BodyError::Garbled | BodyError::Broken(_)) => FetchError::Unreadable(error),
    })?;
    Ok(Fetched { document, fresh_for: fresh_for(&head.headers) })
}

/// `Cache-Control` (RFC 9111 §5.2.2) less `Age`, within our bounds.
fn fresh_for(headers: &HeaderMap) -> Duration {
    let fields = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives = fields.flat_map(|field| field.split(',')).map(str::trim).collect::<Vec<_>>();
    let is = |directive: &&str, name: &str| directive.eq_ignore_ascii_case(name);
    if directives.iter().any(|directive| is(directive, "no-store") || is(directive, "no-cache")) {
        return SHORTEST;
    }
    let max_age = directives.iter().find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| value.trim_matches('"').parse::<u64>().ok()).flatten()
    });
    let age = headers.get(AGE).and_then(|value| value.to_str().ok()?.parse::<u64>().ok()).unwrap_or_default();
    let stated = max_age.map(|seconds| Duration::from_secs(seconds.saturating_sub(age)));
    stated.unwrap_or(USUAL).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hold_as_long_as_the_issuer_says_within_bounds() {
        let of = |fields: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(*name, HeaderValue::from_static(value));
            }
            fresh_for(&headers).as_secs()
        };
        assert_eq!(of(&[]), 300);
        assert_eq!(of(&[("cache-control", "public, max-age=120")]), 120);
        assert_eq!(of(&[("cache-control", "Max-Age=\"200\""), ("age", "50")]), 150);
        assert_eq!(of(&[("cache-control", "public"), ("cache-control", "max-age=60")]), 60);
        assert_eq!(of(&[("cache-control", "max-age=0")]), 30);
        assert_eq!(of(&[("cache-control", "max-age=86400")]), 600);
        assert_eq!(of(&[("cache-control", "max-age=99999999999999999999")]), 300);
        assert_eq!(of(&[("cache-control", "max-age=600, no-cache")]), 30);
        assert_eq!(of(&[("cache-control", "No-Store")]), 30);
    }
}
