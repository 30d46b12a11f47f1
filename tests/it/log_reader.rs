//! Whoever reads the log must not be able to stop the gateway, by going away or by reading no more.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use joingate_sandbox::{GroupSpec, RequestSpec, RunningSandbox, Sandbox, SandboxOptions};
use serde_json::Value;

use crate::support::process::serving;
use crate::support::{Client, DECIDE, GRAPH_TOKEN, token};

/// More log lines than a pipe of 64 KiB holds.
const REQUESTS: usize = 500;

/// The process; it does not outlive its test.
struct Running(Child);

impl Running {
    async fn exit_code(&mut self) -> Option<i32> {
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A gateway whose log only its test reads.
struct Gateway {
    child: Running,
    log: BufReader<ChildStderr>,
    base: String,
    sandbox: RunningSandbox,
}

impl Gateway {
    async fn start() -> Self {
        let options = SandboxOptions { token: GRAPH_TOKEN.to_owned(), ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_joingate"))
            .env_clear()
            .envs(serving(&sandbox))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        let serving = serde_json::from_str::<Value>(&line).unwrap();
        let base = format!("http://{}", serving["api"].as_str().unwrap());
        Self { child: Running(child), log, base, sandbox }
    }

    /// Everything is answered, and SIGTERM ends the process as it should.
    async fn serves_and_ends(mut child: Running, base: String, sandbox: RunningSandbox) {
        let group = sandbox.control().create_group(GroupSpec::default()).unwrap();
        let id = sandbox.control().add_request(&group, RequestSpec::default()).unwrap();
        let anonymous = Client::new(base.clone(), None);
        for _ in 0..REQUESTS {
            assert_eq!(anonymous.get("/problems/gone").await.status, 200);
        }
        let moderator = Client::new(base, Some(token("moderator", DECIDE, Some("*"))));
        assert_eq!(moderator.approve(&group, &[id]).await.outcomes(), ["approved"]);
        let pid = child.0.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
        let code = tokio::time::timeout(Duration::from_secs(30), child.exit_code()).await;
        assert_eq!(code.expect("it does not end"), Some(0));
    }
}

#[tokio::test]
async fn a_reader_that_went_away_takes_nothing_with_it() {
    let Gateway { child, log, base, sandbox } = Gateway::start().await;
    drop(log);
    Gateway::serves_and_ends(child, base, sandbox).await;
}

#[tokio::test]
async fn a_reader_that_reads_no_more_holds_nothing_up() {
    let Gateway { child, log, base, sandbox } = Gateway::start().await;
    Gateway::serves_and_ends(child, base, sandbox).await;
    drop(log);
}
