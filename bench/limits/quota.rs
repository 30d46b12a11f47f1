//! Three replicas and one Redis in front of a Graph with a quota, with more work than it allows.

use std::time::Duration;

use joingate_sandbox::{Quota, Quotas};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};

use crate::Fallible;
use crate::figures::{grouped, percent};
use crate::load::{Caller, Work};
use crate::redis::Redis;
use crate::scene::Scene;

const REPLICAS: usize = 3;
/// Callers of each replica who ask again as soon as they are answered: enough to use up every limit here.
const CALLERS: usize = 8;
/// What they wait after a refusal.
const AFTER_REFUSAL: Duration = Duration::from_millis(100);
/// In calls a second: what all replicas together may send.
const RATE: u32 = 20;
const BURST: u32 = 20;
const WINDOW: u32 = 60;
/// Graph counts in a rolling window, of which nobody may know.
const THROTTLES_FREE: usize = 5;

/// What becomes of Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Lives,
    /// Killed half-way.
    Dies,
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    name: &'static str,
    work: Work,
    /// What Graph allows in a second, on the average of a minute.
    quota: u32,
    fate: Fate,
    on_failure: &'static str,
    /// Throttle answers a minute after the first five, at most.
    throttles: f64,
    minutes: u64,
}

/// All of them. A third is what each replica keeps of the limits when it is alone.
pub(crate) const SCENARIOS: [Scenario; 5] = [
    Scenario {
        name: "a quota equal to the setting",
        work: Work::List,
        quota: RATE,
        fate: Fate::Lives,
        on_failure: "local",
        throttles: 1.0,
        minutes: 4,
    },
    Scenario {
        name: "the same, Redis killed half-way, `local`",
        work: Work::List,
        quota: RATE,
        fate: Fate::Dies,
        on_failure: "local",
        throttles: 1.0,
        minutes: 4,
    },
    Scenario {
        name: "the same, Redis killed half-way, `deny`",
        work: Work::List,
        quota: RATE,
        fate: Fate::Dies,
        on_failure: "deny",
        throttles: 1.0,
        minutes: 2,
    },
    Scenario {
        name: "half of the setting, told in usage headers",
        work: Work::List,
        quota: RATE / 2,
        fate: Fate::Lives,
        on_failure: "local",
        throttles: 1.0,
        minutes: 5,
    },
    Scenario {
        name: "half of the setting, told by throttles only",
        work: Work::Reject,
        quota: RATE / 2,
        fate: Fate::Lives,
        on_failure: "local",
        throttles: 2.0,
        minutes: 12,
    },
];

/// What came of one.
#[derive(Debug)]
pub(crate) struct Measured {
    calls: u64,
    /// Until Redis was killed, or half of the time was over.
    calls_before: u64,
    /// When Graph refused.
    throttles: Vec<Duration>,
    lasted: Duration,
}

pub(crate) const TABLE: &str = "\
| quota of Graph | for | calls sent | most it allows | used | throttle answers | after the first five, a minute |
|---|---|---|---|---|---|---|";

pub(crate) async fn measure(scenario: &Scenario) -> Fallible<Measured> {
    let mut redis = Redis::start().await?;
    let (rate, burst) = (format!("{RATE}/s"), BURST.to_string());
    let settings = [
        ("STORE__REDIS_URL", redis.url()),
        ("STORE__ON_FAILURE", scenario.on_failure.to_owned()),
        ("STORE__LOCAL_SHARE", "0.333".to_owned()),
        ("LIMITS__GRAPH", rate),
        ("LIMITS__GRAPH_BURST", burst),
        ("LIMITS__CALLER", "10000/s".to_owned()),
        ("LIMITS__CALLER_BURST", "10000".to_owned()),
    ];
    let settings = settings.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>();
    let scene = Scene::set(REPLICAS, &settings).await?;
    // Of the business for lists; of the phone number, which no header tells of, for decisions.
    let quota = Quota::new((scenario.quota * WINDOW) as usize, WINDOW.into(), 0);
    scene.graph().set_quotas(match scenario.work {
        Work::List => Quotas { app: Some(Quota { code: 80_007, ..quota }), phone: None },
        Work::Reject => Quotas { app: None, phone: Some(Quota { code: 130_429, ..quota }) },
    })?;

    let mut callers = JoinSet::new();
    for (number, gateway) in scene.gateways.iter().enumerate() {
        for group in scene.groups(CALLERS)? {
            let caller = Caller::new(gateway.api(), &format!("app-{number}"))?;
            callers.spawn(ask_for_ever(caller, scenario.work, group));
        }
    }
    let began = Instant::now();
    let lasts = Duration::from_mins(scenario.minutes);
    let (mut throttles, mut calls_before) = (Vec::new(), 0);
    let mut tick = interval(Duration::from_millis(250));
    while began.elapsed() < lasts {
        tick.tick().await;
        let view = scene.graph().quota();
        let refused = view.app.refused + view.phones.values().map(|phone| phone.refused).sum::<u64>();
        while (throttles.len() as u64) < refused {
            throttles.push(began.elapsed());
        }
        if calls_before == 0 && began.elapsed() >= lasts / 2 {
            calls_before = scene.calls();
            if scenario.fate == Fate::Dies {
                redis.kill()?;
            }
        }
    }
    let lasted = began.elapsed();
    let calls = scene.calls();
    callers.shutdown().await;
    scene.end().await;
    Ok(Measured { calls, calls_before, throttles, lasted })
}

