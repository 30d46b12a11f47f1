//! The first two minutes: the gateway and the Graph sandbox in one process, seeded, with `curl` lines to paste.
//! Nothing leaves this machine. Ctrl-C ends it. Limits may be chosen as in a deployment, by `JOINGATE_LIMITS__…` in the
//! environment; no other setting of the environment counts.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use joingate::app::App;
use joingate::cli::token::{SigningKey, TokenContents, mint_token};
use joingate::config::{Environment, Settings};
use joingate::telemetry::start_logging;
use joingate_sandbox::{RunningSandbox, Sandbox, SandboxOptions, SeededGroup};
use tokio::signal::unix::{SignalKind, signal};

const ISSUER: &str = "https://issuer.demo.invalid";
const AUDIENCE: &str = "joingate";
const GRAPH_TOKEN: &str = "demo-graph-token";
const TOKEN_LIFE: Duration = Duration::from_hours(2);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = SandboxOptions { token: GRAPH_TOKEN.to_owned(), ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).await?;
    let groups = sandbox.control().seed_demo()?;

    let secret = random_secret()?;
    let settings = Settings::load(None, &environment(&sandbox, &secret))?;
    let _log_writer = start_logging(&settings.telemetry, None)?;
    let app = App::start(settings, std::io::stdout()).await?;

    let token = mint(&secret)?;
    let text = welcome(&app, &sandbox, &groups, &token)?;
    std::io::stdout().write_all(text.as_bytes())?;

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => (),
    }
    app.shut_down().await;
    sandbox.stop().await;
    Ok(())
}

/// The settings that a deployment would write into a file.
fn environment(sandbox: &RunningSandbox, secret: &str) -> Environment {
    let pairs = [
        ("SERVER__LISTEN", "127.0.0.1:0"),
        ("SERVER__ADMIN_LISTEN", "127.0.0.1:0"),
        ("SERVER__DRAIN_DELAY", "0s"),
        ("SERVER__SECRET_KEY", secret),
        ("AUTH__ISSUERS__DEMO__ISSUER", ISSUER),
        ("AUTH__ISSUERS__DEMO__AUDIENCE", AUDIENCE),
        ("AUTH__ISSUERS__DEMO__HMAC_SECRET", secret),
        ("GRAPH__BASE_URL", &sandbox.base_url()),
        ("GRAPH__TOKEN", GRAPH_TOKEN),
        ("TELEMETRY__LOG", "pretty"),
    ];
    let pairs = pairs.map(|(name, value)| (format!("JOINGATE_{name}"), value.to_owned()));
    let limits = std::env::vars().filter(|(name, _)| name.starts_with("JOINGATE_LIMITS__"));
    Environment::from_pairs(pairs.into_iter().chain(limits))
}

fn random_secret() -> Result<String, Box<dyn Error>> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_unspecified| "the system has no random numbers")?;
    Ok(hex::encode(bytes))
}

fn mint(secret: &str) -> Result<String, Box<dyn Error>> {
    let key = SigningKey::from_bytes(secret.as_bytes(), None)?;
    let contents = TokenContents {
        issuer: ISSUER,
        audience: AUDIENCE,
        subject: "demo",
        scope: "join_requests:read join_requests:decide",
        groups: Some("*"),
        ttl: TOKEN_LIFE,
        kid: None,
        issued_at: Timestamp::now(),
    };
    Ok(mint_token(&key, &contents)?)
}

fn welcome(
    app: &App,
    sandbox: &RunningSandbox,
    groups: &[SeededGroup],
    token: &str,
) -> Result<String, Box<dyn Error>> {
    let api = format!("http://{}", app.api_address());
    let mut text = String::new();
    writeln!(text, "\nJoingate and a Graph sandbox. Nothing leaves this machine; Ctrl-C ends it.\n")?;
    writeln!(text, "docs     {api}/docs/")?;
    writeln!(text, "metrics  http://{}/metrics", app.admin_address())?;
    writeln!(text, "sandbox  {}/_sandbox", sandbox.base_url())?;
    writeln!(text, "token    {token}")?;
    writeln!(text, "\nGroups in the sandbox:")?;
    for group in groups {
        writeln!(
            text,
            "  {}  {} ({} open): {}",
            group.id,
            group.name,
            group.request_ids.len(),
            group.description
        )?;
    }
    let (first, [approved, rejected, ..]) = groups
        .first()
        .and_then(|group| Some((group, group.request_ids.first_chunk::<2>()?)))
        .ok_or("the sandbox has no group with two requests")?;
    let at = format!("{api}/v1/groups/{}/join-requests", first.id);
    let bearer = format!("-H 'Authorization: Bearer {token}'");
    let decide = |verb: &str, ids: &str| {
        let body = format!(r#"{{"join_request_ids":[{ids}],"reason":"demo"}}"#);
        format!("curl -sS {bearer} -H 'Content-Type: application/json' -d '{body}' {at}/{verb}")
    };
    writeln!(text, "\nFor the guides in docs/, in another terminal:\n")?;
    writeln!(
        text,
        "  export GATEWAY={api} SANDBOX={}/_sandbox GROUP={} TOKEN={token}",
        sandbox.base_url(),
        first.id
    )?;
    writeln!(text, "\nOr paste these there.\n\nList the open requests:\n")?;
    writeln!(text, "  curl -sS {bearer} {at}\n\nApprove one:\n")?;
    writeln!(text, "  {}\n\nReject one:\n", decide("approve", &format!("\"{approved}\"")))?;
    writeln!(text, "  {}", decide("reject", &format!("\"{rejected}\"")))?;
    if let Some(crowded) = groups.get(1) {
        let ids = crowded.request_ids.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(",");
        let other = decide("approve", &ids).replace(&first.id, &crowded.id);
        writeln!(
            text,
            "\nApprove more people than a group has room for (207, each with its own outcome):\n\n  {other}"
        )?;
    }
    writeln!(text, "\nReady.")?;
    Ok(text)
}
