//! One replica: the program itself, in a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::Fallible;

/// Ends with the measurement.
#[derive(Debug)]
pub(crate) struct Gateway {
    child: Child,
    api: String,
    admin: String,
}

impl Gateway {
    /// Starts it and waits until it says where it serves.
    pub(crate) fn start(settings: &[(String, String)]) -> Fallible<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_joingate"));
        command.arg("serve").env_clear().envs(settings.iter().cloned()).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (log, audit) = (child.stderr.take(), child.stdout.take());
        let mut log = BufReader::new(log.ok_or("no stderr")?);
        let mut line = String::new();
        let serving = loop {
            line.clear();
            if log.read_line(&mut line)? == 0 {
                return Err("the gateway did not start".into());
            }
            let entry = serde_json::from_str::<Value>(&line).unwrap_or_default();
            if entry.get("message").is_some_and(|message| message == "serving") {
                break entry;
            }
        };
        // Nobody reads them, but pipes must not fill up.
        drain(log);
        drain(audit.ok_or("no stdout")?);
        let address =
            |name: &str| format!("http://{}", serving.get(name).and_then(Value::as_str).unwrap_or_default());
        Ok(Self { child, api: address("api"), admin: address("admin") })
    }

    pub(crate) fn api(&self) -> &str {
        &self.api
    }

    pub(crate) fn admin(&self) -> &str {
        &self.admin
    }

    /// What it has open at this moment: connections, mostly.
    pub(crate) fn open_files(&self) -> Fallible<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// The most memory it ever had at once, in MiB, as Linux counts it (`VmHWM`).
    pub(crate) fn peak_memory(&self) -> Fallible<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok(kilobytes.ok_or("no VmHWM")? / 1024)
    }
}

fn drain(mut pipe: impl Read + Send + 'static) {
    std::thread::spawn(move || {
        // It ends with the gateway, one way or the other.
        drop(std::io::copy(&mut pipe, &mut std::io::sink()));
    });
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
