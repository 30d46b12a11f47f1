//! Nothing that is secret or personal is written down: a whole scenario at the most talkative level, then a search.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use joingate::config::{Environment, Settings};
use joingate::telemetry::{log_panics, start_logging};
use joingate_sandbox::{
    Control, Fault, GroupSpec, RequestSpec, RunningSandbox, Sandbox, SandboxOptions, Styles,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::logs::expect_explained_fields;
use crate::support::process::{Ended, Process, Variables, serving, set};
use crate::support::raw_client::exchange;
use crate::support::{
    Answer, Client, Collector, DECIDE, GRAPH_TOKEN, READ, RedisServer, SECRET, settings_for, token,
};

const APP_SECRET: &str = "app-secret-0123456789abcdef";
const FALLBACK_TOKEN: &str = "fallback-token-of-the-tests";
const OWNER: &str = "15550107000";
const USER_ID: &str = "US.13491208655302741918";
const PARENT_USER_ID: &str = "US.90001208655302741900";
const USERNAME: &str = "a.very.private_username";
/// Phone numbers that callers put where they do not belong.
const MISPLACED: [&str; 6] =
    ["15550107101", "15550107102", "15550107103", "15550107104", "15550107105", "15550107106"];
const JSON: (&str, &str) = ("content-type", "application/json");

/// Everything that must not be written down.
#[derive(Default)]
struct Secrets {
    /// Credentials and what is made of them.
    credentials: BTreeSet<String>,
    /// People, groups and requests.
    ids: BTreeSet<String>,
}

impl Secrets {
    /// The members of a list that name somebody.
    fn learn(&mut self, list: &Value) {
        let requests = list["join_requests"].as_array().map_or(&[][..], Vec::as_slice);
        for request in requests {
            let members = request.as_object().unwrap().iter();
            let named = members.filter(|(name, _)| *name != "requested_at");
            self.ids.extend(named.filter_map(|(_, value)| Some(value.as_str()?.to_owned())));
        }
        let page_token = list["next_page_token"].as_str();
        self.credentials.extend(page_token.map(str::to_owned));
    }

    /// A token whole, without its signature, and the signature alone.
    fn learn_token(&mut self, token: &str) {
        let (content, signature) = token.rsplit_once('.').unwrap();
        let parts = [token, content, signature];
        self.credentials.extend(parts.map(str::to_owned));
    }
}

/// A value as it may appear: in clear, percent-encoded, in hex, and in base64 at any offset.
fn forms(value: &str) -> Vec<String> {
    let percent = value.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    let percent = percent.collect::<String>();
    let mut forms = vec![percent.to_lowercase(), percent, hex::encode(value), value.to_owned()];
    for offset in 0..3 {
        let padded = [&vec![b'x'; offset][..], value.as_bytes()].concat();
        for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = alphabet.encode(&padded);
            // The characters that depend on what stands before or after are left out.
            let from = (offset * 4).div_ceil(3);
            let to = encoded.len() - usize::from(padded.len() % 3 != 0);
            let certain = encoded.chars().take(to).skip(from);
            forms.push(certain.collect());
        }
    }
    forms
}

/// Every value of the list that occurs in the text, in whatever form.
fn found_in(text: &str, values: &BTreeSet<String>) -> Vec<String> {
    let found = values.iter().flat_map(|value| {
        let hits = forms(value).into_iter().filter(|form| text.contains(form));
        hits.map(move |form| format!("{value} as {form}"))
    });
    found.collect()
}

/// The gateway as a process, its callers, and what they learn.
struct Scenario {
    sandbox: RunningSandbox,
    collector: Collector,
    process: Process,
    moderator: Client,
    group: String,
    open: Vec<String>,
    secrets: Secrets,
    /// Every answer that a caller got.
    answers: Answers,
}

type Answers = Arc<Mutex<Vec<Answer>>>;

/// What a scenario leaves behind.
struct Left {
    ended: Ended,
    metrics: String,
    /// What the collector of traces was sent, as bytes and in words.
    traces: String,
    answers: Vec<Answer>,
    secrets: Secrets,
}

