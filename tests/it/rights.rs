//! What a caller may do: scopes by operation, groups by call, and nothing learned about what is forbidden.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use joingate_sandbox::GroupSpec;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::support::{Answer, Client, DECIDE, READ, RawUpstream, Reply, TestApp};

const PAGE: &str = r#"{"data":[{"join_request_id":"cmVxdWVzdC0x","wa_id":"15550107001","creation_timestamp":"1700000000"}],"paging":{}}"#;
const JSON: (&str, &str) = ("content-type", "application/json");

/// Every operation on a group, with the scope it needs.
const OPERATIONS: [(&str, &str); 5] =
    [("list", READ), ("head", READ), ("approve", DECIDE), ("reject", DECIDE), ("dry run", DECIDE)];

async fn call(client: &Client, operation: &str, group: &str, more: &[(&str, &str)]) -> Answer {
    let list = format!("/v1/groups/{group}/join-requests");
    let (method, path, body) = match operation {
        "list" => (Method::GET, list, String::new()),
        "head" => (Method::HEAD, list, String::new()),
        "dry run" => {
            let body = json!({ "join_request_ids": ["cmVxdWVzdC0x"], "dry_run": true });
            (Method::POST, format!("{list}/approve"), body.to_string())
        }
        verb => {
            let body = json!({ "join_request_ids": ["cmVxdWVzdC0x"] });
            (Method::POST, format!("{list}/{verb}"), body.to_string())
        }
    };
    client.send(method, &path, &[&[JSON], more].concat(), body).await
}

/// All of an answer but what differs between any two: times, and the ids of the request.
fn comparable(answer: &Answer) -> (u16, BTreeMap<String, String>, Value) {
    let mut body = serde_json::from_str::<Value>(&answer.text).unwrap_or_default();
    if let Some(members) = body.as_object_mut() {
        for name in ["instance", "request_id", "decision_id"] {
            members.remove(name);
        }
    }
    let own = ["x-request-id", "traceparent", "date", "server-timing", "content-length", "ratelimit"];
    let headers = answer.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (answer.status, headers.collect(), body)
}

#[tokio::test]
async fn every_operation_needs_its_own_scope() {
    let app = TestApp::builder().set("LIMITS__CALLER_BURST", "1000").spawn().await;
    let (group, _) = app.group_with_requests(1);
    let both = format!("{DECIDE} {READ}");
    let near_misses = "join_requests join_requests:* join_requests:READ join_requests:read_all *";
    for scope in [READ, DECIDE, &both, near_misses] {
        let caller = app.caller("app", scope, Some("*"));
        for (operation, needed) in OPERATIONS {
            let answer = call(&caller, operation, &group, &[]).await;
            if scope.split(' ').any(|held| held == needed) {
                assert_ne!(answer.status, 403, "{operation} with {scope}: {answer:?}");
                continue;
            }
            assert_eq!(answer.status, 403, "{operation} with {scope}");
            assert_eq!(answer.header("x-error-code"), "forbidden_scope");
            let challenge = answer.header("www-authenticate");
            assert!(challenge.contains("insufficient_scope") && challenge.contains(needed), "{challenge}");
        }
        assert_eq!(caller.get("/v1/quota").await.status, 200, "the caller's own quota");
    }
}

#[tokio::test]
async fn a_group_is_named_whole_or_not_at_all() {
    let app = TestApp::builder().set("LIMITS__CALLER_BURST", "1000").spawn().await;
    let (group, _) = app.group_with_requests(1);
    let longer = format!("{group}0");
    let shorter = group.get(..group.len() - 1).unwrap();
    let swapped =
        group.chars().map(|letter| if letter.is_lowercase() { letter.to_ascii_uppercase() } else { letter });
    let swapped = swapped.collect::<String>();
    let both = format!("{READ} {DECIDE}");
    for (groups, may) in [
        (Some(group.as_str()), true),
        (Some("*"), true),
        (None, false),
        (Some(longer.as_str()), false),
        (Some(shorter), false),
    ] {
        let caller = app.caller("app", &both, groups);
        for (operation, _) in OPERATIONS {
            let answer = call(&caller, operation, &group, &[]).await;
            assert_eq!(
                answer.header("x-error-code") != "forbidden_group",
                may,
                "{operation}, {groups:?}: {answer:?}"
            );
        }
    }
    if swapped != group {
        let caller = app.caller("app", &both, Some(&swapped));
        assert_eq!(caller.list(&group).await.header("x-error-code"), "forbidden_group");
    }
}

