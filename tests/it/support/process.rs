//! The program itself, with an environment that holds nothing but what a test gives it.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use joingate_sandbox::RunningSandbox;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::Client;
use super::app::settings_for;

/// Longer than anything the program does by itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// Names and values of environment variables.
pub(crate) type Variables = Vec<(String, String)>;

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs a command that ends by itself.
pub(crate) fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let output = program(arguments).envs(environment.iter().copied()).output().unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Settings for `serve` on free ports, in front of a sandbox that takes the tests' token.
pub(crate) fn serving(sandbox: &RunningSandbox) -> Variables {
    settings_for(&sandbox.base_url())
}

/// Sets `SECTION__KEY` in the environment of a program to come.
pub(crate) fn set(variables: &mut Variables, name: &str, value: impl Into<String>) {
    let name = format!("JOINGATE_{name}");
    variables.retain(|(other, _)| *other != name);
    variables.push((name, value.into()));
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_joingate"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// A running gateway. It does not outlive its test.
pub(crate) struct Process {
    child: Child,
    pub log: Lines,
    pub audit: Lines,
    pub api: SocketAddr,
    pub admin: SocketAddr,
}

/// What is left of it.
#[derive(Debug)]
pub(crate) struct Ended {
    pub code: Option<i32>,
    /// Every line of stderr.
    pub log: Vec<String>,
    /// Every line of stdout.
    pub audit: Vec<String>,
}

impl Process {
    /// Starts the program and waits until it says where it serves.
    pub(crate) async fn start(arguments: &[&str], environment: Variables) -> Self {
        Self::start_writing_to(Stdio::piped(), arguments, environment).await
    }

    /// The same with a stdout of the test's own.
    pub(crate) async fn start_writing_to(stdout: Stdio, arguments: &[&str], environment: Variables) -> Self {
        let mut child =
            program(arguments).envs(environment).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = Lines::of(child.stderr.take().unwrap());
        let audit = match child.stdout.take() {
            Some(pipe) => Lines::of(pipe),
            None => Lines::of(std::io::empty()),
        };
        let line = log.next_with("serving").await;
        // The line in either form.
        let address = |name: &str| {
            let marks = [format!("\"{name}\":\""), format!("{name}=")];
            let rest = marks.iter().find_map(|mark| line.split_once(mark)).unwrap().1;
            rest.split(['"', ' ']).next().unwrap().parse().unwrap()
        };
        Self { api: address("api"), admin: address("admin"), child, log, audit }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn caller(&self, token: Option<String>) -> Client {
        Client::new(format!("http://{}", self.api), token)
    }

    /// Somebody at the admin port.
    pub(crate) fn operator(&self) -> Client {
        Client::new(format!("http://{}", self.admin), None)
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends SIGHUP.
    pub(crate) fn hang_up(&self) {
        self.signal("HUP");
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(self) {
        drop(self);
    }

    fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        kill.args(["-s", name, &self.id().to_string()]);
        assert!(kill.status().expect("kill runs").success());
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Ended {
        self.log.read_to_end().await;
        self.audit.read_to_end().await;
        Ended {
            // Both pipes are closed: it has ended, or does in this moment.
            code: self.child.wait().unwrap().code(),
            log: std::mem::take(&mut self.log.seen),
            audit: std::mem::take(&mut self.audit.seen),
        }
    }

    pub(crate) async fn stop(self) -> Ended {
        self.terminate();
        self.ended().await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The lines of a pipe, read by a thread so that the program never waits for the test.
pub(crate) struct Lines {
    incoming: UnboundedReceiver<String>,
    seen: Vec<String>,
}

impl Lines {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let (sender, incoming) = unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines() {
                if sender.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        let seen = Vec::new();
        Self { incoming, seen }
    }

    /// The next line that contains the text.
    pub(crate) async fn next_with(&mut self, text: &str) -> String {
        let find = async {
            while let Some(line) = self.incoming.recv().await {
                self.seen.push(line.clone());
                if line.contains(text) {
                    return Some(line);
                }
            }
            None
        };
        let found = tokio::time::timeout(PATIENCE, find).await.ok().flatten();
        found.unwrap_or_else(|| panic!("no line with {text}: {:#?}", self.seen))
    }

    async fn read_to_end(&mut self) {
        let read = async {
            while let Some(line) = self.incoming.recv().await {
                self.seen.push(line);
            }
        };
        tokio::time::timeout(PATIENCE, read).await.expect("the program did not end");
    }
}
