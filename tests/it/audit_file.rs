//! The audit log in a file: rotated, full, and read after a crash.

use std::path::{Path, PathBuf};

use joingate_sandbox::{Fault, GroupSpec, RequestSpec, RunningSandbox, Sandbox, SandboxOptions};
use serde_json::Value;
use tempfile::TempDir;

use crate::store::state::eventually;
use crate::support::process::{Process, run, serving, set};
use crate::support::{Client, DECIDE, GRAPH_TOKEN, READ, token};

struct Scene {
    sandbox: RunningSandbox,
    group: String,
    open: Vec<String>,
    directory: TempDir,
}

impl Scene {
    async fn set() -> Self {
        let options = SandboxOptions { token: GRAPH_TOKEN.to_owned(), ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let group = sandbox.control().create_group(GroupSpec::default()).unwrap();
        let ask = |_| sandbox.control().add_request(&group, RequestSpec::default()).unwrap();
        let open = (0..3).map(ask).collect();
        Self { sandbox, group, open, directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("audit.jsonl")
    }

    async fn gateway(&self, audit: &Path) -> (Process, Client) {
        let mut settings = serving(&self.sandbox);
        set(&mut settings, "TELEMETRY__AUDIT", audit.to_str().unwrap());
        let process = Process::start(&["serve"], settings).await;
        let moderator = process.caller(Some(token("moderator", &format!("{READ} {DECIDE}"), Some("*"))));
        (process, moderator)
    }
}

/// The events of a file, in order.
fn events(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let event =
        |line: &str| serde_json::from_str::<Value>(line).unwrap()["event"].as_str().unwrap().to_owned();
    text.lines().map(event).collect()
}

async fn until_written(path: &Path, expected: &[&str]) {
    eventually("the audit events", async || (events(path) == expected).then_some(())).await;
}

#[tokio::test]
async fn the_file_is_appended_to_and_made_anew_when_it_was_rotated() {
    let scene = Scene::set().await;
    let (path, rotated) = (scene.path(), scene.directory.path().join("audit.jsonl.1"));
    let (process, moderator) = scene.gateway(&path).await;
    assert_eq!(moderator.approve(&scene.group, &scene.open[..1]).await.status, 200);
    until_written(&path, &["intended", "decided"]).await;
    std::fs::rename(&path, &rotated).unwrap();
    assert_eq!(moderator.approve(&scene.group, &scene.open[1..2]).await.status, 200);
    until_written(&path, &["intended", "decided"]).await;
    assert_eq!(events(&rotated).len(), 2);
    let ended = process.stop().await;
    assert_eq!((ended.code, ended.audit.len()), (Some(0), 0), "nothing goes to stdout");

    let (process, moderator) = scene.gateway(&path).await;
    assert_eq!(moderator.reject(&scene.group, &scene.open[2..]).await.status, 200);
    until_written(&path, &["intended", "decided", "intended", "decided"]).await;
    process.stop().await;
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_sent() {
    let scene = Scene::set().await;
    let (process, moderator) = scene.gateway(Path::new("/dev/full")).await;
    moderator.approve(&scene.group, &scene.open).await.expect_problem(503, "audit_unavailable");
    assert!(scene.sandbox.control().calls().is_empty());
    process.stop().await;
}

#[tokio::test]
async fn after_a_crash_the_intent_can_be_read() {
    let scene = Scene::set().await;
    let (process, moderator) = scene.gateway(&scene.path()).await;
    scene.sandbox.control().fail_next(1, Fault::delay(60_000)).unwrap();
    let sent = async || (!scene.sandbox.control().calls().is_empty()).then_some(());
    tokio::select! {
        answer = moderator.approve(&scene.group, &scene.open[..1]) => panic!("{answer:?}"),
        () = eventually("the call", sent) => process.kill(),
    }
    assert_eq!(events(&scene.path()), ["intended"]);
}

#[test]
fn a_file_that_cannot_be_opened_is_a_clear_failure() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("nowhere").join("audit.jsonl");
    let ran = run(
        &["serve"],
        &[
            ("JOINGATE_SERVER__LISTEN", "127.0.0.1:0"),
            ("JOINGATE_SERVER__ADMIN_LISTEN", "127.0.0.1:0"),
            ("JOINGATE_GRAPH__TOKEN", GRAPH_TOKEN),
            ("JOINGATE_AUTH__ISSUERS__TEST__ISSUER", "https://issuer.test.invalid"),
            ("JOINGATE_AUTH__ISSUERS__TEST__AUDIENCE", "joingate"),
            ("JOINGATE_AUTH__ISSUERS__TEST__HMAC_SECRET", "a-secret-that-only-tests-know-about"),
            ("JOINGATE_TELEMETRY__AUDIT", path.to_str().unwrap()),
        ],
    );
    let sentence = "joingate: telemetry.audit cannot be opened: No such file or directory (os error 2)";
    assert_eq!((ran.code, ran.err.lines().last()), (Some(2), Some(sentence)), "{ran:?}");
}

#[tokio::test]
async fn with_nobody_left_to_read_stdout_nothing_is_decided() {
    let scene = Scene::set().await;
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let process = Process::start_writing_to(writer.into(), &["serve"], serving(&scene.sandbox)).await;
    let moderator = process.caller(Some(token("moderator", &format!("{READ} {DECIDE}"), Some("*"))));
    let answer = moderator.approve(&scene.group, &scene.open[..1]).await;
    answer.expect_problem(503, "audit_unavailable");
    let metrics = process.operator().get("/metrics").await.text;
    // The intent, and that nothing came of it.
    assert!(metrics.contains("joingate_audit_lost_total 2\n"), "{metrics}");
    assert_eq!(scene.sandbox.control().open_requests(&scene.group).len(), 3);
    assert_eq!(moderator.list(&scene.group).await.status, 200);
}

#[tokio::test]
async fn an_intent_behind_a_line_that_a_full_disk_tore_can_be_read() {
    let scene = Scene::set().await;
    let path = scene.path();
    std::fs::write(&path, "{\"event\":\"deci").unwrap();
    let (process, moderator) = scene.gateway(&path).await;
    assert_eq!(moderator.approve(&scene.group, &scene.open[..1]).await.status, 200);
    process.stop().await;
    let text = std::fs::read_to_string(&path).unwrap();
    let events =
        text.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].clone());
    assert_eq!(events.collect::<Vec<_>>(), ["intended", "decided"]);
}
