//! Several gateways on one Redis: what one has decided, the others know.

use joingate_sandbox::{
    AnswerFault, Control, Fault, GroupSpec, RequestSpec, RunningSandbox, Sandbox, SandboxOptions,
};
use serde_json::json;

use crate::support::process::{self, Process};
use crate::support::{Answer, Client, DECIDE, GRAPH_TOKEN, READ, RedisServer, TestApp, token};

const KEY: &str = "one-decision";

/// A group with requests of long ago, so that Graph's clock tells them from later ones.
fn group_of_old_requests(graph: &Control, requests: usize) -> (String, Vec<String>) {
    let group = graph.create_group(GroupSpec::default()).unwrap();
    let old = RequestSpec { created_at: Some(1_755_548_877), ..RequestSpec::default() };
    let ids = (0..requests).map(|_| graph.add_request(&group, old.clone()).unwrap()).collect();
    (group, ids)
}

async fn approve(client: &Client, group: &str, ids: &[String]) -> Answer {
    let path = format!("/v1/groups/{group}/join-requests/approve");
    let headers = [("content-type", "application/json"), ("idempotency-key", KEY)];
    client.send(reqwest::Method::POST, &path, &headers, json!({ "join_request_ids": ids }).to_string()).await
}

/// A gateway in front of the sandbox of another.
async fn replica(of: &TestApp, redis: &RedisServer) -> TestApp {
    TestApp::builder()
        .against(&of.sandbox.base_url())
        .set("STORE__REDIS_URL", redis.url())
        .set("GRAPH__ATTEMPT_TIMEOUT", "300ms")
        .spawn()
        .await
}

async fn two_replicas() -> (RedisServer, TestApp, TestApp) {
    let redis = RedisServer::start();
    let builder = TestApp::builder().set("STORE__REDIS_URL", redis.url());
    let first = builder.set("LIMITS__CALLER_BURST", "100000").spawn().await;
    let second = replica(&first, &redis).await;
    (redis, first, second)
}

#[tokio::test]
async fn a_repeat_at_another_replica_is_answered_from_the_record() {
    let (_redis, first, second) = two_replicas().await;
    let (group, open) = group_of_old_requests(first.graph(), 1);
    assert_eq!(approve(&first.moderator(), &group, &open).await.outcomes(), ["approved"]);
    let calls = first.graph().calls().len();
    let again = approve(&second.moderator(), &group, &open).await;
    assert_eq!((again.outcomes(), again.header("idempotency-replayed")), (vec!["approved".into()], "true"));
    assert_eq!(first.graph().calls().len(), calls);
    // Without the key it is known all the same.
    assert_eq!(second.moderator().approve(&group, &open).await.outcomes(), ["already_approved"]);
}

#[tokio::test]
async fn what_one_replica_left_in_doubt_another_looks_at_first() {
    let (_redis, first, second) = two_replicas().await;
    let (group, open) = group_of_old_requests(first.graph(), 1);
    first.graph().fail_next(99, Fault::answer(AnswerFault::Reset).never()).unwrap();
    assert_eq!(approve(&first.moderator(), &group, &open).await.outcomes(), ["unknown"]);
    first.graph().clear_faults();
    first.graph().clear_calls();
    assert_eq!(approve(&second.moderator(), &group, &open).await.outcomes(), ["approved"]);
    let methods = first.graph().calls().iter().map(|call| call.method.clone()).collect::<Vec<_>>();
    assert_eq!(methods, ["GET", "POST"]);
}

#[tokio::test]
async fn without_redis_no_keyed_decision_is_sent_and_others_are() {
    let (mut redis, first, _second) = two_replicas().await;
    let (group, open) = group_of_old_requests(first.graph(), 2);
    redis.kill();
    let problem =
        approve(&first.moderator(), &group, &open[..1]).await.expect_problem(503, "store_unavailable");
    assert_eq!(problem["executed"], "unknown", "an earlier call may have left a record");
    assert!(first.graph().calls().is_empty());
    assert_eq!(first.moderator().approve(&group, &open[1..]).await.outcomes(), ["approved"]);
    redis.start_again();
    let works_again = async {
        while approve(&first.moderator(), &group, &open[..1]).await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), works_again)
        .await
        .expect("the store comes back");
}

async fn start(sandbox: &RunningSandbox, redis: &RedisServer) -> (Process, Client) {
    let mut settings = process::serving(sandbox);
    process::set(&mut settings, "STORE__REDIS_URL", redis.url());
    process::set(&mut settings, "SERVER__REQUEST_DEADLINE", "5s");
    process::set(&mut settings, "LIMITS__CALLER_BURST", "100000");
    let gateway = Process::start(&["serve"], settings).await;
    let token = token("moderator", &format!("{READ} {DECIDE}"), Some("*"));
    let caller = gateway.caller(Some(token));
    (gateway, caller)
}

/// One gateway is killed while Graph has its call: the other may not send before the lease ends, and looks first then.
async fn a_crash(fault: Fault) -> (Answer, RunningSandbox) {
    let options = SandboxOptions { token: GRAPH_TOKEN.to_owned(), ..SandboxOptions::default() };
    let (sandbox, redis) = (Sandbox::start(options).await.unwrap(), RedisServer::start());
    let (group, open) = group_of_old_requests(sandbox.control(), 1);
    let (dying, its_caller) = start(&sandbox, &redis).await;
    let (_other, caller) = start(&sandbox, &redis).await;
    sandbox.control().fail_next(1, fault).unwrap();
    let path = format!("/v1/groups/{group}/join-requests/approve");
    let headers = [("content-type", "application/json"), ("idempotency-key", KEY)];
    let body = json!({ "join_request_ids": open }).to_string();
    let sent = async {
        while sandbox.control().calls().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = its_caller.send(reqwest::Method::POST, &path, &headers, body) => panic!("{answer:?}"),
        () = sent => (),
    }
    drop(dying);
    let problem = approve(&caller, &group, &open).await.expect_problem(409, "idempotency_in_progress");
    assert_eq!(problem["executed"], "unknown");
    let until_free = async {
        loop {
            let answer = approve(&caller, &group, &open).await;
            if answer.status != 409 {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    let answer = tokio::time::timeout(std::time::Duration::from_secs(20), until_free).await.unwrap();
    (answer, sandbox)
}

#[tokio::test]
async fn what_a_killed_replica_had_not_sent_through_is_sent_by_another_after_a_look() {
    let (answer, sandbox) = a_crash(Fault::answer(AnswerFault::Stall).never()).await;
    assert_eq!(answer.outcomes(), ["approved"]);
    let methods = sandbox.control().calls().iter().map(|call| call.method.clone()).collect::<Vec<_>>();
    assert_eq!(methods, ["POST", "GET", "POST"]);
    assert_eq!(sandbox.control().effects().len(), 1);
}

#[tokio::test]
async fn what_a_killed_replica_had_sent_through_is_not_sent_again() {
    let (answer, sandbox) = a_crash(Fault::answer(AnswerFault::Stall)).await;
    assert_eq!(
        (answer.outcomes(), &answer.json()["results"][0]["observed"]),
        (vec!["unknown".into()], &json!("not_open"))
    );
    assert!(sandbox.control().calls()[1..].iter().all(|call| call.method == "GET"));
    assert_eq!(sandbox.control().effects().len(), 1);
}
