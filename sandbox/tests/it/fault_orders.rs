//! Which calls an ordered fault meets.

use std::time::{Duration, Instant};

use joingate_sandbox::{
    AnswerFault, ControlError, Effect, Fault, FaultOrder, GroupSpec, MAX_FAULT_BODY, MAX_FAULTS, MAX_WAIT,
    Verb,
};
use serde_json::json;

use crate::support::{BEARER, Edge, GROUP, JSON, Reply, edge_of};

async fn statuses(edge: &Edge, calls: usize) -> Vec<u16> {
    let mut seen = Vec::new();
    for _ in 0..calls {
        seen.push(edge.list("").await.status);
    }
    seen
}

#[tokio::test]
async fn faults_come_in_the_order_and_number_they_were_ordered_in() {
    let edge = Edge::start().await;
    edge.control().fail_next(2, Fault::html(502)).expect("room");
    edge.control().fail_next(1, Fault::html(503)).expect("room");
    assert_eq!(statuses(&edge, 4).await, [502, 502, 503, 200]);
}

#[tokio::test]
async fn an_order_meets_only_the_verb_and_the_group_it_names() {
    let edge = Edge::start().await;
    let other = edge.group(GroupSpec::default());
    let ids = edge.open(1);
    let order = |status| FaultOrder::next(1, Fault::html(status).never());
    edge.control().order_fault(order(502).for_verb(Verb::Reject)).expect("room");
    edge.control().order_fault(order(503).for_group(&other)).expect("room");
    assert_eq!(edge.list("").await.status, 200);
    assert_eq!(edge.reject(&[&ids[0]]).await.status, 502);
    assert_eq!(edge.approve(&[&ids[0]]).await.status, 200);
    assert_eq!(edge.send("GET", "/v23.0/debug_token?input_token=x", &[BEARER], "").await.status, 200);
    assert_eq!(edge.send("GET", &edge_of(&other), &[BEARER], "").await.status, 503);
    assert!(edge.control().fault_orders().is_empty());
}

#[tokio::test]
async fn a_rate_hits_a_share_of_the_calls_and_the_same_ones_in_every_run() {
    let edge = Edge::start().await;
    edge.control().order_fault(FaultOrder::at_rate(0.5, Fault::html(502))).expect("room");
    edge.control().set_seed(7);
    let first = statuses(&edge, 40).await;
    let hits = first.iter().filter(|status| **status == 502).count();
    assert!((8..=32).contains(&hits), "{hits} of 40");
    edge.control().set_seed(7);
    assert_eq!(statuses(&edge, 40).await, first);
    edge.control().set_seed(8);
    assert_ne!(statuses(&edge, 40).await, first);
}

#[tokio::test]
async fn a_rate_of_one_hits_every_call_and_one_of_zero_leaves_them_to_the_next_order() {
    let edge = Edge::start().await;
    edge.control().order_fault(FaultOrder::at_rate(0.0, Fault::html(502))).expect("room");
    edge.control().order_fault(FaultOrder::at_rate(1.0, Fault::html(503))).expect("room");
    assert_eq!(statuses(&edge, 3).await, [503; 3]);
    assert_eq!(edge.control().fault_orders().iter().map(|order| order.met).collect::<Vec<_>>(), [0, 3]);
}

#[tokio::test]
async fn orders_are_listed_and_cancelled_one_by_one() {
    let edge = Edge::start().await;
    let first = edge.control().fail_next(3, Fault::html(502)).expect("room");
    let second = edge.control().fail_next(1, Fault::html(503)).expect("room");
    edge.list("").await;
    let orders = edge.control().fault_orders();
    assert_eq!((orders[0].id, orders[0].order.calls, orders[0].met), (first, Some(2), 1));
    edge.control().cancel_fault(first).expect("it waits");
    assert_eq!(edge.control().cancel_fault(first), Err(ControlError::UnknownOrder));
    assert_eq!(statuses(&edge, 2).await, [503, 200]);
    assert_eq!(edge.control().cancel_fault(second), Err(ControlError::UnknownOrder));
}

#[tokio::test]
async fn a_recorded_call_says_which_fault_it_met() {
    let edge = Edge::start().await;
    let order = edge.control().fail_next(1, Fault::html(502)).expect("room");
    edge.list("").await;
    edge.list("").await;
    let calls = edge.control().calls();
    assert_eq!((calls[0].fault_order, calls[0].fault.as_deref()), (Some(order), Some(&Fault::html(502))));
    assert_eq!((calls[1].fault_order, calls[1].fault.as_deref()), (None, None));
}

