//! The way to Graph: who goes first, pauses, and what happens while Graph is in trouble.

use std::sync::Arc;

use jiff::Timestamp;
use joingate_sandbox::{AnswerFault, Fault, FaultOrder};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::{Answer, Client, RawUpstream, Reply, TestApp};

const PAGE: &str = r#"{"data":[],"paging":{"cursors":{}}}"#;

fn gated(gate: &Arc<Semaphore>, body: &str) -> Reply {
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    Reply::Gated(Arc::clone(gate), answer.into_bytes())
}

fn listing(client: &Client, groups: &[&'static str]) -> JoinSet<Answer> {
    let list = |group: &&'static str| {
        let (client, group) = (client.clone(), *group);
        async move { client.list(group).await }
    };
    groups.iter().map(list).collect()
}

async fn serves_at_once(app: &TestApp, requests: u64) {
    while app.metric(&["joingate_http_requests_in_flight"]).await < requests {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_groups_throttle_pauses_the_group_and_a_second_ones_all() {
    let app = TestApp::builder().set("LIMITS__MAX_WAIT", "0ms").spawn().await;
    let [one, other, third] = [1, 1, 1].map(|requests| app.group_with_requests(requests));
    let throttle = |group: &str| {
        let fault = Fault::graph_error(400, 131_208).never();
        app.graph().order_fault(FaultOrder::next(1, fault).for_group(group)).unwrap();
    };
    let moderator = app.moderator();
    throttle(&one.0);
    moderator.approve(&one.0, &one.1).await.expect_problem(503, "upstream_rate_limited");
    let sent = app.graph().calls().len();
    moderator.list(&one.0).await.expect_problem(503, "upstream_rate_limited");
    assert_eq!(app.graph().calls().len(), sent, "the group is paused");
    assert_eq!(moderator.list(&third.0).await.status, 200, "and no other is");
    throttle(&other.0);
    moderator.approve(&other.0, &other.1).await.expect_problem(503, "upstream_rate_limited");
    let sent = app.graph().calls().len();
    moderator.list(&third.0).await.expect_problem(503, "upstream_rate_limited");
    assert_eq!(app.graph().calls().len(), sent, "all are paused");
}

#[tokio::test]
async fn after_a_pause_one_call_tries_before_the_others() {
    let gate = Arc::new(Semaphore::new(0));
    let throttled = r#"{"error":{"code":4,"message":"limit"}}"#;
    let first = Reply::with_headers(400, "Retry-After: 1\r\n", throttled);
    let rest = (0..3).map(|_| gated(&gate, PAGE));
    let upstream = RawUpstream::answering([first].into_iter().chain(rest)).await;
    let app = TestApp::builder()
        .against(upstream.base_url())
        .set("GRAPH__MAX_ATTEMPTS", "1")
        .set("LIMITS__MAX_WAIT", "10s")
        .spawn()
        .await;
    let reader = app.reader();
    reader.list("Zmlyc3Q").await.expect_problem(503, "upstream_rate_limited");
    let lists = listing(&reader, &["b25l", "b3RoZXI", "dGhpcmQ"]);
    upstream.has_received(2).await;
    serves_at_once(&app, 3).await;
    assert_eq!(upstream.requests().len(), 2, "one tries");
    gate.add_permits(1);
    // It has been served: now the others may go together.
    upstream.has_received(4).await;
    gate.add_permits(2);
    assert!(lists.join_all().await.iter().all(|answer| answer.status == 200));
}

/// A gateway whose Graph has just failed seven times in a row.
async fn in_trouble(max_wait: &str) -> (TestApp, String, Vec<String>) {
    let app =
        TestApp::builder().set("LIMITS__MAX_WAIT", max_wait).set("GRAPH__MAX_ATTEMPTS", "1").spawn().await;
    let (group, open) = app.group_with_requests(1);
    app.graph().fail_next(7, Fault::answer(AnswerFault::Reset)).unwrap();
    for _ in 0..7 {
        app.reader().list(&group).await.expect_problem(503, "upstream_unavailable");
    }
    app.graph().clear_calls();
    (app, group, open)
}

#[tokio::test]
async fn while_graph_is_in_trouble_nothing_is_sent() {
    let (app, group, open) = in_trouble("0ms").await;
    let refused = app.moderator().approve(&group, &open).await;
    assert_eq!(refused.expect_problem(503, "upstream_unavailable")["executed"], "no");
    assert_eq!((app.graph().calls().len(), refused.header("retry-after")), (0, "1"));
    assert_eq!(app.metric(&["joingate_graph_circuit_state{"]).await, 2);
    assert_eq!(app.metric(&["joingate_limited_total{", r#"reason="circuit""#]).await, 1);
}

#[tokio::test]
async fn after_trouble_a_read_tries_before_a_decision_is_sent() {
    let (app, group, open) = in_trouble("10s").await;
    assert_eq!(app.moderator().approve(&group, &open).await.outcomes(), ["approved"]);
    let methods = app.graph().calls().iter().map(|call| call.method.clone()).collect::<Vec<_>>();
    assert_eq!(methods, ["GET", "POST"]);
    assert_eq!(app.metric(&["joingate_graph_circuit_state{"]).await, 0);
}

#[tokio::test]
async fn nothing_is_sent_when_graph_says_that_its_quota_is_used_up() {
    let app = TestApp::builder().set("LIMITS__MAX_WAIT", "0ms").spawn().await;
    let (group, _) = app.group_with_requests(1);
    app.graph().set_usage(None, Some(100), Some(2));
    assert_eq!(app.reader().list(&group).await.status, 200);
    let refused = app.reader().list(&group).await;
    refused.expect_problem(503, "upstream_rate_limited");
    assert!(["119", "120"].contains(&refused.header("retry-after")), "two minutes: {refused:?}");
    assert_eq!(app.graph().calls().len(), 1);
}

#[tokio::test]
async fn the_quota_endpoint_tells_what_is_left_of_metas_and_of_a_pause() {
    let app = TestApp::builder()
        .set("LIMITS__MAX_WAIT", "0ms")
        .set("LIMITS__GRAPH", "60/h")
        .set("LIMITS__GRAPH_BURST", "10")
        .spawn()
        .await;
    let (group, _) = app.group_with_requests(0);
    // Any token will do.
    let (nobody, reader) = (app.caller("nobody", "other", None), app.reader());
    let graph = async || nobody.get("/v1/quota").await.json()["graph"].clone();
    let account = |remaining: u32, usage: Option<f64>| {
        json!([{ "account": "default", "remaining_estimate": remaining, "usage_percent": usage,
            "paused_until": null, "circuit": "closed" }])
    };
    assert_eq!(graph().await, account(10, None));
    app.graph().set_usage(None, Some(40), Some(0));
    assert_eq!(reader.list(&group).await.status, 200);
    assert_eq!(graph().await, account(9, Some(40.0)));

    app.graph().set_usage(None, None, None);
    app.graph().throttle(80_007, 1, Some(1));
    let before = Timestamp::now();
    reader.list(&group).await.expect_problem(503, "upstream_rate_limited");
    let paused = graph().await;
    let until = paused[0]["paused_until"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let left = until.duration_since(before).as_secs();
    assert!((59..=61).contains(&left), "{paused}");
    assert_eq!((&paused[0]["remaining_estimate"], &paused[0]["circuit"]), (&json!(0), &json!("closed")));
    nobody.get("/v1/quota?account=other").await.expect_problem(400, "invalid_request");
}
