//! What may stand in a path and a query: nothing that could lead to another object of Graph.

use super::{APPROVE, BODY, LIST, REJECT, Refusing, expect, expect_read, expect_write, request};
use crate::support::TestApp;
use crate::support::raw_client::exchange;

/// Each would lead somewhere else, or to nothing that Graph knows.
const HOSTILE: &[&str] = &[
    "%2e%2e",
    "..",
    ".",
    "%2E",
    "a%2Fb",
    "%2f",
    "a%5Cb",
    "%00",
    "a%00",
    "a%20b",
    "a+b",
    "a.b",
    "a:b",
    "a;b",
    "a@b",
    "%C3%A4",
    "%ff",
    "%",
    "%zz",
    "a%3Fb",
    "a%23b",
    "%252e%252e",
    "me,other",
    "%2e%2e%2fme",
    "..%2f..%2fme",
    "..%5C..%5Cme",
    "a\\b",
    ".%00",
    "%252f",
    "%25",
    "%c0%ae%c0%ae",
    "%c0%af",
    "%e0%80%af",
    "%f0%80%80%af",
    "%EF%BC%8E",
    "%u002e",
    "a;x=1",
    "..;",
    "%3B",
    "a%0D%0AX-Y:z",
    "a%09",
    "a%7F",
    "a%E2%80%AE",
    "a%20",
    "*",
    "$batch",
    "~",
    "'",
    "%22",
    "{group_id}",
];

#[tokio::test]
async fn no_group_id_leads_to_another_object_of_graph() {
    let gateway = Refusing::spawn().await;
    let long = "a".repeat(257);
    for group in HOSTILE.iter().copied().chain([long.as_str()]) {
        for (method, verb) in [("GET", ""), ("POST", "/approve"), ("POST", "/reject")] {
            let head = format!(
                "{method} /v1/groups/{group}/join-requests{verb} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}",
                BODY.len()
            );
            let answer = gateway.raw(&head, BODY.as_bytes()).await;
            let executed = (method == "POST").then_some("no");
            let problem = expect(&answer, 400, "invalid_request", executed);
            assert_eq!(problem["errors"][0]["parameter"], "group_id", "{group}");
        }
    }
    gateway.nothing_was_sent();
    // The longest there may be goes on.
    let head = format!("GET /v1/groups/{}/join-requests HTTP/1.1", "a".repeat(256));
    gateway.raw(&head, b"").await;
    assert!(
        gateway.graph.requests()[0].starts_with(&format!("GET /v23.0/{}/join_requests ", "a".repeat(256)))
    );
}

#[tokio::test]
async fn a_group_id_may_be_percent_encoded_and_reaches_graph_in_clear() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(0);
    let (first, rest) = group.split_at(1);
    let encoded = format!("%{:02x}{rest}", first.as_bytes()[0]);
    let path = format!("/v1/groups/{encoded}/join-requests#fragment");
    let answer = exchange(app.app.api_address(), &request(&format!("GET {path} HTTP/1.1"), b"")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(app.graph().calls()[0].path, format!("/v23.0/{group}/join_requests"));
}

#[tokio::test]
async fn a_list_has_one_query_field_and_a_decision_has_none() {
    let gateway = Refusing::spawn().await;
    let caller = gateway.app.moderator();
    let long = format!("page_token={}", "a".repeat(2049));
    for query in [
        "limit=5",
        "page_token",
        "page_token=",
        "page_token=a&page_token=a",
        "page_token=a&limit=5",
        "Page_token=a",
        "page%5Ftoken=a&x",
        "access_token=a",
        "method=delete",
        "page_token=a&method=delete",
        "page_token=a&access_token=a",
        "page_token=a&page%5Ftoken=b",
        "page_token[]=a",
        "page_token%00=a",
        "page_token =a",
        "page_token%20=a",
        "?page_token=a",
        "appsecret_proof=a",
        "after=a",
        "=",
        &long,
    ] {
        let answer = caller.get(&format!("{LIST}?{query}")).await;
        expect_read(&answer, 400, "invalid_request");
    }
    for token in [
        "a",
        "%00",
        "%ff",
        "not+base64",
        "a%26access_token%3Db",
        "a;access_token=b",
        "a?method=delete",
        "a=b",
        "..%2f..%2fme",
        "a%23b",
        "%",
        "{page_token}",
        &"A".repeat(2048),
    ] {
        let answer = caller.get(&format!("{LIST}?page_token={token}")).await;
        expect_read(&answer, 410, "page_token_expired");
    }
    for path in [APPROVE, REJECT] {
        for query in ["dry_run=true", "page_token=a", "x", "=", "&", "access_token=a", "method=delete", "%00"]
        {
            let answer = gateway.post(&format!("{path}?{query}"), BODY).await;
            expect_write(&answer, 400, "invalid_request");
        }
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_name_in_a_query_may_be_percent_encoded_and_means_the_same() {
    let gateway = Refusing::spawn().await;
    for query in ["%70age_token=a", "page%5Ftoken=a", "&page_token=a&"] {
        let answer = gateway.app.moderator().get(&format!("{LIST}?{query}")).await;
        expect_read(&answer, 410, "page_token_expired");
    }
    gateway.nothing_was_sent();
}
