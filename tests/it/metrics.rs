//! What the admin port shows after a day's work in small.

use std::collections::{BTreeMap, BTreeSet};

use joingate::auth::AuthFailure;
use joingate::moderation::{CODES, ErrorClass};

use crate::support::{Client, READ, TestApp, run_program};

const BURST: usize = 17;

/// One line of the exposition.
#[derive(Debug)]
struct Series {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Series {
    fn parse(line: &str) -> Self {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = labels.trim_end_matches('}').split_inclusive("\",").filter(|label| !label.is_empty());
        let labels = labels.map(|label| {
            let (name, value) = label.trim_end_matches(',').split_once('=').unwrap();
            (name.to_owned(), value.trim_matches('"').to_owned())
        });
        Self { name: name.to_owned(), labels: labels.collect(), value: value.parse().unwrap() }
    }

    fn all(exposition: &str) -> Vec<Self> {
        exposition.lines().filter(|line| !line.starts_with('#')).map(Self::parse).collect()
    }
}

/// Every series of a metric that is not zero, its label values in the order of the label names.
fn counts(all: &[Series], metric: &str) -> Vec<(String, u32)> {
    let of_metric =
        all.iter().filter(|series| series.name == format!("joingate_{metric}") && series.value > 0.0);
    let mut counts = of_metric
        .map(|series| {
            let values = series.labels.values().map(String::as_str).collect::<Vec<_>>();
            (values.join(" "), format!("{}", series.value).parse().unwrap())
        })
        .collect::<Vec<_>>();
    counts.sort();
    counts
}

#[track_caller]
fn expect_counts(all: &[Series], metric: &str, expected: &[(&str, u32)]) {
    let expected = expected.iter().map(|(labels, count)| ((*labels).to_owned(), *count)).collect::<Vec<_>>();
    assert_eq!(counts(all, metric), expected, "{metric}");
}

/// A gateway that has met what there is to meet, and everything that must not show up in its metrics.
async fn app_after_work() -> (TestApp, Vec<String>) {
    let limit = BURST.to_string();
    let builder = TestApp::builder().set("LIMITS__CALLER", "1/h").set("LIMITS__CALLER_BURST", limit);
    let app = builder.spawn().await;
    let (group, open) = app.group_with_requests(14);
    let mut private = [&open[..], std::slice::from_ref(&group)].concat();
    let requests = app.graph().requests(&group).unwrap();
    private.extend(requests.into_iter().filter_map(|request| request.wa_id));
    private.extend(["graph-token-of-the-tests", "moderator", "greedy", "not.a.token"].map(str::to_owned));

    decide(&app, &group, &open).await;
    be_refused(&app).await;
    let greedy = app.caller("greedy", READ, Some("*"));
    for _ in 0..BURST {
        assert_eq!(greedy.list(&group).await.status, 200);
    }
    greedy.list(&group).await.expect_problem(429, "quota_exceeded");
    app.graph().throttle(130_429, 1, Some(1));
    let moderator = app.moderator();
    moderator.approve(&group, &open[13..]).await.expect_problem(503, "upstream_rate_limited");
    moderator.list(&group).await.expect_problem(503, "upstream_rate_limited");
    (app, private)
}

async fn decide(app: &TestApp, group: &str, open: &[String]) {
    let moderator = app.moderator();
    assert_eq!(moderator.approve(group, &open[..1]).await.status, 200);
    assert_eq!(moderator.reject(group, &open[1..2]).await.status, 200);
    // One is refused, one is not there any more: that is how the world is, nobody's fault.
    app.graph().fail_item(group, &open[2], 131_203).unwrap();
    let answer = moderator.approve(group, &[&open[2], &open[3], &open[0]]).await;
    assert_eq!(
        (answer.status, answer.outcomes()),
        (207, ["failed", "approved", "already_approved"].map(str::to_owned).into())
    );
    // One of which nothing is known beside one that is gone: the worst counts.
    app.graph().fail_item(group, &open[4], 131_000).unwrap();
    let answer = moderator.approve(group, &["bm9ib2R5", &open[4]]).await;
    assert_eq!((answer.status, answer.outcomes()), (207, ["gone", "unknown"].map(str::to_owned).into()));
}

async fn be_refused(app: &TestApp) {
    assert_eq!(app.anonymous().get("/docs/index.css").await.status, 200);
    app.anonymous().get("/somewhere/1234567").await.expect_problem(404, "not_found");
    app.anonymous().get("/v1/somewhere").await.expect_problem(401, "unauthorized");
    app.reader().list("Y2FwaTox").await.expect_problem(404, "group_not_found");
    let forged = Client::new(app.url(), Some("not.a.token".to_owned()));
    forged.list("Y2FwaTox").await.expect_problem(401, "unauthorized");
}

async fn exposition(app: &TestApp) -> String {
    let admin = Client::new(app.admin_url(), None);
    for probe in ["/livez", "/readyz"] {
        assert_eq!(admin.get(probe).await.status, 200, "{probe}");
    }
    let answer = admin.get("/metrics").await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "text/plain; version=0.0.4; charset=utf-8")
    );
    answer.text
}

