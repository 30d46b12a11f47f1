//! Load for comparisons: callers and the upstream that stands for Graph, in one thread that never sleeps. So the program between them
//! pays for no wake-ups but its own, and has another core to itself. Prints one line of JSON. `bench/run` and `bench/scale` call it.

mod callers;
#[path = "../../tests/it/support/certificate.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "made for the tests, and shared with them")]
mod certificate;
mod figures;
mod message;
mod sockets;
mod start;
mod tls;
mod upstream;

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use serde_json::json;

use crate::callers::{Callers, Habit, Letters};
use crate::figures::Latencies;
use crate::sockets::Sockets;
use crate::upstream::Upstream;

type Fallible<T> = Result<T, Box<dyn Error>>;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every caller asks again as soon as it is answered.
    Closed {
        #[command(flatten)]
        load: Load,
        /// Seconds before counting.
        #[arg(long, default_value_t = 0.5)]
        warm_up: f64,
        /// Seconds of counting.
        #[arg(long, default_value_t = 4.0)]
        seconds: f64,
    },
    /// So many requests a second, whatever becomes of them. Latency counts from when each was due.
    Rate {
        #[command(flatten)]
        load: Load,
        /// Requests a second.
        #[arg(long)]
        rate: f64,
        /// Seconds before counting.
        #[arg(long, default_value_t = 0.5)]
        warm_up: f64,
        /// Seconds of counting.
        #[arg(long, default_value_t = 4.0)]
        seconds: f64,
    },
    /// Every caller asks once, at the same time; ends when all are answered.
    Once {
        #[command(flatten)]
        load: Load,
    },
    /// Starts a program, and asks it until it answers with 200.
    Start {
        #[command(flatten)]
        load: Load,
        /// The program with its arguments.
        #[arg(last = true)]
        command: Vec<String>,
    },
    /// Only the upstream, behind TLS 1.3. Writes its authority's certificate there.
    Tls(tls::TlsUpstream),
}

#[derive(Debug, Args)]
struct Load {
    /// Whom to ask.
    #[arg(long)]
    to: SocketAddr,
    /// What to ask for; `{group}` becomes the number of a group.
    #[arg(long)]
    path: String,
    /// Tokens, one a line: each request takes the next one, from the start again after the last.
    #[arg(long)]
    tokens: PathBuf,
    /// How many callers there are, each with its connection.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// How many groups they ask for; by default each one for its own.
    #[arg(long)]
    groups: Option<usize>,
    /// Where to be the upstream, too.
    #[arg(long)]
    upstream: Option<SocketAddr>,
    /// The token that the upstream accepts.
    #[arg(long, default_value = "")]
    upstream_token: String,
    /// Milliseconds that every answer of the upstream takes.
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
}

impl Load {
    fn letters(&self) -> Fallible<Letters> {
        Letters::new(
            &self.path,
            &std::fs::read_to_string(&self.tokens)?,
            self.groups.unwrap_or(self.connections),
        )
    }

    fn upstream(&self, sockets: &mut Sockets) -> Fallible<Option<Upstream>> {
        let delay = Duration::from_millis(self.delay_ms);
        self.upstream.map(|at| Upstream::new(at, &self.upstream_token, delay, sockets)).transpose()
    }
}

fn main() -> Fallible<()> {
    let line = match Arguments::parse().what {
        What::Closed { load, warm_up, seconds } => drive(&load, Habit::Closed, (warm_up, seconds))?,
        What::Rate { load, rate, warm_up, seconds } => {
            drive(&load, Habit::Rate(Duration::try_from_secs_f64(1.0 / rate)?), (warm_up, seconds))?
        }
        // A minute at most; over when all are answered.
        What::Once { load } => drive(&load, Habit::Once, (0.0, 60.0))?,
        What::Start { load, command } => start::measure(&load, &command)?,
        What::Tls(upstream) => return upstream.serve(),
    };
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Lets the callers ask for that long before counting, and for that long after.
fn drive(load: &Load, habit: Habit, (warm_up, seconds): (f64, f64)) -> Fallible<serde_json::Value> {
    let began = Instant::now();
    let mut sockets = Sockets::new()?;
    let mut upstream = load.upstream(&mut sockets)?;
    let mut callers =
        Callers::connect(load.to, load.connections, load.letters()?, habit, &mut sockets, &mut upstream)?;
    let (warm_up, seconds) = (Duration::try_from_secs_f64(warm_up)?, Duration::try_from_secs_f64(seconds)?);
    let mut latencies = Latencies::default();
    callers.ask(warm_up, &mut sockets, &mut upstream, &mut Latencies::default())?;
    let before = callers.answered();
    let took = callers.ask(seconds, &mut sockets, &mut upstream, &mut latencies)?;
    let counted = callers.answered() - before;
    callers.finish(&mut sockets, &mut upstream)?;
    Ok(json!({
        "all": callers.answered(),
        "counted": counted,
        "a_second": f64::from(u32::try_from(counted)?) / took.as_secs_f64(),
        "p50_us": latencies.at(0.5),
        "p99_us": latencies.at(0.99),
        "max_us": latencies.at(1.0),
        "statuses": callers.statuses(),
        "late": callers.late(),
        "lost": callers.lost(),
        "unanswered": callers.unanswered(),
        "seconds": began.elapsed().as_secs_f64(),
        "upstream_requests": upstream.as_ref().map(Upstream::requests),
        "upstream_refused": upstream.as_ref().map(Upstream::refused),
        "upstream_connections": upstream.as_ref().map(Upstream::connections),
    }))
}
