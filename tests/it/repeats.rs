//! Repeating a decision: with the same Idempotency-Key, and without one.

use joingate_sandbox::{AnswerFault, Effect, Fault, GroupSpec, RequestSpec};
use serde_json::{Value, json};

use crate::support::{Answer, Client, DECIDE, TestApp};

async fn decide(client: &Client, verb: &str, group: &str, ids: &[String], key: &str) -> Answer {
    let path = format!("/v1/groups/{group}/join-requests/{verb}");
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    client.send(reqwest::Method::POST, &path, &headers, json!({ "join_request_ids": ids }).to_string()).await
}

fn old_requests(app: &TestApp, requests: usize) -> (String, Vec<String>) {
    let group = app.graph().create_group(GroupSpec::default()).unwrap();
    let old = RequestSpec { created_at: Some(1_755_548_877), ..RequestSpec::default() };
    let add = |_| app.graph().add_request(&group, old.clone()).unwrap();
    let ids = (0..requests).map(add).collect();
    (group, ids)
}

fn results(answer: &Answer) -> Value {
    answer.json()["results"].clone()
}

#[tokio::test]
async fn a_repeat_is_answered_from_the_record() {
    let app = TestApp::spawn().await;
    let (group, open) = old_requests(&app, 2);
    app.graph().fail_item(&group, &open[1], 131_203).unwrap();
    let ids = [&open[..], &["bm9ib2R5".to_owned()]].concat();
    let moderator = app.moderator();
    let first = decide(&moderator, "approve", &group, &ids, "k1").await;
    assert_eq!(
        (first.outcomes(), first.header("idempotency-replayed")),
        (vec!["approved".into(), "failed".into(), "gone".into()], "")
    );
    let calls = app.graph().calls().len();
    let again = decide(&moderator, "approve", &group, &ids, "\"k1\"").await;
    assert_eq!((again.status, results(&again)), (first.status, results(&first)));
    assert_eq!((again.header("idempotency-replayed"), app.graph().calls().len()), ("true", calls));
    assert_eq!(app.metric(&["joingate_idempotency_total{", "resumed"]).await, 1);
}

#[tokio::test]
async fn what_an_earlier_call_has_settled_costs_no_ids() {
    let app = TestApp::builder().set("LIMITS__CALLER", "60/h").spawn().await;
    let (group, open) = old_requests(&app, 70);
    let moderator = app.moderator();
    let reject = async |key: &str, ids: &[String]| {
        let answer = decide(&moderator, "reject", &group, ids, key).await;
        let (_, left) = answer.header("ratelimit").split_once("r=").unwrap();
        (answer.status, left.split(';').next().unwrap().parse::<u32>().unwrap())
    };
    // One for the request and one for every started 64 ids, of which there are two.
    app.graph().fail_item(&group, &open[0], 2).unwrap();
    assert_eq!(reject("k1", &open).await, (207, 60 - 3));
    assert_eq!(reject("k1", &open).await, (207, 57 - 2), "one id is in doubt");
    assert_eq!(reject("k2", &open[1..]).await, (200, 55 - 3), "already rejected, without the key");
    assert_eq!(reject("k2", &open[1..]).await, (200, 52 - 1));
}

#[tokio::test]
async fn a_key_belongs_to_one_decision_of_one_caller() {
    let app = TestApp::spawn().await;
    let (group, open) = old_requests(&app, 3);
    let moderator = app.moderator();
    assert_eq!(decide(&moderator, "approve", &group, &open[..1], "k").await.status, 200);
    for ids in [&open[..2], &open[1..2]] {
        let answer = decide(&moderator, "approve", &group, ids, "k").await;
        let problem = answer.expect_problem(422, "idempotency_key_reused");
        assert_eq!(problem["executed"], "no");
    }
    // Another verb is another path, and another caller has keys of its own.
    assert_eq!(decide(&moderator, "reject", &group, &open[1..2], "k").await.outcomes(), ["rejected"]);
    let other = app.caller("other", DECIDE, Some("*"));
    assert_eq!(decide(&other, "approve", &group, &open[2..], "k").await.outcomes(), ["approved"]);
}

