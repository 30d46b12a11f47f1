//! Header fields: how large, how often, and which values.

use reqwest::Method;

use super::{APPROVE, BODY, JSON, LIST, REJECT, Refusing, expect_read, expect_write, moderator, request};

#[tokio::test]
async fn an_idempotency_key_that_is_none_or_two_is_refused_and_not_ignored() {
    let gateway = Refusing::spawn().await;
    let long = "k".repeat(256);
    for keys in
        [&["k l"][..], &["k, l"], &["k", "k"], &["k", "l"], &[""], &["\"k"], &["\u{e4}"], &[long.as_str()]]
    {
        let keys = keys.iter().map(|key| ("idempotency-key", *key));
        let headers = keys.chain([JSON]).collect::<Vec<_>>();
        for path in [APPROVE, REJECT] {
            let answer = gateway.app.moderator().send(Method::POST, path, &headers, BODY).await;
            let problem = expect_write(&answer, 400, "invalid_request");
            assert_eq!(problem["errors"][0]["parameter"], "Idempotency-Key");
        }
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn heads_larger_than_any_honest_one_are_refused() {
    let gateway = Refusing::spawn().await;
    let query = |path: &str, length: usize| format!("{path}?{}", "a".repeat(length - path.len() - 1));
    // One byte more or less makes the difference.
    let answer = gateway.raw(&format!("GET {} HTTP/1.1", query(LIST, 8 * 1024)), b"").await;
    expect_read(&answer, 400, "invalid_request");
    for length in [8 * 1024 + 1, 65_533] {
        let answer = gateway.raw(&format!("GET {} HTTP/1.1", query(LIST, length)), b"").await;
        expect_read(&answer, 414, "uri_too_long");
    }
    let answer = gateway.raw(&format!("POST {} HTTP/1.1", query(APPROVE, 8 * 1024 + 1)), b"").await;
    expect_write(&answer, 414, "uri_too_long");
    let others = ["host", "gateway", "authorization", "Bearer ", &moderator(), "x"].concat().len();
    let field = "a".repeat(32 * 1024 - others);
    let answer = gateway.raw(&format!("GET {LIST}/none HTTP/1.1\r\nX: {field}"), b"").await;
    expect_read(&answer, 404, "not_found");
    for field in [format!("{field}a"), "a".repeat(100 * 1024)] {
        let answer = gateway.raw(&format!("GET {LIST}/none HTTP/1.1\r\nX: {field}"), b"").await;
        expect_read(&answer, 431, "headers_too_large");
    }
    let fields = format!("\r\nX: {}", "a".repeat(600)).repeat(60);
    let answer = gateway.raw(&format!("POST {REJECT} HTTP/1.1{fields}"), b"").await;
    expect_write(&answer, 431, "headers_too_large");
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_valid_request_id_is_kept_and_any_other_replaced() {
    let gateway = Refusing::spawn().await;
    let anonymous = gateway.app.anonymous();
    let longest = "a".repeat(128);
    for id in ["7f3a", "A-b_c.1", &longest] {
        let answer = anonymous.send(Method::GET, LIST, &[("x-request-id", id)], "").await;
        assert_eq!(expect_read(&answer, 401, "unauthorized")["request_id"], id);
    }
    let long = "a".repeat(129);
    for ids in [
        &[""][..],
        &["a b"],
        &["a\tb"],
        &["<b>"],
        &["ä"],
        &["a/b"],
        &["a\"b"],
        &["a, b"],
        &[&long],
        &["a", "a"],
        &["a", "b"],
    ] {
        let headers = ids.iter().map(|id| ("x-request-id", *id)).collect::<Vec<_>>();
        let answer = anonymous.send(Method::GET, "/v1/none", &headers, "").await;
        let problem = expect_read(&answer, 401, "unauthorized");
        let made = problem["request_id"].as_str().unwrap();
        assert!(uuid::Uuid::parse_str(made).is_ok(), "{made}");
    }
}

#[tokio::test]
async fn a_valid_trace_goes_on_and_any_other_begins_anew() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let gateway = Refusing::spawn().await;
    let anonymous = gateway.app.anonymous();
    let valid = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let hostile = format!("00-{TRACE}-00f067aa0ba902b7-01<script>");
    for (sent, goes_on) in
        [(&[valid.as_str()][..], true), (&[], false), (&[&hostile], false), (&[&valid, &valid], false)]
    {
        let headers = sent.iter().map(|value| ("traceparent", *value)).collect::<Vec<_>>();
        let answer = anonymous.send(Method::GET, LIST, &headers, "").await;
        let parts = answer.header("traceparent").split('-').collect::<Vec<_>>();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [2, 32, 16, 2], "{parts:?}");
        assert_eq!(parts[1] == TRACE, goes_on, "{sent:?}");
        assert_ne!(parts[2], "00f067aa0ba902b7");
    }
}

#[tokio::test]
async fn a_host_that_can_be_none_is_refused() {
    let gateway = Refusing::spawn().await;
    let head = |host: &[u8]| [b"GET /none HTTP/1.1\r\nHost: ", host, b"\r\n\r\n"].concat();
    for host in [
        &b"a b"[..],
        b"a, b",
        b"a/b",
        b"user@gateway",
        b"gateway:port",
        b"gateway:65536",
        b"user@gateway:80",
        b"[::1",
        b"a?b",
        b"a#b",
        b"\xff",
        b"http://gateway",
    ] {
        let problem = expect_read(&gateway.bytes(head(host)).await, 400, "invalid_request");
        assert_eq!(problem["errors"][0]["parameter"], "Host");
    }
    for host in
        ["", "gateway", "GATEWAY.example:8080", "my_service:80", "127.0.0.1", "[::1]:8080", "gateway."]
    {
        expect_read(&gateway.bytes(head(host.as_bytes())).await, 404, "not_found");
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn fields_that_nobody_asks_for_change_nothing() {
    let gateway = Refusing::spawn().await;
    let fields = "X-Forwarded-For: 203.0.113.1\r\nForwarded: for=203.0.113.1\r\nX-Original-URL: /metrics\r\nX-Rewrite-URL: /metrics\r\nConnection: authorization";
    let answer = gateway.bytes(request(&format!("GET {LIST}/none HTTP/1.1\r\n{fields}"), b"")).await;
    expect_read(&answer, 404, "not_found");
    gateway.nothing_was_sent();
}
