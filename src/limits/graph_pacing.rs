//! The pace of calls to Graph: a rate, a number at the same time, pauses, and who goes first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;
use tracing::Instrument;

use super::budget::Budget;
use super::gate::Gate;
use super::news::Told;
use super::pause::PauseReason;
use super::replicas::{Replicas, Shared};
use super::step::Held;
use super::waiting::Waiting;
use crate::config::LimitSettings;
use crate::domain::{Deadline, GroupId};
use crate::store::{AskedFor, SharedPace};
use crate::telemetry::{Circuit, LimitName, Metrics, spans};

/// A call that tries for all replicas ends within its time-out and this.
const MARGIN: Duration = Duration::from_secs(1);
/// The right to send one call, until it is dropped: after its answer was judged.
#[derive(Debug)]
pub struct Permit {
    pacing: Arc<GraphPacing>,
    since: Instant,
}

/// Lets calls to Graph through one by one. Everything that waits here waits at most as long as its [`Budget`].
#[derive(Debug)]
pub struct GraphPacing {
    /// Locked for a decision, never over an await.
    gate: Mutex<Gate>,
    /// Who uses the same limits.
    pub(super) replicas: Option<Arc<Replicas>>,
    /// How long a call that tries for all replicas may take, before another one does.
    pub(super) trying: Duration,
    /// Something is to be told to the others.
    told: Notify,
    metrics: Arc<Metrics>,
}

/// What is known of Graph's limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PacingView {
    /// How many calls may be sent at once.
    pub remaining: u32,
    /// The highest usage that Graph reported, in percent, if it did within five minutes.
    pub usage_percent: Option<f64>,
    /// What is left of a pause.
    pub paused_for: Option<Duration>,
    /// Whether Graph is in trouble.
    pub circuit: Circuit,
}

impl GraphPacing {
    /// No calls made here, no pause. One call takes at most `attempt_timeout`.
    pub fn new(
        settings: &LimitSettings,
        attempt_timeout: Duration,
        replicas: Option<Arc<Replicas>>,
        metrics: Arc<Metrics>,
    ) -> Self {
        metrics.graph_circuit(Circuit::Closed);
        let gate = Mutex::new(Gate::new(settings, replicas.is_some(), Instant::now()));
        Self { gate, replicas, trying: attempt_timeout + MARGIN, told: Notify::new(), metrics }
    }

    /// Takes these limits from now on.
    pub fn set(&self, settings: &LimitSettings) {
        self.gate().set(settings);
    }

    /// Whether decisions are held from now on, those that wait among them.
    pub fn set_read_only(&self, read_only: bool) {
        self.gate().set_read_only(read_only);
    }

    /// Whether decisions are held.
    pub fn is_read_only(&self) -> bool {
        self.gate().read_only
    }

    /// How long a request may wait here, over all its calls.
    pub fn max_wait(&self) -> Duration {
        self.gate().max_wait
    }

    /// Waits until a call may be sent, about this group if it is about one.
    pub async fn admit(
        self: &Arc<Self>,
        group: Option<&GroupId>,
        budget: &mut Budget,
    ) -> Result<Permit, Held> {
        let started = Instant::now();
        let span = spans::pacing();
        let result = Waiting::new(self, group, budget).run().instrument(span.clone()).await;
        let waited = started.elapsed();
        budget.waited(waited);
        self.metrics.waited(LimitName::Graph, waited);
        if let Err(held) = result {
            let reason = match held {
                Held::Paused { reason: PauseReason::Trouble, .. } => "circuit",
                Held::Paused { .. } => "paused",
                Held::Limited { .. } => "rate",
                Held::DeadlinePassed => "deadline",
                Held::ReadOnly => "read_only",
                Held::StoreUnavailable => "store",
            };
            self.metrics.limited(LimitName::Graph, reason);
            spans::failed(&span, reason);
        }
        result
    }

    /// Graph throttled a call: nothing more is sent until the wait it stated (or our own backoff) is over. With a
    /// `group` only for this group, as long as no second one is throttled too.
    pub fn throttled(
        &self,
        stated: Option<Duration>,
        reason: PauseReason,
        group: Option<&GroupId>,
    ) -> Duration {
        let wait = self.gate().throttled(stated, reason, group, Instant::now());
        self.show();
        wait
    }

    /// Graph told how much of its quotas is used, in percent, and when they are free again. At 100 nothing is sent.
    pub fn reported(&self, percent: f64, regain: Option<Duration>) {
        let used_up = self.gate().reported(percent, Instant::now());
        if used_up {
            self.throttled(regain, PauseReason::Quota, None);
        }
    }

    /// Graph served a call.
    pub fn served(&self) {
        let now = Instant::now();
        let mut gate = self.gate();
        gate.healthy(now);
        gate.served(now);
        drop(gate);
        self.show();
    }

