//! What a small answer decompresses to is never held.

use super::bodies::JSON;
use super::compressed::{brotli_bomb, gzip_bomb};
use crate::support::process::Process;
use crate::support::{READ, RawUpstream, Reply, settings_for, token};

/// Held by nobody: 1 MiB of gzip comes to as much.
const MEBIBYTES: usize = 1024;
/// The gateway reads 2 MiB of it; the rest is room for what else it does meanwhile.
const MOST_KIBIBYTES: u64 = 64 * 1024;

/// The most memory that a process has ever held, in KiB.
fn peak(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn a_bomb_takes_neither_memory_nor_time() {
    for (label, bomb) in [("gzip", gzip_bomb as fn(&[u8], usize, &[u8]) -> Vec<u8>), ("br", brotli_bomb)] {
        let body = bomb(br#"{"data":[],"filling":""#, MEBIBYTES, br#""}"#);
        assert!(body.len() < 8 * 1024 * 1024, "{label}: {} bytes", body.len());
        let reply = Reply::with_body(200, &format!("{JSON}Content-Encoding: {label}\r\n"), &body);
        let upstream = RawUpstream::answering(vec![reply; 3]).await;
        let process = Process::start(&["serve"], settings_for(upstream.base_url())).await;
        let reader = process.caller(Some(token("reader", READ, Some("*"))));
        let before = peak(&process);
        let started = std::time::Instant::now();
        reader.list("Y2FwaTox").await.expect_problem(502, "upstream_bad_response");
        assert_eq!(upstream.requests().len(), 3, "{label}");
        assert!(started.elapsed().as_secs() < 5, "{label}: {:?}", started.elapsed());
        let grown = peak(&process) - before;
        assert!(grown < MOST_KIBIBYTES, "{label}: {grown} KiB");
    }
}