#[tokio::test]
async fn a_forbidden_group_is_the_same_whether_or_not_it_exists() {
    let app = TestApp::builder().set("LIMITS__CALLER_BURST", "1000").spawn().await;
    let (existing, _) = app.group_with_requests(3);
    let (full, _) = app.group_with_requests(0);
    app.graph()
        .create_group(GroupSpec { id: Some("c3VzcGVuZGVk".to_owned()), ..GroupSpec::default() })
        .unwrap();
    // Somebody else has read it: there is a copy, an ETag and remembered decisions.
    let moderator = app.moderator();
    let tag = moderator.list(&existing).await.header("etag").to_owned();
    let calls = app.graph().calls().len();
    let both = format!("{READ} {DECIDE}");
    let caller = app.caller("app", &both, Some("b3RoZXI"));
    for (operation, _) in OPERATIONS {
        for more in [
            &[][..],
            &[("cache-control", "max-age=60")],
            &[("if-none-match", tag.as_str())],
            &[("idempotency-key", "a-key-of-its-own")],
            &[("prefer", "wait=1")],
        ] {
            let expected = comparable(&call(&caller, operation, "bm93aGVyZQ", more).await);
            assert_eq!(expected.0, 403);
            for group in [existing.as_str(), &full, "c3VzcGVuZGVk"] {
                let answer = call(&caller, operation, group, more).await;
                assert_eq!(comparable(&answer), expected, "{operation} {group} {more:?}");
                assert!(!answer.text.contains(group), "{}", answer.text);
            }
        }
    }
    assert_eq!(app.graph().calls().len(), calls, "Graph was asked");
}

#[tokio::test]
async fn who_may_not_waits_for_no_walk_and_stands_in_no_line() {
    let gate = Arc::new(Semaphore::new(0));
    let Reply::Bytes(page) = Reply::json(200, PAGE) else { panic!("a whole answer") };
    let gated = || Reply::Gated(Arc::clone(&gate), page.clone());
    let upstream = RawUpstream::answering([gated(), gated()]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let both = format!("{READ} {DECIDE}");
    let (group, forbidden) = ("Z3JvdXA", app.caller("app", &both, Some("b3RoZXI")));
    let moderator = app.moderator();
    let others = async {
        // A walk that is shared, and a decision that holds its group's line.
        let list = moderator.list(group);
        let decision = call(&moderator, "dry run", group, &[]);
        tokio::join!(list, decision)
    };
    let refused = async {
        upstream.has_received(1).await;
        for (operation, _) in OPERATIONS {
            let answer = call(&forbidden, operation, group, &[]);
            let answer = tokio::time::timeout(Duration::from_secs(10), answer).await.expect("it waited");
            assert_eq!(answer.header("x-error-code"), "forbidden_group", "{operation}");
        }
        gate.add_permits(2);
    };
    let ((list, decision), ()) = tokio::join!(others, refused);
    assert_eq!((list.status, decision.status), (200, 200), "{decision:?}");
}

#[tokio::test]
async fn a_refusal_leaves_no_record_of_its_key() {
    let app = TestApp::spawn().await;
    let (group, open) = app.group_with_requests(1);
    let both = format!("{READ} {DECIDE}");
    let body = json!({ "join_request_ids": open }).to_string();
    let path = format!("/v1/groups/{group}/join-requests/approve");
    let headers = [JSON, ("idempotency-key", "the-same-key")];
    let other = json!({ "join_request_ids": ["b3RoZXI"] }).to_string();
    let without = app.caller("app", &both, Some("b3RoZXI"));
    assert_eq!(without.send(Method::POST, &path, &headers, other).await.status, 403);
    let with = app.caller("app", &both, Some(&group));
    let answer = with.send(Method::POST, &path, &headers, body).await;
    assert_eq!((answer.status, answer.outcomes()), (200, vec!["approved".to_owned()]));
    assert_eq!(answer.header("idempotency-replayed"), "");
    // And what was recorded is not replayed to one that lost its rights.
    assert_eq!(
        without
            .send(Method::POST, &path, &headers, json!({ "join_request_ids": open }).to_string())
            .await
            .status,
        403
    );
}