    /// A call failed as calls do when Graph is in trouble; `share` is random, 0 to 255.
    pub fn failed(&self, share: u8) {
        let rest = self.gate().unhealthy(share, Instant::now());
        if let Some(rest) = rest {
            let rest_ms = u64::try_from(rest.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(rest_ms, "Graph is in trouble: nothing is sent for a while");
            self.show();
        }
    }

    /// What the other replicas should know, and the pace of all, as soon as there is something.
    pub(super) async fn news(&self) -> (Told, SharedPace) {
        loop {
            let told = self.told.notified();
            if let Some(news) = self.take_news() {
                return news;
            }
            told.await;
        }
    }

    fn take_news(&self) -> Option<(Told, SharedPace)> {
        let now = Instant::now();
        let mut gate = self.gate();
        let news = gate.others.as_mut()?.news.take(now)?;
        Some((news, gate.whole_pace(now).shared()))
    }

    /// Learns what other replicas know, if there are any.
    pub async fn look(&self, until: Deadline) {
        let Some(replicas) = &self.replicas else { return };
        let pace = self.gate().whole_pace(Instant::now()).shared();
        let question = replicas.store().take_call(AskedFor::Nobody, pace, self.trying, until);
        if let Shared::Answer(way) = replicas.ask(question, until).await {
            self.gate().saw(&way, Instant::now());
            self.show();
        }
    }

    /// Whether Graph was in trouble, and no call has shown yet that it is over.
    pub fn in_trouble(&self) -> bool {
        self.gate().in_trouble()
    }

    /// What is known of Graph's limits.
    pub fn view(&self) -> PacingView {
        let now = Instant::now();
        let mut gate = self.gate();
        let pause = gate.pauses.left(now);
        let circuit = match pause {
            Some((_, PauseReason::Trouble)) => Circuit::Open,
            Some((_, PauseReason::Quota | PauseReason::Maintenance)) | None if !gate.in_trouble() => {
                Circuit::Closed
            }
            Some(_) | None => Circuit::HalfOpen,
        };
        PacingView {
            remaining: gate.remaining(now),
            usage_percent: gate.learned.usage(now),
            paused_for: pause.map(|(left, _)| left),
            circuit,
        }
    }

    /// Writes down whether and until when nothing is sent, and lets the others know.
    pub(super) fn show(&self) {
        if self.gate().others.as_ref().is_some_and(|others| !others.news.is_empty()) {
            self.told.notify_one();
        }
        self.show_state();
    }

    /// Shows both as they are at this moment: a pause ends by itself. A rest because of trouble is no pause that Graph asked
    /// for; the circuit tells of it.
    pub fn show_state(&self) {
        let view = self.view();
        let pause = view.paused_for.filter(|_| view.circuit != Circuit::Open);
        self.metrics.graph_paused(pause.map(|left| SystemTime::now() + left));
        self.metrics.graph_circuit(view.circuit);
    }

    pub(super) fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    pub(super) fn new(pacing: &Arc<GraphPacing>) -> Self {
        Self { pacing: Arc::clone(pacing), since: Instant::now() }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.pacing.gate().over(self.since.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::super::line::Priority;
    use super::*;

    fn pacing(most_at_once: usize) -> Arc<GraphPacing> {
        let settings = LimitSettings { graph_max_concurrency: most_at_once, ..LimitSettings::for_tests() };
        Arc::new(GraphPacing::new(
            &settings,
            Duration::from_secs(8),
            None,
            Arc::new(Metrics::new("v23.0").unwrap()),
        ))
    }

    fn group() -> GroupId {
        GroupId::parse("a").unwrap()
    }

    fn budget(priority: Priority) -> Budget {
        Budget::new(priority, Deadline::after(Duration::from_mins(1)), Duration::from_secs(30))
    }

    #[tokio::test]
    async fn a_decision_goes_before_lists_that_wait_and_nobody_is_forgotten() {
        let (pacing, name) = (pacing(1), group());
        let permit = pacing.admit(Some(&name), &mut budget(Priority::Read)).await.unwrap();
        let mut budgets = [Priority::Read, Priority::Read, Priority::Decision].map(budget);
        let [one, two, three] = &mut budgets;
        let mut list = Box::pin(pacing.admit(Some(&name), one));
        let mut given_up = Box::pin(pacing.admit(Some(&name), two));
        let mut decision = Box::pin(pacing.admit(Some(&name), three));
        assert!(poll!(&mut list).is_pending() && poll!(&mut given_up).is_pending());
        assert!(poll!(&mut decision).is_pending());
        drop((permit, given_up));
        assert!(poll!(&mut list).is_pending());
        let permit = decision.await.unwrap();
        assert!(poll!(&mut list).is_pending());
        drop(permit);
        drop(list.await.unwrap());
        assert_eq!(pacing.gate().line.ahead_of(Priority::Read), 0);
    }

    #[tokio::test]
    async fn decisions_that_wait_learn_at_once_that_none_is_sent_any_more() {
        let (pacing, name) = (pacing(1), group());
        let permit = pacing.admit(Some(&name), &mut budget(Priority::Read)).await.unwrap();
        let mut budgets = [Priority::Decision, Priority::Decision, Priority::Read].map(budget);
        let [one, two, three] = &mut budgets;
        let mut first = Box::pin(pacing.admit(Some(&name), one));
        let mut second = Box::pin(pacing.admit(Some(&name), two));
        let mut list = Box::pin(pacing.admit(Some(&name), three));
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
        assert!(poll!(&mut list).is_pending());
        pacing.set_read_only(true);
        assert_eq!((first.await.unwrap_err(), second.await.unwrap_err()), (Held::ReadOnly, Held::ReadOnly));
        assert!(poll!(&mut list).is_pending());
        drop(permit);
        drop(list.await.unwrap());
        pacing.set_read_only(false);
        drop(pacing.admit(Some(&name), &mut budget(Priority::Decision)).await.unwrap());
    }

    #[tokio::test]
    async fn a_call_that_tries_after_a_pause_and_is_throttled_was_not_too_fast() {
        let (pacing, name) = (pacing(1), group());
        let share = || pacing.gate().learned.rate().share;
        let throttled = || pacing.throttled(Some(Duration::from_millis(1)), PauseReason::Quota, None);
        let permit = pacing.admit(Some(&name), &mut budget(Priority::Read)).await.unwrap();
        let pause = throttled();
        drop(permit);
        assert!((share() - 0.75).abs() < 0.01);
        let begun = Instant::now();
        let permit = pacing.admit(Some(&name), &mut budget(Priority::Read)).await.unwrap();
        assert!(begun.elapsed() + Duration::from_millis(100) > pause);
        throttled();
        drop(permit);
        assert!((share() - 0.75).abs() < 0.01, "the quota is not free again yet");
        let permit = pacing.admit(Some(&name), &mut budget(Priority::Read)).await.unwrap();
        pacing.served();
        throttled();
        drop(permit);
        assert!(share() < 0.6, "but this is a new one");
    }

    #[tokio::test]
    async fn a_turn_that_cannot_come_in_time_is_refused_at_once() {
        let settings = LimitSettings { graph_burst: 1, ..LimitSettings::for_tests() };
        let pacing = Arc::new(GraphPacing::new(
            &settings,
            Duration::from_secs(8),
            None,
            Arc::new(Metrics::new("v23.0").unwrap()),
        ));
        let name = group();
        drop(pacing.admit(Some(&name), &mut budget(Priority::Read)).await.unwrap());
        let mut patient = (0..60).map(|_| budget(Priority::Read)).collect::<Vec<_>>();
        let mut waiting = Vec::new();
        for budget in &mut patient {
            let mut admission = Box::pin(pacing.admit(Some(&name), budget));
            let _pending = poll!(&mut admission);
            waiting.push(admission);
        }
        // One goes every 0.72 s, and 60 of them do not fit into 30 s.
        let refused = pacing.admit(Some(&name), &mut budget(Priority::Read)).await.unwrap_err();
        assert!(matches!(refused, Held::Limited { retry_after } if retry_after > Duration::from_secs(25)));
    }

    #[tokio::test]
    async fn a_place_that_will_not_be_free_in_time_is_refused_at_once() {
        let (pacing, name) = (pacing(2), group());
        // Calls take ten seconds, as far as is known.
        pacing.gate().usual = Duration::from_secs(10);
        let first = pacing.admit(Some(&name), &mut budget(Priority::Read)).await.unwrap();
        let second = pacing.admit(Some(&name), &mut budget(Priority::Read)).await.unwrap();
        let mut budgets = (0..4).map(|_| budget(Priority::Read)).collect::<Vec<_>>();
        let mut waiting = Vec::new();
        for budget in &mut budgets {
            let mut admission = Box::pin(pacing.admit(Some(&name), budget));
            assert!(poll!(&mut admission).is_pending());
            waiting.push(admission);
        }
        // The next one would wait for 28 s, and the one after it for longer than it may.
        let mut patient = budget(Priority::Read);
        let mut fifth = Box::pin(pacing.admit(Some(&name), &mut patient));
        assert!(poll!(&mut fifth).is_pending());
        let refused = pacing.admit(Some(&name), &mut budget(Priority::Read)).await.unwrap_err();
        assert_eq!(refused, Held::Limited { retry_after: Duration::from_millis(33_750) });
        // What has begun waits for fewer.
        let mut continuing = budget(Priority::Continuing);
        assert!(poll!(Box::pin(pacing.admit(Some(&name), &mut continuing))).is_pending());
        drop((first, second));
    }
}
