//! Programs that tests call.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// No program here needs more than some seconds.
const AT_MOST: Duration = Duration::from_mins(2);

/// Runs a program to its end, its input given whole. A missing program fails the test, naming the Debian package.
pub(crate) async fn run_program(program: &str, package: &str, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).process_group(0);
    let (program, package, input) = (program.to_owned(), package.to_owned(), input.to_owned());
    let running = tokio::task::spawn_blocking(move || {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let Ok(child) = child else {
            panic!("{program} is missing (Debian: {package}); tests/run installs it");
        };
        let group = child.id();
        let (ended, end) = mpsc::channel();
        let waiting = std::thread::spawn(move || ended.send(feed(child, &input)));
        let output = end.recv_timeout(AT_MOST);
        if output.is_err() {
            // The group that this child leads, and nothing else.
            let group = format!("-{group}");
            drop(Command::new("kill").args(["-KILL", "--", &group]).status());
        }
        let joined = waiting.join();
        output
            .ok()
            .filter(|_| joined.is_ok())
            .unwrap_or_else(|| panic!("{program} did not end within {AT_MOST:?}"))
    });
    running.await.unwrap()
}

fn feed(mut child: Child, input: &str) -> Output {
    // A program that does not read its input is none the worse for it.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    child.wait_with_output().unwrap()
}
