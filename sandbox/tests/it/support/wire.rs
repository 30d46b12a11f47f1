//! HTTP/1.1 by hand: nothing is added that a test did not ask for, and nothing is hidden.

use std::io;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
    head: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Code of the error envelope, with the status.
    pub(crate) fn error(&self) -> (u16, i64) {
        (self.status, self.json()["error"]["code"].as_i64().unwrap_or_else(|| panic!("{}", self.body)))
    }

    /// The strings of a list in the body.
    pub(crate) fn strings(&self, list: &str) -> Vec<String> {
        let body = self.json();
        let items = body[list].as_array().unwrap_or_else(|| panic!("no {list}: {body}"));
        items.iter().map(|item| item.as_str().expect("a string").to_owned()).collect()
    }

    /// Id and code of each failed item.
    pub(crate) fn failures(&self) -> Vec<(String, i64)> {
        let body = self.json();
        let items = body["failed_join_requests"].as_array().cloned().unwrap_or_default();
        let id = |item: &Value| item["join_request_id"].as_str().expect("an id").to_owned();
        items.iter().map(|item| (id(item), item["errors"][0]["code"].as_i64().expect("a code"))).collect()
    }

    /// Ids on a page.
    pub(crate) fn ids(&self) -> Vec<String> {
        let body = self.json();
        let items = body["data"].as_array().unwrap_or_else(|| panic!("no data: {body}"));
        items.iter().map(|item| item["join_request_id"].as_str().expect("an id").to_owned()).collect()
    }
}

/// Sends one request on a connection of its own and reads the answer to its end.
pub(crate) async fn send(
    addr: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let (reply, ending) = send_raw(addr, method, target, headers, body).await;
    ending.expect("the connection is closed in order");
    reply.expect("an answer")
}

/// Sends one request on a connection of its own and gives what came, however broken, and how the
/// connection ended.
pub(crate) async fn send_raw(
    addr: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (Option<Reply>, io::Result<()>) {
    let mut stream = open(addr, method, target, headers, body).await;
    let mut bytes = Vec::new();
    let ending = stream.read_to_end(&mut bytes).await.map(drop);
    if bytes.is_empty() {
        return (None, ending);
    }
    let text = String::from_utf8(bytes).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (Some(Reply { status, body: body.to_owned(), head: head.to_owned() }), ending)
}

/// Sends one request and hangs up without reading.
pub(crate) async fn abandon(
    addr: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) {
    drop(open(addr, method, target, headers, body).await);
}

/// Sends one request and leaves the answer to the test.
pub(crate) async fn open(
    addr: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> TcpStream {
    let mut head =
        vec![format!("{method} {target} HTTP/1.1"), format!("Host: {addr}"), "Connection: close".to_owned()];
    head.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if !body.is_empty() {
        head.push(format!("Content-Length: {}", body.len()));
    }
    let text = format!("{}\r\n\r\n{body}", head.join("\r\n"));
    let mut stream = TcpStream::connect(addr).await.expect("a connection");
    stream.write_all(text.as_bytes()).await.expect("a request sent");
    stream
}
