//! How many calls Graph receives from callers who list through the gateway, and through a one-to-one proxy. Prints the
//! tables of `bench/README.md`; fails when more calls were sent than promised, or anything was answered but a list.

mod at_once;
mod caller;
#[path = "../figures.rs"]
mod figures;
mod haproxy;
#[path = "../identity.rs"]
mod identity;
mod polling;
mod replay;
mod scene;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;

use crate::at_once::AtOnce;
use crate::haproxy::HaProxy;
use crate::polling::{Habit, Polled};
use crate::replay::{Passage, Passed};
use crate::scene::Way;

/// What can go wrong, for whoever reads it in the terminal.
type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Of a group at most one walk runs and one waits for its end, so all who ask meanwhile need no third.
const MOST_WALKS: u64 = 2;

const FULL: Duration = Duration::from_mins(1);
const HALF: Duration = Duration::from_secs(30);

const HABITS: [(Way, Habit); 4] = [
    (Way::Gateway, Habit { max_age: true, if_none_match: false, lasts: FULL }),
    (Way::Gateway, Habit { max_age: false, if_none_match: false, lasts: FULL }),
    (Way::Proxy, Habit { max_age: false, if_none_match: false, lasts: FULL }),
    (Way::Gateway, Habit { max_age: true, if_none_match: true, lasts: HALF }),
];

#[tokio::main]
async fn main() -> Fallible<ExitCode> {
    // `cargo test --benches` and nextest start every bench target they are told of; only `cargo bench` says so.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(ExitCode::SUCCESS);
    }
    let replays = std::env::args().any(|argument| argument == "replay");
    if replays && std::env::var_os(FASTER).is_none() {
        return faster();
    }
    let proxy = HaProxy::version();
    say(&heading(proxy.as_deref())?)?;
    let kept =
        if replays { replay(proxy.is_some()).await? } else { at_once_and_polling(proxy.is_some()).await? };
    say(if kept { "\nEverything as promised." } else { "\nNot as promised: see the tables." })?;
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn at_once_and_polling(with_proxy: bool) -> Fallible<bool> {
    let ways = |way: &Way| *way == Way::Gateway || with_proxy;
    let mut kept = true;
    say(AtOnce::TABLE)?;
    for way in [Way::Gateway, Way::Proxy].into_iter().filter(ways) {
        let measured = at_once::measure(way).await?;
        kept &= measured.all_listed && (way == Way::Proxy || measured.most_calls() <= MOST_WALKS);
        say(&measured.row(way))?;
    }
    say(Polled::TABLE)?;
    for (way, habit) in HABITS.into_iter().filter(|(way, _)| ways(way)) {
        let measured = polling::measure(way, habit).await?;
        kept &= measured.refused == 0;
        say(&measured.row(way, habit))?;
    }
    Ok(kept)
}

/// Tells the program itself that its clock goes faster already.
const FASTER: &str = "FAKETIME";

/// Runs this program again with a clock that goes fifteen times as fast, for its children, too.
fn faster() -> Fallible<ExitCode> {
    let again = std::env::current_exe()?;
    let mut command = std::process::Command::new("faketime");
    // `-m`: for programs of several threads.
    command.args(["-m", "-f", "+0 x15"]).arg(again).args(["--bench", "replay"]);
    let status = command.status().map_err(|error| format!("faketime (Debian: faketime): {error}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn replay(with_proxy: bool) -> Fallible<bool> {
    let ways = |way: Way| way == Way::Gateway || with_proxy;
    let mut kept = true;
    let mut of_proxy = None;
    say(Passed::TABLE)?;
    let habits = [(Way::Proxy, None), (Way::Gateway, None), (Way::Gateway, Some(2))];
    for (way, max_age) in habits.into_iter().filter(|(way, _)| ways(*way)) {
        let passage = Passage { way, max_age, quota: false, lasts: Duration::from_mins(30) };
        let passed = replay::measure(passage).await?;
        if way == Way::Proxy {
            of_proxy = Some(passed.calls);
        }
        kept &= passed.bad() == 0;
        say(&passed.row(passage, of_proxy))?;
    }
    say(Passed::QUOTA_TABLE)?;
    let habits = [(Way::Proxy, None), (Way::Gateway, None), (Way::Gateway, Some(10))];
    for (way, max_age) in habits.into_iter().filter(|(way, _)| ways(*way)) {
        let passage = Passage { way, max_age, quota: true, lasts: Duration::from_mins(10) };
        let passed = replay::measure(passage).await?;
        kept &= way == Way::Proxy || passed.throttled == 0;
        say(&passed.quota_row(passage))?;
    }
    Ok(kept)
}

fn heading(proxy: Option<&str>) -> Fallible<String> {
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    let cores = std::thread::available_parallelism()?;
    let proxy = proxy.unwrap_or("haproxy is missing (Debian: haproxy): no rows of a one-to-one proxy");
    Ok(format!("{}, {cores} cores, {build} build. {proxy}.\n", Timestamp::now().strftime("%Y-%m-%d")))
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
