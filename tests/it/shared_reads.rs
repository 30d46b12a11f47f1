//! Lists that callers share, and copies for those who accept one.

use std::sync::Arc;

use joingate_sandbox::{AnswerFault, Fault, FaultOrder, RequestSpec, SandboxOptions, Verb};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::{Answer, Client, READ, RawUpstream, RedisServer, Reply, TestApp};

const GROUP: &str = "Z3JvdXA";

fn page(ids: &[&str]) -> Vec<u8> {
    let data = ids.iter().map(|id| json!({ "join_request_id": id })).collect::<Vec<_>>();
    let body = json!({ "data": data, "paging": { "cursors": {} } }).to_string();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn list_with(client: &Client, group: &str, headers: &[(&str, &str)]) -> Answer {
    client.send(Method::GET, &format!("/v1/groups/{group}/join-requests"), headers, "").await
}

async fn list_accepting(client: &Client, group: &str, seconds: u32) -> Answer {
    list_with(client, group, &[("cache-control", &format!("max-age={seconds}"))]).await
}

/// So many lists, under way until they are dropped.
fn asking(client: &Client, times: usize) -> JoinSet<Answer> {
    asking_with(client, times, &[])
}

fn asking_with(client: &Client, times: usize, headers: &'static [(&str, &str)]) -> JoinSet<Answer> {
    let ask = |_| {
        let client = client.clone();
        async move { list_with(&client, GROUP, headers).await }
    };
    (0..times).map(ask).collect()
}

async fn answered(mut asking: JoinSet<Answer>) -> Answer {
    asking.join_next().await.unwrap().unwrap()
}

fn ids(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let requests = body["join_requests"].as_array().unwrap_or_else(|| panic!("no list: {}", answer.text));
    requests.iter().map(|request| request["id"].as_str().unwrap().to_owned()).collect()
}

fn is_copy(answer: &Answer) -> bool {
    answer.headers.contains_key("age")
}

fn calls(app: &TestApp) -> usize {
    app.graph().calls().len()
}

/// Waits until the gateway serves so many requests at once.
async fn serves_at_once(app: &TestApp, requests: u64) {
    while app.metric(&["joingate_http_requests_in_flight"]).await < requests {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_list_is_shared_by_those_who_asked_before_its_walk_began() {
    let gate = Arc::new(Semaphore::new(0));
    let answers = [&["YQ=="][..], &["YQ==", "Yg=="], &["YQ==", "Yg=="]];
    let replies = answers.map(|ids| Reply::Gated(Arc::clone(&gate), page(ids)));
    let upstream = RawUpstream::answering(replies).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let reader = app.reader();
    let first = asking(&reader, 1);
    upstream.has_received(1).await;
    let others = asking(&reader, 20);
    serves_at_once(&app, 21).await;
    gate.add_permits(3);
    let (first, others) = (answered(first).await, others.join_all().await);
    assert_eq!(ids(&first), ["YQ=="]);
    assert!(others.iter().all(|answer| ids(answer) == ["YQ==", "Yg=="]), "none is of before the question");
    // One more where the last of them was admitted and had not asked yet.
    let walks = upstream.requests().len();
    assert!(walks <= 3, "{walks} walks");
    let [walked, joined] =
        ["walked", "joined"].map(|result| format!("joingate_shared_reads_total{{result=\"{result}\"}}"));
    assert_eq!(app.metric(&[&walked]).await, walks as u64);
    assert_eq!(app.metric(&[&joined]).await, 21 - walks as u64);
    let sent = others
        .iter()
        .chain([&first])
        .map(|answer| answer.header("x-upstream-attempts").parse::<usize>().unwrap());
    assert_eq!(sent.sum::<usize>(), walks, "each call counts once");
}

#[tokio::test]
async fn a_failure_is_shared_like_a_list() {
    let gate = Arc::new(Semaphore::new(0));
    let body = r#"{"error":{"code":10,"message":"no permission"}}"#;
    let refusal = format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let refuse = || Reply::Gated(Arc::clone(&gate), refusal.clone().into_bytes());
    let upstream =
        RawUpstream::answering([Reply::Gated(Arc::clone(&gate), page(&[])), refuse(), refuse()]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let reader = app.reader();
    let first = asking(&reader, 1);
    upstream.has_received(1).await;
    let others = asking(&reader, 3);
    serves_at_once(&app, 4).await;
    gate.add_permits(3);
    let (first, others) = (answered(first).await, others.join_all().await);
    assert_eq!(first.status, 200);
    for answer in others {
        answer.expect_problem(502, "upstream_forbidden");
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_the_walk_to_the_others() {
    let gate = Arc::new(Semaphore::new(0));
    let upstream =
        RawUpstream::answering([Reply::Stall, Reply::Gated(Arc::clone(&gate), page(&["YQ=="]))]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let (one, other) = (app.reader(), app.reader());
    let leaving = asking(&one, 1);
    upstream.has_received(1).await;
    let (staying, leaving_too) = (asking(&other, 1), asking(&one, 1));
    serves_at_once(&app, 3).await;
    // Nobody waits for the first walk any more; the second begins although the first would never end.
    drop((leaving, leaving_too));
    upstream.has_received(2).await;
    gate.add_permits(1);
    assert_eq!(ids(&answered(staying).await), ["YQ=="]);
}

#[tokio::test]
async fn a_caller_waits_for_no_longer_than_it_said() {
    let upstream = RawUpstream::answering([Reply::Stall, Reply::Stall]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let reader = app.reader();
    let _running = asking(&reader, 1);
    upstream.has_received(1).await;
    let queued = list_with(&reader, GROUP, &[("prefer", "wait=1")]).await;
    queued.expect_problem(503, "deadline_exceeded");
    let timing = queued.header("server-timing");
    assert!(timing.starts_with("queue;dur=1"), "it waited in our queue: {timing}");
}

#[tokio::test]
async fn a_copy_is_given_to_those_who_accept_one() {
    let app = TestApp::spawn().await;
    let (group, open) = app.group_with_requests(2);
    let reader = app.reader();
    let first = list_accepting(&reader, &group, 5).await;
    assert_eq!((ids(&first), is_copy(&first)), (open.clone(), false));
    assert_eq!(calls(&app), 1);
    let copy = list_accepting(&app.moderator(), &group, 5).await;
    assert_eq!((copy.header("age"), copy.header("cache-control")), ("0", "private, no-cache"));
    assert_eq!((copy.json(), copy.header("etag")), (first.json(), first.header("etag")));
    assert_eq!((calls(&app), copy.header("x-upstream-attempts")), (1, "0"));
    assert_eq!(app.metric(&["joingate_shared_reads_total{", "copied"]).await, 1);
    for headers in [&[][..], &[("cache-control", "no-cache")], &[("cache-control", "max-age=0")]] {
        let before = calls(&app);
        assert!(!is_copy(&list_with(&reader, &group, headers).await));
        assert_eq!(calls(&app), before + 1, "{headers:?}");
    }
}

#[tokio::test]
async fn who_accepts_a_copy_takes_the_list_that_is_just_being_read() {
    let gate = Arc::new(Semaphore::new(0));
    let upstream = RawUpstream::answering([Reply::Gated(Arc::clone(&gate), page(&["YQ=="]))]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let reader = app.reader();
    let first = asking(&reader, 1);
    upstream.has_received(1).await;
    let second = asking_with(&reader, 1, &[("cache-control", "max-age=60")]);
    serves_at_once(&app, 2).await;
    gate.add_permits(1);
    let (first, second) = (answered(first).await, answered(second).await);
    assert_eq!((ids(&first), is_copy(&first)), (vec!["YQ==".to_owned()], false));
    assert_eq!((ids(&second), is_copy(&second)), (vec!["YQ==".to_owned()], true));
}

#[tokio::test]
async fn no_copy_is_older_than_the_last_decision() {
    let app = TestApp::spawn().await;
    let (group, open) = app.group_with_requests(3);
    let moderator = app.moderator();
    list_accepting(&moderator, &group, 10).await;
    assert_eq!(moderator.approve(&group, &open[..1]).await.status, 200);
    let after = list_accepting(&moderator, &group, 10).await;
    assert_eq!((ids(&after), is_copy(&after)), (open[1..].to_vec(), false));
    // Whatever came of it: a decision in doubt may have been executed.
    app.graph().fail_next(99, Fault::answer(AnswerFault::Reset)).unwrap();
    assert_eq!(moderator.reject(&group, &open[1..2]).await.outcomes(), ["unknown"]);
    app.graph().clear_faults();
    let after = list_accepting(&moderator, &group, 10).await;
    assert_eq!((ids(&after), is_copy(&after)), (open[2..].to_vec(), false));
    assert!(is_copy(&list_accepting(&moderator, &group, 10).await));
}

#[tokio::test]
async fn a_list_read_while_a_decision_is_made_is_no_copy_after_it() {
    let gate = Arc::new(Semaphore::new(0));
    let done = r#"{"messaging_product":"whatsapp","approved_join_requests":["YQ=="]}"#;
    let replies =
        [Reply::Gated(Arc::clone(&gate), page(&["YQ=="])), Reply::json(200, done), Reply::Bytes(page(&[]))];
    let upstream = RawUpstream::answering(replies).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let moderator = app.moderator();
    let reading = asking(&moderator, 1);
    upstream.has_received(1).await;
    assert_eq!(moderator.approve(GROUP, &["YQ=="]).await.outcomes(), ["approved"]);
    gate.add_permits(1);
    assert_eq!(ids(&answered(reading).await), ["YQ=="]);
    assert_eq!(ids(&list_accepting(&moderator, GROUP, 10).await), [""; 0]);
}

#[tokio::test]
async fn while_a_decision_is_made_no_copy_is_of_before_it_or_outlives_it() {
    let gate = Arc::new(Semaphore::new(0));
    let done = r#"{"messaging_product":"whatsapp","approved_join_requests":["YQ=="]}"#;
    let done = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{done}", done.len()).into_bytes();
    let replies = [
        Reply::Bytes(page(&["YQ=="])),
        Reply::Gated(Arc::clone(&gate), done),
        Reply::Bytes(page(&["YQ=="])),
        Reply::Bytes(page(&[])),
    ];
    let upstream = RawUpstream::answering(replies).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let moderator = app.moderator();
    assert!(!is_copy(&list_accepting(&moderator, GROUP, 10).await));
    let decider = moderator.clone();
    let deciding =
        [async move { decider.approve(GROUP, &["YQ=="]).await }].into_iter().collect::<JoinSet<_>>();
    upstream.has_received(2).await;
    // It may have been executed by now, or not yet.
    let meanwhile = list_accepting(&moderator, GROUP, 10).await;
    assert_eq!((ids(&meanwhile), is_copy(&meanwhile)), (vec!["YQ==".to_owned()], false));
    gate.add_permits(1);
    assert_eq!(answered(deciding).await.outcomes(), ["approved"]);
    let after = list_accepting(&moderator, GROUP, 10).await;
    assert_eq!((ids(&after), is_copy(&after)), (vec![], false));
}

#[tokio::test]
async fn a_decision_that_a_full_redis_does_not_learn_of_ends_the_copies_of_its_process() {
    let redis = RedisServer::start();
    let app = TestApp::builder().set("STORE__REDIS_URL", redis.url()).spawn().await;
    let (group, open) = app.group_with_requests(2);
    list_accepting(&app.reader(), &group, 10).await;
    assert!(is_copy(&list_accepting(&app.reader(), &group, 10).await));
    let _set: String = redis.tell(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(app.moderator().approve(&group, &open[..1]).await.outcomes(), ["approved"]);
    let after = list_accepting(&app.reader(), &group, 10).await;
    assert_eq!((ids(&after), is_copy(&after)), (open[1..].to_vec(), false));
}

#[tokio::test]
async fn replicas_know_of_each_others_decisions_and_without_redis_there_is_no_copy() {
    let mut redis = RedisServer::start();
    // Without Redis each keeps half of its limits; this is about copies.
    let one = TestApp::builder()
        .set("STORE__REDIS_URL", redis.url())
        .set("LIMITS__CALLER", "100000/s")
        .set("LIMITS__CALLER_BURST", "100000")
        .set("LIMITS__GRAPH", "100000/s")
        .set("LIMITS__GRAPH_BURST", "100000")
        .spawn()
        .await;
    let other = TestApp::builder()
        .against(&one.sandbox.base_url())
        .set("STORE__REDIS_URL", redis.url())
        .spawn()
        .await;
    let (group, open) = one.group_with_requests(3);
    let first = list_accepting(&one.reader(), &group, 10).await;
    assert!(is_copy(&list_accepting(&one.reader(), &group, 10).await));
    assert_eq!(other.moderator().approve(&group, &open[..1]).await.status, 200);
    let after = list_accepting(&one.reader(), &group, 10).await;
    assert_eq!((ids(&after), is_copy(&after)), (open[1..].to_vec(), false));
    assert!(is_copy(&list_accepting(&one.reader(), &group, 10).await));
    let elsewhere = list_accepting(&other.reader(), &group, 10).await;
    assert!(!is_copy(&elsewhere), "copies are the process's own");
    assert_eq!(elsewhere.header("etag"), after.header("etag"), "and their names are everybody's");
    assert_ne!(first.header("etag"), after.header("etag"));

    redis.kill();
    assert!(!is_copy(&list_accepting(&one.reader(), &group, 10).await));
    // This decision the store does not learn of; the process itself does.
    assert_eq!(one.moderator().approve(&group, &open[1..2]).await.outcomes(), ["approved"]);
    redis.start_again();
    let copied = async {
        loop {
            let answer = list_accepting(&one.reader(), &group, 10).await;
            assert_eq!(ids(&answer), open[2..]);
            if is_copy(&answer) {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), copied).await.expect("copies come back");
}

#[tokio::test]
async fn what_is_not_a_whole_list_is_never_a_copy() {
    let options = SandboxOptions { page_size: 2, ..SandboxOptions::default() };
    let app = TestApp::builder().sandbox(options).set("GRAPH__MAX_PAGES", "1").spawn().await;
    let reader = app.reader();
    let (group, _) = app.group_with_requests(3);
    let cut = list_accepting(&reader, &group, 10).await;
    assert!(!is_copy(&list_accepting(&reader, &group, 10).await));
    let token = cut.json()["next_page_token"].as_str().unwrap().to_owned();
    let path = format!("/v1/groups/{group}/join-requests?page_token={token}");
    for _ in 0..2 {
        let before = calls(&app);
        let rest = reader.send(Method::GET, &path, &[("cache-control", "max-age=10")], "").await;
        assert_eq!((ids(&rest).len(), is_copy(&rest), calls(&app)), (1, false, before + 1));
    }
    let (group, _) = app.group_with_requests(1);
    app.graph().fail_next(1, Fault::graph_error(403, 10)).unwrap();
    list_accepting(&reader, &group, 10).await.expect_problem(502, "upstream_forbidden");
    assert!(!is_copy(&list_accepting(&reader, &group, 10).await));
    assert!(is_copy(&list_accepting(&reader, &group, 10).await));
}

#[tokio::test]
async fn without_an_age_for_copies_there_are_none() {
    let app = TestApp::builder().set("READS__MAX_COPY_AGE", "0s").spawn().await;
    let (group, _) = app.group_with_requests(1);
    for expected in 1..=2 {
        assert!(!is_copy(&list_accepting(&app.reader(), &group, 10).await));
        assert_eq!(calls(&app), expected);
    }
}

#[tokio::test]
async fn rights_are_checked_before_anything_is_shared() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(1);
    list_accepting(&app.reader(), &group, 10).await;
    let stranger = app.caller("stranger", READ, Some("b3RoZXI"));
    list_accepting(&stranger, &group, 10).await.expect_problem(403, "forbidden_group");
    assert_eq!(app.metric(&["joingate_shared_reads_total{", "copied"]).await, 0);
}

#[tokio::test]
async fn a_tag_names_the_requests_and_spares_sending_them_again() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(2);
    let reader = app.reader();
    let first = reader.list(&group).await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\"") && tag.ends_with('"'), "{tag}");
    let strong = tag.trim_start_matches("W/").to_owned();
    let several = format!("\"other\", {tag}");
    for known in [&tag, &strong, &several, "*"] {
        let answer = list_with(&reader, &group, &[("if-none-match", known)]).await;
        assert_eq!(
            (answer.status, answer.text.as_str(), answer.header("etag")),
            (304, "", tag.as_str()),
            "{known}"
        );
        assert_eq!(answer.header("cache-control"), "private, no-cache");
        assert!(!answer.headers.contains_key("content-type"));
    }
    for unknown in ["\"other\"", "W/\"\"", "nonsense", ""] {
        assert_eq!(list_with(&reader, &group, &[("if-none-match", unknown)]).await.status, 200, "{unknown}");
    }
    let head = reader.send(Method::HEAD, &format!("/v1/groups/{group}/join-requests"), &[], "").await;
    assert_eq!((head.status, head.header("etag"), head.text.as_str()), (200, tag.as_str(), ""));
    app.graph().add_request(&group, RequestSpec::default()).unwrap();
    let changed = list_with(&reader, &group, &[("if-none-match", &tag)]).await;
    assert_eq!((changed.status, changed.json()["join_requests"].as_array().map(Vec::len)), (200, Some(3)));
    assert_ne!(changed.header("etag"), tag);
    let headers = [("if-none-match", changed.header("etag")), ("cache-control", "max-age=9")];
    let copy = list_with(&reader, &group, &headers).await;
    assert_eq!((copy.status, copy.header("age")), (304, "0"));
    assert_eq!(changed.json()["next_page_token"], Value::Null);
}

#[tokio::test]
async fn replicas_learn_of_a_decision_that_took_all_of_its_time() {
    let redis = RedisServer::start();
    let slow = TestApp::builder()
        .set("STORE__REDIS_URL", redis.url())
        .set("SERVER__REQUEST_DEADLINE", "2s")
        .set("GRAPH__LOOK_RESERVE", "500ms")
        .spawn()
        .await;
    let other = TestApp::builder()
        .against(&slow.sandbox.base_url())
        .set("STORE__REDIS_URL", redis.url())
        .spawn()
        .await;
    let (group, open) = slow.group_with_requests(2);
    let stalled = [Verb::Approve, Verb::List].map(|verb| {
        let fault = Fault::answer(AnswerFault::Stall);
        FaultOrder::next(1, fault).for_verb(verb).for_group(&group)
    });
    let [approval, look] = stalled;
    slow.graph()
        .order_fault(FaultOrder { fault: Fault { delay_ms: 500, ..approval.fault }, ..approval })
        .unwrap();
    let moderator = slow.moderator();
    let (deciding, wanted) = (moderator.clone(), open.clone());
    let at = group.clone();
    let deciding =
        [async move { deciding.approve(&at, &wanted[..1]).await }].into_iter().collect::<JoinSet<_>>();
    while calls(&slow) == 0 {
        tokio::task::yield_now().await;
    }
    // Read before it is carried out, and a copy for those who ask meanwhile.
    assert_eq!(ids(&list_accepting(&other.reader(), &group, 10).await), open);
    assert!(is_copy(&list_accepting(&other.reader(), &group, 10).await));
    slow.graph().order_fault(look).unwrap();
    assert_eq!(answered(deciding).await.outcomes(), ["unknown"]);
    let after = list_accepting(&other.reader(), &group, 10).await;
    assert_eq!((ids(&after), is_copy(&after)), (open[1..].to_vec(), false));
}
