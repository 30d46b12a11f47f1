//! An upstream that answers exactly the bytes of a script.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// How long a dripping upstream waits after each byte.
const DRIP: Duration = Duration::from_millis(20);

/// What to do with one request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Write these bytes and keep the connection.
    Bytes(Vec<u8>),
    /// Write these bytes and close the connection.
    BytesThenClose(Vec<u8>),
    /// Close the connection without an answer.
    Close,
    /// Never answer; the connection stays open.
    Stall,
    /// Close the connection in a way that its other end must notice (RST), without an answer.
    Reset,
    /// Write these bytes once there is a permit for them.
    Gated(Arc<Semaphore>, Vec<u8>),
    /// Write these bytes one by one, a few milliseconds apart.
    Drip(Vec<u8>),
}

impl Reply {
    /// A whole JSON answer.
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::with_headers(status, "Content-Type: application/json; charset=UTF-8\r\n", body)
    }

    /// A whole answer with header lines of its own, each ended by CRLF.
    pub(crate) fn with_headers(status: u16, headers: &str, body: &str) -> Self {
        Self::with_body(status, headers, body.as_bytes())
    }

    /// The same with a body that need not be text.
    pub(crate) fn with_body(status: u16, headers: &str, body: &[u8]) -> Self {
        let head = format!("HTTP/1.1 {status} Status\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
        Self::Bytes([head.as_bytes(), body].concat())
    }
}

/// A running script. Requests beyond its end are answered with 599, which no test expects.
pub(crate) struct RawUpstream {
    base_url: String,
    requests: Arc<Mutex<Vec<String>>>,
    accepting: JoinHandle<()>,
}

impl RawUpstream {
    pub(crate) async fn answering(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(replies.into_iter().collect::<Vec<_>>().into_iter()));
        let recorded = Arc::clone(&requests);
        #[expect(clippy::disallowed_methods, reason = "ended with the upstream, when it is dropped")]
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (script, recorded) = (Arc::clone(&script), Arc::clone(&recorded));
                connections.spawn(async move {
                    let next = || script.lock().unwrap().next();
                    serve(stream, next, &recorded).await;
                });
            }
        });
        Self { base_url, requests, accepting }
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// How many requests with this method were received.
    pub(crate) fn received(&self, method: &str) -> usize {
        self.requests().iter().filter(|request| request.starts_with(&format!("{method} "))).count()
    }

    /// Waits until so many requests were received.
    pub(crate) async fn has_received(&self, requests: usize) {
        let received = async {
            while self.requests().len() < requests {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), received).await.expect("the requests did not come");
    }

    /// Every request received, head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for RawUpstream {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, next: impl Fn() -> Option<Reply>, recorded: &Mutex<Vec<String>>) {
    while let Some(request) = read_request(&mut stream).await {
        recorded.lock().unwrap().push(request);
        match next().unwrap_or_else(|| Reply::json(599, "{}")) {
            Reply::Bytes(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Reply::BytesThenClose(bytes) => {
                // The gateway may have hung up; then there is nobody to tell.
                drop(stream.write_all(&bytes).await);
                return;
            }
            Reply::Close => return,
            Reply::Reset => return stream.set_zero_linger().unwrap(),
            Reply::Gated(gate, bytes) => {
                gate.acquire().await.unwrap().forget();
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Reply::Drip(bytes) => {
                for byte in bytes {
                    if stream.write_all(&[byte]).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(DRIP).await;
                }
            }
            Reply::Stall => std::future::pending::<()>().await,
        }
    }
}

/// One request with its `Content-Length` body; `None` when the connection ends.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if bytes.len() >= end + 4 + length.unwrap_or(0_usize) {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        let mut chunk = [0_u8; 4096];
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
    }
}
