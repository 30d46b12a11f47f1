//! The program, started from a shell, and the life of a sandbox in process.

use std::io::{BufRead as _, BufReader, ErrorKind};
use std::process::{Child, Command, Stdio};

use joingate_sandbox::{Sandbox, SandboxOptions};
use tokio::net::TcpStream;

use crate::support::{BEARER, Edge, edge_of, send};

/// The program, which does not outlive a failed test.
struct Program(Child);

impl Program {
    fn start() -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_joingate-sandbox"))
            .args(["--listen", "127.0.0.1:0", "--token", "shell-token", "--seed"])
            .args(["--token", "poor-token=whatsapp_business_management", "--style", "partial=partial_206"])
            .args(["--latency", "1,20", "--quota", "50/60", "--phone-quota", "5/60"])
            .stdout(Stdio::piped())
            .spawn();
        Self(child.expect("the program starts"))
    }

    /// The nine lines it says before it waits.
    fn greeting(&mut self) -> String {
        let out = BufReader::new(self.0.stdout.take().expect("piped"));
        out.lines().take(9).map(|line| line.expect("text") + "\n").collect()
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("kill").args(["-s", name, &self.0.id().to_string()]).status();
        assert!(kill.expect("kill runs").success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        drop(self.0.kill());
    }
}

#[tokio::test]
async fn it_says_where_it_is_and_ends_cleanly_on_sigterm_and_on_interrupt() {
    for signal in ["TERM", "INT"] {
        let mut program = Program::start();
        let text = program.greeting();
        assert!(text.contains("simulator") && text.contains("/_sandbox/groups"), "{text}");
        let addr = text.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
        let addr = addr.and_then(|addr| addr.parse().ok()).expect("an address");
        let group = text.split_whitespace().find(|word| word.starts_with("Y2Fw")).expect("a group");
        let bearer = ("Authorization", "Bearer shell-token");
        let reply = send(addr, "GET", &edge_of(group), &[bearer], "").await;
        assert_eq!(reply.ids().len(), 5);
        let poor = ("Authorization", "Bearer poor-token");
        assert_eq!(send(addr, "GET", &edge_of(group), &[poor], "").await.error(), (403, 10));
        for (route, setting) in [
            ("styles", r#""partial":"partial_206""#),
            ("latency", r#""median_ms":1,"p99_ms":20"#),
            ("quota", r#""calls":50,"window_s":60,"code":80007"#),
            ("quota", r#""calls":5,"window_s":60,"code":131208"#),
        ] {
            let shown = send(addr, "GET", &format!("/_sandbox/{route}"), &[], "").await.body;
            assert!(shown.contains(setting), "{shown}");
        }
        program.signal(signal);
        assert!(program.0.wait().expect("it ends").success(), "{signal}");
    }
}

#[test]
fn options_that_make_no_sense_end_it_with_a_reason() {
    for (options, reason) in [
        (["--style", "colour=blue"], "unknown field `colour`"),
        (["--style", "partial=blue"], "unknown variant `blue`"),
        (["--quota", "many"], "two numbers"),
        (["--quota", "0/60"], "outside its bounds"),
        (["--latency", "90000"], "outside its bounds"),
        (["--token", "=x"], "before the `=`"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_joingate-sandbox"))
            .args(["--listen", "127.0.0.1:0"])
            .args(options)
            .output()
            .expect("the program runs");
        let text = String::from_utf8(output.stderr).expect("text");
        assert!(!output.status.success() && text.contains(reason), "{options:?}: {text}");
    }
}

#[tokio::test]
async fn a_stopped_sandbox_no_longer_listens() {
    let edge = Edge::start().await;
    let addr = edge.sandbox.addr();
    assert_eq!(edge.sandbox.base_url(), format!("http://{addr}"));
    edge.sandbox.stop().await;
    let refused = TcpStream::connect(addr).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn two_sandboxes_share_nothing() {
    let (one, other) = (Edge::start().await, Edge::start().await);
    one.open(1);
    assert!(other.list("").await.ids().is_empty());
    assert_eq!(other.send("GET", "/v23.0/none/join_requests", &[BEARER], "").await.status, 400);
    assert!(one.control().calls().is_empty());
}

#[tokio::test]
async fn options_out_of_bounds_are_refused() {
    let options = [
        SandboxOptions { page_size: 0, ..SandboxOptions::default() },
        SandboxOptions { page_size: 1025, ..SandboxOptions::default() },
        SandboxOptions { version: "23".to_owned(), ..SandboxOptions::default() },
    ];
    for options in options {
        let refused = Sandbox::start(options).await.expect_err("refused");
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    }
}