#[tokio::test]
async fn a_delay_passes_before_the_call_is_processed() {
    let edge = Edge::start().await;
    edge.control().fail_next(1, Fault::delay(80)).expect("room");
    let start = Instant::now();
    assert_eq!(edge.list("").await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn orders_out_of_bounds_are_refused() {
    let edge = Edge::start().await;
    let too_long = u64::try_from(MAX_WAIT.as_millis()).expect("minutes") + 1;
    let next = |fault| FaultOrder::next(1, fault);
    let odd = [
        next(Fault::body(199, "", "text/html")),
        next(Fault::body(600, "", "text/html")),
        next(Fault::body(500, "", "text/html\r\nx: y")),
        next(Fault::body(500, "x".repeat(MAX_FAULT_BODY + 1), "text/html")),
        next(Fault::delay(too_long)),
        next(Fault::default().with_effect(Effect::Late { after_ms: too_long })),
        next(Fault::answer(AnswerFault::Drip { bytes: 0, every_ms: 1 })),
        next(Fault::answer(AnswerFault::Drip { bytes: 1, every_ms: too_long })),
        FaultOrder::next(0, Fault::html(502)),
        FaultOrder::at_rate(1.1, Fault::html(502)),
        FaultOrder::at_rate(f64::NAN, Fault::html(502)),
        FaultOrder { rate: Some(0.5), ..FaultOrder::next(1, Fault::html(502)) },
        FaultOrder::default(),
    ];
    for order in odd {
        let shown = format!("{order:.200?}");
        assert_eq!(edge.control().order_fault(order), Err(ControlError::InvalidValue), "{shown}");
    }
    for _ in 0..MAX_FAULTS {
        edge.control().fail_next(1, Fault::delay(1)).expect("room");
    }
    assert_eq!(edge.control().fail_next(1, Fault::delay(1)), Err(ControlError::TooMany));
    edge.control().clear_faults();
    assert!(edge.control().fail_next(1, Fault::delay(1)).is_ok());
}

#[tokio::test]
async fn the_control_api_orders_every_form_of_fault_and_refuses_what_it_does_not_know() {
    let edge = Edge::start().await;
    let order = async |order: serde_json::Value| -> Reply {
        edge.send("POST", "/_sandbox/faults", &[JSON], &order.to_string()).await
    };
    let effects = [
        json!("now"),
        json!("never"),
        json!("half"),
        json!({"late": {"after_ms": 5}}),
        json!("when_released"),
    ];
    let answers = [
        json!("normal"),
        json!({"error": {"status": 200, "body": "{}", "content_type": "application/json"}}),
        json!("reset"),
        json!("close"),
        json!("stall"),
        json!({"truncated": {}}),
        json!({"truncated": {"bytes": 3}}),
        json!({"drip": {"bytes": 3, "every_ms": 4}}),
        json!({"wrong_length": "shorter"}),
        json!({"wrong_length": "longer"}),
    ];
    for (at, answer) in answers.iter().enumerate() {
        let fault = json!({"delay_ms": 1, "effect": effects[at % effects.len()], "answer": answer});
        let reply = order(json!({"fault": fault, "calls": 1, "group": GROUP, "verb": "approve"})).await;
        assert_eq!(reply.status, 201, "{fault}: {}", reply.body);
        let listed = edge.send("GET", "/_sandbox/faults", &[], "").await.json();
        assert_eq!(listed["orders"][at]["id"], reply.json()["id"]);
        assert_eq!(listed["orders"][at]["order"]["fault"]["effect"], fault["effect"]);
    }
    for wrong in [
        json!({"fault": {"latency": 1}, "calls": 1}),
        json!({"fault": {"effect": "later"}, "calls": 1}),
        json!({"fault": {"effect": {"late": {"after": 1}}}, "calls": 1}),
        json!({"fault": {"answer": {"drip": {"bytes": 1, "every_ms": 1, "x": 1}}}, "calls": 1}),
        json!({"fault": {}, "calls": 1, "verb": "delete"}),
        json!({"fault": {}, "calls": 1, "rate": 0.5}),
        json!({"fault": {}}),
        json!({"calls": 1}),
    ] {
        assert_eq!(order(wrong.clone()).await.status, 400, "{wrong}");
    }
    let cancelled = edge.send("DELETE", "/_sandbox/faults/1", &[], "").await;
    assert_eq!(cancelled.status, 204);
    assert_eq!(edge.send("DELETE", "/_sandbox/faults/1", &[], "").await.status, 404);
}
