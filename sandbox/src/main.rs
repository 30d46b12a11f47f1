//! Serves the sandbox from the command line until it is told to end.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::num::ParseIntError;
use std::process::ExitCode;

use clap::Parser;
use joingate_sandbox::{Latency, Quota, Quotas, RunningSandbox, Sandbox, SandboxOptions, Styles, TokenSpec};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

/// A simulator of the join request edge of Meta's Graph API for WhatsApp groups.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on; the last one counts. The control API asks for no token: keep it on a loopback address.
    #[arg(long, default_value = "127.0.0.1:8090", overrides_with = "listen")]
    listen: SocketAddr,
    /// An access token to accept, with scopes where it shall not have both: `TOKEN[=SCOPE,SCOPE]`.
    /// Use a made-up one. May be repeated.
    #[arg(long = "token", value_name = "TOKEN", value_parser = token, default_value = "sandbox-token-not-real")]
    tokens: Vec<TokenSpec>,
    /// Demand the `appsecret_proof` that belongs to this made-up app secret.
    #[arg(long)]
    app_secret: Option<String>,
    /// Requests per page when the caller states no limit: 1 to 1024.
    #[arg(long, default_value_t = 25)]
    page_size: usize,
    /// Create three demonstration groups with open requests.
    #[arg(long)]
    seed: bool,
    /// How answers look, as `NAME=VALUE`, such as `partial=partial_206`. May be repeated.
    #[arg(long = "style", value_name = "NAME=VALUE")]
    styles: Vec<String>,
    /// Milliseconds that every answer takes: `20`, evenly `10-50`, or log-normal `median,99th percentile`.
    #[arg(long, value_parser = latency)]
    latency: Option<Latency>,
    /// Calls of the business in a rolling window, as `CALLS/SECONDS`; more are refused with 80007.
    #[arg(long, value_name = "CALLS/SECONDS", value_parser = |text: &str| quota(text, 80_007))]
    quota: Option<Quota>,
    /// Decisions of one business phone number, as `CALLS/SECONDS`; more are refused with 131208.
    #[arg(long, value_name = "CALLS/SECONDS", value_parser = |text: &str| quota(text, 131_208))]
    phone_quota: Option<Quota>,
    /// Where chance begins: the same calls have the same faults and latencies.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    random_seed: u64,
}

fn token(text: &str) -> Result<TokenSpec, String> {
    let Some((token, scopes)) = text.split_once('=') else { return Ok(TokenSpec::new(text)) };
    let scopes = scopes.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    if token.is_empty() {
        return Err("a token stands before the `=`".to_owned());
    }
    Ok(TokenSpec { scopes, ..TokenSpec::new(token) })
}

fn latency(text: &str) -> Result<Latency, ParseIntError> {
    Ok(if let Some((min, max)) = text.split_once('-') {
        Latency::Uniform { min_ms: min.parse()?, max_ms: max.parse()? }
    } else if let Some((median, p99)) = text.split_once(',') {
        Latency::LogNormal { median_ms: median.parse()?, p99_ms: p99.parse()? }
    } else {
        Latency::Fixed { ms: text.parse()? }
    })
}

fn quota(text: &str, code: i64) -> Result<Quota, String> {
    let parsed = text
        .split_once('/')
        .and_then(|(calls, window)| Some(Quota::new(calls.parse().ok()?, window.parse().ok()?, code)));
    parsed.ok_or_else(|| "a quota is two numbers, as in 200/3600".to_owned())
}

/// The styles as the control API would take them.
fn styles(pairs: &[String]) -> io::Result<Styles> {
    let field = |pair: &String| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, "true"));
        let value = value.parse::<bool>().map_or_else(|_| value.into(), Value::from);
        (name.to_owned(), value)
    };
    Ok(serde_json::from_value(Value::Object(pairs.iter().map(field).collect()))?)
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whether anybody reads it is not known here.
            drop(writeln!(io::stderr(), "joingate-sandbox: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> io::Result<()> {
    let arguments = Arguments::parse();
    // Before anything is announced: whoever reads the announcement may already end the program.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let sandbox = Sandbox::start(SandboxOptions {
        listen: arguments.listen,
        token: arguments.tokens.first().map(|spec| spec.token.clone()).unwrap_or_default(),
        app_secret: arguments.app_secret,
        page_size: arguments.page_size,
        styles: styles(&arguments.styles)?,
        seed: arguments.random_seed,
        ..SandboxOptions::default()
    })
    .await?;
    let control = sandbox.control();
    for spec in arguments.tokens {
        control.add_token(spec).map_err(io::Error::other)?;
    }
    let quotas = Quotas { app: arguments.quota, phone: arguments.phone_quota };
    control.set_quotas(quotas).map_err(io::Error::other)?;
    control.set_latency(arguments.latency.unwrap_or_default()).map_err(io::Error::other)?;
    announce(&sandbox, arguments.seed)?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    sandbox.stop().await;
    Ok(())
}

fn announce(sandbox: &RunningSandbox, seed: bool) -> io::Result<()> {
    let url = sandbox.base_url();
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "Sandbox of the WhatsApp group join request edge: a simulator, nothing of it reaches Meta."
    )?;
    writeln!(out, "  Graph base url  {url}")?;
    writeln!(out, "  Control API     {url}/_sandbox lists its routes; the main ones are")?;
    for route in
        ["POST /_sandbox/groups", "POST /_sandbox/groups/{group_id}/requests", "GET  /_sandbox/calls"]
    {
        writeln!(out, "                  {route}")?;
    }
    if seed {
        for group in sandbox.control().seed_demo().map_err(io::Error::other)? {
            writeln!(out, "  Group           {} ({}): {}", group.id, group.name, group.description)?;
        }
    }
    out.flush()
}
