//! What the HTTP parser refuses by itself, and what it takes though it looks odd.

use super::{APPROVE, LIST, Refusing, expect_bare, expect_read, moderator};

#[tokio::test]
async fn what_is_no_http_1_is_refused_with_a_bare_400() {
    let gateway = Refusing::spawn().await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: gateway\r\n\r\n", "a".repeat(65_534));
    for bytes in [
        "garbage\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\r\n\r\n",
        "GE(T / HTTP/1.1\r\nHost: gateway\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: gateway\r\n\r\n",
        "GET /a\u{1} HTTP/1.1\r\nHost: gateway\r\n\r\n",
        "GET /\u{e4} HTTP/1.1\r\nHost: gateway\r\n\r\n",
        &long,
        "GET /\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: gateway\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: gateway\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        expect_bare(&gateway.bytes(bytes).await, 400, bytes);
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn malformed_header_fields_are_refused_with_a_bare_400() {
    let gateway = Refusing::spawn().await;
    for fields in [
        "",
        "Host: gateway\r\nHost: other\r\n",
        "Host: gateway\r\nno colon\r\n",
        "Host: gateway\r\n: no name\r\n",
        "Host: gateway\r\nX-Space : a\r\n",
        "Host: gateway\r\nX-Folded: a\r\n b\r\n",
        "Host: gateway\r\nX-Zero: a\u{0}b\r\n",
        "Host: gateway\r\nX-Return: a\rb\r\n",
    ] {
        let sent = format!("GET {LIST} HTTP/1.1\r\n{fields}\r\n");
        expect_bare(&gateway.bytes(&sent).await, 400, &sent);
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn unclear_lengths_of_bodies_are_refused_with_a_bare_400() {
    let gateway = Refusing::spawn().await;
    let head = |version: &str| {
        let token = moderator();
        format!(
            "POST {APPROVE} HTTP/{version}\r\nHost: gateway\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        )
    };
    for (version, fields) in [
        ("1.1", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        ("1.1", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
        ("1.1", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
        ("1.1", "Content-Length: 29\r\nContent-Length: 29\r\n"),
        ("1.1", "Content-Length: 28\r\nContent-Length: 29\r\n"),
        ("1.1", "Content-Length: 29, 29\r\n"),
        ("1.1", "Content-Length: -1\r\n"),
        ("1.1", "Content-Length: +29\r\n"),
        ("1.1", "Content-Length: many\r\n"),
        ("1.1", "Content-Length:\r\n"),
        ("1.1", "Content-Length: 0x1d\r\n"),
        ("1.1", "Content-Length: 29.0\r\n"),
        ("1.1", "Content-Length: \u{ff12}9\r\n"),
        ("1.1", "Content-Length: 99999999999999999999\r\n"),
        ("1.1", "Transfer-Encoding: gzip\r\n"),
        ("1.1", "Transfer-Encoding: xchunked\r\n"),
        ("1.1", "Transfer-Encoding: gzip, chunked\r\n"),
        ("1.1", "Transfer-Encoding: chunked, gzip\r\n"),
        ("1.1", "Transfer-Encoding: chunked, chunked\r\n"),
        ("1.1", "Transfer-Encoding: chunked,\r\n"),
        ("1.1", "Transfer-Encoding: chunked;q=1\r\n"),
        ("1.1", "Transfer-Encoding: \"chunked\"\r\n"),
        ("1.1", "Transfer-Encoding: identity\r\n"),
        ("1.1", "Transfer-Encoding: identity\r\nContent-Length: 29\r\n"),
        ("1.1", "Transfer-Encoding:\r\n"),
        ("1.1", "Transfer-Encoding: \u{b}chunked\r\n"),
        ("1.1", "Transfer-Encoding: chun\u{eb}ked\r\n"),
        ("1.1", "Transfer-Encoding : chunked\r\n"),
        ("1.1", "Transfer-Encoding:\r\n chunked\r\n"),
        ("1.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
        ("1.0", ""),
        ("1.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        ("1.0", "Transfer-Encoding: chunked\r\n"),
    ] {
        // No body follows: nothing is left unread, so that no reset can hide the answer.
        let sent = format!("{}{fields}\r\n", head(version));
        expect_bare(&gateway.bytes(&sent).await, 400, fields);
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn heads_beyond_the_parsers_own_bounds_are_refused_with_a_bare_431() {
    let gateway = Refusing::spawn().await;
    let get = format!("GET {LIST} HTTP/1.1\r\nHost: gateway\r\n");
    let many = (0..97).map(|_| "X: a\r\n").collect::<String>();
    // Exactly as much as the parser takes before it gives up.
    let unended = format!("{get}X: {}", "a".repeat(128 * 1024 - get.len() - 3));
    for sent in [format!("{get}{many}\r\n"), unended] {
        expect_bare(&gateway.bytes(&sent).await, 431, &sent);
    }
    let most = (0..95).map(|_| "X: a\r\n").collect::<String>();
    let answer = gateway.bytes(format!("{get}{most}\r\n")).await;
    expect_read(&answer, 401, "unauthorized");
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_line_may_end_in_a_bare_line_feed() {
    let gateway = Refusing::spawn().await;
    for sent in [
        "GET /none HTTP/1.1\nHost: gateway\n\n",
        "GET /none HTTP/1.1\r\nHost: gateway\r\n\n",
        "\r\n\r\nGET /none HTTP/1.1\r\nHost: gateway\r\n\r\n",
    ] {
        expect_read(&gateway.bytes(sent).await, 404, "not_found");
    }
    gateway.nothing_was_sent();
}
