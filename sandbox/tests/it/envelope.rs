//! The headers of every answer, and the form of errors.

use crate::support::{BEARER, Edge, edge_of};

#[tokio::test]
async fn every_answer_has_the_headers_of_graph() {
    let edge = Edge::start().await;
    for reply in [edge.list("").await, edge.list("?limit=0").await] {
        assert_eq!(reply.header("content-type"), Some("application/json; charset=UTF-8"));
        assert_eq!(reply.header("facebook-api-version"), Some("v23.0"));
        assert_eq!(reply.header("cache-control"), Some("private, no-store"));
        for name in ["x-fb-trace-id", "x-fb-request-id", "date"] {
            assert!(reply.header(name).is_some_and(|value| !value.is_empty()), "{name}");
        }
    }
}

#[tokio::test]
async fn every_answer_has_a_trace_id_of_its_own_which_an_error_repeats() {
    let edge = Edge::start().await;
    let (first, second) = (edge.list("").await, edge.list("?limit=0").await);
    assert_ne!(first.header("x-fb-trace-id"), second.header("x-fb-trace-id"));
    let body = second.json();
    assert_eq!(body["error"]["fbtrace_id"].as_str(), second.header("x-fb-trace-id"));
}

#[tokio::test]
async fn an_error_says_message_type_code_and_details() {
    let edge = Edge::start().await;
    let reply = edge.send("GET", &edge_of("Y2FwNobody"), &[BEARER], "").await;
    let error = reply.json()["error"].clone();
    assert!(error["message"].as_str().expect("a message").starts_with("(#131041) "), "{error}");
    assert_eq!(error["type"], "OAuthException");
    assert_eq!(error["error_data"]["messaging_product"], "whatsapp");
    assert!(error["error_data"]["details"].is_string());
    assert!(error.get("is_transient").is_none());
}

#[tokio::test]
async fn a_refusal_of_the_request_has_a_challenge_too() {
    let edge = Edge::start().await;
    let reply = edge.send("GET", &edge_of("a%0d%0ab"), &[BEARER], "").await;
    assert_eq!(reply.error(), (400, 100));
    let challenge = reply.header("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with("OAuth \"Facebook Platform\" \"invalid_request\" \""), "{challenge}");
}

#[tokio::test]
async fn there_is_no_usage_and_no_challenge_without_a_reason() {
    let edge = Edge::start().await;
    let reply = edge.list("").await;
    for name in ["x-app-usage", "x-business-use-case-usage", "www-authenticate"] {
        assert_eq!(reply.header(name), None, "{name}");
    }
}
