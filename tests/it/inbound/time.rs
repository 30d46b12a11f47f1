//! Heads and bodies that come slowly, or never.

use futures_util::future::join_all;

use super::{APPROVE, LIST, REJECT, Refusing, expect_bare, expect_write, request};
use crate::support::TestApp;
use crate::support::raw_client::RawConnection;

const SIZED: &str = "Content-Length: 1000";
const CHUNKED: &str = "Transfer-Encoding: chunked";

/// A piece of a body, framed.
fn piece(framing: &str) -> &'static [u8] {
    if framing == CHUNKED { b"1\r\n \r\n" } else { b" " }
}

#[tokio::test]
async fn a_body_that_never_arrives_is_waited_for_ten_seconds() {
    let gateway = Refusing::spawn().await;
    let head = format!("POST {APPROVE} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100");
    let answer = gateway.raw(&head, b"{\"join_request_ids\":").await;
    expect_write(&answer, 408, "request_timeout");
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_head_that_does_not_end_is_waited_for_ten_seconds() {
    let gateway = Refusing::spawn().await;
    let (silent, slow) = tokio::join!(gateway.bytes(""), gateway.bytes(format!("GET {LIST} HTTP/1.1\r\nHo")));
    for answer in [silent, slow] {
        expect_bare(&answer, 408, "a part of a head");
    }
}

#[tokio::test]
async fn a_body_must_be_there_by_the_deadline_of_its_request_however_it_comes() {
    let gateway = Refusing::with(|settings| settings.set("SERVER__REQUEST_DEADLINE", "2s")).await;
    let ways = [(APPROVE, SIZED), (REJECT, SIZED), (APPROVE, CHUNKED), (REJECT, CHUNKED)];
    let exchanges = ways.into_iter().map(async |(path, framing)| {
        let head = format!("POST {path} HTTP/1.1\r\nContent-Type: application/json\r\n{framing}");
        let (mut stalling, mut dripping) = (gateway.connect().await, gateway.connect().await);
        stalling.send(&request(&head, piece(framing))).await;
        dripping.send(&request(&head, piece(framing))).await;
        let dripped = dripping.answer_while_dripping(piece(framing));
        let (stalled, dripped) = tokio::join!(stalling.answer(), dripped);
        expect_write(&stalled, 408, "request_timeout");
        expect_write(&dripped, 408, "request_timeout");
        if framing == SIZED {
            tokio::join!(stalling.rest(), dripping.rest());
        }
    });
    join_all(exchanges).await;
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_request_that_needs_no_body_does_not_wait_for_one() {
    let gateway = Refusing::spawn().await;
    let mut requests = Vec::new();
    for framing in [SIZED, CHUNKED] {
        let anonymous =
            |line: &str| format!("{line} HTTP/1.1\r\nHost: gateway\r\n{framing}\r\n\r\n").into_bytes();
        let of_moderator = |line: &str| request(&format!("{line} HTTP/1.1\r\n{framing}"), b"");
        requests.extend([
            (framing, anonymous(&format!("POST {APPROVE}")), 401),
            (framing, anonymous(&format!("GET {LIST}")), 401),
            (framing, anonymous("POST /none"), 404),
            (framing, of_moderator(&format!("POST {APPROVE}")), 415),
            (framing, of_moderator(&format!("PUT {LIST}")), 405),
        ]);
    }
    let exchanges = requests.into_iter().map(async |(framing, sent, status)| {
        let mut connection = gateway.connect().await;
        connection.send(&sent).await;
        let answer = connection.answer_while_dripping(piece(framing)).await;
        assert_eq!(answer.status, status, "{answer:?}");
        if framing == SIZED {
            assert_eq!(answer.header("connection"), "close");
            connection.rest().await;
        }
    });
    join_all(exchanges).await;
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_body_that_comes_with_a_list_is_not_read() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(1);
    for method in ["GET", "HEAD"] {
        for framing in [SIZED, CHUNKED] {
            let head = format!("{method} /v1/groups/{group}/join-requests HTTP/1.1\r\n{framing}");
            let mut connection = RawConnection::open(app.app.api_address()).await;
            connection.send(&request(&head, piece(framing))).await;
            let head_only = method == "HEAD";
            let answer =
                if head_only { connection.answer_to_head().await } else { connection.answer().await };
            assert_eq!(answer.status, 200);
            if framing == SIZED {
                assert_eq!(connection.rest().await, "");
            }
        }
    }
}
