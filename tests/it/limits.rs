//! Limits: what callers may use, what is sent to Graph, what is served at once.

use joingate_sandbox::Fault;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_caller_who_has_used_everything_is_told_when_to_come_back() {
    let app =
        TestApp::builder().set("LIMITS__CALLER", "60/h").set("LIMITS__CALLER_BURST", "17").spawn().await;
    let (group, _) = app.group_with_requests(0);
    let reader = app.reader();
    for left in (0..17).rev() {
        let answer = reader.list(&group).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-policy"), r#""caller";q=60;w=3600"#);
        assert!(answer.header("ratelimit").starts_with(&format!(r#""caller";r={left};t="#)), "{answer:?}");
    }
    let sent = app.graph().calls().len();
    let answer = reader.list(&group).await;
    answer.expect_problem(429, "quota_exceeded");
    let wait = answer.header("retry-after").parse::<u64>().unwrap();
    assert!((50..=60).contains(&wait), "one unit a minute: {wait}");
    assert!(answer.header("ratelimit").starts_with(r#""caller";r=0;t="#));
    assert_eq!(app.graph().calls().len(), sent);
    assert_eq!(app.metric(&["joingate_limited_total{", r#"limit="caller""#]).await, 1);

    assert_eq!(app.moderator().list(&group).await.status, 200, "another caller has units of its own");
}

#[tokio::test]
async fn a_caller_may_have_an_allowance_of_its_own() {
    let app = TestApp::builder()
        .set("LIMITS__CALLER", "60/h")
        .set("LIMITS__CALLER_BURST", "17")
        .set("LIMITS__CALLERS__0__ISSUER", "test")
        .set("LIMITS__CALLERS__0__SUB", "reader")
        .set("LIMITS__CALLERS__0__RATE", "10/s")
        .set("LIMITS__CALLERS__0__BURST", "500")
        .spawn()
        .await;
    let (group, _) = app.group_with_requests(0);
    let (special, usual) = (app.reader().list(&group).await, app.moderator().list(&group).await);
    assert_eq!(special.header("ratelimit-policy"), r#""caller";q=10;w=1"#);
    assert!(special.header("ratelimit").starts_with(r#""caller";r=499;"#), "{special:?}");
    assert_eq!(usual.header("ratelimit-policy"), r#""caller";q=60;w=3600"#);
    assert!(usual.header("ratelimit").starts_with(r#""caller";r=16;"#), "{usual:?}");
}

#[tokio::test]
async fn a_decision_costs_one_unit_more_for_every_started_64_ids() {
    let app =
        TestApp::builder().set("LIMITS__CALLER", "60/h").set("LIMITS__CALLER_BURST", "17").spawn().await;
    let (group, _) = app.group_with_requests(0);
    let ids = |count: usize| (0..count).map(|index| format!("cmVx{index:04}")).collect::<Vec<_>>();
    let moderator = app.moderator();
    for (count, left) in [(1, 15), (64, 13), (65, 10)] {
        let answer = moderator.reject(&group, &ids(count)).await;
        assert_eq!(answer.status, 207);
        assert!(
            answer.header("ratelimit").starts_with(&format!(r#""caller";r={left};t="#)),
            "{count}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_decision_that_the_callers_quota_does_not_cover_is_not_sent() {
    let app = TestApp::builder()
        .set("LIMITS__CALLER", "60/h")
        .set("LIMITS__CALLER_BURST", "17")
        .set("SERVER__MAX_IDS", "1024")
        .spawn()
        .await;
    let (group, _) = app.group_with_requests(0);
    let moderator = app.moderator();
    assert_eq!(moderator.list(&group).await.status, 200);
    app.graph().clear_calls();
    let ids = (0..1024).map(|index| format!("cmVx{index:04}")).collect::<Vec<_>>();
    let answer = moderator.reject(&group, &ids).await;
    let problem = answer.expect_problem(429, "quota_exceeded");
    assert_eq!(problem["executed"], "no");
    assert!(!answer.header("retry-after").is_empty());
    assert!(app.graph().calls().is_empty());
}

#[tokio::test]
async fn what_graph_may_be_sent_is_bounded_and_the_wait_too() {
    let app = TestApp::builder()
        .set("LIMITS__GRAPH", "60/h")
        .set("LIMITS__GRAPH_BURST", "2")
        .set("LIMITS__MAX_WAIT", "50ms")
        .spawn()
        .await;
    let (group, open) = app.group_with_requests(1);
    for _ in 0..2 {
        assert_eq!(app.reader().list(&group).await.status, 200);
    }
    let answer = app.reader().list(&group).await;
    answer.expect_problem(503, "overloaded");
    let wait = answer.header("retry-after").parse::<u64>().unwrap();
    assert!((50..=60).contains(&wait), "one call a minute: {wait}");
    let answer = app.moderator().approve(&group, &open).await;
    assert_eq!(answer.expect_problem(503, "overloaded")["executed"], "no");
    assert!(answer.header("ratelimit").starts_with(r#""caller";r=58;"#), "what was used is told: {answer:?}");
    assert_eq!(app.graph().calls().len(), 2);
}

#[tokio::test]
async fn calls_to_graph_at_the_same_time_are_bounded() {
    let app = TestApp::builder()
        .set("LIMITS__GRAPH_MAX_CONCURRENCY", "1")
        .set("LIMITS__MAX_WAIT", "10s")
        .spawn()
        .await;
    let groups = [0; 3].map(|requests| app.group_with_requests(requests).0);
    app.graph().fail_next(3, Fault::delay(100)).unwrap();
    let reader = app.reader();
    let started = std::time::Instant::now();
    let lists = groups.iter().map(|group| reader.list(group));
    let answers = futures_util::future::join_all(lists).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert!(started.elapsed().as_millis() >= 300, "one after the other");
    assert!(app.metric(&["joingate_limit_wait_seconds_count"]).await >= 3);
}

#[tokio::test]
async fn a_decision_that_waited_too_long_is_not_sent() {
    let app = TestApp::builder()
        .set("LIMITS__GRAPH_MAX_CONCURRENCY", "1")
        .set("SERVER__REQUEST_DEADLINE", "5s")
        .spawn()
        .await;
    let ((group, open), (other, waiting)) = (app.group_with_requests(1), app.group_with_requests(1));
    app.graph().fail_next(1, Fault::delay(1500)).unwrap();
    let (first, second) = (app.moderator(), app.moderator());
    let later = async {
        while app.graph().calls().is_empty() {
            tokio::task::yield_now().await;
        }
        second.approve(&other, &waiting).await
    };
    let (sent, waited) = futures_util::join!(first.approve(&group, &open), later);
    assert_eq!(sent.outcomes(), ["approved"]);
    let problem = waited.expect_problem(503, "deadline_exceeded");
    assert_eq!(problem["executed"], "no");
    assert_eq!(app.graph().calls().len(), 1);
}

#[tokio::test]
async fn a_throttled_decision_pauses_everything() {
    let app = TestApp::builder().set("LIMITS__MAX_WAIT", "0ms").spawn().await;
    let (group, open) = app.group_with_requests(2);
    app.graph().throttle(131_208, 1, None);
    let problem = app.moderator().approve(&group, &open).await.expect_problem(503, "upstream_rate_limited");
    assert_eq!(problem["executed"], "no");
    let sent = app.graph().calls().len();
    let answer = app.moderator().reject(&group, &open).await;
    answer.expect_problem(503, "upstream_rate_limited");
    let wait = answer.header("retry-after").parse::<u64>().unwrap();
    assert_eq!(wait, 1, "our own backoff, since Graph named no wait: {wait}");
    assert_eq!(app.graph().calls().len(), sent);
}

#[tokio::test]
async fn pauses_grow_when_graph_throttles_single_ids_in_a_row() {
    let app = TestApp::builder().set("LIMITS__MAX_WAIT", "10s").spawn().await;
    let (group, open) = app.group_with_requests(2);
    for id in &open {
        app.graph().fail_item(&group, id, 131_208).unwrap();
    }
    let moderator = app.moderator();
    // The second one waits for the first pause to end.
    for (id, wait) in open.iter().zip(["1", "2"]) {
        let answer = moderator.reject(&group, &[id]).await;
        assert_eq!((answer.outcomes(), answer.header("retry-after")), (vec!["failed".to_owned()], wait));
    }
}

#[tokio::test]
async fn more_requests_than_can_be_served_at_once_are_refused_at_once() {
    let app = TestApp::builder().set("SERVER__MAX_IN_FLIGHT", "1").spawn().await;
    let (group, _) = app.group_with_requests(0);
    app.graph().fail_next(1, Fault::delay(500)).unwrap();
    let (slow, quick) = (app.reader(), app.reader());
    let refused = async {
        while app.graph().calls().is_empty() {
            tokio::task::yield_now().await;
        }
        quick.list(&group).await
    };
    let (served, refused) = futures_util::join!(slow.list(&group), refused);
    assert_eq!(served.status, 200);
    refused.expect_problem(503, "overloaded");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(app.metric(&["joingate_limited_total{", r#"limit="in_flight""#]).await, 1);
}

#[tokio::test]
async fn a_body_that_names_no_id_costs_only_the_request() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(0);
    let answer = app.moderator().decide("approve", &group, &json!({ "join_request_ids": [] })).await;
    answer.expect_problem(400, "invalid_request");
    assert!(answer.header("ratelimit").starts_with(r#""caller";r=59;t="#), "{answer:?}");
}
