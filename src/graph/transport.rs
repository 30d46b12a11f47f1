//! The one place that sends to Graph: pacing, credential, time-out, capped body. It judges no answer.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use aws_lc_rs::hmac;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::http::Error as InvalidRequest;
use hyper::{Method, Request, Uri};
use tracing::{Instrument, Span};
use url::form_urlencoded::Serializer;

use super::aftermath::drifted;
use super::credential::TokenInUse;
use super::fault::GraphError;
use super::reading::Answer;
use super::usage::{Usage, read_usage};
use super::wait::{date, retry_after};
use crate::config::{GraphSettings, Loaded, Secret};
use crate::domain::GroupId;
use crate::limits::{Budget, GraphPacing, Held, Permit};
use crate::net::{BodyError, Client, ClientError, SendError, graph_client};
use crate::telemetry::{Drift, GraphOperation, Metrics, spans};

/// Largest answer read, decompressed: a page of 1,024 requests has about 400 KiB.
const MAX_ANSWER: usize = 2 * 1024 * 1024;

/// One call to make.
#[derive(Debug)]
pub(super) struct Call<'c> {
    pub(super) operation: GraphOperation,
    pub(super) target: Target<'c>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Bytes>,
}

/// What a call is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'c> {
    /// The join requests of a group.
    Group(&'c GroupId),
    /// The very token that the call is made with.
    Token,
}

impl<'c> Target<'c> {
    pub(super) const fn group(self) -> Option<&'c GroupId> {
        match self {
            Self::Group(group) => Some(group),
            Self::Token => None,
        }
    }
}

/// A call that was sent, and what came of it.
#[derive(Debug)]
pub(super) struct Exchange {
    /// To be kept until what the answer means for other calls is known.
    pub(super) permit: Permit,
    pub(super) took: Duration,
    pub(super) answer: Result<Answer, GraphError>,
    /// Of the trace; it lasts until the answer is judged.
    pub(super) span: Span,
}

/// Sends calls.
#[derive(Debug)]
pub(super) struct Transport {
    client: Client,
    /// Scheme and host.
    base: Uri,
    version: String,
    app_secret: Option<Arc<Secret>>,
    attempt_timeout: Duration,
    look_reserve: Duration,
    pub(super) pacing: Arc<GraphPacing>,
    pub(super) metrics: Arc<Metrics>,
}

impl Transport {
    pub(super) fn new(
        settings: &GraphSettings,
        pacing: Arc<GraphPacing>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, ClientError> {
        Ok(Self {
            client: graph_client(settings)?,
            base: settings.base_url.as_str().parse().map_err(|_invalid| ClientError::Address)?,
            version: settings.version.clone(),
            app_secret: settings.app_secret.clone(),
            attempt_timeout: settings.attempt_timeout,
            look_reserve: settings.look_reserve,
            pacing,
            metrics,
        })
    }

    /// Waits its turn, sends, and reads the whole answer. Fails when nothing was sent.
    pub(super) async fn send(
        &self,
        call: &Call<'_>,
        token: &TokenInUse,
        budget: &mut Budget,
    ) -> Result<Exchange, Held> {
        let permit = self.pacing.admit(call.target.group(), budget).await?;
        let started = Instant::now();
        let timeout = self.time_for(call.operation, budget.deadline.left()).ok_or(Held::DeadlinePassed)?;
        let span = spans::attempt(call.operation, method(call.operation).as_str(), self.base.host());
        let exchange = tokio::time::timeout(timeout, self.exchange(call, token)).instrument(span.clone());
        let answer = exchange.await.unwrap_or(Err(GraphError::TimedOut));
        let took = started.elapsed();
        budget.spent.graph += took;
        budget.spent.attempts += 1;
        Ok(Exchange { permit, took, answer, span })
    }

    /// How long a call may take; `None` when too little is left to send it. A decision leaves time for a look after
    /// it.
    fn time_for(&self, operation: GraphOperation, left: Duration) -> Option<Duration> {
        let (least, left) = match operation {
            GraphOperation::List | GraphOperation::DebugToken => (Duration::from_millis(1), left),
            GraphOperation::Approve | GraphOperation::Reject => {
                (GraphSettings::LEAST_CALL, left.saturating_sub(self.look_reserve))
            }
        };
        (left >= least).then(|| left.min(self.attempt_timeout))
    }

    fn request(&self, call: &Call<'_>, token: &Loaded) -> Result<Request<Bytes>, InvalidRequest> {
        let mut uri = Uri::builder().path_and_query(self.path_and_query(call, token));
        if let (Some(scheme), Some(host)) = (self.base.scheme(), self.base.authority()) {
            uri = uri.scheme(scheme.clone()).authority(host.clone());
        }
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_text()))?;
        bearer.set_sensitive(true);
        let mut request =
            Request::builder().method(method(call.operation)).uri(uri.build()?).header(AUTHORIZATION, bearer);
        if call.body.is_some() {
            // Exactly this: Meta's document lists the content types and has none with a charset.
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        request.body(call.body.clone().unwrap_or_default())
    }

