//! Quotas over a rolling window.

use joingate_sandbox::{ControlError, GroupSpec, MAX_QUOTA_CALLS, Quota, Quotas, RequestSpec};
use serde_json::{Value, json};

use crate::support::{BEARER, Edge, GROUP, JSON, decision, edge_of};

fn app(quota: Quota) -> Quotas {
    Quotas { app: Some(quota), phone: None }
}

#[tokio::test]
async fn calls_over_the_quota_are_refused_and_counted_with_the_status_and_wait_that_were_set() {
    let edge = Edge::start().await;
    let quota =
        json!({"app": {"calls": 2, "window_s": 3600, "code": 80_007, "status": 429, "retry_after_s": 9}});
    assert_eq!(edge.send("PUT", "/_sandbox/quota", &[JSON], &quota.to_string()).await.status, 204);
    assert_eq!(edge.send("GET", &edge_of(GROUP), &[], "").await.status, 401, "it uses up nothing");
    assert_eq!((edge.list("").await.status, edge.list("").await.status), (200, 200));
    let refused = edge.list("").await;
    assert_eq!(refused.error(), (429, 80_007));
    assert_eq!(refused.header("retry-after"), Some("9"));
    let view = edge.send("GET", "/_sandbox/quota", &[], "").await.json();
    assert_eq!(view["app"], json!({"used": 2, "refused": 1}));
}

#[tokio::test]
async fn the_usage_headers_follow_the_use() {
    let edge = Edge::start().await;
    edge.control().set_quotas(app(Quota::new(3, 600, 80_007))).expect("in bounds");
    let mut seen = Vec::new();
    for _ in 0..4 {
        let reply = edge.list("").await;
        let header: Value =
            serde_json::from_str(reply.header("x-business-use-case-usage").expect("a header")).expect("JSON");
        let entry = header.as_object().and_then(|all| all.values().next()).expect("an account")[0].clone();
        seen.push((entry["call_count"].clone(), entry["estimated_time_to_regain_access"].clone()));
    }
    let expected = [(33, 0), (66, 0), (100, 10), (100, 10)];
    assert_eq!(seen, expected.map(|(percent, minutes)| (json!(percent), json!(minutes))));
    edge.control().set_quotas(app(Quota::new(4, 600, 4))).expect("in bounds");
    let reply = edge.list("").await;
    assert!(reply.header("x-app-usage").is_some_and(|usage| usage.contains("25")));
}

#[tokio::test]
async fn decisions_count_for_the_business_number_of_their_group_and_lists_do_not() {
    let edge = Edge::start().await;
    let quotas = Quotas { app: None, phone: Some(Quota::new(1, 600, 131_208)) };
    edge.control().set_quotas(quotas).expect("in bounds");
    let ids = edge.open(2);
    edge.list("").await;
    assert_eq!(edge.approve(&[&ids[0]]).await.status, 200);
    assert_eq!(edge.reject(&[&ids[1]]).await.error(), (429, 131_208));
    assert_eq!(edge.control().open_requests(GROUP), ids[1..], "a refused decision changes nothing");
    let spec = GroupSpec { owner_phone: Some("15550109998".to_owned()), ..GroupSpec::default() };
    let other = edge.group(spec);
    let id = edge.control().add_request(&other, RequestSpec::default()).expect("a group");
    let reply = edge.send("POST", &edge_of(&other), &[BEARER, JSON], &decision(&[&id])).await;
    assert_eq!(reply.status, 200, "another number has a quota of its own");
    assert_eq!(edge.control().quota().phones["15550109999"].refused, 1);
}

#[tokio::test]
async fn a_quota_out_of_bounds_is_refused() {
    let edge = Edge::start().await;
    for odd in [
        Quota::new(0, 1, 4),
        Quota::new(MAX_QUOTA_CALLS + 1, 1, 4),
        Quota::new(1, 0, 4),
        Quota { status: Some(200), ..Quota::new(1, 1, 4) },
    ] {
        assert_eq!(edge.control().set_quotas(app(odd)), Err(ControlError::InvalidValue), "{odd:?}");
    }
}