#[tokio::test]
async fn the_counts_agree_with_what_was_done() {
    let (app, _) = app_after_work().await;
    let all = Series::all(&exposition(&app).await);
    // fault, method, route, status
    expect_counts(
        &all,
        "http_requests_total",
        &[
            ("caller GET list 401", 1),
            ("caller GET list 404", 1),
            ("caller GET list 429", 1),
            ("caller GET unmatched 401", 1),
            ("caller GET unmatched 404", 1),
            ("none GET docs 200", 1),
            ("none GET list 200", 17),
            ("none POST approve 200", 1),
            ("none POST approve 207", 1),
            ("none POST reject 200", 1),
            ("upstream GET list 503", 1),
            ("upstream POST approve 207", 1),
            ("upstream POST approve 503", 1),
        ],
    );
    expect_counts(&all, "auth_failures_total", &[("malformed", 1), ("no_token", 1)]);
    expect_counts(&all, "limited_total", &[("caller rate", 1), ("graph paused", 1)]);
    // account, operation, outcome
    expect_counts(
        &all,
        "graph_requests_total",
        &[
            ("default approve answered", 1),
            ("default approve partial", 2),
            ("default approve refused", 1),
            ("default list answered", 18),
            ("default list refused", 1),
            ("default reject answered", 1),
        ],
    );
    expect_counts(
        &all,
        "decisions_total",
        &[
            ("approve already_approved", 1),
            ("approve approved", 2),
            ("approve failed", 1),
            ("approve gone", 1),
            ("approve not_sent", 1),
            ("approve unknown", 1),
            ("reject rejected", 1),
        ],
    );
    expect_counts(&all, "build_info", &[(concat!("unknown v23.0 ", env!("CARGO_PKG_VERSION")), 1)]);
    expect_counts(&all, "http_requests_in_flight", &[]);
}

#[tokio::test]
async fn every_request_is_in_the_histograms_too() {
    let (app, _) = app_after_work().await;
    let all = Series::all(&exposition(&app).await);
    let sum = |metric: &str| counts(&all, metric).iter().map(|(_, count)| count).sum::<u32>();
    assert_eq!(sum("http_request_duration_seconds_count"), sum("http_requests_total"));
    assert_eq!(sum("gateway_overhead_seconds_count"), sum("http_requests_total"));
    assert_eq!(sum("graph_request_duration_seconds_count"), sum("graph_requests_total"));
}

#[tokio::test]
async fn promtool_has_nothing_to_say() {
    let (app, _) = app_after_work().await;
    let exposition = exposition(&app).await;
    let output = run_program("promtool", "prometheus", &["check", "metrics"], &exposition).await;
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
}

#[tokio::test]
async fn nothing_private_is_in_the_metrics() {
    let (app, private) = app_after_work().await;
    let exposition = exposition(&app).await;
    assert!(private.len() > 30, "ids, phone numbers and names");
    for text in private {
        assert!(!exposition.contains(&text), "{text} is in the metrics");
    }
    for address in ["somewhere", "Y2FwaTox", "127.0.0.1"] {
        assert!(!exposition.contains(address), "{address} is in the metrics");
    }
}

