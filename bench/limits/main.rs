//! Whether limits hold: for all replicas together, under overload, and between callers. Real gateways and a real Redis, in
//! front of a simulated Graph with quotas. Prints the tables of `bench/README.md`; fails when a promise was not kept.

mod fairness;
#[path = "../figures.rs"]
mod figures;
mod gateway;
#[path = "../identity.rs"]
mod identity;
mod load;
mod overload;
mod quota;
mod redis;
mod scene;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use jiff::Timestamp;

/// What can go wrong, for whoever reads it in the terminal.
type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The measurements, by the word that asks for one alone.
const PARTS: [&str; 3] = ["quota", "fairness", "overload"];

#[tokio::main]
async fn main() -> Fallible<ExitCode> {
    let arguments = std::env::args().collect::<Vec<_>>();
    // `cargo test --benches` and nextest start every bench target they are told of; only `cargo bench` says so.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(ExitCode::SUCCESS);
    }
    let asked = PARTS.into_iter().filter(|part| arguments.iter().any(|argument| argument == part));
    let asked = asked.collect::<Vec<_>>();
    let wanted = |part: &str| asked.is_empty() || asked.contains(&part);
    say(&heading()?)?;
    let mut kept = true;
    if wanted("quota") {
        say(quota::TABLE)?;
        // Numbers ask for single rows.
        let rows = arguments.iter().filter_map(|argument| argument.parse::<usize>().ok());
        let rows = rows.collect::<Vec<_>>();
        let asked = |row: &usize| rows.is_empty() || rows.contains(row);
        for (_, scenario) in (1..).zip(quota::SCENARIOS).filter(|(row, _)| asked(row)) {
            let measured = quota::measure(&scenario).await?;
            kept &= measured.is_as_promised(&scenario);
            say(&measured.row(&scenario))?;
        }
        say("")?;
    }
    if wanted("fairness") {
        kept &= fairness::measure().await?;
        say("")?;
    }
    if wanted("overload") {
        kept &= overload::measure().await?;
    }
    say(if kept { "\nEverything as promised." } else { "\nNot as promised: see the tables." })?;
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn heading() -> Fallible<String> {
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    let cores = std::thread::available_parallelism()?;
    Ok(format!("{}, {cores} cores, {build} build.\n", Timestamp::now().strftime("%Y-%m-%d")))
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