impl Scenario {
    async fn start(more: &[(&str, &str)]) -> Self {
        let options = SandboxOptions {
            token: GRAPH_TOKEN.to_owned(),
            app_secret: Some(APP_SECRET.to_owned()),
            page_size: 2,
            styles: Styles { token_in_paging: true, ..Styles::default() },
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let group = people(sandbox.control());
        let collector = Collector::start();
        let traces = [("TELEMETRY__OTLP_ENDPOINT", collector.url()), ("TELEMETRY__TRACE_SAMPLE", "1")];
        let more = [&traces[..], more].concat();
        let mut process = Process::start(&["serve"], settings(&sandbox, &more)).await;
        // By then no fault that is ordered can meet the question about the token.
        process.log.next_with("Graph takes the token").await;
        let moderator = token("moderator", &format!("{READ} {DECIDE}"), Some("*"));
        let mut secrets = Secrets::default();
        let proof =
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, APP_SECRET.as_bytes()), GRAPH_TOKEN.as_bytes());
        let credentials = [GRAPH_TOKEN, FALLBACK_TOKEN, APP_SECRET, SECRET, &hex::encode(proof)];
        secrets.credentials.extend(credentials.map(str::to_owned));
        secrets.learn_token(&moderator);
        let ids = [OWNER, USER_ID, PARENT_USER_ID, USERNAME, &group];
        secrets.ids.extend(ids.iter().chain(&MISPLACED).map(|id| (*id).to_owned()));
        let answers = Answers::default();
        Self {
            open: sandbox.control().open_requests(&group),
            moderator: process.caller(Some(moderator)).telling(&answers),
            answers,
            collector,
            sandbox,
            process,
            group,
            secrets,
        }
    }

    fn control(&self) -> &Control {
        self.sandbox.control()
    }

    fn caller(&self, token: Option<String>) -> Client {
        self.process.caller(token).telling(&self.answers)
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.moderator.send(Method::POST, path, &[JSON], body.to_string()).await
    }

    /// Lists whole and in parts, with good and bad page tokens.
    async fn lists(&mut self) {
        let path = format!("/v1/groups/{}/join-requests", self.group);
        let first = self.moderator.get(&path).await;
        assert_eq!(first.status, 200, "{}", first.text);
        self.secrets.learn(&first.json());
        let page_token = first.json()["next_page_token"].as_str().expect("a second part").to_owned();
        let second = self.moderator.get(&format!("{path}?page_token={page_token}")).await;
        assert_eq!(second.status, 200, "{}", second.text);
        self.secrets.learn(&second.json());
        let foreign = format!("/v1/groups/b3RoZXI/join-requests?page_token={page_token}");
        self.moderator.get(&foreign).await.expect_problem(410, "page_token_expired");
        let misplaced = format!("{path}?page_token={}", MISPLACED[0]);
        self.moderator.get(&misplaced).await.expect_problem(410, "page_token_expired");
        let unknown = self.moderator.get(&format!("{path}?{}=1", MISPLACED[0])).await;
        unknown.expect_problem(400, "invalid_request");
    }

    /// Decisions that end in every way an id can.
    async fn decisions(&self) {
        self.control().fail_item(&self.group, &self.open[1], 131_203).unwrap();
        let dry = json!({ "join_request_ids": self.open, "dry_run": true });
        assert_eq!(self.moderator.decide("approve", &self.group, &dry).await.status, 502);
        let mixed = self.moderator.approve(&self.group, &[&self.open[0], &self.open[1], "bm9ib2R5"]).await;
        assert_eq!(mixed.outcomes(), ["approved", "failed", "gone"]);
        let notes =
            json!({ "join_request_ids": [self.open[2]], "reason": "spam", "on_behalf_of": "user:4711" });
        assert_eq!(self.moderator.decide("reject", &self.group, &notes).await.status, 200);
        let path = format!("/v1/groups/{}/join-requests/approve", self.group);
        let again = json!({ "join_request_ids": [self.open[0], "bm9ib2R5"] }).to_string();
        for _ in 0..2 {
            // A key of a caller who did not think of privacy.
            let headers = [JSON, ("idempotency-key", MISPLACED[0])];
            let answer = self.moderator.send(Method::POST, &path, &headers, again.clone()).await;
            assert_eq!(answer.outcomes(), ["already_approved", "gone"]);
        }
    }

    /// So many calls succeed that what fails afterwards is sent all the same.
    async fn good_times(&self) {
        for _ in 0..30 {
            assert_eq!(self.moderator.list(&self.group).await.status, 200);
        }
    }

    /// Graph in trouble, with everything that is secret in its own words.
    async fn graph_in_trouble(&self) {
        let words = format!("{GRAPH_TOKEN} {} {} {OWNER} {USERNAME}", self.group, self.open[3]);
        let html = |status| Fault::body(status, format!("<html>{words}</html>"), "text/html").never();
        let error = |status, code| error_with(&words, status, code);
        for fault in [
            html(200),
            html(502),
            error(400, 100),
            error(403, 10),
            error(500, 2),
            error(400, 131_207),
            error(400, 999_999),
        ] {
            self.good_times().await;
            self.control().fail_next(3, fault.clone()).unwrap();
            assert_ne!(self.moderator.list(&self.group).await.status, 200);
            self.control().clear_faults();
            self.good_times().await;
            self.control().fail_next(9, fault).unwrap();
            assert_ne!(self.moderator.approve(&self.group, &self.open[3..4]).await.status, 200);
            self.control().clear_faults();
        }
        self.good_times().await;
        self.control().throttle(4, 1, Some(1));
        let problem = self.moderator.approve(&self.group, &self.open[3..]).await;
        problem.expect_problem(503, "upstream_rate_limited");
    }

    /// Meta refuses the token, and says so in words that repeat it.
    async fn token_refused(&self) {
        let words = format!("{GRAPH_TOKEN} {} {}", self.group, self.open[3]);
        self.control().fail_next(1, error_with(&words, 400, 190)).unwrap();
        let problem = self.moderator.reject(&self.group, &self.open[3..]).await;
        problem.expect_problem(503, "upstream_credential_invalid");
        let problem = self.moderator.list(&self.group).await;
        problem.expect_problem(503, "upstream_credential_invalid");
    }

    /// Callers that are refused, with personal data wherever there is room for it.
    async fn refused_callers(&mut self) {
        let list = format!("/v1/groups/{}/join-requests", self.group);
        let stranger = token("stranger", READ, Some("b3RoZXI"));
        self.secrets.learn_token(&stranger);
        let altered = format!("{}AAAA", stranger.rsplit_once('.').unwrap().0);
        self.secrets.credentials.insert(altered.clone());
        self.caller(Some(stranger)).get(&list).await.expect_problem(403, "forbidden_group");
        self.caller(Some(altered)).get(&list).await.expect_problem(401, "unauthorized");
        for path in [
            format!("/v1/groups/+{}/join-requests", MISPLACED[1]),
            format!("/v1/persons/{}", MISPLACED[1]),
            format!("/v1/groups/{}/join-requests/{}", self.group, self.open[0]),
            format!("{list}/{}", MISPLACED[1]),
            format!("/{}?x={}", MISPLACED[1], self.open[0]),
        ] {
            assert!(self.moderator.get(&path).await.status >= 400, "{path}");
        }
        let approve = format!("{list}/approve");
        for body in [
            json!({ "join_request_ids": [format!("+{} ", MISPLACED[2])] }),
            json!({ "join_request_ids": MISPLACED[2] }),
            json!({ (MISPLACED[2]): true }),
            json!([self.open[0]]),
        ] {
            self.post(&approve, body).await.expect_problem(400, "invalid_request");
        }
        let method = Method::from_bytes(MISPLACED[3].as_bytes()).unwrap();
        let answer = self.moderator.send(method, &list, &[], "").await;
        answer.expect_problem(405, "method_not_allowed");
        let headers =
            [("x-request-id", "+15550107105"), ("user-agent", MISPLACED[4]), ("referer", MISPLACED[4])];
        assert!(self.moderator.send(Method::GET, "/v1/none", &headers, "").await.status == 404);
        let broken = format!("GET /{} HTTP/1.1\r\nbroken {}\r\n\r\n", MISPLACED[5], self.open[0]);
        assert_eq!(exchange(self.process.api, broken.as_bytes()).await.status, 400);
    }

    /// Goes through all of it; gives what was written, the metrics, and what must not be in them.
    async fn play(mut self) -> Left {
        self.lists().await;
        self.decisions().await;
        self.refused_callers().await;
        self.graph_in_trouble().await;
        self.end().await
    }

    async fn end(mut self) -> Left {
        self.secrets.ids.extend(self.open);
        let metrics = self.process.operator().get("/metrics").await.text;
        let answers = std::mem::take(&mut *self.answers.lock().unwrap());
        let ended = self.process.stop().await;
        let traces = String::from_utf8_lossy(&self.collector.bytes()).into_owned() + &self.collector.text();
        Left { ended, metrics, traces, answers, secrets: self.secrets }
    }
}

