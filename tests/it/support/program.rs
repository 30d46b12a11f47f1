//! Programs that tests call.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// No program here needs more than some seconds.
const AT_MOST: Duration = Duration::from_mins(2);

/// Runs a program to its end, its input given whole. A missing program fails the test, naming the Debian package.
pub(crate) async fn run_program(program: &str, package: &str, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).process_group(0);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = piped.spawn().unwrap_or_else(|_| {
        panic!("{program} is missing (Debian: {package}); tests/run installs it");
    });
    let group = format!("-{}", child.id());
    let input = input.to_owned();
    let end = tokio::task::spawn_blocking(move || feed(child, &input));
    if let Ok(output) = tokio::time::timeout(AT_MOST, end).await {
        return output.unwrap();
    }
    // The group that this child leads, and nothing else.
    drop(Command::new("kill").args(["-KILL", "--", &group]).status());
    panic!("{program} did not end within {AT_MOST:?}");
}

fn feed(mut child: Child, input: &str) -> Output {
    // A program that does not read its input is none the worse for it.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    child.wait_with_output().unwrap()
}
