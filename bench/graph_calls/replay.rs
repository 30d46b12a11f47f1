//! Half an hour of twenty applications that poll five hundred groups and decide on who asks to join, replayed: the clock of everybody
//! in it goes many times as fast. The trace is drawn by a fixed seed and is the same for all ways.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;
use joingate_sandbox::{Control, Quota, Quotas, RequestSpec};
use reqwest::header::HeaderValue;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::Fallible;
use crate::caller::{Answer, Caller, Terms};
use crate::figures::{Sorted, grouped, percent, ratio};
use crate::scene::{FREE, Scene, Way};

const APPS: usize = 20;
const GROUPS: usize = 500;
/// How often an application looks at each of its groups, in seconds: dashboards, bots, nightly jobs that never end.
const EVERY: [u64; 5] = [60, 20, 10, 30, 120];
/// The first application watches so many groups, the others ever fewer.
const MOST_WATCHED: usize = 200;
/// Somewhere somebody asks to join.
const NEWCOMERS_A_SECOND: f64 = 1.0;
/// Between seeing somebody and approving them.
const THINKING: Duration = Duration::from_secs(2);
/// Ids in one decision.
const AT_ONCE: usize = 20;
const SEED: u64 = 7;
/// What Graph allows in a minute, where it has a quota: half of what one call for each question takes.
const QUOTA: usize = 1_320;

/// One way through the trace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passage {
    pub(crate) way: Way,
    /// The age of a copy that applications accept, in seconds.
    pub(crate) max_age: Option<u32>,
    /// Whether Graph has a quota, which the gateway is told.
    pub(crate) quota: bool,
    pub(crate) lasts: Duration,
}

/// One application.
struct App {
    groups: Vec<usize>,
    every: Duration,
}

/// One application that watches one group.
struct Watcher {
    caller: Caller,
    way: Way,
    group: String,
    decides: bool,
    terms: Terms,
    every: Duration,
    first: Instant,
    end: Instant,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    lists: usize,
    decisions: usize,
    /// Of both.
    good: usize,
    pub(crate) calls: u64,
    pub(crate) throttled: u64,
    latencies: Vec<Duration>,
    ages: Vec<Duration>,
}

/// Groups by popularity: the n-th is asked for a n-th as often as the first (Zipf).
struct Popularity(Vec<f64>);

impl Popularity {
    fn new() -> Self {
        let mut sum = 0.0;
        let cumulated = (1..=GROUPS).map(|rank| {
            sum += 1.0 / f64::from(u32::try_from(rank).unwrap_or(u32::MAX));
            sum
        });
        Self(cumulated.collect())
    }

    fn draw(&self, random: &mut Rng) -> usize {
        let at = random.f64() * self.0.last().copied().unwrap_or_default();
        self.0.partition_point(|sum| *sum <= at).min(GROUPS - 1)
    }
}

fn applications(random: &mut Rng, popularity: &Popularity) -> Vec<App> {
    let every = EVERY.iter().cycle().map(|seconds| Duration::from_secs(*seconds));
    let app = |(number, every): (usize, Duration)| {
        let mut groups = BTreeSet::new();
        while groups.len() < MOST_WATCHED * 2 / (number + 2) {
            groups.insert(popularity.draw(random));
        }
        App { groups: groups.into_iter().collect(), every }
    };
    (0..APPS).zip(every).map(app).collect()
}

pub(crate) async fn measure(passage: Passage) -> Fallible<Passed> {
    let a_second = format!("{}/s", QUOTA / 60);
    let held = [("LIMITS__GRAPH", a_second.as_str()), ("LIMITS__GRAPH_BURST", "22")];
    let limits = FREE.iter().chain(if passage.quota { held.as_slice() } else { &[] }).copied();
    let scene = Scene::set_with(passage.way, GROUPS, SEED, &limits.collect::<Vec<_>>()).await?;
    if passage.quota {
        let quota = Quota::new(QUOTA, 60, 80_007);
        scene.graph().set_quotas(Quotas { app: Some(quota), phone: None })?;
    }
    let mut random = Rng::with_seed(SEED);
    let popularity = Popularity::new();
    let begin = Instant::now();
    let mut watching = JoinSet::new();
    let mut decided_on = BTreeSet::new();
    for (number, app) in applications(&mut random, &popularity).into_iter().enumerate() {
        let caller = scene.caller(&format!("app-{number}"))?;
        for index in app.groups {
            let first = begin + app.every.mul_f64(random.f64());
            let cache_control =
                passage.max_age.map(|age| HeaderValue::try_from(format!("max-age={age}"))).transpose()?;
            let watcher = Watcher {
                caller: caller.clone(),
                way: passage.way,
                group: scene.groups().get(index).cloned().unwrap_or_default(),
                decides: decided_on.insert(index),
                terms: Terms { cache_control, if_none_match: None },
                every: app.every,
                first,
                end: begin + passage.lasts,
            };
            watching.spawn(watcher.watch());
        }
    }
    let mut coming = JoinSet::new();
    coming.spawn(newcomers(scene.graph().clone(), scene.groups().to_vec(), random, popularity));
    let passed = watching.join_all().await;
    drop(coming);
    let (calls, throttled) = (scene.calls(), scene.graph().quota().app.refused);
    let mut all = Passed { calls, throttled, ..Passed::default() };
    scene.end().await;
    for passed in passed {
        all.add(passed?);
    }
    Ok(all)
}

