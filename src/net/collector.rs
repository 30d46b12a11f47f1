//! The client for an OpenTelemetry collector.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::connector::Way;
use super::{Client, ClientError, IDLE};
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
    client: Arc<Client>,
    runtime: Handle,
}

/// The client for the collector.
pub fn collector_client(settings: &OtlpSettings, runtime: Handle) -> Result<CollectorClient, ClientError> {
    let plain = settings.endpoint.scheme() == "http";
    let way = Way { timeout: CONNECT_TIMEOUT, plain, certificates: None, proxy: None };
    Ok(CollectorClient { client: Arc::new(Client::new(way, IDLE)?), runtime })
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = Arc::clone(&self.client);
        // There is a clock on the runtime only.
        let posted = self.runtime.spawn(async move { timeout(TIMEOUT, post(client, request)).await });
        posted.await??
    }
}

#[expect(clippy::disallowed_methods, reason = "nothing is sent to Graph here")]
async fn post(client: Arc<Client>, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let (head, body) = client.send(request).await?.into_parts();
    Ok(Response::from_parts(head, body.read(MAX_ANSWER).await?.into()))
}
