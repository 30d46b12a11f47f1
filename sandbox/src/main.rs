//! Serves the sandbox from the command line until it is told to end.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use joingate_sandbox::{RunningSandbox, Sandbox, SandboxOptions};
use tokio::signal::unix::{SignalKind, signal};

/// A simulator of the join request edge of Meta's Graph API for WhatsApp groups.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on. The control API asks for no token: keep it on a loopback address.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// The access token to accept. Use a made-up one.
    #[arg(long, default_value = "sandbox-token-not-real")]
    token: String,
    /// Demand the `appsecret_proof` that belongs to this made-up app secret.
    #[arg(long)]
    app_secret: Option<String>,
    /// Requests per page when the caller states no limit: 1 to 1024.
    #[arg(long, default_value_t = 25)]
    page_size: usize,
    /// Create three demonstration groups with open requests.
    #[arg(long)]
    seed: bool,
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
        token: arguments.token,
        app_secret: arguments.app_secret,
        page_size: arguments.page_size,
        ..SandboxOptions::default()
    })
    .await?;
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