/// An error of Graph with these words wherever it has room for some.
fn error_with(words: &str, status: u16, code: i64) -> Fault {
    let details = json!({ "details": words });
    let error = json!({ "message": words, "type": words, "code": code, "error_data": details, "fbtrace_id": words,
        "error_user_msg": words, "error_user_title": words });
    Fault::body(status, json!({ "error": error }).to_string(), "application/json").never()
}

/// A group with people of every kind; gives its id.
fn people(control: &Control) -> String {
    let spec = GroupSpec { owner_phone: Some(OWNER.to_owned()), ..GroupSpec::default() };
    let group = control.create_group(spec).unwrap();
    for index in 0..5 {
        let named = index == 4;
        let spec = RequestSpec {
            user_id: named.then(|| USER_ID.to_owned()),
            parent_user_id: named.then(|| PARENT_USER_ID.to_owned()),
            username: named.then(|| USERNAME.to_owned()),
            ..RequestSpec::default()
        };
        control.add_request(&group, spec).unwrap();
    }
    group
}

fn settings(sandbox: &RunningSandbox, more: &[(&str, &str)]) -> Variables {
    let mut settings = serving(sandbox);
    set(&mut settings, "GRAPH__APP_SECRET", APP_SECRET);
    set(&mut settings, "GRAPH__FALLBACK_TOKEN", FALLBACK_TOKEN);
    set(&mut settings, "GRAPH__MAX_PAGES", "2");
    set(&mut settings, "LIMITS__CALLER_BURST", "1000");
    set(&mut settings, "LIMITS__GRAPH_BURST", "10000");
    set(&mut settings, "TELEMETRY__LEVEL", "debug");
    // The token is asked about, in an address that holds it.
    set(&mut settings, "GRAPH__TOKEN_PROBE_INTERVAL", "1min");
    for (name, value) in more {
        set(&mut settings, name, *value);
    }
    // Libraries would tell everything if anybody listened.
    settings.push(("RUST_LOG".to_owned(), "trace".to_owned()));
    settings
}

