//! Limits that several gateways on one Redis share, and what becomes of them without it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use joingate_sandbox::{Quota, Quotas};
use serde_json::json;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::store::state::eventually;
use crate::support::{Client, RawUpstream, RedisServer, Reply, TestApp};

/// Longer than the store may take twice, and far shorter than a deadline.
const QUICK: Duration = Duration::from_secs(2);

/// Two gateways in front of one sandbox.
async fn two(redis: &RedisServer, settings: &[(&str, &str)]) -> [TestApp; 2] {
    let with = |builder| {
        settings
            .iter()
            .fold(builder, |builder: crate::support::TestAppBuilder, (name, value)| builder.set(name, *value))
    };
    let first = with(TestApp::builder().set("STORE__REDIS_URL", redis.url())).spawn().await;
    let second = TestApp::builder().set("STORE__REDIS_URL", redis.url()).against(&first.sandbox.base_url());
    let second = with(second).spawn().await;
    [first, second]
}

/// The gateways know that their Redis is gone, or is back.
async fn until_up(apps: &[TestApp; 2], up: u64) {
    for app in apps {
        let known = async || (app.metric(&["joingate_store_up "]).await == up).then_some(());
        eventually("the state of the store", known).await;
    }
}

async fn how_many_lists(client: &Client, group: &str, most: usize) -> usize {
    let mut went = 0;
    for _ in 0..most {
        match client.list(group).await.status {
            200 => went += 1,
            _ => return went,
        }
    }
    went
}

