//! Which addresses and methods there are, and in which forms they may be asked for.

use reqwest::Method;

use super::{APPROVE, BODY, JSON, LIST, REJECT, Refusing, expect, expect_read, expect_write, request};
use crate::support::TestApp;
use crate::support::raw_client::{RawConnection, exchange};

#[tokio::test]
async fn unknown_paths_are_not_found_and_below_v1_only_for_callers() {
    let gateway = Refusing::spawn().await;
    let (caller, anonymous) = (gateway.app.moderator(), gateway.app.anonymous());
    for path in [
        "/v1/",
        "/v1/groups",
        "/v1/groups/Y2FwaTox",
        "/v1/groups/Y2FwaTox/join-requests/",
        "/v1/groups/Y2FwaTox/join-requests//",
        "/v1/groups/Y2FwaTox/join-requests/approve/",
        "/v1/groups/Y2FwaTox//join-requests/approve",
        "/v1/groups/Y2FwaTox/join-requests/ban",
        "/v1/groups/Y2FwaTox/join-requests/approve/more",
        "/v1/groups//join-requests",
        "/v1//groups/Y2FwaTox/join-requests",
        "/v1/Groups/Y2FwaTox/join-requests",
    ] {
        expect_read(&caller.get(path).await, 404, "not_found");
        expect_read(&anonymous.get(path).await, 401, "unauthorized");
    }
    for path in [
        "/",
        "//",
        "/v2/groups",
        "/V1/groups",
        "//v1/groups",
        "/v11",
        "/readyz",
        "/metrics",
        "/problems",
        "/problems/none",
        "/problems/",
    ] {
        expect_read(&anonymous.get(path).await, 404, "not_found");
    }
    // Forms that a client makes something else of.
    for path in [
        "/v1%2Fgroups%2FY2FwaTox%2Fjoin-requests",
        "/v1/x/../groups/Y2FwaTox/join-requests",
        "/v1/x/%2e%2e/groups/Y2FwaTox/join-requests",
        "/v1/./groups/Y2FwaTox/join-requests",
        "/v1\\groups\\Y2FwaTox\\join-requests",
    ] {
        expect_read(&gateway.raw(&format!("GET {path} HTTP/1.1"), b"").await, 404, "not_found");
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn other_methods_are_told_which_are_allowed() {
    let gateway = Refusing::spawn().await;
    let caller = gateway.app.moderator();
    let (brew, small) = (Method::from_bytes(b"BREW").unwrap(), Method::from_bytes(b"get").unwrap());
    for (path, allowed, executed) in [
        (LIST, "GET, HEAD", None),
        (APPROVE, "POST", Some("no")),
        (REJECT, "POST", Some("no")),
        ("/openapi.json", "GET", None),
        ("/problems/not_found", "GET", None),
    ] {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
            Method::OPTIONS,
            Method::TRACE,
            brew.clone(),
            small.clone(),
        ] {
            if allowed.contains(method.as_str()) {
                continue;
            }
            let answer = caller.send(method, path, &[JSON], "").await;
            expect(&answer, 405, "method_not_allowed", executed);
            assert_eq!(answer.header("allow"), allowed);
        }
    }
    let answer = caller.send(Method::HEAD, APPROVE, &[], "").await;
    assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
    let answer = gateway.app.anonymous().send(Method::DELETE, LIST, &[], "").await;
    expect_read(&answer, 401, "unauthorized");
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn the_head_of_a_list_has_no_body() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(1);
    let listed = app.reader().list(&group).await;
    let path = format!("/v1/groups/{group}/join-requests");
    let head = app.reader().send(Method::HEAD, &path, &[], "").await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.header("content-type"), listed.header("content-type"));
    // Not compared with the list's own: `as_of` has as many digits as its moment needs.
    assert!(head.header("content-length").parse::<usize>().unwrap() > listed.text.len() / 2);
}