async fn ask_for_ever(caller: Caller, work: Work, group: String) {
    loop {
        if !caller.ask(work, &group).await.is_good() {
            sleep(AFTER_REFUSAL).await;
        }
    }
}

impl Measured {
    /// What Graph gives in that time: the whole window at once, then what leaves it.
    fn allowed(&self, scenario: &Scenario) -> u64 {
        whole(self.lasted.as_secs_f64() * f64::from(scenario.quota))
    }

    /// What we may send at most: the rate, and one burst; three more when each replica has begun to count alone.
    fn most(&self, scenario: &Scenario) -> u64 {
        let seconds = self.lasted.as_secs_f64();
        let ours = match (scenario.fate, scenario.on_failure) {
            (Fate::Dies, "deny") => whole(seconds / 2.0 * f64::from(RATE)) + u64::from(BURST),
            (Fate::Dies, _) => whole(seconds * f64::from(RATE)) + 2 * u64::from(BURST),
            (Fate::Lives, _) => whole(seconds * f64::from(RATE)) + u64::from(BURST),
        };
        if scenario.quota < RATE { self.allowed(scenario) + u64::from(scenario.quota * WINDOW) } else { ours }
    }

    fn used(&self, scenario: &Scenario) -> (u64, u64) {
        let served = self.calls - self.throttles.len() as u64;
        match (scenario.fate, scenario.on_failure) {
            // After that nothing is sent.
            (Fate::Dies, "deny") => (self.calls_before, self.allowed(scenario) / 2),
            _ => (served, self.allowed(scenario)),
        }
    }

    /// Throttles after the first five, and the minutes since.
    fn later(&self) -> (usize, f64) {
        let fifth = self.throttles.get(THROTTLES_FREE - 1).copied().unwrap_or(self.lasted);
        let later = self.throttles.len().saturating_sub(THROTTLES_FREE);
        (later, self.lasted.saturating_sub(fifth).as_secs_f64() / 60.0)
    }

    pub(crate) fn is_as_promised(&self, scenario: &Scenario) -> bool {
        let (used, allowed) = self.used(scenario);
        let least = if scenario.quota < RATE { 70 } else { 95 };
        let (later, minutes) = self.later();
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let seldom = later == 0 || later as f64 <= minutes * scenario.throttles;
        self.calls <= self.most(scenario) && used * 100 >= allowed * least && seldom
    }

    pub(crate) fn row(&self, scenario: &Scenario) -> String {
        let (used, allowed) = self.used(scenario);
        let (later, minutes) = self.later();
        let later = if later == 0 { "0".to_owned() } else { format!("{later} in {minutes:.1} min") };
        let times = self.throttles.iter().map(|at| format!("{:.0}", at.as_secs_f64())).collect::<Vec<_>>();
        let cells = [
            scenario.name.to_owned(),
            format!("{} min", scenario.minutes),
            grouped(self.calls),
            grouped(self.most(scenario)),
            percent(as_size(used), as_size(allowed)),
            match times.as_slice() {
                [] => "0".to_owned(),
                times => format!("{} (second {})", times.len(), times.join(", ")),
            },
            later,
        ];
        format!("| {} |", cells.join(" | "))
    }
}

fn as_size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, not negative")]
fn whole(number: f64) -> u64 {
    number.ceil() as u64
}
