//! What a collector of traces is sent, and that nobody waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use joingate_sandbox::{AnswerFault, Fault, GroupSpec, RequestSpec, RunningSandbox, Sandbox, SandboxOptions};
use reqwest::Method;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::store::state::eventually;
use crate::support::process::{Process, Variables, run, serving, set};
use crate::support::{
    Answer, Client, Collector, DECIDE, GRAPH_TOKEN, READ, RawUpstream, Received, RedisServer, Reply,
    settings_for, token,
};

const CALLERS_TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLERS_SPAN: &str = "00f067aa0ba902b7";

/// Longer than any request takes that does not wait for a collector.
const QUICK: Duration = Duration::from_secs(1);

async fn sandbox() -> RunningSandbox {
    let options = SandboxOptions { token: GRAPH_TOKEN.to_owned(), ..SandboxOptions::default() };
    Sandbox::start(options).await.unwrap()
}

fn traced(mut settings: Variables, collector: &Collector, more: &[(&str, &str)]) -> Variables {
    set(&mut settings, "TELEMETRY__OTLP_ENDPOINT", collector.url());
    set(&mut settings, "TELEMETRY__TRACE_SAMPLE", "1");
    set(&mut settings, "LIMITS__CALLER_BURST", "100000");
    set(&mut settings, "LIMITS__GRAPH_BURST", "10000");
    for (name, value) in more {
        set(&mut settings, name, *value);
    }
    settings
}

fn moderator(process: &Process) -> Client {
    process.caller(Some(token("moderator", &format!("{READ} {DECIDE}"), Some("*"))))
}

/// The trace and the span that an answer names, and whether it is sampled.
fn place_of(answer: &Answer) -> (String, String, bool) {
    let parts = answer.header("traceparent").split('-').map(str::to_owned).collect::<Vec<_>>();
    (parts[1].clone(), parts[2].clone(), parts[3] == "01")
}

async fn as_part_of_a_trace(caller: &Client, path: &str, flags: &str) -> Answer {
    let traceparent = format!("00-{CALLERS_TRACE}-{CALLERS_SPAN}-{flags}");
    caller.send(Method::GET, path, &[("traceparent", &traceparent)], "").await
}

/// The span and everything in it: names, one a line, indented by their depth.
fn tree(spans: &[Received], root: &Received) -> String {
    fn add(spans: &[Received], span: &Received, depth: usize, text: &mut String) {
        writeln!(text, "{}{}", "  ".repeat(depth), span.name).unwrap();
        for child in spans.iter().filter(|child| child.parent == span.id) {
            add(spans, child, depth + 1, text);
        }
    }
    let mut text = String::new();
    add(spans, root, 0, &mut text);
    text
}

#[tokio::test]
async fn a_decision_is_one_trace_from_the_caller_to_the_last_call() {
    let (sandbox, collector, redis) = (sandbox().await, Collector::start(), RedisServer::start());
    let group = sandbox.control().create_group(GroupSpec::default()).unwrap();
    let id = sandbox.control().add_request(&group, RequestSpec::default()).unwrap();
    let settings = traced(serving(&sandbox), &collector, &[("STORE__REDIS_URL", &redis.url())]);
    let mut process = Process::start(&["serve"], settings).await;
    sandbox.control().fail_next(1, Fault::answer(AnswerFault::Reset)).unwrap();
    let traceparent = format!("00-{CALLERS_TRACE}-{CALLERS_SPAN}-01");
    let headers = [("traceparent", &*traceparent), ("content-type", "application/json")];
    let path = format!("/v1/groups/{group}/join-requests/approve");
    let body = serde_json::json!({ "join_request_ids": [id] }).to_string();
    let answer = moderator(&process).send(Method::POST, &path, &headers, body).await;
    assert_eq!(answer.status, 207, "{answer:?}");

    let spans = collector.trace(CALLERS_TRACE).await;
    let root = spans.iter().find(|span| span.kind == "server").unwrap();
    assert_eq!(root.parent, CALLERS_SPAN);
    assert!(root.remote);
    assert_eq!(place_of(&answer), (CALLERS_TRACE.to_owned(), root.id.clone(), true));
    let expected = "\
POST /v1/groups/{group_id}/join-requests/approve
  admission
    store
  store
  wait for the group's turn
  store
  wait for Graph's limits
    store
  POST approve
  look
    walk
      wait for Graph's limits
        store
      GET list
  store
";
    assert_eq!(tree(&spans, root), expected);
    let line = process.log.next_with("request answered").await;
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["trace_id"], CALLERS_TRACE);
}