#[tokio::test]
async fn an_encoded_path_is_the_same_route() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(0);
    let path = format!("/v1/groups/{group}/join%2drequests/%61pprove");
    let headers = [("content-type", "application/json")];
    let answer = app.moderator().send(Method::POST, &path, &headers, r#"{"join_request_ids":[]}"#).await;
    assert_eq!(answer.expect_problem(400, "invalid_request")["executed"], "no");
    assert_eq!(app.metric(&["joingate_http_requests_total{", r#"route="approve""#]).await, 1);
}

#[tokio::test]
async fn a_target_with_an_authority_is_served_by_its_path_alone() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(0);
    for origin in ["http://elsewhere.invalid", "https://user:secret@elsewhere.invalid:1"] {
        let head = format!("GET {origin}/v1/groups/{group}/join-requests HTTP/1.1");
        let answer = exchange(app.app.api_address(), &request(&head, b"")).await;
        assert_eq!((answer.status, answer.json()["group_id"].as_str()), (200, Some(group.as_str())));
        assert!(!answer.text.contains("elsewhere"), "{}", answer.text);
    }
    assert_eq!(app.graph().calls().len(), 2);
    let path = format!("/v23.0/{group}/join_requests");
    assert!(app.graph().calls().iter().all(|call| call.path == path));
}

#[tokio::test]
async fn a_target_that_names_no_path_is_not_found() {
    let gateway = Refusing::spawn().await;
    for line in ["GET *", "OPTIONS *", "GET elsewhere.invalid:443", "CONNECT elsewhere.invalid:443"] {
        expect_read(&gateway.raw(&format!("{line} HTTP/1.1"), b"").await, 404, "not_found");
    }
    expect_read(&gateway.raw(&format!("CONNECT {LIST} HTTP/1.1"), b"").await, 405, "method_not_allowed");
    expect_write(&gateway.raw(&format!("CONNECT {APPROVE} HTTP/1.1"), b"").await, 405, "method_not_allowed");
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_trace_shows_nothing_of_the_request() {
    let gateway = Refusing::spawn().await;
    let answer = gateway.raw(&format!("TRACE {LIST} HTTP/1.1\r\nX-Secret: hidden"), b"").await;
    expect_read(&answer, 405, "method_not_allowed");
    assert!(!answer.text.contains("hidden"), "{}", answer.text);
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn only_the_method_itself_says_what_is_done() {
    const OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];
    let app = TestApp::spawn().await;
    let (group, open) = app.group_with_requests(1);
    let path = format!("/v1/groups/{group}/join-requests");
    let other = |method: &'static str| OVERRIDES.map(|name| (name, method)).into_iter();
    let headers = other("DELETE").collect::<Vec<_>>();
    assert_eq!(app.moderator().send(Method::GET, &path, &headers, "").await.status, 200);
    let headers = other("GET").collect::<Vec<_>>();
    app.moderator().send(Method::DELETE, &path, &headers, "").await.expect_problem(405, "method_not_allowed");
    let headers = other("DELETE").chain([JSON]).collect::<Vec<_>>();
    let body = format!(r#"{{"join_request_ids":["{}"]}}"#, open[0]);
    let answer = app.moderator().send(Method::POST, &format!("{path}/approve"), &headers, body).await;
    assert_eq!(answer.outcomes(), ["approved"]);
    let methods = app.graph().calls().into_iter().map(|call| call.method).collect::<Vec<_>>();
    assert_eq!(methods, ["GET", "POST"]);
}

#[tokio::test]
async fn an_offer_of_another_protocol_is_not_taken_up() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(0);
    for upgrade in [
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    ] {
        let head = format!("GET /v1/groups/{group}/join-requests HTTP/1.1\r\n{upgrade}");
        let mut connection = RawConnection::open(app.app.api_address()).await;
        connection.send(&request(&head, b"")).await;
        let answer = connection.answer().await;
        assert_eq!((answer.status, answer.header("upgrade")), (200, ""), "{upgrade}");
        assert_eq!(connection.rest().await, "", "nothing that follows is taken for a request");
    }
}

#[tokio::test]
async fn http_1_0_gets_one_answer_on_a_connection() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(0);
    let mut connection = RawConnection::open(app.app.api_address()).await;
    let head = format!("GET /v1/groups/{group}/join-requests HTTP/1.0");
    connection.send(&request(&head, b"")).await;
    assert_eq!(connection.answer().await.status, 200);
    assert_eq!(connection.rest().await, "");
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_send_its_body() {
    let gateway = Refusing::spawn().await;
    let length = BODY.len();
    for path in [APPROVE, REJECT] {
        let mut connection = gateway.connect().await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nExpect: 100-continue"
        );
        connection.send(&request(&head, b"")).await;
        assert_eq!(connection.answer().await.status, 100);
        connection.send(&[b"[", &BODY.as_bytes()[1..]].concat()).await;
        expect_write(&connection.answer().await, 400, "invalid_request");
    }
    gateway.nothing_was_sent();
}