    /// Version and group are checked to be of letters, digits and little else: nothing in a path needs to be encoded.
    fn path_and_query(&self, call: &Call<'_>, token: &Loaded) -> String {
        let path = match call.target {
            Target::Group(group) => format!("/{}/{}/join_requests?", self.version, group.as_str()),
            Target::Token => format!("/{}/debug_token?", self.version),
        };
        let from = path.len();
        let mut query = Serializer::for_suffix(path, from);
        if let Target::Token = call.target {
            // Graph takes it nowhere else; addresses are never logged.
            query.append_pair("input_token", token.expose_text());
        }
        if let Some(secret) = &self.app_secret {
            query.append_pair("appsecret_proof", &proof(secret.current().expose(), token.expose()));
        }
        for (name, value) in &call.query {
            query.append_pair(name, value);
        }
        let mut written = query.finish();
        if written.ends_with('?') {
            written.pop();
        }
        written
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that sends to Graph")]
    async fn exchange(&self, call: &Call<'_>, token: &TokenInUse) -> Result<Answer, GraphError> {
        // It can be written in any case; if not, nothing was sent.
        let request = self.request(call, &token.loaded).map_err(|_invalid| GraphError::NotConnected)?;
        let (head, body) = self.client.send(request).await.map_err(|error| fault_of(&error))?.into_parts();
        let status = head.status.as_u16();
        Span::current().record("http.response.status_code", status);
        let wait = self.note_waits(&head.headers);
        self.note_version(&head.headers);
        let date = head.headers.get(DATE).and_then(|value| date(value.as_bytes()));
        let body = body.read(MAX_ANSWER).await.map_err(|error| match error {
            BodyError::TooLarge | BodyError::Garbled => {
                GraphError::Unreadable { http_status: status, drift: None }
            }
            BodyError::Broken(_) => GraphError::Broken,
        })?;
        Ok(Answer { status, body, wait, date })
    }

    /// Shows how much of Meta's quotas is used, and answers the longest wait that the headers ask for.
    fn note_waits(&self, headers: &HeaderMap) -> Option<Duration> {
        let values = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
        let app = values("x-app-usage").map(|value| read_usage(Some(value), None));
        let business = values("x-business-use-case-usage").map(|value| read_usage(None, Some(value)));
        let usage = app.chain(business).fold(Usage::default(), Usage::and);
        for share in &usage.shares {
            self.metrics.graph_usage(share.header, share.measure, share.percent);
        }
        if let Some(highest) = usage.shares.iter().map(|share| share.percent).reduce(f64::max) {
            self.pacing.reported(highest, usage.regain);
        }
        for _ in 0..usage.unreadable {
            drifted(Drift::UsageHeader, &self.metrics);
        }
        let now = SystemTime::now();
        let stated = headers.get_all(RETRY_AFTER).iter();
        stated.filter_map(|value| retry_after(value.as_bytes(), now)).chain(usage.regain).max()
    }

    /// An expired version is silently served by the next one; this header is the only sign.
    fn note_version(&self, headers: &HeaderMap) {
        if let Some(version) = headers.get("facebook-api-version") {
            self.metrics.graph_version(version.as_bytes() == self.version.as_bytes());
        }
    }
}

fn method(operation: GraphOperation) -> Method {
    match operation {
        GraphOperation::List | GraphOperation::DebugToken => Method::GET,
        GraphOperation::Approve => Method::POST,
        // With a JSON body, as Meta documents it for this edge.
        GraphOperation::Reject => Method::DELETE,
    }
}

/// Only a failed connection attempt proves that nothing was sent.
fn fault_of(error: &SendError) -> GraphError {
    match error {
        SendError::NotConnected(_) => GraphError::NotConnected,
        SendError::Broken(_) => GraphError::Broken,
    }
}

/// `appsecret_proof`: lowercase hex HMAC-SHA-256 of the token under the app secret.
/// Source: <https://developers.facebook.com/docs/graph-api/guides/secure-requests>.
fn proof(app_secret: &[u8], token: &[u8]) -> String {
    hex::encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, app_secret), token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_the_keyed_hash_of_the_token() {
        let proof = proof(b"0123456789abcdef0123456789abcdef", b"EAAtesttoken");
        assert_eq!(proof, "558080b299ccfabcdbfaf45bd3a4f6c06b5703c83f3c6d3023c8efc960fef88b");
    }
}