#[tokio::test]
async fn what_is_in_doubt_is_looked_at_before_anything_is_sent_again() {
    let app = TestApp::builder().set("GRAPH__ATTEMPT_TIMEOUT", "300ms").spawn().await;
    let (group, open) = old_requests(&app, 2);
    let moderator = app.moderator();
    // Nothing gets through: neither the decision nor the look after it.
    app.graph().fail_next(99, Fault::answer(AnswerFault::Reset).never()).unwrap();
    let first = decide(&moderator, "approve", &group, &open[..1], "lost").await;
    assert_eq!(results(&first)[0]["observed"], "look_failed");
    app.graph().clear_faults();
    app.graph().clear_calls();
    let again = decide(&moderator, "approve", &group, &open[..1], "lost").await;
    let methods = app.graph().calls().iter().map(|call| call.method.clone()).collect::<Vec<_>>();
    assert_eq!(
        (again.outcomes(), methods),
        (vec!["approved".into()], vec!["GET".to_owned(), "POST".to_owned()])
    );

    // The decision got through, its answer did not.
    app.graph().fail_next(1, Fault::answer(AnswerFault::Reset)).unwrap();
    app.graph().fail_next(9, Fault::html(502)).unwrap();
    let first = decide(&moderator, "approve", &group, &open[1..], "done").await;
    assert_eq!(results(&first)[0]["observed"], "look_failed");
    app.graph().clear_faults();
    app.graph().clear_calls();
    let again = decide(&moderator, "approve", &group, &open[1..], "done").await;
    assert_eq!(
        (again.outcomes(), results(&again)[0]["observed"].clone()),
        (vec!["unknown".into()], json!("not_open"))
    );
    assert!(app.graph().calls().iter().all(|call| call.method == "GET"));
}

#[tokio::test]
async fn a_repeat_takes_up_what_was_not_sent() {
    let builder = TestApp::builder().set("GRAPH__IDS_PER_CALL", "1").set("LIMITS__MAX_WAIT", "0s");
    // Asked again until the quota is there again.
    let app = builder.set("LIMITS__CALLER_BURST", "100000").spawn().await;
    let (group, open) = old_requests(&app, 2);
    let moderator = app.moderator();
    // The first id is approved, then the quota is used up for a second.
    app.graph().fail_next(1, Fault::delay(1)).unwrap();
    app.graph().fail_next(1, Fault::graph_error(400, 80_007).never()).unwrap();
    let first = decide(&moderator, "approve", &group, &open, "k").await;
    assert_eq!(first.outcomes(), ["approved", "not_sent"]);
    let again = async {
        loop {
            let again = decide(&moderator, "approve", &group, &open, "k").await;
            if again.outcomes() != ["approved", "not_sent"] {
                return again;
            }
            tokio::task::yield_now().await;
        }
    };
    let again = tokio::time::timeout(std::time::Duration::from_secs(10), again).await.unwrap();
    assert_eq!((again.status, again.outcomes()), (200, vec!["approved".into(), "approved".into()]));
    assert_eq!(app.graph().effects().len(), 2);
}

#[tokio::test]
async fn a_problem_leaves_no_record() {
    let app = TestApp::spawn().await;
    let (group, open) = old_requests(&app, 1);
    let moderator = app.moderator();
    app.graph().set_suspended(&group, true).unwrap();
    let problem =
        decide(&moderator, "approve", &group, &open, "k").await.expect_problem(409, "group_suspended");
    assert_eq!(problem["executed"], "no");
    app.graph().set_suspended(&group, false).unwrap();
    // Even another decision may have the key now.
    assert_eq!(decide(&moderator, "approve", &group, &open, "k").await.outcomes(), ["approved"]);
    assert_eq!(app.metric(&["joingate_idempotency_total{", "new"]).await, 2);
}