#[tokio::test]
async fn spans_say_how_it_ended_in_the_conventions_words() {
    let (sandbox, collector) = (sandbox().await, Collector::start());
    let group = sandbox.control().create_group(GroupSpec::default()).unwrap();
    let process = Process::start(&["serve"], traced(serving(&sandbox), &collector, &[])).await;
    let list = format!("/v1/groups/{group}/join-requests");
    sandbox.control().fail_next(1, Fault::graph_error(400, 131_207)).unwrap();
    moderator(&process).get(&list).await.expect_problem(409, "group_suspended");
    sandbox.control().fail_next(3, Fault::answer(AnswerFault::Close)).unwrap();
    moderator(&process).get(&list).await.expect_problem(503, "upstream_unavailable");
    process.caller(None).get(&list).await.expect_problem(401, "unauthorized");
    let method = Method::from_bytes(b"PROPFIND").unwrap();
    assert_eq!(moderator(&process).send(method, "/v1/secret-path", &[], "").await.status, 404);
    process.stop().await;

    let spans = collector.spans();
    let told = |kind: &str| {
        let names = ["http.response.status_code", "error.type", "joingate.outcome", "joingate.graph.code"];
        let of_kind = spans.iter().filter(|span| span.kind == kind);
        let told = of_kind.map(|span| {
            let attributes = names.map(|name| span.attribute(name)).join(",");
            format!("{} {attributes}{}", span.name, if span.failed { " failed" } else { "" })
        });
        told.collect::<Vec<_>>()
    };
    let servers = [
        "GET /v1/groups/{group_id}/join-requests 409,group_suspended,,",
        "GET /v1/groups/{group_id}/join-requests 503,upstream_unavailable,, failed",
        "GET /v1/groups/{group_id}/join-requests 401,unauthorized,,",
        "_OTHER 404,not_found,,",
    ];
    assert_eq!(told("server"), servers);
    let broken = "GET list ,broken,broken, failed";
    let calls = ["GET list 400,refused,refused,131207 failed", broken, broken, broken];
    assert_eq!(told("client"), calls);
    let admissions = spans.iter().filter(|span| span.name == "admission");
    let admissions = admissions.map(|span| span.attribute("error.type")).collect::<Vec<_>>();
    assert_eq!(admissions, ["", "", "unauthorized", ""]);
    for span in &spans {
        assert!(span.from <= span.to && span.events == 0, "{span:?}");
        let parent = spans.iter().find(|other| other.id == span.parent);
        assert_eq!(parent.is_some(), span.kind != "server", "{span:?}");
        assert!(parent.is_none_or(|parent| parent.trace == span.trace && parent.from <= span.from));
        let address = if span.kind == "client" { "127.0.0.1" } else { "" };
        assert_eq!(span.attribute("server.address"), address, "{span:?}");
    }
    // What documentation/README says stands in traces, and nothing else.
    let names = spans.iter().flat_map(|span| span.attributes.keys().cloned()).collect::<BTreeSet<_>>();
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    for name in names {
        assert!(readme.contains(&format!("`{name}`")), "the README does not name {name}");
    }
}

