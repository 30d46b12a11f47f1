//! Settings that change while the program runs.

use std::path::PathBuf;

use joingate_sandbox::{GroupSpec, RequestSpec, RunningSandbox, Sandbox, SandboxOptions};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::process::{Process, serving, set};
use crate::support::{Client, DECIDE, GRAPH_TOKEN, READ, token};

const TAKEN: &str = "the settings were read again";
const REFUSED: &str = "the new settings are refused as a whole";

/// A program with a settings file of its own, in front of a sandbox.
struct Running {
    sandbox: RunningSandbox,
    process: Process,
    file: PathBuf,
    _directory: TempDir,
}

impl Running {
    async fn start(toml: &str, environment: &[(&str, &str)]) -> Self {
        let options = SandboxOptions { token: GRAPH_TOKEN.to_owned(), ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("joingate.toml");
        std::fs::write(&file, toml).unwrap();
        let mut variables = serving(&sandbox);
        for (name, value) in environment {
            set(&mut variables, name, *value);
        }
        let process = Process::start(&["--config", file.to_str().unwrap()], variables).await;
        Self { sandbox, process, file, _directory: directory }
    }

    /// Replaces the file as an editor does: never half written.
    fn write(&self, toml: &str) {
        let draft = self.file.with_extension("draft");
        std::fs::write(&draft, toml).unwrap();
        std::fs::rename(draft, &self.file).unwrap();
    }

    fn moderator(&self) -> Client {
        self.process.caller(Some(token("moderator", &format!("{READ} {DECIDE}"), Some("*"))))
    }

    async fn quota(&self) -> Value {
        let answer = self.moderator().get("/v1/quota").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    async fn reloads(&self, result: &str) -> String {
        let exposition = self.process.operator().get("/metrics").await.text;
        let labels = format!(r#"config_reloads_total{{result="{result}",what="settings"}} "#);
        let line = exposition.lines().find(|line| line.contains(&labels));
        line.and_then(|line| line.rsplit_once(' ')).map_or("0", |(_, value)| value).to_owned()
    }

    async fn stop(self) {
        assert_eq!(self.process.stop().await.code, Some(0));
        self.sandbox.stop().await;
    }
}

#[tokio::test]
async fn limits_change_on_a_signal_and_what_was_used_stays_used() {
    let mut running = Running::start("[limits]\ncaller = \"60/h\"\ncaller_burst = 20\n", &[]).await;
    let before = running.quota().await;
    assert_eq!(before["caller"]["limit"], 60);
    assert_eq!((&before["caller"]["window_s"], &before["caller"]["burst"]), (&json!(3600), &json!(20)));
    assert_eq!(before["caller"]["remaining"], 19);

    running.write(
        "[limits]\ncaller = \"120/h\"\ncaller_burst = 40\ngraph = \"7/s\"\ngraph_burst = 3\nmax_wait = \"0s\"\n",
    );
    running.process.hang_up();
    running.process.log.next_with(TAKEN).await;
    let after = running.quota().await;
    assert_eq!(after["caller"]["limit"], 120);
    // One was used, worth a minute: that is two at half a minute each, and one more now.
    assert_eq!(after["caller"]["remaining"], 37, "{after}");
    assert_eq!(after["graph"][0]["remaining_estimate"], 3);
    assert_eq!(running.reloads("taken").await, "1");
    running.stop().await;
}

#[tokio::test]
async fn a_new_file_is_found_and_decisions_can_be_switched_off_and_on() {
    let mut running = Running::start("", &[]).await;
    let control = running.sandbox.control();
    let group = control.create_group(GroupSpec::default()).unwrap();
    let ids =
        (0..2).map(|_| control.add_request(&group, RequestSpec::default()).unwrap()).collect::<Vec<_>>();
    let moderator = running.moderator();
    let path = format!("/v1/groups/{group}/join-requests/approve");
    let decide = async |ids: &[String], more: Value, key: &str| {
        let mut body = json!({ "join_request_ids": ids });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        moderator.send(Method::POST, &path, &headers, body.to_string()).await
    };
    assert_eq!(decide(&ids[..1], json!({}), "first").await.status, 200);

    running.write("[graph]\nread_only = true\n");
    running.process.log.next_with(TAKEN).await;
    let sent = running.sandbox.control().calls().len();
    let refused = decide(&ids[1..], json!({}), "second").await;
    let problem = refused.expect_problem(503, "decisions_disabled");
    assert_eq!((&problem["executed"], &problem["retryable"]), (&json!("no"), &json!(true)));
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(running.sandbox.control().calls().len(), sent, "nothing was sent");
    let replayed = decide(&ids[..1], json!({}), "first").await;
    assert_eq!((replayed.status, replayed.header("idempotency-replayed")), (200, "true"));
    assert_eq!(decide(&ids[1..], json!({ "dry_run": true }), "third").await.outcomes(), ["would_send"]);
    assert_eq!(moderator.list(&group).await.status, 200);

    running.write("");
    running.process.log.next_with(TAKEN).await;
    assert_eq!(decide(&ids[1..], json!({}), "second").await.outcomes(), ["approved"]);
    running.stop().await;
}

#[tokio::test]
async fn an_invalid_file_is_refused_as_a_whole_and_counted() {
    let mut running = Running::start("[limits]\ncaller = \"60/h\"\n", &[]).await;
    running.write("[limits]\ncaller = \"120/h\"\n[graph]\nmax_pages = 0\nread_only = true\n");
    running.process.hang_up();
    let line = running.process.log.next_with(REFUSED).await;
    assert!(line.contains("graph.max_pages"), "{line}");
    assert_eq!(running.quota().await["caller"]["limit"], 60);
    std::fs::remove_file(&running.file).unwrap();
    running.process.hang_up();
    running.process.log.next_with(REFUSED).await;
    assert_eq!((running.reloads("refused").await, running.reloads("taken").await), ("2".into(), "0".into()));

    running.write("[limits]\ncaller = \"120/h\"\n[server]\nmax_ids = 7\n");
    running.process.hang_up();
    let line = running.process.log.next_with("take effect at the next start").await;
    assert!(line.contains(r#""settings":"server.max_ids""#), "{line}");
    assert_eq!(running.quota().await["caller"]["limit"], 120);
    running.stop().await;
}

#[tokio::test]
async fn the_environment_keeps_what_it_sets() {
    let mut running = Running::start(
        "[telemetry]\nlevel = \"warn\"\n",
        &[("LIMITS__CALLER", "60/h"), ("TELEMETRY__LEVEL", "info")],
    )
    .await;
    running.write("[limits]\ncaller = \"120/h\"\ncaller_burst = 30\n");
    running.process.hang_up();
    running.process.log.next_with(TAKEN).await;
    let quota = running.quota().await;
    assert_eq!((&quota["caller"]["limit"], &quota["caller"]["burst"]), (&json!(60), &json!(30)));
    running.stop().await;
}

#[tokio::test]
async fn the_log_level_changes_while_running() {
    let mut running = Running::start("", &[]).await;
    running.quota().await;
    running.process.log.next_with("request answered").await;
    running.write("[telemetry]\nlevel = \"warn\"\n[server]\nmax_ids = 9\n");
    running.process.hang_up();
    running.process.log.next_with("the log level changes").await;
    running.process.hang_up();
    // A second look tells the same at `warn`, and nothing at `info`.
    running.process.log.next_with("take effect at the next start").await;
    running.quota().await;
    let Running { process, sandbox, .. } = running;
    let ended = process.stop().await;
    assert_eq!(ended.code, Some(0));
    let reads = ended.log.iter().filter(|line| line.contains(TAKEN)).count();
    let answers = ended.log.iter().filter(|line| line.contains("request answered")).count();
    assert_eq!((reads, answers), (1, 1), "{:#?}", ended.log);
    sandbox.stop().await;
}
