//! The client for an OpenTelemetry collector.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

use super::{ClientError, client};
use crate::config::OtlpSettings;

/// How long a connection to the collector may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long one batch may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes read of what the collector says: it is a few, or an error.
const MAX_ANSWER: usize = 64 * 1024;

/// Posts batches from a thread that has no runtime, over the one that it was made with.
#[derive(Clone, Debug)]
pub struct CollectorClient {
    client: reqwest::Client,
    runtime: Handle,
}

/// The client for the collector.
pub fn collector_client(settings: &OtlpSettings, runtime: Handle) -> Result<CollectorClient, ClientError> {
    let plain = settings.endpoint.scheme() == "http";
    let client = client(CONNECT_TIMEOUT, plain, None)?.timeout(TIMEOUT).build();
    let client = client.map_err(|error| ClientError::Build(error.without_url()))?;
    Ok(CollectorClient { client, runtime })
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let posted = self.runtime.spawn(post(self.client.clone(), request));
        posted.await?
    }
}

#[expect(clippy::disallowed_methods, reason = "nothing is sent to Graph here")]
async fn post(client: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let request = request.try_into().map_err(reqwest::Error::without_url)?;
    let mut response = client.execute(request).await.map_err(reqwest::Error::without_url)?;
    let mut answer = Response::new(Bytes::new());
    (*answer.status_mut(), *answer.headers_mut()) =
        (response.status(), std::mem::take(response.headers_mut()));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err("the collector says too much".into());
        }
        body.extend_from_slice(&chunk);
    }
    *answer.body_mut() = body.into();
    Ok(answer)
}
