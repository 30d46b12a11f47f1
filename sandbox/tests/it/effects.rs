//! What a decision does under a fault, and what is told of it.

use joingate_sandbox::{AnswerFault, Effect, Fault, RequestSpec, Verb};
use serde_json::json;

use crate::support::{BEARER, Edge, GROUP, JSON, abandon, decision, edge_of, until};

/// Approves all under one fault.
async fn approve_under(edge: &Edge, fault: Fault, ids: &[String]) -> Vec<String> {
    edge.control().fail_next(1, fault).expect("room");
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    edge.approve(&ids).await.strings("approved_join_requests")
}

#[tokio::test]
async fn never_does_nothing_and_the_answer_names_nobody() {
    let edge = Edge::start().await;
    let ids = edge.open(2);
    let named = approve_under(&edge, Fault::default().never(), &ids).await;
    assert!(named.is_empty());
    assert_eq!(edge.control().open_requests(GROUP), ids);
    assert!(edge.control().effects().is_empty());
}

#[tokio::test]
async fn half_decides_the_first_half_and_does_not_mention_the_rest() {
    let edge = Edge::start().await;
    let ids = edge.open(3);
    let named = approve_under(&edge, Fault::default().with_effect(Effect::Half), &ids).await;
    assert_eq!(named, ids[..1]);
    assert_eq!(edge.control().open_requests(GROUP), ids[1..]);
}

#[tokio::test]
async fn an_error_in_front_of_graph_may_hide_a_decision_that_was_made() {
    let edge = Edge::start().await;
    let ids = edge.open(2);
    edge.control().fail_next(1, Fault::html(502)).expect("room");
    let reply = edge.approve(&[&ids[0]]).await;
    assert_eq!((reply.status, reply.header("content-type")), (502, Some("text/html")));
    assert_eq!(reply.header("facebook-api-version"), None);
    assert_eq!(edge.control().open_requests(GROUP), ids[1..]);
    edge.control().fail_next(1, Fault::graph_error(200, 2).never()).expect("room");
    let reply = edge.approve(&[&ids[1]]).await;
    assert_eq!(reply.error(), (200, 2));
    assert_eq!(edge.control().open_requests(GROUP), ids[1..]);
}

#[tokio::test]
async fn a_late_decision_is_promised_and_made_afterwards() {
    let edge = Edge::start().await;
    let ids = edge.open(1);
    let late = Fault::default().with_effect(Effect::Late { after_ms: 300 });
    assert_eq!(approve_under(&edge, late, &ids).await, ids);
    assert_eq!(edge.control().open_requests(GROUP), ids);
    assert_eq!(edge.control().held()[0].join_request_ids, ids);
    until("the decision is made", || edge.control().open_requests(GROUP).is_empty()).await;
    assert!(edge.control().held().is_empty());
}

#[tokio::test]
async fn a_late_decision_outlives_the_connection_it_came_over() {
    let edge = Edge::start().await;
    let ids = edge.open(1);
    let fault = Fault::answer(AnswerFault::Stall).with_effect(Effect::Late { after_ms: 20 });
    edge.control().fail_next(1, fault).expect("room");
    abandon(edge.sandbox.addr(), "POST", &edge_of(GROUP), &[BEARER, JSON], &decision(&[&ids[0]])).await;
    until("the decision is made", || edge.control().open_requests(GROUP).is_empty()).await;
}

#[tokio::test]
async fn a_delayed_decision_is_made_even_when_the_caller_has_gone() {
    let edge = Edge::start().await;
    let ids = edge.open(1);
    edge.control().fail_next(1, Fault::delay(20)).expect("room");
    abandon(edge.sandbox.addr(), "POST", &edge_of(GROUP), &[BEARER, JSON], &decision(&[&ids[0]])).await;
    until("the decision is made", || edge.control().open_requests(GROUP).is_empty()).await;
}

#[tokio::test]
async fn held_decisions_wait_for_their_release_and_are_made_in_the_order_of_the_calls() {
    let edge = Edge::start().await;
    let ids = edge.open(2);
    let fault = Fault::default().with_effect(Effect::WhenReleased);
    edge.control().fail_next(2, fault).expect("room");
    assert_eq!(edge.approve(&[&ids[0]]).await.strings("approved_join_requests"), ids[..1]);
    edge.reject(&[&ids[1], &ids[0]]).await;
    let held = edge.send("GET", "/_sandbox/held", &[], "").await.json();
    assert_eq!(held["held"][1]["verb"], "reject");
    assert_eq!(edge.control().open_requests(GROUP), ids);
    let released = edge.send("POST", "/_sandbox/held/release", &[], "").await.json();
    assert_eq!(released, json!({"released": 2}));
    let effects: Vec<_> = edge.control().effects();
    let seen: Vec<_> = effects.iter().map(|done| (done.verb, done.join_request_id.clone())).collect();
    assert_eq!(seen, [(Verb::Approve, ids[0].clone()), (Verb::Reject, ids[1].clone())]);
    assert_eq!(edge.control().release(), 0);
}

#[tokio::test]
async fn a_decision_released_late_may_meet_a_newer_request_of_the_same_person() {
    let edge = Edge::start().await;
    let asked = |created_at| RequestSpec {
        wa_id: Some("15550100042".to_owned()),
        created_at: Some(created_at),
        ..RequestSpec::default()
    };
    let id = edge.open_one(asked(10));
    approve_under(&edge, Fault::default().with_effect(Effect::WhenReleased), std::slice::from_ref(&id)).await;
    edge.reject(&[&id]).await;
    assert_eq!(edge.open_one(asked(20)), id);
    edge.control().release();
    let seen: Vec<_> = edge.control().effects().iter().map(|done| (done.verb, done.created_at)).collect();
    assert_eq!(seen, [(Verb::Reject, 10), (Verb::Approve, 20)]);
}

#[tokio::test]
async fn the_record_of_effects_names_call_group_verb_id_instance_and_time() {
    let edge = Edge::start().await;
    let id = edge.open_one(RequestSpec { created_at: Some(7), ..RequestSpec::default() });
    edge.list("").await;
    edge.approve(&[&id, "bm9ib2R5"]).await;
    let effects = edge.send("GET", "/_sandbox/effects", &[], "").await.json();
    let effect = &effects["effects"][0];
    assert_eq!(effects["effects"].as_array().map(Vec::len), Some(1), "what fails has no effect");
    assert_eq!(effect["call"], edge.control().calls()[1].sequence);
    assert_eq!(
        (&effect["group"], &effect["verb"], &effect["join_request_id"], &effect["created_at"]),
        (&json!(GROUP), &json!("approve"), &json!(id), &json!(7))
    );
    assert!(effect["executed_at"].is_string());
    assert_eq!(edge.send("DELETE", "/_sandbox/effects", &[], "").await.status, 204);
    assert!(edge.control().effects().is_empty());
}

#[tokio::test]
async fn a_refused_call_has_no_effect_whatever_was_ordered() {
    let edge = Edge::start().await;
    let ids = edge.open(1);
    edge.control().fail_next(1, Fault::default().with_effect(Effect::WhenReleased)).expect("room");
    let body = decision(&[&ids[0]]);
    assert_eq!(edge.send("POST", &edge_of(GROUP), &[JSON], &body).await.error(), (401, 104));
    assert!(edge.control().held().is_empty());
}
