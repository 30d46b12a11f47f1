//! A thousand callers ask for the same list at the same moment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::Fallible;
use crate::caller::{Answer, Caller, Terms};
use crate::figures::{Sorted, grouped};
use crate::scene::{Scene, Way};

const CALLERS: usize = 1000;
/// Tokens are of so many applications.
const APPS: usize = 20;
/// Each is a fresh start, with other latencies of Graph.
const ROUNDS: u64 = 5;

/// What came of all rounds.
#[derive(Debug)]
pub(crate) struct AtOnce {
    rounds: Vec<Round>,
    /// Whether every answer was 200.
    pub(crate) all_listed: bool,
}

#[derive(Debug)]
struct Round {
    calls: u64,
    /// How many answers came of each walk, in order of the walks; empty where answers do not tell.
    shares: Vec<u64>,
    /// From the first question to the last: as long as no answer has come, all are simultaneous.
    asked_within: Duration,
    first_answer_after: Duration,
    latencies: Vec<Duration>,
}

/// One caller's question.
#[derive(Debug)]
struct Asked {
    began: Instant,
    ended: Instant,
    answer: Answer,
}

/// Runs all rounds.
pub(crate) async fn measure(way: Way) -> Fallible<AtOnce> {
    let mut measured = AtOnce { rounds: Vec::new(), all_listed: true };
    for seed in 0..ROUNDS {
        let scene = Scene::set(way, 1, seed).await?;
        let asked = ask(&scene).await?;
        measured.all_listed &= asked.iter().all(|asked| asked.answer.status == 200);
        measured.rounds.push(Round::of(&asked, scene.calls()));
        scene.end().await;
    }
    Ok(measured)
}

async fn ask(scene: &Scene) -> Fallible<Vec<Asked>> {
    let group = Arc::<str>::from(scene.groups().first().ok_or("there is no group")?.as_str());
    let ready = Arc::new(Barrier::new(CALLERS));
    let mut asking = JoinSet::new();
    for number in 0..CALLERS {
        let caller = scene.caller(&format!("app-{}", number % APPS))?;
        asking.spawn(ask_once(caller, scene.own_path(), Arc::clone(&group), Arc::clone(&ready)));
    }
    asking.join_all().await.into_iter().collect()
}

/// Asks over a connection that is there already, when everybody is ready to.
async fn ask_once(caller: Caller, own_path: &str, group: Arc<str>, ready: Arc<Barrier>) -> Fallible<Asked> {
    let connected = caller.connect(own_path).await;
    // Without a connection, too: the others wait for everybody.
    ready.wait().await;
    connected?;
    let began = Instant::now();
    let answer = caller.list(&group, &Terms::default()).await?;
    Ok(Asked { began, ended: Instant::now(), answer })
}

impl Round {
    fn of(asked: &[Asked], calls: u64) -> Self {
        let mut shares = BTreeMap::new();
        for as_of in asked.iter().filter_map(|asked| asked.answer.as_of) {
            *shares.entry(as_of).or_default() += 1;
        }
        let (first, last) =
            (asked.iter().map(|asked| asked.began).min(), asked.iter().map(|asked| asked.began).max());
        let answered = asked.iter().map(|asked| asked.ended).min();
        let after_first = |moment: Option<Instant>| Some(moment?.saturating_duration_since(first?));
        Self {
            calls,
            shares: shares.into_values().collect(),
            asked_within: after_first(last).unwrap_or_default(),
            first_answer_after: after_first(answered).unwrap_or_default(),
            latencies: asked.iter().map(|asked| asked.ended - asked.began).collect(),
        }
    }

    fn shares(&self) -> String {
        let shares = self.shares.iter().map(|share| grouped(*share)).collect::<Vec<_>>();
        if shares.is_empty() { "–".to_owned() } else { shares.join(" + ") }
    }
}

impl AtOnce {
    pub(crate) const TABLE: &str = "\
| 1,000 lists of one group at once, through | calls received by Graph, each round | answers of each walk | all asked within | first answer after | latency p50, p99, longest |
|---|---|---|---|---|---|";

    /// Of the worst round.
    pub(crate) fn most_calls(&self) -> u64 {
        self.rounds.iter().map(|round| round.calls).max().unwrap_or(0)
    }

    pub(crate) fn row(&self, way: Way) -> String {
        let each = |show: &dyn Fn(&Round) -> String| self.rounds.iter().map(show).collect::<Vec<_>>();
        let mut shares = each(&Round::shares);
        shares.dedup();
        let times =
            |time: fn(&Round) -> Duration| Sorted::new(self.rounds.iter().map(time).collect()).range();
        let latencies = self.rounds.iter().flat_map(|round| round.latencies.iter().copied()).collect();
        let cells = [
            way.name().to_owned(),
            each(&|round| grouped(round.calls)).join("; "),
            shares.join("; "),
            times(|round| round.asked_within),
            times(|round| round.first_answer_after),
            Sorted::new(latencies).summary(),
        ];
        format!("| {} |", cells.join(" | "))
    }
}
