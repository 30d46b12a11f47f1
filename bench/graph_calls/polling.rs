//! Twenty applications poll fifty groups, each every two seconds.

use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;
use joingate_sandbox::{Control, RequestSpec};
use reqwest::header::HeaderValue;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::Fallible;
use crate::caller::{Answer, Caller, Terms};
use crate::figures::{Sorted, grouped, percent, ratio};
use crate::scene::{Scene, Way};

const APPS: usize = 20;
const GROUPS: usize = 50;
const EVERY: Duration = Duration::from_secs(2);
/// Somewhere somebody asks to join: in each group every ten seconds.
const NEWCOMER_EVERY: Duration = Duration::from_millis(200);
const SEED: u64 = 1;

/// How the applications ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habit {
    /// They accept a copy of up to two seconds.
    pub(crate) max_age: bool,
    /// They name the list they have.
    pub(crate) if_none_match: bool,
    pub(crate) lasts: Duration,
}

impl Habit {
    const fn headers(self) -> &'static str {
        match (self.max_age, self.if_none_match) {
            (true, true) => "`max-age=2`, `If-None-Match`",
            (true, false) => "`max-age=2`",
            (false, true) => "`If-None-Match`",
            (false, false) => "–",
        }
    }
}

/// One application that polls one group.
struct Poller {
    caller: Caller,
    group: String,
    first: Instant,
    end: Instant,
    habit: Habit,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Polled {
    lists: usize,
    calls: u64,
    copies: usize,
    unchanged: usize,
    /// Answers that were no list.
    pub(crate) refused: usize,
    latencies: Vec<Duration>,
    ages: Vec<Duration>,
}

pub(crate) async fn measure(way: Way, habit: Habit) -> Fallible<Polled> {
    let scene = Scene::set(way, GROUPS, SEED).await?;
    let mut random = Rng::with_seed(SEED);
    let begin = Instant::now();
    let mut polling = JoinSet::new();
    for app in 0..APPS {
        let caller = scene.caller(&format!("app-{app}"))?;
        for group in scene.groups() {
            let first = begin + EVERY.mul_f64(random.f64());
            let (caller, group) = (caller.clone(), group.clone());
            polling.spawn(Poller { caller, group, first, end: first + habit.lasts, habit }.poll());
        }
    }
    let mut coming = JoinSet::new();
    coming.spawn(newcomers(scene.graph().clone(), scene.groups().to_vec()));
    let polled = polling.join_all().await;
    drop(coming);
    let mut all = Polled { calls: scene.calls(), ..Polled::default() };
    scene.end().await;
    for polled in polled {
        all.add(polled?);
    }
    Ok(all)
}

async fn newcomers(graph: Control, groups: Vec<String>) {
    let mut tick = tokio::time::interval(NEWCOMER_EVERY);
    for group in groups.iter().cycle() {
        tick.tick().await;
        // It fails at ten thousand open requests only.
        drop(graph.add_request(group, RequestSpec::default()));
    }
}

impl Poller {
    async fn poll(self) -> Fallible<Polled> {
        let mut polled = Polled::default();
        let cache_control = self.habit.max_age.then(|| HeaderValue::from_static("max-age=2"));
        let mut terms = Terms { cache_control, if_none_match: None };
        let mut due = self.first;
        while due < self.end {
            sleep_until(due).await;
            let answer = self.caller.list(&self.group, &terms).await?;
            // From when it was due: an answer that comes late must not make the next one look fast.
            polled.note(&answer, due.elapsed());
            if self.habit.if_none_match {
                terms.if_none_match = answer.etag;
            }
            due += EVERY;
        }
        Ok(polled)
    }
}

impl Polled {
    pub(crate) const TABLE: &str = "
| 20 apps, 50 groups, each every 2 s, through | asking with | for | lists | calls received by Graph | lists per call | copies | 304 | age p50, p99, oldest | latency p50, p99, longest | neither 200 nor 304 |
|---|---|---|---|---|---|---|---|---|---|---|";

    fn note(&mut self, answer: &Answer, latency: Duration) {
        self.lists += 1;
        self.latencies.push(latency);
        self.copies += usize::from(answer.is_copy);
        match answer.status {
            200 => (),
            304 => self.unchanged += 1,
            _ => self.refused += 1,
        }
        if let Some(as_of) = answer.as_of {
            // Of one clock; below zero it would only be one that was set back meanwhile.
            self.ages.push(Timestamp::now().duration_since(as_of).unsigned_abs());
        }
    }

    fn add(&mut self, other: Self) {
        self.lists += other.lists;
        self.copies += other.copies;
        self.unchanged += other.unchanged;
        self.refused += other.refused;
        self.latencies.extend(other.latencies);
        self.ages.extend(other.ages);
    }

    pub(crate) fn row(self, way: Way, habit: Habit) -> String {
        let Self { lists, calls, copies, unchanged, refused, .. } = self;
        let (latencies, ages) = (Sorted::new(self.latencies), Sorted::new(self.ages));
        let cells = [
            way.name().to_owned(),
            habit.headers().to_owned(),
            format!("{} s", habit.lasts.as_secs()),
            grouped(lists as u64),
            grouped(calls),
            ratio(lists as u64, calls),
            percent(copies, lists),
            percent(unchanged, lists),
            ages.summary(),
            latencies.summary(),
            refused.to_string(),
        ];
        format!("| {} |", cells.join(" | "))
    }
}
