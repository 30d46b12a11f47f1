//! More and more work for one gateway, until there is ten times what Graph can take.

use std::time::Duration;

use joingate_sandbox::Latency;
use tokio::time::{Instant, interval};

use crate::fairness::at_rate;
use crate::figures::{Sorted, grouped};
use crate::gateway::Gateway;
use crate::load::{Answered, Caller};
use crate::scene::Scene;
use crate::{Fallible, say};

/// Graph answers after so long, and takes so many calls at once: 240 calls a second.
const GRAPH_MS: u64 = 100;
const AT_ONCE: u32 = 24;
const CAPACITY: u32 = AT_ONCE * 1000 / 100;
const LASTS: Duration = Duration::from_secs(20);
/// So many that requests of the same moment are mostly for different ones: hardly a walk is shared.
const GROUPS: usize = 10_000;
const LOADS: [Load; 5] = [
    Load { tenths: 5, graph_ms: GRAPH_MS },
    Load { tenths: 10, graph_ms: GRAPH_MS },
    Load { tenths: 30, graph_ms: GRAPH_MS },
    Load { tenths: 100, graph_ms: GRAPH_MS },
    // Longer than the gateway waits for an answer.
    Load { tenths: 30, graph_ms: 60_000 },
];
/// What the gateway may need, in MiB.
const MOST_MEMORY: u64 = 256;
const PROBE_BOUND: Duration = Duration::from_millis(500);
/// Refusals come at once: the 99th percentile.
const REFUSAL_BOUND: Duration = Duration::from_millis(250);

/// So much work, and a Graph that takes so long.
#[derive(Clone, Copy, Debug)]
struct Load {
    /// Of its capacity.
    tenths: u32,
    graph_ms: u64,
}

impl Load {
    const fn graph_answers(self) -> bool {
        self.graph_ms == GRAPH_MS
    }

    fn name(self) -> String {
        let Self { tenths, .. } = self;
        let graph = if self.graph_answers() { "" } else { ", and Graph never answers" };
        format!("{}.{} × capacity{graph}", tenths / 10, tenths % 10)
    }
}

pub(crate) async fn measure() -> Fallible<bool> {
    say("\
| load | requests | good answers a second | good: p50, p99, longest | refused | refusals: p50, p99, longest | no answer | probes and metrics | peak memory | most open files |
|---|---|---|---|---|---|---|---|---|---|")?;
    let (mut peak, mut kept) = (0.0_f64, true);
    for load in LOADS {
        let Measured { answers, probes, memory, open_files } = at(load).await?;
        let (good, rest): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answered| answered.is_good());
        let told = |answered: &Answered| matches!(answered.status, 503 | 504);
        let (refused, lost): (Vec<_>, Vec<_>) = rest.into_iter().partition(told);
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let goodput = good.len() as f64 / LASTS.as_secs_f64();
        peak = peak.max(goodput);
        let sorted =
            |answers: &[Answered]| Sorted::new(answers.iter().map(|answered| answered.took).collect());
        let (in_time, at_once, probed) = (sorted(&good), sorted(&refused), sorted(&probes));
        say(&format!(
            "| {} | {} | {goodput:.0} | {} | {} | {} | {} | {} | {memory} MiB | {} |",
            load.name(),
            grouped((good.len() + refused.len() + lost.len()) as u64),
            in_time.summary(),
            grouped(refused.len() as u64),
            at_once.summary(),
            lost.len(),
            probed.range(),
            grouped(open_files as u64),
        ))?;
        kept &= lost.is_empty() && memory <= MOST_MEMORY && probed.at(100) < PROBE_BOUND;
        kept &= probes.iter().all(|answered| answered.is_good());
        if load.graph_answers() {
            kept &= goodput >= peak * 0.9 || load.tenths < 10;
            kept &= refused.is_empty() || at_once.at(99) < REFUSAL_BOUND;
        }
    }
    Ok(kept)
}

struct Measured {
    answers: Vec<Answered>,
    probes: Vec<Answered>,
    memory: u64,
    open_files: usize,
}

async fn at(load: Load) -> Fallible<Measured> {
    let at_once = AT_ONCE.to_string();
    let settings = [
        ("LIMITS__CALLER", "100000/s"),
        ("LIMITS__CALLER_BURST", "100000"),
        ("LIMITS__GRAPH", "100000/s"),
        ("LIMITS__GRAPH_BURST", "100000"),
        ("LIMITS__GRAPH_MAX_CONCURRENCY", at_once.as_str()),
    ];
    let scene = Scene::set(1, &settings).await?;
    scene.graph().set_latency(Latency::Fixed { ms: load.graph_ms })?;
    let groups = scene.groups(GROUPS)?;
    let rate = CAPACITY * load.tenths / 10;
    let gateway = scene.gateways.first().ok_or("no gateway")?;
    let working = at_rate(Caller::new(gateway.api(), "app")?, groups, rate, LASTS);
    let (answers, probed) = tokio::join!(working, probe(gateway));
    let (probes, open_files) = probed?;
    let memory = gateway.peak_memory()?;
    scene.end().await;
    Ok(Measured { answers, probes, memory, open_files })
}

/// What Kubernetes and Prometheus ask for, four times a second, for as long as there is load; and the most files that
/// the gateway had open meanwhile.
async fn probe(gateway: &Gateway) -> Fallible<(Vec<Answered>, usize)> {
    let caller = Caller::new(gateway.api(), "probe")?;
    let mut tick = interval(Duration::from_millis(250));
    let end = Instant::now() + LASTS;
    let (mut answers, mut open_files) = (Vec::new(), 0);
    while Instant::now() < end {
        tick.tick().await;
        for path in ["livez", "readyz", "metrics"] {
            answers.push(caller.get(&format!("{}/{path}", gateway.admin())).await);
        }
        open_files = open_files.max(gateway.open_files()?);
    }
    Ok((answers, open_files))
}