async fn newcomers(graph: Control, groups: Vec<String>, mut random: Rng, popularity: Popularity) {
    loop {
        // Nobody knows of anybody else: times between them are exponential.
        let gap = -(1.0 - random.f64()).ln() / NEWCOMERS_A_SECOND;
        sleep(Duration::from_secs_f64(gap)).await;
        if let Some(group) = groups.get(popularity.draw(&mut random)) {
            // It fails at ten thousand open requests only.
            drop(graph.add_request(group, RequestSpec::default()));
        }
    }
}

impl Watcher {
    async fn watch(self) -> Fallible<Passed> {
        let mut passed = Passed::default();
        let mut due = self.first;
        while due < self.end {
            sleep_until(due).await;
            let answer = self.caller.list(&self.group, &self.terms).await?;
            passed.listed(&answer, due.elapsed());
            if self.decides && !answer.open.is_empty() {
                sleep(THINKING).await;
                let ids = answer.open.get(..AT_ONCE).unwrap_or(&answer.open);
                let body = match self.way {
                    Way::Gateway => json!({ "join_request_ids": ids }),
                    Way::Proxy => json!({ "messaging_product": "whatsapp", "join_requests": ids }),
                };
                let status = self.caller.approve(&self.group, &body).await?;
                passed.decisions += 1;
                passed.good += usize::from(status < 300);
            }
            due += self.every;
        }
        Ok(passed)
    }
}

impl Passed {
    pub(crate) const TABLE: &str = "
| 30 minutes of 20 apps and 500 groups, through | asking with | lists | decisions | calls received by Graph | of those of the proxy | age p50, p99, oldest | latency of lists p50, p99, longest | not as it should be |
|---|---|---|---|---|---|---|---|---|";

    pub(crate) const QUOTA_TABLE: &str = "
| 10 minutes with a quota of 1,320 calls a minute, through | asking with | lists and decisions | answered | calls received by Graph | throttle answers | of the quota used | answered for each call of the quota | latency of lists p50, p99, longest |
|---|---|---|---|---|---|---|---|---|";

    fn listed(&mut self, answer: &Answer, latency: Duration) {
        self.lists += 1;
        if answer.status == 200 {
            self.good += 1;
            self.latencies.push(latency);
        }
        if let Some(as_of) = answer.as_of {
            // Of one clock; below zero it would only be one that was set back meanwhile.
            self.ages.push(Timestamp::now().duration_since(as_of).unsigned_abs());
        }
    }

    fn add(&mut self, other: Self) {
        self.lists += other.lists;
        self.decisions += other.decisions;
        self.good += other.good;
        self.latencies.extend(other.latencies);
        self.ages.extend(other.ages);
    }

    const fn asked(&self) -> usize {
        self.lists + self.decisions
    }

    /// Answers that were no list or no decision.
    pub(crate) const fn bad(&self) -> usize {
        self.asked() - self.good
    }

    /// `proxy`: what the proxy needed.
    pub(crate) fn row(self, passage: Passage, proxy: Option<u64>) -> String {
        let whole = |calls: u64| usize::try_from(calls).unwrap_or(usize::MAX);
        let cells = [
            passage.way.name().to_owned(),
            passage.asking_with(),
            grouped(self.lists as u64),
            grouped(self.decisions as u64),
            grouped(self.calls),
            proxy.map_or_else(|| "–".to_owned(), |proxy| percent(whole(self.calls), whole(proxy))),
            Sorted::new(self.ages.clone()).summary(),
            Sorted::new(self.latencies.clone()).summary(),
            grouped(self.bad() as u64),
        ];
        format!("| {} |", cells.join(" | "))
    }

    pub(crate) fn quota_row(&self, passage: Passage) -> String {
        let minutes = passage.lasts.as_secs() / 60;
        let quota = QUOTA as u64 * minutes;
        let served = usize::try_from(self.calls - self.throttled).unwrap_or(usize::MAX);
        let cells = [
            passage.way.name().to_owned(),
            passage.asking_with(),
            grouped(self.asked() as u64),
            percent(self.good, self.asked()),
            grouped(self.calls),
            grouped(self.throttled),
            percent(served, QUOTA * usize::try_from(minutes).unwrap_or(usize::MAX)),
            ratio(self.good as u64, quota),
            Sorted::new(self.latencies.clone()).summary(),
        ];
        format!("| {} |", cells.join(" | "))
    }
}

impl Passage {
    fn asking_with(self) -> String {
        self.max_age.map_or_else(|| "–".to_owned(), |age| format!("`max-age={age}`"))
    }
}