/// An alert on a counter's increase sees the first event only if the counter was there before it.
#[tokio::test]
async fn what_alarms_somebody_is_counted_from_the_start() {
    let series = async |app: &TestApp| {
        let all = Series::all(&exposition(app).await);
        let of = |metric: &str| {
            let named = all.iter().filter(|series| series.name == format!("joingate_{metric}"));
            named.map(|series| series.labels.clone()).collect::<BTreeSet<_>>()
        };
        ["decisions_total", "looks_total", "shared_reads_total", "idempotency_total"].map(of)
    };
    let before = series(&TestApp::spawn().await).await;
    assert!(before.iter().all(|series| !series.is_empty()));
    assert_eq!(series(&app_after_work().await.0).await, before);
}

/// The closed set of a label. `None` for a label that no metric has.
fn known_values(metric: &str, label: &str) -> Option<Vec<String>> {
    let words = |text: &str| Some(text.split(' ').map(str::to_owned).collect());
    let classes = || ErrorClass::ALL.map(ErrorClass::as_str).join(" ");
    match (metric, label) {
        (_, "account") => words("default"),
        (_, "route") => words("list approve reject quota docs unmatched"),
        (_, "method") => words("GET HEAD POST PUT PATCH DELETE OPTIONS other"),
        (_, "status") => Some((200..600).map(|status: u16| status.to_string()).collect()),
        (_, "fault") => words("none caller upstream gateway"),
        ("auth_failures_total", "reason") => Some(AuthFailure::ALL.map(|one| one.reason().to_owned()).into()),
        ("limited_total", "reason") => words("rate paused circuit deadline read_only store full"),
        ("graph_retries_total", "reason") => {
            words(&format!("not_connected timed_out broken unreadable less_data {}", classes()))
        }
        (_, "limit") => words("caller graph in_flight auth_failures"),
        (_, "operation") => words("list approve reject debug_token"),
        (_, "action") => words("approve reject"),
        ("graph_requests_total", "outcome") => {
            words("answered partial refused not_connected timed_out broken unreadable")
        }
        ("decisions_total", "outcome") => {
            words("approved rejected already_approved already_rejected gone failed not_sent unknown")
        }
        ("looks_total", "result") => words("complete failed"),
        ("shared_reads_total", "result") => words("walked joined copied"),
        ("idempotency_total", "result") => words("new resumed in_progress reused unavailable"),
        (_, "class") => words(&classes()),
        (_, "code") => {
            let codes = CODES.iter().flat_map(|row| row.codes.clone()).map(|code| code.to_string());
            Some(codes.chain(["other".to_owned()]).collect())
        }
        (_, "header") => words("app business"),
        (_, "measure") => words("call_count total_time total_cputime"),
        (_, "kind") => words(
            "list_entry usage_header id_in_both_lists id_not_mentioned foreign_id repeated_member unknown_field mistyped_field",
        ),
        ("config_reloads_total", "what") => words("settings"),
        ("config_reloads_total", "result") => words("taken refused"),
        ("trace_spans_total", "result") => words("exported failed dropped"),
        ("build_info", "version") => words(env!("CARGO_PKG_VERSION")),
        ("build_info", "commit") => words("unknown"),
        ("build_info", "graph_version") => words("v23.0"),
        _ => None,
    }
}

#[tokio::test]
async fn every_label_value_is_of_a_closed_set() {
    let (app, _) = app_after_work().await;
    let all = Series::all(&exposition(&app).await);
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let table = readme.split("| label | values |").nth(1).unwrap().split("\n\n").next().unwrap();
    let classes = ErrorClass::ALL.map(ErrorClass::as_str);
    let mut labelled = 0;
    for Series { name, labels, .. } in &all {
        let Some(metric) = name.strip_prefix("joingate_") else {
            assert!(name.starts_with("process_") && labels.is_empty(), "{name} {labels:?}");
            continue;
        };
        for (label, value) in labels.iter().filter(|(label, _)| *label != "le") {
            let known = known_values(metric, label).unwrap_or_else(|| panic!("{metric} has a label {label}"));
            assert!(known.contains(value), "{metric}: {label}=\"{value}\"");
            // Numbers, versions and the words of the table of Graph's codes stand elsewhere.
            let elsewhere = ["status", "account", "version", "commit", "graph_version", "class", "code"];
            let listed = elsewhere.contains(&&**label) || classes.contains(&&**value);
            assert!(listed || table.contains(&format!("`{value}`")), "no {label} {value} in the README");
            labelled += 1;
        }
    }
    assert!(labelled > 100, "only {labelled} label values were seen");
}
