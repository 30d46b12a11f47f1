//! A client that sends exactly the bytes of a test, as no library would.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Version;
use reqwest::header::{HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::Answer;

/// Longer than any time-out of the gateway for one request.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two pieces of a body that drips.
const DRIP: Duration = Duration::from_millis(20);

/// Sends the bytes on a connection of their own and reads one answer.
pub(crate) async fn exchange(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut connection = RawConnection::open(address).await;
    connection.send(bytes).await;
    connection.answer().await
}

/// A connection on which a test writes what it likes.
pub(crate) struct RawConnection {
    stream: TcpStream,
    /// Read beyond the last answer.
    unread: Vec<u8>,
}

impl RawConnection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), unread: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next answer, be it an interim one.
    pub(crate) async fn answer(&mut self) -> Answer {
        let answer = read_answer(&mut self.stream, &mut self.unread);
        tokio::time::timeout(PATIENCE, answer).await.expect("no answer came")
    }

    /// The next answer to a HEAD: whatever length it states, no body follows.
    pub(crate) async fn answer_to_head(&mut self) -> Answer {
        let head = read_head(&mut self.stream, &mut self.unread);
        tokio::time::timeout(PATIENCE, head).await.expect("no answer came")
    }

    /// The next answer, while the piece is sent again and again.
    pub(crate) async fn answer_while_dripping(&mut self, piece: &[u8]) -> Answer {
        let (mut reader, mut writer) = self.stream.split();
        let drip = async {
            let mut interval = tokio::time::interval(DRIP);
            // A gateway that has heard enough may hang up; its answer is there all the same.
            while writer.write_all(piece).await.is_ok() {
                interval.tick().await;
            }
            std::future::pending::<()>().await;
        };
        let answer = async {
            tokio::select! {
                answer = read_answer(&mut reader, &mut self.unread) => answer,
                () = drip => unreachable!("it drips for ever"),
            }
        };
        tokio::time::timeout(PATIENCE, answer).await.expect("no answer came")
    }

    /// What still comes until the gateway closes the connection.
    pub(crate) async fn rest(mut self) -> String {
        let end = async {
            // A reset is an end, too: the gateway had not read all that was sent.
            while self.stream.read_buf(&mut self.unread).await.is_ok_and(|read| read > 0) {}
        };
        tokio::time::timeout(PATIENCE, end).await.expect("the connection stays open");
        String::from_utf8(self.unread).unwrap()
    }
}

async fn read_answer(stream: &mut (impl AsyncRead + Unpin), unread: &mut Vec<u8>) -> Answer {
    let Answer { status, headers, .. } = read_head(stream, unread).await;
    let length = headers.get("content-length").map_or("0", |value| value.to_str().unwrap());
    let length = length.parse::<usize>().unwrap();
    while unread.len() < length {
        read_more(stream, unread).await;
    }
    let body = unread.drain(..length).collect();
    Answer { status, version: Version::HTTP_11, headers, text: String::from_utf8(body).unwrap() }
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin), unread: &mut Vec<u8>) -> Answer {
    let end = loop {
        if let Some(end) = unread.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        read_more(stream, unread).await;
    };
    let head = String::from_utf8(unread.drain(..end + 4).collect()).unwrap();
    let mut lines = head.trim_end().lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap();
    let fields = lines.map(|line| line.split_once(": ").unwrap());
    let headers = fields
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap()));
    Answer {
        status: status.parse().unwrap(),
        version: Version::HTTP_11,
        headers: headers.collect(),
        text: String::new(),
    }
}

async fn read_more(stream: &mut (impl AsyncRead + Unpin), unread: &mut Vec<u8>) {
    let read = stream.read_buf(unread).await.unwrap();
    let so_far = String::from_utf8_lossy(unread);
    assert!(read > 0, "the connection ended within the answer: {so_far:?}");
}
