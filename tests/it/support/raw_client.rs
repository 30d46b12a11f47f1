//! A client that sends exactly the bytes of a test, as no library would.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::Answer;

/// Longer than any time-out of the gateway.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends the bytes on a connection of their own and reads one answer.
pub(crate) async fn exchange(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    tokio::time::timeout(PATIENCE, read_answer(&mut stream)).await.expect("no answer came")
}

/// Sends the bytes and reads until the gateway closes the connection.
pub(crate) async fn exchange_all(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answers = String::new();
    let read = stream.read_to_string(&mut answers);
    tokio::time::timeout(PATIENCE, read).await.expect("the connection stays open").unwrap();
    answers
}

async fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        read_more(stream, &mut bytes).await;
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let (status, headers) = parse_head(&head);
    let length = headers.get("content-length").map_or("0", |value| value.to_str().unwrap());
    let body_end = head_end + 4 + length.parse::<usize>().unwrap();
    while bytes.len() < body_end {
        read_more(stream, &mut bytes).await;
    }
    let text = String::from_utf8(bytes[head_end + 4..body_end].to_vec()).unwrap();
    Answer { status, headers, text }
}

async fn read_more(stream: &mut TcpStream, bytes: &mut Vec<u8>) {
    let read = stream.read_buf(bytes).await.unwrap();
    let so_far = String::from_utf8_lossy(bytes);
    assert!(read > 0, "the connection ended within the answer: {so_far:?}");
}

fn parse_head(head: &str) -> (u16, HeaderMap) {
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap();
    let fields = lines.map(|line| line.split_once(": ").unwrap());
    let headers = fields
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap()));
    (status.parse().unwrap(), headers.collect())
}
