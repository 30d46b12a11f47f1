//! The commands of `k8s/README.md` and of `make-keys`, run as far as they can be without a cluster.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Deserializer, Value};

use crate::kubernetes::{SECRETS, copy, root};
use crate::support::run_program;

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

/// The block of commands in which something stands.
fn block_with(text: &str, mark: &str) -> String {
    let mut blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    blocks.find(|block| block.contains(mark)).unwrap().to_owned()
}

async fn bash(script: &str, input: &str) -> String {
    let output = run_program("bash", "bash", &["-c", &format!("set -euo pipefail\n{script}")], input).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The files of the Secret that settings name.
fn named_secrets(settings: &str) -> Vec<&str> {
    let plain = settings.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mark = format!("\"{SECRETS}/");
    plain.filter_map(|line| line.split_once(&mark)?.1.split('"').next()).collect()
}

#[tokio::test]
async fn the_secret_of_the_guide_has_every_file_that_the_settings_name_and_leaves_none_behind() {
    let directory = tempfile::tempdir().unwrap();
    let commands = block_with(&read("k8s/README.md"), "create secret generic");
    // What asks the cluster does nothing here; the rest is `kubectl` itself.
    let script = format!(
        "export TMPDIR='{}'\nkubectl() {{ [ \"$1\" != create ] || command kubectl \"$@\" --dry-run=client --output json; }}\n{commands}",
        directory.path().display()
    );
    let said = bash(&script, "made-up-graph-token\n").await;
    let secret = Deserializer::from_str(&said).into_iter::<Value>().next().unwrap().unwrap();
    assert_eq!(secret["metadata"]["namespace"], "joingate");
    let settings = read("k8s/overlays/production/joingate.toml");
    let named = named_secrets(&settings);
    assert!(named.len() >= 4, "{named:?}");
    for name in named {
        let content =
            STANDARD.decode(secret["data"][name].as_str().unwrap_or_else(|| panic!("no {name}"))).unwrap();
        let least = if name == "graph-token" { 20 } else { 32 };
        assert!(content.len() >= least, "{name} has {} bytes", content.len());
    }
    assert_eq!(files(directory.path()), Vec::<String>::new());
}

fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let (directories, files) = entries.partition::<Vec<_>, _>(|path| path.is_dir());
    let deeper = directories.iter().flat_map(|directory| self::files(directory));
    files.iter().map(|path| path.display().to_string()).chain(deeper).collect()
}

#[tokio::test]
async fn the_lines_of_make_keys_mint_a_token_for_the_gateway_of_the_overlay() {
    let directory = tempfile::tempdir().unwrap();
    copy(&root().join("k8s/overlays/dev"), directory.path());
    let said = bash(&directory.path().join("make-keys").display().to_string(), "").await;
    let (_, lines) = said.split_once("\n\n").unwrap();
    // In place of the pod: the program itself, with the keys where they were made.
    let script = format!(
        "kubectl() {{ while [ \"$1\" != -- ]; do shift; done; shift 2; '{}' \"${{@//{}/{}}}\"; }}\n{lines}\necho \"$TOKEN $SANDBOX\"",
        env!("CARGO_BIN_EXE_joingate"),
        SECRETS.replace('/', "\\/"),
        directory.path().join("keys").display(),
    );
    let said = bash(&script, "").await;
    let (token, sandbox) = said.trim().split_once(' ').unwrap();
    assert_eq!(sandbox, "http://127.0.0.1:8090/_sandbox");
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims = serde_json::from_slice::<Value>(&claims).unwrap();
    let settings = read("k8s/overlays/dev/joingate.toml");
    for (claim, setting) in [("iss", "issuer"), ("aud", "audience")] {
        let line = format!("{setting} = {}", claims[claim]);
        assert!(settings.contains(&line), "no {line} in {settings}");
    }
    for name in named_secrets(&settings) {
        assert!(directory.path().join("keys").join(name).is_file(), "{name} was not made");
    }
}
