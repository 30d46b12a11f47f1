//! Quotas: how they are announced and how they bite.

use serde_json::{Value, json};

use crate::support::{Edge, GROUP, Reply, edge_of};

fn usage(reply: &Reply, header: &str) -> Value {
    serde_json::from_str(reply.header(header).unwrap_or_else(|| panic!("no {header}"))).expect("JSON")
}

#[tokio::test]
async fn usage_is_reported_as_set() {
    let edge = Edge::start().await;
    edge.control().set_usage(Some(28), Some(84), Some(7));
    let reply = edge.list("").await;
    assert_eq!(
        usage(&reply, "x-app-usage"),
        json!({"call_count": 28, "total_time": 14, "total_cputime": 14})
    );
    let business = usage(&reply, "x-business-use-case-usage");
    let entries = business.as_object().and_then(|ids| ids.values().next()).expect("one account");
    assert_eq!(entries[0]["call_count"], 84);
    assert_eq!(entries[0]["estimated_time_to_regain_access"], 7);
    assert_eq!(entries[1]["type"], "whatsapp", "one account has entries of two types");
}

#[tokio::test]
async fn each_usage_header_can_be_left_out() {
    let edge = Edge::start().await;
    edge.control().set_usage(None, Some(10), None);
    let reply = edge.list("").await;
    assert_eq!(reply.header("x-app-usage"), None);
    assert!(reply.header("x-business-use-case-usage").is_some());
}

#[tokio::test]
async fn refusals_report_usage_as_well() {
    let edge = Edge::start().await;
    edge.control().set_usage(Some(28), None, None);
    assert!(edge.list("?limit=0").await.header("x-app-usage").is_some());
}

#[tokio::test]
async fn a_throttle_refuses_as_many_calls_as_ordered_with_the_status_of_its_code() {
    let edge = Edge::start().await;
    let ids = edge.open(1);
    for (code, status) in [(4, 400), (80_007, 400), (130_429, 400), (131_208, 429)] {
        edge.control().throttle(code, 2, None);
        let reply = edge.approve(&[&ids[0]]).await;
        assert_eq!(reply.error(), (status, code));
        assert_eq!(reply.json()["error"]["is_transient"], true);
        assert_eq!(edge.list("").await.error(), (status, code));
        assert_eq!(edge.list("").await.ids(), ids, "the refused approval changed nothing");
    }
}

#[tokio::test]
async fn a_throttled_answer_shows_the_quota_used_up_and_the_minutes_to_wait() {
    let edge = Edge::start().await;
    edge.control().throttle(4, 1, None);
    let reply = edge.list("").await;
    assert_eq!(usage(&reply, "x-app-usage")["call_count"], 100);
    assert_eq!(reply.header("x-business-use-case-usage"), None);
    edge.control().throttle(80_007, 1, Some(3));
    let business = usage(&edge.list("").await, "x-business-use-case-usage").to_string();
    assert!(business.contains(r#""call_count":100"#), "{business}");
    assert!(business.contains(r#""estimated_time_to_regain_access":3"#), "{business}");
}

#[tokio::test]
async fn a_caller_without_a_token_uses_up_no_throttle() {
    let edge = Edge::start().await;
    edge.control().throttle(4, 1, None);
    assert_eq!(edge.send("GET", &edge_of(GROUP), &[], "").await.error(), (401, 104));
    assert_eq!(edge.list("").await.error(), (400, 4));
}

#[tokio::test]
async fn a_throttle_can_be_lifted() {
    let edge = Edge::start().await;
    edge.control().throttle(4, 9, None);
    edge.control().throttle(4, 0, None);
    assert_eq!(edge.list("").await.status, 200);
    edge.control().throttle(4, 9, None);
    edge.control().clear_faults();
    assert_eq!(edge.list("").await.status, 200);
}
