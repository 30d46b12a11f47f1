//! Several requests on one connection: none is read out of another's body, and none waits for ever.

use futures_util::future::join_all;

use super::{APPROVE, BODY, LIST, Refusing, expect_read, expect_write, request};

const LAST: &str = "GET /none HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n";

/// The statuses of all answers.
fn statuses(answers: &str) -> Vec<&str> {
    let lines = answers.split("HTTP/1.1 ").skip(1);
    lines.map(|line| line.split(' ').next().unwrap()).collect()
}

/// Requests that are refused while their bodies, which look like requests, are still to be read.
fn refused_with_bodies() -> Vec<Vec<u8>> {
    let smuggled = format!("GET {LIST} HTTP/1.1\r\nHost: gateway\r\n\r\n");
    let chunked = format!("{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len());
    let sized = format!("Content-Length: {}", smuggled.len());
    let mut requests = Vec::new();
    for (framing, body) in [(sized.as_str(), &smuggled), ("Transfer-Encoding: chunked", &chunked)] {
        for line in [
            format!("POST {APPROVE}"),
            format!("GET {LIST}"),
            "POST /none".to_owned(),
            "HEAD /none".to_owned(),
        ] {
            requests
                .push(format!("{line} HTTP/1.1\r\nHost: gateway\r\n{framing}\r\n\r\n{body}").into_bytes());
        }
        // Of a type that is not taken, with a token; and with a method that is none here.
        requests.push(request(&format!("POST {APPROVE} HTTP/1.1\r\n{framing}"), body.as_bytes()));
        requests.push(request(&format!("DELETE {APPROVE} HTTP/1.1\r\n{framing}"), body.as_bytes()));
    }
    requests
}

#[tokio::test]
async fn a_refused_request_leaves_the_connection_in_order() {
    let gateway = Refusing::spawn().await;
    let exchanges = refused_with_bodies().into_iter().map(async |refused| {
        let mut connection = gateway.connect().await;
        connection.send(&[&refused, LAST.as_bytes()].concat()).await;
        let answers = connection.rest().await;
        let sent = String::from_utf8_lossy(&refused);
        let statuses = statuses(&answers);
        assert!(["401", "404", "405", "415"].contains(&statuses[0]), "{sent}: {answers}");
        // The second request, if it was served at all, is the one that was sent and not the one in the body.
        assert!(statuses.len() == 1 || statuses.len() == 2 && statuses[1] == "404", "{sent}: {answers}");
    });
    join_all(exchanges).await;
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn pipelined_requests_are_answered_one_by_one_in_their_order() {
    let gateway = Refusing::spawn().await;
    let anonymous = format!("GET {LIST} HTTP/1.1\r\nHost: gateway\r\n\r\n");
    let refused = request(
        &format!("POST {APPROVE} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2"),
        b"{}",
    );
    let wrong_method = request(&format!("PUT {LIST} HTTP/1.1"), b"");
    let mut connection = gateway.connect().await;
    connection.send(&[anonymous.as_bytes(), &refused, &wrong_method, LAST.as_bytes()].concat()).await;
    expect_read(&connection.answer().await, 401, "unauthorized");
    expect_write(&connection.answer().await, 400, "invalid_request");
    expect_read(&connection.answer().await, 405, "method_not_allowed");
    expect_read(&connection.answer().await, 404, "not_found");
    assert_eq!(connection.rest().await, "");
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn what_follows_a_body_that_is_longer_than_it_says_is_no_request() {
    let gateway = Refusing::spawn().await;
    for length in [2, BODY.len() - 1] {
        let head =
            format!("POST {APPROVE} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {length}");
        let mut connection = gateway.connect().await;
        connection.send(&request(&head, BODY.as_bytes())).await;
        assert_eq!(statuses(&connection.rest().await), ["400", "400"]);
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_malformed_request_ends_the_connection_and_not_the_answers_before_it() {
    let gateway = Refusing::spawn().await;
    let mut connection = gateway.connect().await;
    connection.send(b"GET /none HTTP/1.1\r\nHost: gateway\r\n\r\ngarbage\r\n\r\n").await;
    connection.send(LAST.as_bytes()).await;
    assert_eq!(statuses(&connection.rest().await), ["404", "400"]);
    gateway.nothing_was_sent();
}