impl Left {
    /// What everybody who runs the gateway may read.
    fn expect_nothing_written(&self, audit: bool) {
        expect_explained_fields(&self.ended.log);
        let log = self.ended.log.join("\n");
        let audit = audit.then(|| self.ended.audit.join("\n"));
        assert!(self.traces.contains("admission"));
        for text in [&log, &self.metrics, &self.traces].into_iter().chain(&audit) {
            self.expect_nothing_in(text);
        }
    }

    #[track_caller]
    fn expect_nothing_in(&self, text: &str) {
        assert_eq!(found_in(text, &self.secrets.credentials), [""; 0], "{text}");
        assert_eq!(found_in(text, &self.secrets.ids), [""; 0], "{text}");
    }

    /// Callers see people in lists and results, never credentials; a problem speaks of nobody.
    fn expect_nothing_in_answers(&self) {
        let theirs = |value: &&String| {
            self.answers.iter().any(|answer| answer.text.contains(&format!("page_token\":\"{value}")))
        };
        let never = self.secrets.credentials.iter().filter(|value| !theirs(value)).cloned().collect();
        let mut problems = 0;
        for answer in &self.answers {
            let headers = format!("{:?}", answer.headers);
            for text in [&headers, &answer.text] {
                assert_eq!(found_in(text, &never), [""; 0], "{answer:?}");
            }
            assert_eq!(found_in(&headers, &self.secrets.ids), [""; 0], "{answer:?}");
            if answer.header("content-type") == "application/problem+json" {
                problems += 1;
                assert_eq!(found_in(&answer.text, &self.secrets.ids), [""; 0], "{answer:?}");
            }
        }
        assert!(problems > 20, "{problems}");
    }
}

#[tokio::test]
async fn nothing_secret_or_personal_is_written_down() {
    let left = Scenario::start(&[]).await.play().await;
    assert!(left.ended.log.len() > 30 && left.ended.audit.len() > 20, "the scenario must leave traces");
    assert!(left.secrets.ids.len() > 15 && left.secrets.credentials.len() > 8);
    left.expect_nothing_written(true);
    left.expect_nothing_in_answers();
}

#[tokio::test]
async fn a_token_that_meta_refuses_is_not_written_down() {
    let scenario = Scenario::start(&[]).await;
    scenario.token_refused().await;
    let left = scenario.end().await;
    assert!(left.ended.log.iter().any(|line| line.contains("Meta refuses the token")));
    left.expect_nothing_written(true);
}