#[tokio::test]
async fn whoever_joins_a_walk_is_linked_to_the_request_that_it_is_part_of() {
    let (collector, gate) = (Collector::start(), Arc::new(Semaphore::new(0)));
    let page = r#"{"data":[],"paging":{}}"#;
    let page = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len()).into_bytes();
    let replies = (0..2).map(|_| Reply::Gated(Arc::clone(&gate), page.clone()));
    let upstream = RawUpstream::answering(replies).await;
    let settings =
        traced(settings_for(upstream.base_url()), &collector, &[("GRAPH__TOKEN_PROBE_INTERVAL", "off")]);
    let process = Process::start(&["serve"], settings).await;
    let list = |number: usize| {
        let caller = moderator(&process);
        let id = format!("request-{number}");
        async move { caller.send(Method::GET, "/v1/groups/g/join-requests", &[("x-request-id", &id)], "").await }
    };
    // The first runs, the second waits to run, and the third joins the second.
    let mut lists = tokio::task::JoinSet::new();
    lists.spawn(list(0));
    upstream.has_received(1).await;
    for number in [1, 2] {
        lists.spawn(list(number));
        let operator = process.operator();
        let there = async || {
            let metrics = operator.get("/metrics").await.text;
            metrics.contains(&format!("joingate_http_requests_in_flight {}\n", number + 1)).then_some(())
        };
        eventually("the request", there).await;
    }
    gate.add_permits(2);
    assert!(lists.join_all().await.iter().all(|answer| answer.status == 200));
    process.stop().await;

    let spans = collector.spans();
    let reads = spans.iter().filter(|span| span.name == "shared read").collect::<Vec<_>>();
    let walks = spans.iter().filter(|span| span.name == "walk").collect::<Vec<_>>();
    assert_eq!((reads.len(), walks.len()), (3, 2), "{spans:#?}");
    let [joined] =
        reads.iter().filter(|read| read.attribute("joingate.read") == "joined").collect::<Vec<_>>()[..]
    else {
        panic!("{reads:#?}")
    };
    let own = reads.iter().filter(|read| read.attribute("joingate.read") == "walked").collect::<Vec<_>>();
    assert_eq!(own.len(), 2);
    assert!(own.iter().all(|read| read.links.is_empty()));
    let [link] = &joined.links[..] else { panic!("{joined:#?}") };
    let linked = spans.iter().find(|span| (&span.trace, &span.id) == (&link.0, &link.1)).unwrap();
    assert_eq!(linked.kind, "server");
    assert_ne!(linked.trace, joined.trace);
    // Each walk is a child of its own asker's request, also the one that another's task went on to.
    let askers = walks.iter().map(|walk| &walk.parent).collect::<BTreeSet<_>>();
    assert_eq!(askers.len(), 2);
    assert!(askers.contains(&linked.id));
}

#[tokio::test]
async fn callers_decide_for_their_traces_and_the_share_for_the_others() {
    let (sandbox, collector) = (sandbox().await, Collector::start());
    let settings = traced(serving(&sandbox), &collector, &[("TELEMETRY__TRACE_SAMPLE", "0")]);
    let process = Process::start(&["serve"], settings).await;
    let caller = moderator(&process);
    let answer = as_part_of_a_trace(&caller, "/v1/quota", "01").await;
    let (trace, sampled, is_sampled) = place_of(&answer);
    assert_eq!((&*trace, is_sampled), (CALLERS_TRACE, true));
    let answer = as_part_of_a_trace(&caller, "/v1/quota", "00").await;
    let (trace, _, is_sampled) = place_of(&answer);
    assert_eq!((&*trace, is_sampled), (CALLERS_TRACE, false));
    assert!(!place_of(&caller.get("/v1/quota").await).2);
    process.stop().await;
    let servers = collector.spans().into_iter().filter(|span| span.kind == "server").collect::<Vec<_>>();
    assert_eq!(servers.iter().map(|span| &span.id).collect::<Vec<_>>(), [&sampled]);

    let settings = traced(serving(&sandbox), &collector, &[("TELEMETRY__TRACE_SAMPLE", "0.5")]);
    let process = Process::start(&["serve"], settings).await;
    let caller = moderator(&process);
    let mut sampled = BTreeSet::new();
    for _ in 0..200 {
        let (trace, _, is_sampled) = place_of(&caller.get("/v1/quota").await);
        sampled.extend(is_sampled.then_some(trace));
    }
    process.stop().await;
    // Of 200 fair coins fewer than 50 heads, or more than 150, come up once in 10^12 times.
    assert!((50..=150).contains(&sampled.len()), "{}", sampled.len());
    let sent = collector.spans().into_iter().map(|span| span.trace).collect::<BTreeSet<_>>();
    assert_eq!(sent.into_iter().filter(|trace| trace != CALLERS_TRACE).collect::<BTreeSet<_>>(), sampled);
}

/// What became of spans, by the metric.
async fn fates(process: &Process) -> BTreeMap<String, u64> {
    let metrics = process.operator().get("/metrics").await.text;
    let of = |line: &str| {
        let (fate, count) = line.strip_prefix("joingate_trace_spans_total{result=\"")?.split_once("\"} ")?;
        Some((fate.to_owned(), count.parse().unwrap()))
    };
    metrics.lines().filter_map(of).collect()
}

