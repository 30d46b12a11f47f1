//! Answers that are lost, cut or slow on the wire.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use joingate_sandbox::{AnswerFault, Fault, Length};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{BEARER, Edge, GROUP, JSON, Reply, decision, edge_of, open, send_raw, until};

/// Approves one request under a fault; gives what came and how the connection ended.
async fn approve_under(edge: &Edge, fault: Fault, id: &str) -> (Option<Reply>, std::io::Result<()>) {
    edge.control().fail_next(1, fault).expect("room");
    let body = decision(&[id]);
    send_raw(edge.sandbox.addr(), "POST", &edge_of(GROUP), &[BEARER, JSON], &body).await
}

/// The same, which is answered somehow; gives the declared length, too.
async fn answered_under(edge: &Edge, answer: AnswerFault) -> (Reply, usize) {
    let id = edge.open(1).remove(0);
    let (reply, ending) = approve_under(edge, Fault::answer(answer), &id).await;
    ending.expect("the connection is closed in order");
    assert!(edge.control().open_requests(GROUP).is_empty(), "the decision was made");
    let reply = reply.expect("an answer");
    let length = reply.header("content-length").and_then(|length| length.parse().ok());
    let length = length.expect("a length");
    assert_eq!(edge.control().calls().last().and_then(|call| call.status), Some(200));
    (reply, length)
}

#[tokio::test]
async fn a_reset_connection_is_reset_and_not_merely_closed() {
    let edge = Edge::start().await;
    let ids = edge.open(2);
    for (fault, id) in
        [(Fault::answer(AnswerFault::Reset), &ids[0]), (Fault::answer(AnswerFault::Reset).never(), &ids[1])]
    {
        let (reply, ending) = approve_under(&edge, fault, id).await;
        assert!(reply.is_none(), "{reply:?}");
        assert_eq!(ending.expect_err("a reset").kind(), ErrorKind::ConnectionReset);
    }
    assert_eq!(edge.control().open_requests(GROUP), ids[1..], "after it was made, before it was made");
    assert_eq!(edge.control().calls()[0].status, None);
}

#[tokio::test]
async fn a_closed_connection_ends_without_a_byte() {
    let edge = Edge::start().await;
    let id = edge.open(1).remove(0);
    let (reply, ending) = approve_under(&edge, Fault::answer(AnswerFault::Close), &id).await;
    assert!(reply.is_none() && ending.is_ok(), "{reply:?} {ending:?}");
}

#[tokio::test]
async fn a_connection_can_break_after_calls_that_went_well() {
    let edge = Edge::start().await;
    let mut stream = TcpStream::connect(edge.sandbox.addr()).await.expect("a connection");
    let call = format!("GET {} HTTP/1.1\r\nHost: x\r\n{}: {}\r\n\r\n", edge_of(GROUP), BEARER.0, BEARER.1);
    let mut answer = vec![0; 4096];
    for _ in 0..2 {
        stream.write_all(call.as_bytes()).await.expect("sent");
        let read = stream.read(&mut answer).await.expect("an answer");
        assert!(answer[..read].starts_with(b"HTTP/1.1 200"));
    }
    edge.control().fail_next(1, Fault::answer(AnswerFault::Reset)).expect("room");
    stream.write_all(call.as_bytes()).await.expect("sent");
    let error = stream.read(&mut answer).await.expect_err("a reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_truncated_answer_declares_its_whole_length_and_stops_early() {
    let edge = Edge::start().await;
    let (reply, length) = answered_under(&edge, AnswerFault::Truncated { bytes: None }).await;
    assert_eq!(reply.body.len(), length / 2);
    assert_eq!(reply.header("facebook-api-version"), Some("v23.0"));
    let (reply, length) = answered_under(&edge, AnswerFault::Truncated { bytes: Some(5) }).await;
    assert_eq!((reply.body.len(), length > 5), (5, true));
    let (reply, length) = answered_under(&edge, AnswerFault::Truncated { bytes: Some(100_000) }).await;
    assert_eq!(reply.body.len(), length - 1);
}

#[tokio::test]
async fn a_dripping_answer_comes_whole_and_slowly() {
    let edge = Edge::start().await;
    let start = Instant::now();
    let (reply, length) = answered_under(&edge, AnswerFault::Drip { bytes: 30, every_ms: 20 }).await;
    assert_eq!(reply.body.len(), length);
    assert_eq!(reply.strings("approved_join_requests").len(), 1);
    let pieces = u32::try_from(length.div_ceil(30)).expect("few");
    assert!(pieces > 1 && start.elapsed() >= Duration::from_millis(20) * pieces);
}

#[tokio::test]
async fn a_wrong_length_is_shorter_or_longer_than_the_body() {
    let edge = Edge::start().await;
    let (reply, length) = answered_under(&edge, AnswerFault::WrongLength(Length::Shorter)).await;
    assert_eq!((reply.strings("approved_join_requests").len(), length), (1, reply.body.len() / 2));
    let (reply, length) = answered_under(&edge, AnswerFault::WrongLength(Length::Longer)).await;
    assert_eq!((reply.strings("approved_join_requests").len(), length), (1, reply.body.len() * 2));
}

#[tokio::test]
async fn a_stalled_call_is_executed_and_its_caller_waits_until_it_goes() {
    let edge = Edge::start().await;
    let id = edge.open(1).remove(0);
    edge.control().fail_next(1, Fault::answer(AnswerFault::Stall)).expect("room");
    let headers = [BEARER, JSON];
    let mut stream = open(edge.sandbox.addr(), "POST", &edge_of(GROUP), &headers, &decision(&[&id])).await;
    until("the decision is made", || edge.control().open_requests(GROUP).is_empty()).await;
    let mut byte = [0];
    let silence = tokio::time::timeout(Duration::from_millis(100), stream.read(&mut byte)).await;
    assert!(silence.is_err(), "{silence:?}");
    assert_eq!(edge.control().calls()[0].status, None);
    // The sandbox closes its side when the caller closes its own, long before the bound.
    stream.shutdown().await.expect("an open connection");
    let end = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut byte)).await;
    assert!(matches!(end, Ok(Ok(0))), "{end:?}");
}