#[tokio::test]
async fn ids_in_clear_are_for_the_audit_log_alone() {
    let more = [("TELEMETRY__AUDIT_CLEAR_IDS", "true"), ("TELEMETRY__LOG", "json")];
    let left = Scenario::start(&more).await.play().await;
    let audit = left.ended.audit.join("\n");
    assert_eq!(found_in(&audit, &left.secrets.credentials), [""; 0], "{audit}");
    let first = serde_json::from_str::<Value>(&left.ended.audit[0]).unwrap();
    for id in [&first["group"], &first["join_requests"][0]] {
        assert!(left.secrets.ids.contains(id.as_str().unwrap()), "{first}");
    }
    left.expect_nothing_written(false);
}

#[tokio::test]
async fn redis_is_told_and_keeps_nothing_secret_or_personal() {
    let redis = RedisServer::start();
    let told = redis.overhear();
    let left = Scenario::start(&[("STORE__REDIS_URL", &redis.url())]).await.play().await;
    let kept = redis.content();
    assert!(kept.len() > 5, "{kept:?}");
    left.expect_nothing_in(&kept.join("\n"));
    // Every command with every argument, of scripts too.
    let told = told.end();
    assert!(told.lines().count() > 100, "{told}");
    left.expect_nothing_in(&told);
    left.expect_nothing_written(true);
}

#[test]
fn settings_show_no_secret_to_whoever_prints_them() {
    let pairs = settings_for("http://127.0.0.1:9").into_iter();
    let more = [
        ("JOINGATE_GRAPH__APP_SECRET", APP_SECRET),
        ("JOINGATE_GRAPH__FALLBACK_TOKEN", FALLBACK_TOKEN),
        ("JOINGATE_GRAPH__PROXY_URL", "http://joingate:word-for-the-proxy@127.0.0.1:1"),
    ];
    let more = more.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::load(None, &Environment::from_pairs(pairs.chain(more))).unwrap();
    let shown = format!("{settings:#?}");
    assert!(shown.contains("graph.app_secret"), "{shown}");
    let secrets = [GRAPH_TOKEN, FALLBACK_TOKEN, APP_SECRET, SECRET, "word-for-the-proxy"].map(str::to_owned);
    assert_eq!(found_in(&shown, &BTreeSet::from(secrets)), [""; 0], "{shown}");
}

/// Runs itself in a process of its own, whose stderr it reads.
#[test]
fn a_panic_tells_its_place_and_no_data() {
    const DYING: &str = "THE_TEST_THAT_DIES";
    if std::env::var_os(DYING).is_some() {
        let settings = Settings::load(None, &Environment::from_pairs(settings_for("http://127.0.0.1:9")));
        let writer = start_logging(&settings.unwrap().telemetry, None).unwrap();
        log_panics();
        for data in [GRAPH_TOKEN, MISPLACED[0]] {
            let died = std::panic::catch_unwind(|| panic!("it holds {data}"));
            assert!(died.is_err());
        }
        assert!(std::panic::catch_unwind(|| panic!("words of the source")).is_err());
        return drop(writer);
    }
    let mut test = Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", "privacy::a_panic_tells_its_place_and_no_data", "--nocapture"]);
    let output = test.env(DYING, "1").output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(log.matches("a fault of the program").count(), 3, "{log}");
    assert!(log.contains("tests/it/privacy.rs") && log.contains("words of the source"), "{log}");
    assert!(!log.contains(GRAPH_TOKEN) && !log.contains(MISPLACED[0]), "{log}");
}

/// The search itself: it would see a value in each of its forms, and at any place.
#[test]
fn the_search_finds_what_it_looks_for() {
    let values = BTreeSet::from(["15550107999".to_owned(), "a+b/c=".to_owned()]);
    let request_id = STANDARD_NO_PAD.encode("15550107999:120363000000000001");
    let group_id = URL_SAFE_NO_PAD.encode("capi_group:15550107999:1");
    for text in [
        "number 15550107999.",
        &request_id,
        &group_id,
        &STANDARD_NO_PAD.encode("a:15550107999"),
        &hex::encode("15550107999"),
        "?id=a%2Bb%2Fc%3D",
        "?id=a%2bb%2fc%3d",
    ] {
        assert!(!found_in(text, &values).is_empty(), "{text}");
    }
    assert_eq!(found_in("1555010799, a+b/c, nothing", &values), [""; 0]);
}
