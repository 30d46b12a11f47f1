//! A caller of the gateway.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// A caller with its token, or none.
#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    token: Option<String>,
    http: reqwest::Client,
    seen: Option<Arc<Mutex<Vec<Answer>>>>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub version: reqwest::Version,
    pub headers: HeaderMap,
    pub text: String,
}

impl Client {
    pub(crate) fn new(base: String, token: Option<String>) -> Self {
        // The gateway under test speaks plain HTTP; reading the system's certificates would only take time.
        Self { base, token, http: http().tls_certs_only([]).build().unwrap(), seen: None }
    }

    /// One that trusts this authority (PEM), and speaks HTTP/2 or HTTP/1.1 only.
    pub(crate) fn over_tls(base: String, token: Option<String>, authority: &str, http2: bool) -> Self {
        let authority = reqwest::Certificate::from_pem(authority.as_bytes()).unwrap();
        let builder = http().tls_certs_only([authority]);
        let builder = if http2 { builder.http2_prior_knowledge() } else { builder.http1_only() };
        Self { base, token, http: builder.build().unwrap(), seen: None }
    }

    /// Keeps a copy of every answer there.
    pub(crate) fn telling(self, seen: &Arc<Mutex<Vec<Answer>>>) -> Self {
        Self { seen: Some(Arc::clone(seen)), ..self }
    }

    pub(crate) async fn list(&self, group: &str) -> Answer {
        self.get(&format!("/v1/groups/{group}/join-requests")).await
    }

    pub(crate) async fn approve(&self, group: &str, ids: &[impl AsRef<str>]) -> Answer {
        self.decide("approve", group, &ids_body(ids)).await
    }

    pub(crate) async fn reject(&self, group: &str, ids: &[impl AsRef<str>]) -> Answer {
        self.decide("reject", group, &ids_body(ids)).await
    }

    pub(crate) async fn decide(&self, verb: &str, group: &str, body: &Value) -> Answer {
        let path = format!("/v1/groups/{group}/join-requests/{verb}");
        let body = body.to_string();
        self.send(Method::POST, &path, &[("content-type", "application/json")], body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// The status of a GET; `None` when nobody answers.
    pub(crate) async fn asked(&self, path: &str) -> Option<u16> {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await;
        answer.ok().map(|answer| answer.status().as_u16())
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).body(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, version) = (response.status().as_u16(), response.version());
        let headers = response.headers().clone();
        let answer = Answer { status, version, headers, text: response.text().await.unwrap() };
        if let Some(seen) = &self.seen {
            seen.lock().unwrap().push(answer.clone());
        }
        answer
    }
}

fn http() -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.timeout(Duration::from_secs(30))
}

fn ids_body(ids: &[impl AsRef<str>]) -> Value {
    json!({ "join_request_ids": ids.iter().map(AsRef::as_ref).collect::<Vec<_>>() })
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Checks status and problem code together.
    #[track_caller]
    pub(crate) fn expect_problem(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!((self.status, body["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("x-error-code"), code);
        assert_eq!(body["request_id"], self.header("x-request-id"));
        body
    }

    /// The outcome of each id, in order.
    #[track_caller]
    pub(crate) fn outcomes(&self) -> Vec<String> {
        let body = self.json();
        let results = body["results"].as_array().unwrap_or_else(|| panic!("no results: {}", self.text));
        results.iter().map(|item| item["outcome"].as_str().unwrap().to_owned()).collect()
    }
}