#[tokio::test]
async fn a_call_with_the_same_key_waits_outside_while_the_first_runs() {
    let app = TestApp::spawn().await;
    let (group, open) = old_requests(&app, 1);
    app.graph().fail_next(1, Fault::delay(500)).unwrap();
    let moderator = app.moderator();
    let later = async {
        while app.graph().calls().is_empty() {
            tokio::task::yield_now().await;
        }
        decide(&moderator, "approve", &group, &open, "k").await
    };
    let first = decide(&moderator, "approve", &group, &open, "k");
    let (first, second) = futures_util::join!(first, later);
    assert_eq!(first.outcomes(), ["approved"]);
    let problem = second.expect_problem(409, "idempotency_in_progress");
    assert_eq!(problem["executed"], "unknown");
    assert!((1..=20).contains(&second.header("retry-after").parse::<u64>().unwrap()), "{second:?}");
}

#[tokio::test]
async fn keys_can_be_demanded() {
    let app = TestApp::builder().set("IDEMPOTENCY__REQUIRE_KEY", "true").spawn().await;
    let (group, open) = old_requests(&app, 1);
    let moderator = app.moderator();
    let problem = moderator.approve(&group, &open).await.expect_problem(400, "idempotency_key_required");
    assert_eq!(problem["executed"], "no");
    let try_out = json!({ "join_request_ids": open, "dry_run": true });
    assert_eq!(moderator.decide("approve", &group, &try_out).await.status, 200);
    assert_eq!(decide(&moderator, "approve", &group, &open, "k").await.status, 200);
}

#[tokio::test]
async fn a_repeat_without_a_key_is_told_that_it_was_done_already() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(0);
    let person = RequestSpec { wa_id: Some("15550100042".to_owned()), ..RequestSpec::default() };
    let id = app.graph().add_request(&group, person.clone()).unwrap();
    let (moderator, ids) = (app.moderator(), [id]);
    assert_eq!(moderator.reject(&group, &ids).await.outcomes(), ["rejected"]);
    let again = moderator.reject(&group, &ids).await;
    assert_eq!((again.status, again.outcomes()), (200, vec!["already_rejected".to_owned()]));
    assert!(results(&again)[0]["decided_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(again.json()["summary"]["already"], 1);
    // The other verb was not done.
    assert_eq!(moderator.approve(&group, &ids).await.outcomes(), ["gone"]);
    let try_out = json!({ "join_request_ids": ids, "dry_run": true });
    let tried = moderator.decide("reject", &group, &try_out).await;
    assert_eq!((tried.status, tried.outcomes()), (200, vec!["already_rejected".to_owned()]));

    // Seen open again, it is a new request, and what was done to the old one says nothing.
    app.graph().add_request(&group, person).unwrap();
    assert_eq!(app.reader().list(&group).await.status, 200);
    app.graph().withdraw(&group, &ids[0]).unwrap();
    assert_eq!(moderator.reject(&group, &ids).await.outcomes(), ["gone"]);
}

#[tokio::test]
async fn the_audit_log_has_every_answer() {
    let app = TestApp::spawn().await;
    let (group, open) = old_requests(&app, 1);
    let moderator = app.moderator();
    app.graph().fail_next(1, Fault::answer(AnswerFault::Close).with_effect(Effect::Now)).unwrap();
    let first = decide(&moderator, "approve", &group, &open, "k").await;
    let again = decide(&moderator, "approve", &group, &open, "k").await;
    let events = app.audit_events(4).await;
    let told = events.iter().map(|event| (event["event"].as_str().unwrap(), event["outcome"].as_str()));
    let expected = [("intended", None), ("decided", Some("unknown"))];
    assert_eq!(told.collect::<Vec<_>>(), [expected, expected].concat());
    assert_eq!(events[1]["decision_id"], first.json()["decision_id"]);
    assert_eq!(events[3]["decision_id"], again.json()["decision_id"]);
}
