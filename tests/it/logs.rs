//! Log lines: one for each request, at a level by its status, with the fields that the README explains and no other.

use std::collections::BTreeSet;
use std::path::Path;

use joingate_sandbox::{AnswerFault, Fault, GroupSpec, RunningSandbox, Sandbox, SandboxOptions};
use reqwest::Method;
use serde_json::Value;

use crate::support::process::{Process, serving, set};
use crate::support::{Client, DECIDE, GRAPH_TOKEN, READ, token};

struct Running {
    sandbox: RunningSandbox,
    process: Process,
    list: String,
}

impl Running {
    async fn start(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let options = SandboxOptions { token: GRAPH_TOKEN.to_owned(), ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let group = sandbox.control().create_group(GroupSpec::default()).unwrap();
        let mut variables = serving(&sandbox);
        for (name, value) in settings {
            set(&mut variables, name, *value);
        }
        let process = Process::start(arguments, variables).await;
        Self { sandbox, process, list: format!("/v1/groups/{group}/join-requests") }
    }

    fn caller(&self) -> Client {
        self.process.caller(Some(token("moderator", &format!("{READ} {DECIDE}"), Some("*"))))
    }

    /// A list, one that nobody may have, and one that Graph refuses.
    async fn work(&self) {
        let send = async |caller: Client, id: &str| {
            caller.send(Method::GET, &self.list, &[("x-request-id", id)], "").await.status
        };
        assert_eq!(send(self.caller(), "good").await, 200);
        assert_eq!(send(self.process.caller(None), "stranger").await, 401);
        self.sandbox.control().fail_next(3, Fault::answer(AnswerFault::Close)).unwrap();
        assert_eq!(send(self.caller(), "bad").await, 503);
        self.sandbox.control().fail_next(1, Fault::graph_error(400, 131_207)).unwrap();
        assert_eq!(send(self.caller(), "suspended").await, 409);
        assert_eq!(self.process.caller(None).get("/none").await.status, 404);
    }
}

fn parsed(log: &[String]) -> Vec<Value> {
    log.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

/// Level, request id and status of every request line.
fn requests(lines: &[Value]) -> Vec<(String, String, u64)> {
    let requests = lines.iter().filter(|line| line["message"] == "request answered");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    requests
        .map(|line| (text(&line["level"]), text(&line["request_id"]), line["status"].as_u64().unwrap()))
        .collect()
}

/// Every line has only fields that the README explains.
pub(crate) fn expect_explained_fields(log: &[String]) {
    let explained = explained();
    for line in parsed(log) {
        assert!(fields(&line).is_subset(&explained), "{line}");
    }
}

/// What the README explains, members of objects with a point.
fn explained() -> BTreeSet<String> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let table = readme.split("<!-- log -->").nth(1).unwrap().split("<!-- /log -->").next().unwrap();
    let cells = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

fn fields(line: &Value) -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    for (name, value) in line.as_object().unwrap() {
        match value.as_object() {
            Some(members) => fields.extend(members.keys().map(|member| format!("{name}.{member}"))),
            None => drop(fields.insert(name.clone())),
        }
    }
    fields
}

#[tokio::test]
async fn every_request_has_one_line_at_a_level_by_its_status() {
    let running = Running::start(&["serve"], &[]).await;
    running.work().await;
    let log = running.process.stop().await.log;
    expect_explained_fields(&log);
    let lines = parsed(&log);
    let requests = requests(&lines);
    let expected =
        [("INFO", "good", 200), ("WARN", "stranger", 401), ("ERROR", "bad", 503), ("WARN", "suspended", 409)];
    let expected = expected.map(|(level, id, status)| (level.to_owned(), id.to_owned(), status));
    assert_eq!(requests[..4], expected);
    assert_eq!((requests.len(), &*requests[4].0, requests[4].2), (5, "WARN", 404));
    // A failure of Graph has one line for each call, which names the request that it was for.
    let of = |message: &str| {
        let lines = lines.iter().filter(|line| line["message"] == message);
        lines.map(|line| line["span"]["request_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("a call of Graph brought no answer"), ["bad"; 3]);
    assert_eq!(of("Graph refused a call"), ["suspended"]);
    let optional: BTreeSet<String> = ["problem"].map(str::to_owned).into();
    let always =
        ["timestamp", "level", "message", "request_id", "trace_id", "method", "route", "status", "fault"];
    let more = ["took_ms", "queue_ms", "graph_ms", "graph_calls"];
    let always = always.iter().chain(&more).map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    for line in &lines {
        let fields = fields(line);
        if line["message"] == "request answered" {
            assert!(fields.is_superset(&always), "{line}");
            assert!(fields.is_subset(&(&always | &optional)), "{line}");
            assert_eq!(line["problem"].is_string(), line["status"].as_u64().unwrap() >= 400, "{line}");
        }
    }
}

#[tokio::test]
async fn a_field_that_is_not_as_documented_is_told_once_by_its_name() {
    let running = Running::start(&["serve"], &[]).await;
    let body =
        r#"{"data":[{"join_request_id":"MTY=","wa_id":15550100001,"nickname":"Somebody"}],"15550100002":1}"#;
    running.sandbox.control().fail_next(2, Fault::body(200, body, "application/json").never()).unwrap();
    for _ in 0..2 {
        let answer = running.caller().get(&running.list).await;
        assert_eq!((answer.status, &answer.json()["join_requests"][0]["wa_id"]), (200, &Value::Null));
    }
    // Where the list itself has changed, nothing can be read, and it is told all the same.
    let body = r#"{"data":{"x":1},"newthing":1}"#;
    running.sandbox.control().fail_next(3, Fault::body(200, body, "application/json").never()).unwrap();
    running.caller().get(&running.list).await.expect_problem(502, "upstream_bad_response");
    let log = running.process.stop().await.log;
    expect_explained_fields(&log);
    let told = parsed(&log)
        .into_iter()
        .filter(|line| line["message"] == "a field in an answer of Graph is not as documented");
    let told =
        told.map(|line| format!("{} {}", line["kind"].as_str().unwrap(), line["field"].as_str().unwrap()));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "mistyped_field data[].wa_id",
            "unknown_field data[].nickname",
            "unknown_field ?",
            "mistyped_field data",
            "unknown_field newthing"
        ]
    );
    assert!(log.iter().all(|line| !line.contains("1555010000") && !line.contains("Somebody")));
}

#[tokio::test]
async fn the_level_changes_while_running_and_lines_still_state_the_request() {
    for (level, statuses, failed_calls) in [("warn", &[401, 503, 409, 404][..], 3), ("error", &[503], 0)] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("joingate.toml");
        std::fs::write(&file, "").unwrap();
        let mut running = Running::start(&["--config", file.to_str().unwrap()], &[]).await;
        std::fs::write(&file, format!("[telemetry]\nlevel = \"{level}\"\n")).unwrap();
        running.process.hang_up();
        running.process.log.next_with("the log level changes").await;
        running.work().await;
        let log = running.process.stop().await.log;
        let changed = log.iter().position(|line| line.contains("the log level changes")).unwrap();
        let lines = parsed(&log[changed..]);
        let told = requests(&lines).into_iter().map(|(_, _, status)| status).collect::<Vec<_>>();
        assert_eq!(told, statuses, "{level}");
        let failed = lines.iter().filter(|line| line["message"] == "a call of Graph brought no answer");
        assert_eq!(failed.clone().count(), failed_calls, "{level}");
        assert!(failed.into_iter().all(|line| line["span"]["request_id"] == "bad"), "{level}");
    }
}

#[tokio::test]
async fn for_people_it_is_the_same_in_one_line_without_colours() {
    let running = Running::start(&["serve"], &[("TELEMETRY__LOG", "pretty")]).await;
    running.work().await;
    let log = running.process.stop().await.log;
    let lines = log.iter().filter(|line| line.contains("request answered")).collect::<Vec<_>>();
    assert_eq!(lines.len(), 5);
    assert!(lines[0].contains(" INFO request answered request_id=\"good\" "), "{}", lines[0]);
    assert!(lines[0].contains("status=200 fault=\"none\" took_ms="), "{}", lines[0]);
    assert!(log.iter().all(|line| !line.contains('\u{1b}')));
}
