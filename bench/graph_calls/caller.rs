//! An application that lists join requests.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use serde_json::Value;

use crate::Fallible;

/// One client with its connections.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// What a list may be asked with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) cache_control: Option<HeaderValue>,
    pub(crate) if_none_match: Option<HeaderValue>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// When the reading of the list began, where the answer says so.
    pub(crate) as_of: Option<Timestamp>,
    pub(crate) is_copy: bool,
    pub(crate) etag: Option<HeaderValue>,
    /// Ids of the requests in it, in the gateway's form or in Graph's.
    pub(crate) open: Vec<String>,
}

impl Caller {
    pub(crate) fn new(base: String, token: String) -> Fallible<Self> {
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        // Plain HTTP: reading the system's certificates would only take time.
        let builder = builder.tls_certs_only([]).timeout(Duration::from_secs(30));
        // An idle connection is given up before the other side does, which is after a minute: a request would cross with its end.
        let http = builder.pool_idle_timeout(Duration::from_secs(30)).build()?;
        Ok(Self { http, base, token })
    }

    /// Opens a connection, and has it ready for the next request.
    pub(crate) async fn connect(&self, path: &str) -> Fallible<()> {
        self.http.get(format!("{}{path}", self.base)).send().await?.bytes().await?;
        Ok(())
    }

    pub(crate) async fn list(&self, group: &str, terms: &Terms) -> Fallible<Answer> {
        let url = format!("{}/v1/groups/{group}/join-requests", self.base);
        let mut request = self.http.get(url).bearer_auth(&self.token);
        for (name, value) in [(CACHE_CONTROL, &terms.cache_control), (IF_NONE_MATCH, &terms.if_none_match)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let is_copy = response.headers().contains_key(AGE);
        let etag = response.headers().get(ETAG).cloned();
        let body = response.bytes().await?;
        let json = serde_json::from_slice::<Value>(&body).unwrap_or_default();
        let as_of = json.get("as_of").and_then(Value::as_str).and_then(|text| text.parse().ok());
        let entries = json.get("join_requests").or_else(|| json.get("data")).and_then(Value::as_array);
        let id = |entry: &Value| {
            Some(entry.get("id").or_else(|| entry.get("join_request_id"))?.as_str()?.to_owned())
        };
        let open = entries.into_iter().flatten().filter_map(id).collect();
        Ok(Answer { status, as_of, is_copy, etag, open })
    }

    /// Approves; answers the status.
    pub(crate) async fn approve(&self, group: &str, body: &Value) -> Fallible<u16> {
        let url = format!("{}/v1/groups/{group}/join-requests/approve", self.base);
        let request = self.http.post(url).bearer_auth(&self.token).header(CONTENT_TYPE, "application/json");
        let response = request.body(body.to_string()).send().await?;
        let status = response.status().as_u16();
        response.bytes().await?;
        Ok(status)
    }
}
