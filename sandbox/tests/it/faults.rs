//! Trouble ordered for the next calls.

use std::time::{Duration, Instant};

use joingate_sandbox::{ControlError, FaultSpec, MAX_FAULTS};

use crate::support::{BEARER, Edge, GROUP, JSON, abandon, decision, edge_of};

fn html_502() -> FaultSpec {
    FaultSpec::HttpError {
        status: 502,
        body: "<html>Sorry</html>".to_owned(),
        content_type: "text/html".to_owned(),
    }
}

#[tokio::test]
async fn an_ordered_error_is_answered_as_it_is_and_the_call_changes_nothing() {
    let edge = Edge::start().await;
    let ids = edge.open(1);
    edge.control().fail_next(1, html_502()).expect("room");
    let reply = edge.approve(&[&ids[0]]).await;
    assert_eq!((reply.status, reply.body.as_str()), (502, "<html>Sorry</html>"));
    assert_eq!(reply.header("content-type"), Some("text/html"));
    assert_eq!(reply.header("facebook-api-version"), None);
    assert_eq!(edge.control().open_requests(GROUP), ids);
    assert_eq!(edge.approve(&[&ids[0]]).await.status, 200);
}

#[tokio::test]
async fn faults_come_in_the_order_and_number_they_were_ordered_in() {
    let edge = Edge::start().await;
    let other =
        FaultSpec::HttpError { status: 503, body: String::new(), content_type: "text/plain".to_owned() };
    edge.control().fail_next(2, html_502()).expect("room");
    edge.control().fail_next(1, other).expect("room");
    edge.control().fail_next(0, html_502()).expect("room");
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(edge.list("").await.status);
    }
    assert_eq!(seen, [502, 502, 503, 200]);
}

#[tokio::test]
async fn a_delay_passes_before_the_call_is_processed() {
    let edge = Edge::start().await;
    edge.control().fail_next(1, FaultSpec::Delay(80)).expect("room");
    let start = Instant::now();
    assert_eq!(edge.list("").await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn a_delayed_decision_is_applied_even_when_the_caller_has_gone() {
    let edge = Edge::start().await;
    let ids = edge.open(1);
    edge.control().fail_next(1, FaultSpec::Delay(20)).expect("room");
    abandon(edge.sandbox.addr(), "POST", &edge_of(GROUP), &[BEARER, JSON], &decision(&[&ids[0]])).await;
    let applied = async {
        while !edge.control().open_requests(GROUP).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), applied).await.expect("the decision is applied");
}

#[tokio::test]
async fn orders_out_of_bounds_are_refused() {
    let edge = Edge::start().await;
    let odd = FaultSpec::HttpError { status: 100, body: String::new(), content_type: String::new() };
    assert_eq!(edge.control().fail_next(1, odd), Err(ControlError::InvalidValue));
    for _ in 0..MAX_FAULTS {
        edge.control().fail_next(1, FaultSpec::Delay(1)).expect("room");
    }
    assert_eq!(edge.control().fail_next(1, FaultSpec::Delay(1)), Err(ControlError::TooMany));
    edge.control().clear_faults();
    assert_eq!(edge.control().fail_next(1, FaultSpec::Delay(1)), Ok(()));
}
