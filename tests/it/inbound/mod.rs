//! Everything that a client may send wrongly: each is a problem that says so, and nothing reaches Graph.

mod addresses;
mod answers;
mod bodies;
mod connections;
mod fields;
mod json;
mod parser;
mod routes;
mod time;
mod tokens;

use reqwest::Method;
use serde_json::Value;

use crate::support::raw_client::{RawConnection, exchange};
use crate::support::{Answer, DECIDE, READ, RawUpstream, TestApp, TestAppBuilder, token};

const GROUP: &str = "Y2FwaTox";
const LIST: &str = "/v1/groups/Y2FwaTox/join-requests";
const APPROVE: &str = "/v1/groups/Y2FwaTox/join-requests/approve";
const REJECT: &str = "/v1/groups/Y2FwaTox/join-requests/reject";
const JSON: (&str, &str) = ("content-type", "application/json");
const BODY: &str = r#"{"join_request_ids":["YQ=="]}"#;

/// A gateway in front of a Graph that must not be called.
struct Refusing {
    app: TestApp,
    graph: RawUpstream,
}

impl Refusing {
    async fn spawn() -> Self {
        Self::with(|settings| settings).await
    }

    /// With settings of its own.
    async fn with(set: impl FnOnce(TestAppBuilder) -> TestAppBuilder) -> Self {
        let graph = RawUpstream::answering([]).await;
        let builder = TestApp::builder().against(graph.base_url()).set("LIMITS__CALLER_BURST", "10000");
        Self { app: set(builder).spawn().await, graph }
    }

    /// Posts a body as JSON.
    async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.app.moderator().send(Method::POST, path, &[JSON], body).await
    }

    /// Sends a head (without its last empty line) and a body, with the moderator's token.
    async fn raw(&self, head: &str, body: &[u8]) -> Answer {
        self.bytes(request(head, body)).await
    }

    /// Sends these bytes.
    async fn bytes(&self, bytes: impl AsRef<[u8]>) -> Answer {
        exchange(self.app.app.api_address(), bytes.as_ref()).await
    }

    async fn connect(&self) -> RawConnection {
        RawConnection::open(self.app.app.api_address()).await
    }

    #[track_caller]
    fn nothing_was_sent(&self) {
        assert_eq!(self.graph.requests(), [""; 0]);
    }
}

fn moderator() -> String {
    token("moderator", &format!("{READ} {DECIDE}"), Some("*"))
}

/// A head (without its last empty line), completed by a host and the moderator's token, and a body.
fn request(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("{head}\r\nHost: gateway\r\nAuthorization: Bearer {}\r\n\r\n", moderator());
    [head.as_bytes(), body].concat()
}

/// A problem with all that every problem has; `executed` where it belongs to a decision.
#[track_caller]
fn expect(answer: &Answer, status: u16, code: &str, executed: Option<&str>) -> Value {
    let body = answer.expect_problem(status, code);
    assert_eq!(body["type"], format!("/problems/{code}"));
    assert_eq!(body["status"], status);
    assert!(body["title"].as_str().is_some_and(|title| !title.is_empty()));
    let request_id = answer.header("x-request-id");
    assert!(!request_id.is_empty());
    assert_eq!(body["instance"], format!("urn:joingate:request:{request_id}"));
    assert_eq!(body.get("executed").and_then(Value::as_str), executed, "{body}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "no-store");
    body
}

/// The problem of a decision: surely nothing was executed.
#[track_caller]
fn expect_write(answer: &Answer, status: u16, code: &str) -> Value {
    expect(answer, status, code, Some("no"))
}

/// The problem of anything else.
#[track_caller]
fn expect_read(answer: &Answer, status: u16, code: &str) -> Value {
    expect(answer, status, code, None)
}

fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().map_or(&[][..], Vec::as_slice);
    errors.iter().filter_map(|error| error["pointer"].as_str()).collect()
}

/// What the HTTP parser itself refuses: the status is pinned here, and there is no body.
#[track_caller]
fn expect_bare(answer: &Answer, status: u16, sent: &str) {
    let sent = sent.chars().take(200).collect::<String>();
    assert_eq!((answer.status, answer.text.as_str()), (status, ""), "{sent:?}");
    assert_eq!(answer.header("connection"), "close", "{sent:?}");
    assert_eq!(answer.header("content-type"), "");
}
