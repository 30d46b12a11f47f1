//! One application asks at fifty times its limit; another one stays within its own.

use std::time::Duration;

use joingate_sandbox::Latency;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::figures::{Sorted, grouped, ratio};
use crate::load::{Answered, Caller, Work};
use crate::scene::Scene;
use crate::{Fallible, say};

/// What every application may ask, a second.
const LIMIT: u32 = 10;
const TIMES: u32 = 50;
const LASTS: Duration = Duration::from_secs(30);
/// By so much the greedy one may change the 99th percentile of the other.
const BOUND: Duration = Duration::from_millis(25);
const GRAPH_MS: u64 = 20;

pub(crate) async fn measure() -> Fallible<bool> {
    say("| the modest application asks 8 times a second | answers | refused | latency p50, p99, longest | the greedy one asked | answered, refused |
|---|---|---|---|---|---|")?;
    let mut last: Option<Duration> = None;
    let mut kept = true;
    for (name, greedy) in [("alone", false), ("beside one that asks 500 times a second", true)] {
        let (modest, greedy) = side_by_side(greedy).await?;
        let refused = modest.iter().filter(|answered| !answered.is_good()).count();
        let latencies = Sorted::new(modest.iter().map(|answered| answered.took).collect());
        let good = greedy.iter().filter(|answered| answered.is_good()).count();
        say(&format!(
            "| {name} | {} | {refused} | {} | {} × its limit | {}, {} |",
            modest.len(),
            latencies.summary(),
            ratio(greedy.len() as u64, u64::from(LIMIT) * LASTS.as_secs()),
            grouped(good as u64),
            grouped((greedy.len() - good) as u64),
        ))?;
        let p99 = latencies.at(99);
        kept &= refused == 0 && last.is_none_or(|last| p99 < last + BOUND);
        last = Some(p99);
    }
    Ok(kept)
}

async fn side_by_side(with_greedy: bool) -> Fallible<(Vec<Answered>, Vec<Answered>)> {
    let limit = format!("{LIMIT}/s");
    let settings = [
        ("LIMITS__CALLER", limit.as_str()),
        ("LIMITS__CALLER_BURST", "17"),
        ("LIMITS__GRAPH", "1000/s"),
        ("LIMITS__GRAPH_BURST", "1000"),
    ];
    let scene = Scene::set(1, &settings).await?;
    scene.graph().set_latency(Latency::Fixed { ms: GRAPH_MS })?;
    let gateway = scene.gateways.first().ok_or("no gateway")?;
    let ask = |subject: &str, rate: u32| -> Fallible<_> {
        Ok(at_rate(Caller::new(gateway.api(), subject)?, scene.groups(20)?, rate, LASTS))
    };
    let modest = ask("modest", LIMIT - 2)?;
    let answers = if with_greedy {
        tokio::join!(modest, ask("greedy", LIMIT * TIMES)?)
    } else {
        (modest.await, Vec::new())
    };
    scene.end().await;
    Ok(answers)
}

/// Asks so often, whether or not the answers come: each group in turn.
pub(crate) async fn at_rate(
    caller: Caller,
    groups: Vec<String>,
    rate: u32,
    lasts: Duration,
) -> Vec<Answered> {
    let (begin, every) = (Instant::now(), Duration::from_secs(1) / rate);
    let mut asking = JoinSet::new();
    let mut due = begin;
    for group in groups.iter().cycle() {
        if due >= begin + lasts {
            break;
        }
        sleep_until(due).await;
        let (caller, group) = (caller.clone(), group.clone());
        asking.spawn(async move {
            let answered = caller.ask(Work::List, &group).await;
            // From when it was due: an answer that comes late must not make the next one look fast.
            Answered { took: due.elapsed(), ..answered }
        });
        due += every;
    }
    asking.join_all().await
}
