//! How large a body may be, of which type, and how it is sent.

use reqwest::Method;

use super::{APPROVE, BODY, JSON, REJECT, Refusing, expect_write};

#[tokio::test]
async fn a_body_may_be_as_large_as_the_setting_says_and_no_larger() {
    let gateway = Refusing::spawn().await;
    let largest = format!("{BODY}{}", " ".repeat(64 * 1024 - BODY.len()));
    let larger = format!("{largest} ");
    let head =
        |path: &str, more: &str| format!("POST {path} HTTP/1.1\r\nContent-Type: application/json\r\n{more}");
    let chunked = |body: &str| format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for path in [APPROVE, REJECT] {
        let sized = head(path, &format!("Content-Length: {}", larger.len()));
        expect_write(&gateway.raw(&sized, larger.as_bytes()).await, 413, "payload_too_large");
        // What states a length over the bound is not waited for.
        for stated in [larger.len().to_string(), u64::MAX.to_string()] {
            let answer = gateway.raw(&head(path, &format!("Content-Length: {stated}")), b"{").await;
            expect_write(&answer, 413, "payload_too_large");
        }
        let streamed = head(path, "Transfer-Encoding: chunked");
        let answer = gateway.raw(&streamed, chunked(&larger).as_bytes()).await;
        expect_write(&answer, 413, "payload_too_large");
    }
    gateway.nothing_was_sent();
    // As large as allowed: it goes on to Graph, which this time is not there to answer well.
    let sized = head(APPROVE, &format!("Content-Length: {}", largest.len()));
    assert_eq!(gateway.raw(&sized, largest.as_bytes()).await.status, 207);
    let streamed = head(APPROVE, "Transfer-Encoding: chunked");
    assert_eq!(gateway.raw(&streamed, chunked(&largest).as_bytes()).await.status, 207);
}

#[tokio::test]
async fn only_plain_json_is_taken() {
    let gateway = Refusing::spawn().await;
    let caller = gateway.app.moderator();
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "application/jsonx")],
        &[("content-type", "application/vnd.api+json")],
        &[("content-type", "application/json, application/json")],
        &[("content-type", "application/json; charset=utf-16")],
        &[("content-type", "application/json; charset=iso-8859-1")],
        &[("content-type", "application/json; charset=utf-8; charset=utf-16")],
        &[("content-type", "application/json;;;=")],
        &[("content-type", "application / json")],
        &[("content-type", "json")],
        &[("content-type", "")],
        &[JSON, JSON],
        &[JSON, ("content-type", "text/plain")],
        &[JSON, ("content-encoding", "gzip")],
        &[JSON, ("content-encoding", "br")],
        &[JSON, ("content-encoding", "identity"), ("content-encoding", "gzip")],
    ] {
        for path in [APPROVE, REJECT] {
            let answer = caller.send(Method::POST, path, headers, BODY).await;
            expect_write(&answer, 415, "unsupported_media_type");
        }
    }
    gateway.nothing_was_sent();
    for kind in [
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "application/json; profile=x",
        "Application/JSON",
    ] {
        // One each: this Graph answers nothing that makes sense, and is soon taken to be in trouble.
        let gateway = Refusing::spawn().await;
        let caller = gateway.app.moderator();
        let headers = [("content-type", kind), ("content-encoding", "identity")];
        assert_eq!(caller.send(Method::POST, APPROVE, &headers, BODY).await.status, 207, "{kind}");
    }
}

#[tokio::test]
async fn a_body_in_broken_chunks_is_a_problem() {
    let gateway = Refusing::spawn().await;
    let head =
        format!("POST {APPROVE} HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked");
    for body in [
        "zz\r\nab\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nab\r\n0\r\n\r\n",
        "-1\r\n\r\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        " 2\r\n{}\r\n0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "2\n{}\n0\n\n",
        "2;\n\r\n{}\r\n0\r\n\r\n",
        "1\r\n{}\r\n0\r\n\r\n",
        "3\r\n{}\r\n0\r\n\r\n",
    ] {
        let answer = gateway.raw(&head, body.as_bytes()).await;
        let problem = expect_write(&answer, 400, "invalid_request");
        assert_eq!(problem["detail"], "The body ended early, or its chunks make no sense.", "{body:?}");
    }
    let answer = gateway.raw(&head.replace("\r\nTransfer-Encoding: chunked", ""), b"").await;
    expect_write(&answer, 400, "invalid_request");
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn chunks_may_have_extensions_and_trailers_and_neither_means_anything() {
    let head =
        format!("POST {APPROVE} HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked");
    for (extension, trailer) in
        [("", ""), (";a", ""), (" ; a=\"b\"", ""), ("", "Content-Length: 1\r\nAuthorization: x\r\n")]
    {
        let gateway = Refusing::spawn().await;
        let body = format!("{:x}{extension}\r\n{BODY}\r\n0\r\n{trailer}\r\n", BODY.len());
        assert_eq!(gateway.raw(&head, body.as_bytes()).await.status, 207, "{body}");
        assert_eq!(gateway.graph.received("POST"), 1);
    }
}