#[tokio::test]
async fn nobody_waits_for_a_collector_that_says_nothing() {
    let (sandbox, collector) = (sandbox().await, Collector::start());
    collector.hold();
    let process = Process::start(&["serve"], traced(serving(&sandbox), &collector, &[])).await;
    let caller = moderator(&process);
    let quotas = |requests: usize| {
        let caller = caller.clone();
        async move {
            for _ in 0..requests {
                let began = Instant::now();
                assert_eq!(caller.get("/v1/quota").await.status, 200);
                assert!(began.elapsed() < QUICK, "{:?}", began.elapsed());
            }
        }
    };
    // Two spans each: more than may wait.
    let callers = (0..8).map(|_| quotas(300)).collect::<tokio::task::JoinSet<_>>();
    callers.join_all().await;
    assert!(fates(&process).await["dropped"] > 0);
    assert_eq!(fates(&process).await["exported"], 0);
    let began = Instant::now();
    let ended = process.stop().await;
    assert_eq!(ended.code, Some(0));
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert!(ended.log.iter().any(|line| line.contains("the last traces may not have been delivered")));
}

#[tokio::test]
async fn a_collector_in_trouble_is_told_of_once_and_every_span_is_accounted_for() {
    let (sandbox, collector) = (sandbox().await, Collector::start());
    collector.refuse(Some(400));
    let mut process = Process::start(&["serve"], traced(serving(&sandbox), &collector, &[])).await;
    let caller = moderator(&process);
    for batches in 1..=2 {
        assert_eq!(caller.get("/v1/quota").await.status, 200);
        eventually("a batch", async || (collector.batches() >= batches).then_some(())).await;
    }
    eventually("the account", async || (fates(&process).await["failed"] == 4).then_some(())).await;
    collector.refuse(None);
    assert_eq!(caller.get("/v1/quota").await.status, 200);
    process.log.next_with("traces are delivered again").await;
    let fates = fates(&process).await;
    let expected = [("dropped", 0), ("exported", 2), ("failed", 4)];
    assert_eq!(fates, expected.map(|(fate, spans)| (fate.to_owned(), spans)).into());
    let ended = process.stop().await;
    let told = ended.log.iter().filter(|line| line.contains("traces cannot be delivered")).count();
    assert_eq!(told, 1, "{:#?}", ended.log);
}

#[tokio::test]
async fn the_collector_learns_who_sends_and_gets_the_headers_it_asks_for() {
    let (sandbox, collector) = (sandbox().await, Collector::start());
    let mut settings = traced(serving(&sandbox), &collector, &[]);
    let variables = [
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20collectors-key"),
        ("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=joingate-1"),
        // None of these is ours.
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_TRACES_SAMPLER", "always_off"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
    ];
    settings.extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let process = Process::start(&["serve"], settings).await;
    assert_eq!(moderator(&process).get("/v1/quota").await.status, 200);
    let ended = process.stop().await;
    assert_eq!(collector.authorizations(), [Some("Bearer collectors-key".to_owned())]);
    assert!(!ended.log.join("\n").contains("collectors-key"));
    let resource = &collector.resources()[0];
    assert_eq!(resource["service.name"], "joingate");
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(resource["k8s.pod.name"], "joingate-1");
}

#[tokio::test]
async fn without_a_collector_there_are_no_traces_and_the_callers_goes_on() {
    let sandbox = sandbox().await;
    let process = Process::start(&["serve"], serving(&sandbox)).await;
    let answer = as_part_of_a_trace(&moderator(&process), "/v1/quota", "01").await;
    assert_eq!(place_of(&answer).0, CALLERS_TRACE);
    assert!(fates(&process).await.values().all(|spans| *spans == 0));
}

#[test]
fn an_address_that_can_be_none_of_a_collector_is_refused() {
    for url in [
        "collector:4318",
        "grpc://collector:4317",
        "http://key@collector",
        "http://collector/?a",
        "http://collector/#a",
    ] {
        let ran = run(&["check"], &[("JOINGATE_TELEMETRY__OTLP_ENDPOINT", url)]);
        assert_eq!(ran.code, Some(2), "{url}");
        assert!(ran.err.contains("telemetry.otlp_endpoint"), "{url}: {}", ran.err);
    }
}
