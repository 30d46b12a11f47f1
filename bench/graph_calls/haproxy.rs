//! A real one-to-one proxy: every list is one call to Graph, with Graph's token in place of the caller's.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Fallible;

const PATIENCE: Duration = Duration::from_secs(10);

/// A running proxy. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct HaProxy {
    child: Child,
    address: SocketAddr,
    _directory: TempDir,
}

impl HaProxy {
    /// What it says of itself; none when it is not installed.
    pub(crate) fn version() -> Option<String> {
        let output = Command::new("haproxy").arg("-v").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let mut words = text.split_whitespace().skip_while(|word| *word != "version");
        words.nth(1).map(|version| format!("HAProxy {version}"))
    }

    /// Starts it in front of Graph and waits until it accepts connections.
    pub(crate) fn start(graph: SocketAddr, token: &str) -> Fallible<Self> {
        let directory = tempfile::tempdir()?;
        // Given back at once: HAProxy takes the port a moment later.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let file = directory.path().join("haproxy.cfg");
        std::fs::write(&file, configuration(address, graph, token))?;
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(&file);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut proxy = Self { child, address, _directory: directory };
        proxy.comes_up()?;
        Ok(proxy)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn comes_up(&mut self) -> Fallible<()> {
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("haproxy did not start: {status}").into());
            }
            if Instant::now() > end {
                return Err(io::Error::from(io::ErrorKind::TimedOut).into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// `/connect` is answered by the proxy itself, so that a connection can be opened beforehand.
fn configuration(address: SocketAddr, graph: SocketAddr, token: &str) -> String {
    format!(
        "global
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend callers
  bind {address}
  http-request return status 200 if {{ path /connect }}
  http-request replace-path ^/v1/groups/([^/]+)/join-requests(/approve)?$ /v23.0/\\1/join_requests
  http-request set-header Authorization \"Bearer {token}\"
  default_backend graph
backend graph
  server graph {graph}
"
    )
}
