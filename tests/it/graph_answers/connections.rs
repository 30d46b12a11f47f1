//! What becomes of a connection after an answer, step by step.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::bodies::{documented, lists};
use super::case::{Asked, IDS};
use super::gateway::Gateway;
use crate::support::{Answer, read_request};

const PATIENCE: Duration = Duration::from_secs(10);

/// The answer that Graph gives to a question, on the wire.
fn bytes(body: &serde_json::Value) -> Vec<u8> {
    let body = body.to_string();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// What nobody who is asked for the second time may get.
fn stale(asked: Asked) -> Vec<u8> {
    bytes(&documented(asked))
}

/// What the second question is answered with: an empty list, or that both ids were refused.
fn fresh(asked: Asked) -> Vec<u8> {
    match asked {
        Asked::List => bytes(&json!({ "data": [] })),
        Asked::Approve | Asked::Reject => {
            let failed = IDS.map(|id| json!({ "join_request_id": id, "errors": [{ "code": 131_203 }] }));
            bytes(&lists(asked, &json!([]), &json!(failed)))
        }
    }
}

fn is_fresh(asked: Asked, answer: &Answer) -> bool {
    match asked {
        Asked::List => answer.json()["join_requests"] == json!([]),
        Asked::Approve | Asked::Reject => answer.outcomes() == ["failed", "failed"],
    }
}

/// Takes the next connection and the request on it.
async fn next_request(listener: &TcpListener) -> (TcpStream, String) {
    let taken = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await.expect("a request");
        (stream, request)
    };
    tokio::time::timeout(PATIENCE, taken).await.expect("no further connection came")
}

/// Asks twice. The first answer comes with `surplus` right behind it; what the upstream does with the connection then
/// is up to `between`. The second question must come on a connection of its own.
async fn asks_twice(asked: Asked, surplus: &[u8], between: impl AsyncFn(TcpStream) -> Option<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway = Gateway::start(&format!("http://{}", listener.local_addr().unwrap()), &[]).await;
    let first = async {
        let (mut stream, _) = next_request(&listener).await;
        stream.write_all(&[stale(asked), surplus.to_vec()].concat()).await.unwrap();
        stream
    };
    let (answer, stream) = tokio::join!(gateway.ask(asked), first);
    assert_eq!(answer.status, 200, "{asked:?}: {}", answer.text);
    let kept = between(stream).await;
    let second = async {
        let (mut stream, request) = next_request(&listener).await;
        stream.write_all(&fresh(asked)).await.unwrap();
        (stream, request)
    };
    let (answer, (_stream, request)) = tokio::join!(gateway.ask(asked), second);
    assert!(is_fresh(asked, &answer), "{asked:?}: {}", answer.text);
    assert_eq!(answer.header("x-upstream-attempts"), "1", "{asked:?}: {request}");
    drop(kept);
    gateway.stop().await;
}

/// Waits until the gateway hangs up.
async fn hung_up(stream: &mut TcpStream) {
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut [0])).await;
    let read = read.expect("the gateway keeps a connection that it did not understand");
    assert!(!matches!(read, Ok(1)), "another request came");
}

/// Graph need not read a request to its end to answer it.
#[tokio::test]
async fn an_answer_that_comes_before_the_request_was_read_counts() {
    for asked in Asked::ALL {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = Gateway::start(&format!("http://{}", listener.local_addr().unwrap()), &[]).await;
        let early = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut [0]).await.unwrap();
            stream.write_all(&stale(asked)).await.unwrap();
            stream
        };
        let (answer, _stream) = tokio::join!(gateway.ask(asked), early);
        assert_eq!(answer.status, 200, "{asked:?}: {}", answer.text);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_second_answer_to_one_request_answers_nothing() {
    for asked in Asked::ALL {
        asks_twice(asked, &stale(asked), async |stream| Some(stream)).await;
    }
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_ends_the_connection() {
    for asked in Asked::ALL {
        let send_another = async |mut stream: TcpStream| {
            stream.write_all(&stale(asked)).await.unwrap();
            hung_up(&mut stream).await;
            Some(stream)
        };
        asks_twice(asked, b"", send_another).await;
    }
}

#[tokio::test]
async fn a_connection_that_graph_closed_meanwhile_fails_no_call() {
    for asked in Asked::ALL {
        let close = async |mut stream: TcpStream| {
            stream.shutdown().await.unwrap();
            // The gateway closes its own side when it has noticed.
            hung_up(&mut stream).await;
            None
        };
        asks_twice(asked, b"", close).await;
    }
}