#[tokio::test]
async fn a_caller_has_one_quota_at_all_replicas() {
    let redis = RedisServer::start();
    let settings = [("LIMITS__CALLER", "60/h"), ("LIMITS__CALLER_BURST", "17")];
    let [first, second] = two(&redis, &settings).await;
    let (group, _) = first.group_with_requests(0);
    let readers = [first.reader(), second.reader()];
    for left in (0..17).rev() {
        let answer = readers[left % 2].list(&group).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.header("ratelimit").starts_with(&format!(r#""caller";r={left};t="#)), "{answer:?}");
    }
    for reader in &readers {
        let refused = reader.list(&group).await;
        refused.expect_problem(429, "quota_exceeded");
        let wait = refused.header("retry-after").parse::<u64>().unwrap();
        assert!((55..=60).contains(&wait), "one unit a minute: {wait}");
    }
    assert_eq!(second.moderator().list(&group).await.status, 200, "another caller has its own");
    let keys: Vec<String> = redis.tell(&["KEYS", "*"]);
    assert!(keys.iter().all(|key| key.starts_with("joingate:1:")), "{keys:?}");
    assert!(!format!("{keys:?}").contains("reader"), "hashes only: {keys:?}");
    for key in &keys {
        let left: i64 = redis.tell(&["PTTL", key]);
        assert!(left > 0, "{key} never ends");
    }
}

#[tokio::test]
async fn what_is_sent_to_graph_is_counted_over_all_replicas() {
    let redis = RedisServer::start();
    let settings = [("LIMITS__GRAPH", "60/h"), ("LIMITS__GRAPH_BURST", "7"), ("LIMITS__MAX_WAIT", "0ms")];
    let [first, second] = two(&redis, &settings).await;
    let (group, _) = first.group_with_requests(0);
    assert_eq!(how_many_lists(&first.reader(), &group, 4).await, 4);
    assert_eq!(second.reader().get("/v1/quota").await.json()["graph"][0]["remaining_estimate"], 3);
    assert_eq!(how_many_lists(&second.reader(), &group, 9).await, 3);
    first.reader().list(&group).await.expect_problem(503, "overloaded");
    assert_eq!(first.graph().calls().len(), 7);
}

#[tokio::test]
async fn a_pause_that_graph_asks_one_replica_for_holds_for_all() {
    let redis = RedisServer::start();
    let [first, second] = two(&redis, &[("LIMITS__MAX_WAIT", "0ms")]).await;
    let (group, open) = first.group_with_requests(1);
    first.graph().throttle(80_007, 1, Some(1));
    first.reader().list(&group).await.expect_problem(503, "upstream_rate_limited");
    let sent = first.graph().calls().len();
    let paused = async || {
        let quota = second.reader().get("/v1/quota").await.json();
        (!quota["graph"][0]["paused_until"].is_null()).then_some(())
    };
    eventually("the pause", paused).await;
    let refused = second.moderator().approve(&group, &open).await;
    refused.expect_problem(503, "upstream_rate_limited");
    let wait = refused.header("retry-after").parse::<u64>().unwrap();
    assert!((50..=60).contains(&wait), "{wait}");
    assert_eq!(first.graph().calls().len(), sent);
}

/// Two gateways, and the first has just been throttled over one group: it, another one, and a third.
async fn throttled_over_a_group(redis: &RedisServer) -> ([TestApp; 2], [(String, Vec<String>); 3]) {
    let apps = two(redis, &[("LIMITS__MAX_WAIT", "0ms")]).await;
    let first = &apps[0];
    let groups = [1, 1, 1].map(|requests| first.group_with_requests(requests));
    let [one, _, third] = &groups;
    let quota = Quota { retry_after_s: Some(60), ..Quota::new(1, 60, 131_208) };
    first.graph().set_quotas(Quotas { app: None, phone: Some(quota) }).unwrap();
    assert_eq!(first.moderator().approve(&third.0, &third.1).await.status, 200, "uses up the quota");
    first.moderator().approve(&one.0, &one.1).await.expect_problem(503, "upstream_rate_limited");
    let told = async || {
        let keys: Vec<String> = redis.tell(&["KEYS", "joingate:1:way:*"]);
        let fields: Vec<String> = redis.tell(&["HKEYS", keys.first()?]);
        fields.iter().any(|field| field == "group_until").then_some(())
    };
    eventually("the pause of the group", told).await;
    (apps, groups)
}

#[tokio::test]
async fn the_pause_of_a_group_is_shared() {
    let redis = RedisServer::start();
    let ([first, second], [one, _, third]) = throttled_over_a_group(&redis).await;
    let sent = first.graph().calls().len();
    second.moderator().list(&one.0).await.expect_problem(503, "upstream_rate_limited");
    assert_eq!(first.graph().calls().len(), sent);
    assert_eq!(second.moderator().list(&third.0).await.status, 200, "no other is paused");
}

#[tokio::test]
async fn two_groups_paused_by_two_replicas_pause_all() {
    let redis = RedisServer::start();
    let ([first, second], [_, other, third]) = throttled_over_a_group(&redis).await;
    // It does not know yet what the first one has met.
    second.moderator().approve(&other.0, &other.1).await.expect_problem(503, "upstream_rate_limited");
    for app in [&first, &second] {
        let held = async || {
            let answer = app.moderator().list(&third.0).await;
            (answer.header("x-error-code") == "upstream_rate_limited").then_some(())
        };
        eventually("the pause of all", held).await;
    }
}

#[tokio::test]
async fn a_pause_that_could_not_be_told_is_told_later() {
    let mut redis = RedisServer::start();
    let apps = two(&redis, &[("LIMITS__MAX_WAIT", "0ms")]).await;
    let (group, _) = apps[0].group_with_requests(0);
    redis.kill();
    until_up(&apps, 0).await;
    apps[0].graph().throttle(80_007, 1, Some(1));
    apps[0].reader().list(&group).await.expect_problem(503, "upstream_rate_limited");
    assert_eq!(apps[1].reader().list(&group).await.status, 200, "nobody can tell it");
    redis.start_again();
    let paused = async || {
        let quota = apps[1].reader().get("/v1/quota").await.json();
        (!quota["graph"][0]["paused_until"].is_null()).then_some(())
    };
    eventually("the pause", paused).await;
}

#[tokio::test]
async fn after_a_pause_one_call_of_one_replica_tries_for_all() {
    let gate = Arc::new(Semaphore::new(0));
    let throttled = r#"{"error":{"code":4,"message":"limit"}}"#;
    let page = r#"{"data":[],"paging":{"cursors":{}}}"#;
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len());
    let gated = |_| Reply::Gated(Arc::clone(&gate), answer.clone().into_bytes());
    let first_reply = Reply::with_headers(400, "Retry-After: 1\r\n", throttled);
    let upstream = RawUpstream::answering([first_reply].into_iter().chain((0..2).map(gated))).await;
    let redis = RedisServer::start();
    let start = async || {
        let builder = TestApp::builder().against(upstream.base_url()).set("STORE__REDIS_URL", redis.url());
        builder.set("GRAPH__MAX_ATTEMPTS", "1").set("LIMITS__MAX_WAIT", "10s").spawn().await
    };
    let (first, second) = (start().await, start().await);
    first.reader().list("Zmlyc3Q").await.expect_problem(503, "upstream_rate_limited");
    let paused = async || {
        let quota = second.reader().get("/v1/quota").await.json();
        (!quota["graph"][0]["paused_until"].is_null()).then_some(())
    };
    eventually("the pause", paused).await;
    let list = |(app, group): (&TestApp, &'static str)| {
        let reader = app.reader();
        async move { reader.list(group).await }
    };
    let lists = [(&first, "b25l"), (&second, "b3RoZXI")].into_iter().map(list).collect::<JoinSet<_>>();
    upstream.has_received(2).await;
    let before = redis_calls(&redis);
    // The other replica asks ten times a second.
    let asked = async || (redis_calls(&redis) > before + 2).then_some(());
    eventually("the questions of the other replica", asked).await;
    assert_eq!(upstream.requests().len(), 2, "one tries");
    gate.add_permits(2);
    assert!(lists.join_all().await.iter().all(|answer| answer.status == 200));
}

/// How many scripts Redis has run.
fn redis_calls(redis: &RedisServer) -> u64 {
    let stats: String = redis.tell(&["INFO", "commandstats"]);
    let line = stats.lines().find(|line| line.starts_with("cmdstat_evalsha:")).unwrap_or_default();
    line.split("calls=").nth(1).and_then(|rest| rest.split(',').next()?.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn without_redis_each_replica_keeps_its_share_and_takes_up_the_others_again() {
    let mut redis = RedisServer::start();
    let settings = [
        ("LIMITS__GRAPH", "60/h"),
        ("LIMITS__GRAPH_BURST", "10"),
        ("LIMITS__MAX_WAIT", "0ms"),
        ("STORE__LOCAL_SHARE", "0.3"),
    ];
    let apps = two(&redis, &settings).await;
    let (group, _) = apps[0].group_with_requests(0);
    redis.kill();
    until_up(&apps, 0).await;
    for app in &apps {
        assert_eq!(how_many_lists(&app.reader(), &group, 20).await, 3);
        app.reader().list(&group).await.expect_problem(503, "overloaded");
    }
    redis.start_again();
    until_up(&apps, 1).await;
    // Empty again, so the whole burst is there.
    let went = async || Some(how_many_lists(&apps[0].reader(), &group, 20).await).filter(|went| *went > 0);
    let first = eventually("the end of being alone", went).await;
    assert_eq!(first + how_many_lists(&apps[1].reader(), &group, 20).await, 10);
}

#[tokio::test]
async fn callers_keep_their_share_without_redis_too_and_never_less_than_the_largest_decision() {
    let mut redis = RedisServer::start();
    let settings =
        [("LIMITS__CALLER", "60/h"), ("LIMITS__CALLER_BURST", "100"), ("STORE__LOCAL_SHARE", "0.01")];
    let apps = two(&redis, &settings).await;
    redis.kill();
    until_up(&apps, 0).await;
    for app in &apps {
        let reader = app.reader();
        for _ in 0..17 {
            assert_eq!(reader.get("/v1/quota").await.status, 200);
        }
        reader.get("/v1/quota").await.expect_problem(429, "quota_exceeded");
    }
}

#[tokio::test]
async fn with_deny_nothing_is_served_without_redis() {
    let mut redis = RedisServer::start();
    let apps = two(&redis, &[("STORE__ON_FAILURE", "deny")]).await;
    let (group, open) = apps[0].group_with_requests(1);
    redis.kill();
    until_up(&apps, 0).await;
    let moderator = apps[0].moderator();
    let refused = moderator.list(&group).await;
    refused.expect_problem(503, "store_unavailable");
    assert!(!refused.header("retry-after").is_empty());
    let problem = moderator.approve(&group, &open).await.expect_problem(503, "store_unavailable");
    assert_eq!(problem["executed"], "no");
    moderator.get("/v1/quota").await.expect_problem(503, "store_unavailable");
    assert_eq!(apps[0].anonymous().get("/openapi.json").await.status, 200);
    assert!(apps[0].graph().calls().is_empty());
    assert!(apps[0].metric(&["joingate_limited_total{", r#"reason="store""#]).await >= 3);
    redis.start_again();
    let served = async || (moderator.list(&group).await.status == 200).then_some(());
    eventually("the end of the refusals", served).await;
}

/// Nobody waits long for a Redis that takes connections and does not answer.
async fn does_not_answer(stop: impl Fn(&RedisServer), go_on: impl Fn(&RedisServer)) {
    let redis = RedisServer::start();
    let settings = [("LIMITS__GRAPH", "60/h"), ("LIMITS__GRAPH_BURST", "20"), ("LIMITS__MAX_WAIT", "0ms")];
    let apps = two(&redis, &settings).await;
    // Each its own, so that no walk is shared.
    let groups = [(); 8].map(|()| apps[0].group_with_requests(0).0);
    stop(&redis);
    let lists = groups.into_iter().map(|group| {
        let reader = apps[0].reader();
        async move {
            let began = Instant::now();
            let answer = reader.list(&group);
            (answer.await, began.elapsed())
        }
    });
    for (answer, took) in lists.collect::<JoinSet<_>>().join_all().await {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(took < QUICK, "{took:?}");
    }
    go_on(&redis);
    until_up(&apps, 1).await;
    let shared = async || {
        let left = apps[1].reader().get("/v1/quota").await.json()["graph"][0]["remaining_estimate"].clone();
        let before = redis_calls(&redis);
        apps[0].reader().get("/v1/quota").await;
        (redis_calls(&redis) > before && left == json!(20)).then_some(())
    };
    eventually("the shared limits", shared).await;
}

#[tokio::test]
async fn nobody_waits_for_a_redis_that_is_stopped() {
    does_not_answer(RedisServer::freeze, RedisServer::thaw).await;
}

#[tokio::test]
async fn nobody_waits_for_a_redis_that_holds_its_clients() {
    let hold = |redis: &RedisServer| redis.tell::<String>(&["CLIENT", "PAUSE", "4000", "ALL"]);
    does_not_answer(|redis| drop(hold(redis)), |_| ()).await;
}

/// In real time, as everything here: the minute that Graph asks for is one.
#[tokio::test]
async fn when_graph_asks_for_a_minute_it_gets_one_from_every_replica() {
    let redis = RedisServer::start();
    let settings =
        [("LIMITS__MAX_WAIT", "0ms"), ("LIMITS__CALLER_BURST", "100000"), ("LIMITS__GRAPH", "10000/s")];
    let apps = two(&redis, &settings).await;
    let graph = apps[0].graph();
    let (group, open) = apps[0].group_with_requests(1);
    graph.throttle(80_007, 1, Some(1));
    apps[0].reader().list(&group).await.expect_problem(503, "upstream_rate_limited");
    let throttled_at = Instant::now();
    let told = async || {
        let quota = apps[1].reader().get("/v1/quota").await.json();
        (!quota["graph"][0]["paused_until"].is_null()).then_some(())
    };
    eventually("the pause", told).await;
    let sent = graph.calls().len();
    let mut asked = 0;
    while throttled_at.elapsed() < Duration::from_millis(59_500) {
        for app in &apps {
            let decided = app.moderator().approve(&group, &open).await;
            decided.expect_problem(503, "upstream_rate_limited");
            assert!(decided.header("retry-after").parse::<u64>().unwrap() <= 60);
            app.reader().list(&group).await.expect_problem(503, "upstream_rate_limited");
            asked += 2;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert_eq!(graph.calls().len(), sent, "{asked} requests in the minute, and not one call");
    let served = async || (apps[1].reader().list(&group).await.status == 200).then_some(());
    eventually("the end of the pause", served).await;
    assert!(throttled_at.elapsed() >= Duration::from_mins(1));
    assert_eq!(apps[0].moderator().approve(&group, &open).await.outcomes(), ["approved"]);
}

/// Lists again and again until told to stop; answers the slowest, and every status that was not 200.
async fn lists_until(stop: Arc<Notify>, caller: Client, group: String) -> (Duration, Vec<u16>) {
    let stopped = stop.notified();
    tokio::pin!(stopped);
    let (mut slowest, mut others) = (Duration::ZERO, Vec::new());
    loop {
        let began = Instant::now();
        let answer = tokio::select! {
            () = &mut stopped => return (slowest, others),
            answer = caller.list(&group) => answer,
        };
        slowest = slowest.max(began.elapsed());
        if answer.status != 200 {
            others.push(answer.status);
        }
    }
}

#[tokio::test]
async fn redis_may_come_and_go_under_load() {
    let mut redis = RedisServer::start();
    let settings = [
        ("LIMITS__CALLER", "100000/s"),
        ("LIMITS__CALLER_BURST", "100000"),
        ("LIMITS__GRAPH", "100000/s"),
        ("LIMITS__GRAPH_BURST", "100000"),
    ];
    let apps = two(&redis, &settings).await;
    let stop = Arc::new(Notify::new());
    let mut load = JoinSet::new();
    for app in apps.iter().cycle().take(8) {
        load.spawn(lists_until(Arc::clone(&stop), app.reader(), apps[0].group_with_requests(0).0));
    }
    for _ in 0..2 {
        redis.freeze();
        until_up(&apps, 0).await;
        redis.thaw();
        until_up(&apps, 1).await;
        // For longer than the test takes: a hold that ended by the clock could end before both have seen it.
        let _held: String = redis.tell(&["CLIENT", "PAUSE", "60000", "ALL"]);
        until_up(&apps, 0).await;
        redis.kill();
        redis.start_again();
        until_up(&apps, 1).await;
        redis.kill();
        until_up(&apps, 0).await;
        redis.start_again();
        until_up(&apps, 1).await;
    }
    // Shared again: what is asked at one is counted for the other.
    let before = redis_calls(&redis);
    eventually("shared counting", async || (redis_calls(&redis) > before + 100).then_some(())).await;
    stop.notify_waiters();
    for (slowest, others) in load.join_all().await {
        assert!(others.is_empty(), "{others:?}");
        assert!(slowest < QUICK, "{slowest:?}");
    }
}
