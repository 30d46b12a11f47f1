//! The record of calls.

use joingate_sandbox::{Fault, MAX_RECORDED_BODY};

use crate::support::{BEARER, Edge, GROUP, JSON, decision, edge_of};

#[tokio::test]
async fn every_graph_call_is_recorded_in_order_with_what_was_answered() {
    let edge = Edge::start().await;
    let ids = edge.open(1);
    edge.list("?limit=3").await;
    edge.reject(&[&ids[0]]).await;
    edge.send("GET", "/nowhere", &[], "").await;
    let calls = edge.control().calls();
    let seen: Vec<_> = calls.iter().map(|call| (call.method.as_str(), call.status)).collect();
    assert_eq!(seen, [("GET", Some(200)), ("DELETE", Some(200)), ("GET", Some(401))]);
    assert_eq!((calls[0].path.as_str(), calls[0].query.as_str()), (edge_of(GROUP).as_str(), "limit=3"));
    assert_eq!(calls[1].body, decision(&[&ids[0]]));
    assert_eq!(calls[1].header("content-type"), Some("application/json"));
    assert!(calls[0].received_at <= calls[1].received_at);
    assert!(calls[0].sequence < calls[1].sequence);
}

#[tokio::test]
async fn tokens_and_proofs_are_struck_out() {
    let edge = Edge::start().await;
    let target = format!("{}?appsecret_proof=f00d&access_token=s3cret&limit=1", edge_of(GROUP));
    edge.send("GET", &target, &[BEARER], "").await;
    edge.send("GET", "/v23.0/debug_token?input_token=s3cret", &[BEARER], "").await;
    let calls = edge.control().calls();
    assert_eq!(calls[0].header("authorization"), Some("Bearer [redacted]"));
    assert_eq!(calls[0].query, "appsecret_proof=[redacted]&access_token=[redacted]&limit=1");
    assert_eq!(calls[1].query, "input_token=[redacted]");
}

#[tokio::test]
async fn an_injected_answer_is_recorded_too() {
    let edge = Edge::start().await;
    let fault = Fault::body(502, "", "");
    edge.control().fail_next(1, fault).expect("room");
    edge.list("").await;
    assert_eq!(edge.control().calls()[0].status, Some(502));
}

#[tokio::test]
async fn a_long_body_is_cut() {
    let edge = Edge::start().await;
    edge.send("POST", &edge_of(GROUP), &[BEARER, JSON], &"a".repeat(MAX_RECORDED_BODY + 1)).await;
    assert_eq!(edge.control().calls()[0].body.len(), MAX_RECORDED_BODY);
}

#[tokio::test]
async fn the_record_can_be_cleared_and_holds_no_control_calls() {
    let edge = Edge::start().await;
    edge.list("").await;
    edge.control().clear_calls();
    edge.send("GET", "/_sandbox/calls", &[], "").await;
    assert!(edge.control().calls().is_empty());
}
