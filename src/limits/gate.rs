//! The state of the way to Graph, and the one decision on it: may the first in line go now?

use std::time::{Duration, Instant};

use super::breaker::Breaker;
use super::gcra::{Gcra, Pace};
use super::learned::{Learned, USED_UP};
use super::line::{Line, Priority, Ticket};
use super::news::PauseNews;
use super::others::{LOOK_AGAIN, MayAsk, Others};
use super::pause::PauseReason;
use super::pauses::{Pauses, Throttled};
use super::step::{Held, Step};
use crate::config::LimitSettings;
use crate::domain::GroupId;
use crate::store::{CallAnswer, SharedWay};

/// What one who waits is told when nothing better is known.
const SOON: Duration = Duration::from_secs(1);

/// After a pause, one call tries before the others go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recovery {
    None,
    Due(PauseReason),
    Trying(PauseReason),
}

/// The way to Graph.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) line: Line,
    pub(super) learned: Learned,
    interval: Duration,
    burst: u32,
    most_at_once: usize,
    pub(super) max_wait: Duration,
    pub(super) read_only: bool,
    at_once: usize,
    /// How long calls take, lately.
    pub(super) usual: Duration,
    gcra: Gcra,
    pub(super) pauses: Pauses,
    recovery: Recovery,
    breaker: Breaker,
    /// Other replicas that use the same limits, if there may be any.
    pub(super) others: Option<Others>,
}

impl Gate {
    pub(super) fn new(settings: &LimitSettings, shared: bool, now: Instant) -> Self {
        let mut gate = Self {
            line: Line::default(),
            learned: Learned::new(now),
            interval: Duration::ZERO,
            burst: 1,
            most_at_once: 1,
            max_wait: Duration::ZERO,
            read_only: false,
            at_once: 0,
            usual: Duration::ZERO,
            gcra: Gcra::new(now),
            pauses: Pauses::default(),
            recovery: Recovery::None,
            breaker: Breaker::new(now),
            others: shared.then(Others::default),
        };
        gate.set(settings);
        gate
    }

    /// Takes these limits from now on.
    pub(super) fn set(&mut self, settings: &LimitSettings) {
        self.interval = settings.graph.per / settings.graph.count.max(1);
        self.burst = settings.graph_burst;
        self.most_at_once = settings.graph_max_concurrency;
        self.max_wait = settings.max_wait;
        self.line.call_first();
    }

    /// Whether decisions are held from now on. Those that wait learn of it at once.
    pub(super) fn set_read_only(&mut self, read_only: bool) {
        self.read_only = read_only;
        self.line.call_decisions();
    }

    /// How long somebody waits at least who has so many before it.
    pub(super) fn wait_behind(&mut self, ahead: usize, now: Instant) -> Duration {
        let pace = self.pace(now);
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        let for_the_rate = match self.gcra.left(pace, now) {
            0 => self.gcra.wait(pace, now).saturating_add(pace.interval.saturating_mul(ahead)),
            left => pace.interval.saturating_mul(ahead.saturating_add(1).saturating_sub(left)),
        };
        let places = u32::try_from(self.most_at_once).unwrap_or(u32::MAX);
        let for_a_place = if self.at_once < self.most_at_once {
            Duration::ZERO
        } else {
            // And something for what lies between two calls: who waits in vain would rather have known at once.
            self.usual.saturating_mul(ahead.saturating_add(1)) / places * 9 / 8
        };
        for_the_rate.max(for_a_place)
    }

    /// What this one can do. When it goes, it has left the line.
    pub(super) fn step(&mut self, ticket: &Ticket, now: Instant) -> Step {
        if self.read_only && ticket.priority == Priority::Decision {
            return Step::Never(Held::ReadOnly);
        }
        if let Some((left, reason)) = self.pauses.left(now) {
            return Step::After(left, Held::Paused { retry_after: left, reason });
        }
        if let Recovery::Trying(reason) = self.recovery {
            return Step::Wait(Held::Paused { retry_after: SOON, reason });
        }
        if !self.line.is_first(ticket) || self.at_once >= self.most_at_once {
            return Step::Wait(Held::Limited { retry_after: SOON });
        }
        match self.others.as_mut().map(|others| others.may_ask(now)) {
            None => self.by_our_own_count(ticket, now),
            Some(MayAsk::Now) => Step::Ask(self.whole_pace(now)),
            Some(MayAsk::After(wait)) => Step::After(wait, Held::Limited { retry_after: wait }),
            Some(MayAsk::OneDoes) => Step::Wait(Held::Limited { retry_after: SOON }),
        }
    }

    /// Nobody asks any more, whatever came of it.
    pub(super) fn asked(&mut self) {
        if let Some(others) = &mut self.others {
            others.asked();
        }
        self.line.call_first();
    }

    /// The others cannot be asked: this share of the limits is ours.
    pub(super) fn alone(&mut self, share: f64, ticket: &Ticket, now: Instant) -> Step {
        if let Some(others) = &mut self.others {
            others.kept = share;
        }
        self.by_our_own_count(ticket, now)
    }

    /// What the others know, and what that makes of the one who has asked.
    pub(super) fn answered(&mut self, way: &SharedWay, ticket: &Ticket, now: Instant) -> Step {
        self.saw(way, now);
        match &way.answer {
            CallAnswer::Go | CallAnswer::Try | CallAnswer::Looked => self.go(ticket),
            CallAnswer::Wait(wait) => Step::After(*wait, Held::Limited { retry_after: *wait }),
            CallAnswer::Trying(left) => {
                let wait = LOOK_AGAIN.min(*left);
                Step::After(wait, Held::Paused { retry_after: SOON, reason: PauseReason::Quota })
            }
            CallAnswer::Paused { of_group: true, .. } => Step::GroupPaused,
            CallAnswer::Paused { left, reason, of_group: false } => {
                let reason = PauseReason::of_word(reason);
                Step::After(*left, Held::Paused { retry_after: *left, reason })
            }
        }
    }

    /// Takes over what the others know. A pause of one group holds for the `group` that was asked for.
    pub(super) fn saw(&mut self, way: &SharedWay, now: Instant) {
        if let Some(others) = &mut self.others {
            others.answered(&way.answer, now);
        }
        self.learned.adopt(way, now);
        self.gcra.set(way.full_in, now);
        if let CallAnswer::Paused { left, reason, of_group: false } = &way.answer {
            let reason = PauseReason::of_word(reason);
            self.pauses.rest(*left, reason, now);
            self.pauses.adopt_row(way.row);
            self.recovery = Recovery::Due(reason);
        }
    }

    fn by_our_own_count(&mut self, ticket: &Ticket, now: Instant) -> Step {
        let pace = self.pace(now);
        let wait = self.gcra.wait(pace, now);
        if !wait.is_zero() {
            return Step::After(wait, Held::Limited { retry_after: wait });
        }
        self.gcra.take(1, pace, now);
        self.go(ticket)
    }

    fn go(&mut self, ticket: &Ticket) -> Step {
        self.at_once += 1;
        if let Recovery::Due(reason) = self.recovery {
            self.recovery = Recovery::Trying(reason);
        }
        self.line.go(ticket);
        Step::Go
    }

    /// A call is over, whatever it came to.
    pub(super) fn over(&mut self, took: Duration) {
        self.at_once -= 1;
        self.usual = if self.usual.is_zero() { took } else { (self.usual * 7 + took) / 8 };
        if let Recovery::Trying(reason) = self.recovery {
            // Nothing was learned from it: another one tries.
            self.recovery = Recovery::Due(reason);
        }
        self.line.call_first();
    }

    /// Graph answered, and not to slow us down.
    pub(super) fn served(&mut self, now: Instant) {
        self.pauses.served(now);
        if self.pauses.left(now).is_none() {
            self.recovery = Recovery::None;
            self.line.call_first();
            if let Some(others) = &mut self.others {
                others.served();
            }
        }
    }

    /// Graph throttled a call, or told that a quota is used up. Answers for how long nothing is sent.
    pub(super) fn throttled(
        &mut self,
        stated: Option<Duration>,
        reason: PauseReason,
        group: Option<&GroupId>,
        now: Instant,
    ) -> Duration {
        let (group, wait, learned) = match self.pauses.throttled(stated, reason, group, now) {
            Throttled::Group(wait) => (group.cloned(), wait, None),
            Throttled::All { wait, first } => {
                // A call that tries after a pause was not too fast: the quota is not free again yet.
                let too_fast = first && reason == PauseReason::Quota && !self.is_trying();
                if too_fast {
                    self.learned.throttled(now);
                }
                self.rest(reason, wait, now);
                (None, wait, too_fast.then(|| self.learned.rate()))
            }
        };
        self.tell(PauseNews { group, until: now + wait, reason, row: self.pauses.row(), learned });
        wait
    }

    fn is_trying(&self) -> bool {
        matches!(self.recovery, Recovery::Trying(_))
    }

    fn tell(&mut self, pause: PauseNews) {
        if let Some(others) = &mut self.others {
            others.news.paused(pause);
        }
    }

    /// Graph told how much of its quotas is used. Answers whether nothing may be sent any more.
    pub(super) fn reported(&mut self, percent: f64, now: Instant) -> bool {
        self.learned.reported(percent, now);
        percent >= USED_UP
    }

    /// A call showed that Graph is in good health.
    pub(super) fn healthy(&mut self, now: Instant) {
        self.breaker.succeeded(now);
    }

    /// A call failed as calls do when Graph is in trouble; `share` is random. Answers for how long nothing is sent.
    pub(super) fn unhealthy(&mut self, share: u8, now: Instant) -> Option<Duration> {
        let trying = self.recovery == Recovery::Trying(PauseReason::Trouble);
        let rest = self.breaker.failed(trying, share, now)?;
        let wait = self.pauses.rest(rest, PauseReason::Trouble, now);
        self.rest(PauseReason::Trouble, wait, now);
        Some(wait)
    }

    /// Whether Graph was in trouble, and no call has shown yet that it is over.
    pub(super) fn in_trouble(&self) -> bool {
        matches!(self.recovery, Recovery::Due(PauseReason::Trouble) | Recovery::Trying(PauseReason::Trouble))
    }

    /// How many calls may be sent at once.
    pub(super) fn remaining(&mut self, now: Instant) -> u32 {
        let pace = self.pace(now);
        if self.pauses.left(now).is_some() { 0 } else { self.gcra.left(pace, now) }
    }

    fn rest(&mut self, reason: PauseReason, wait: Duration, now: Instant) {
        self.recovery = Recovery::Due(reason);
        let pace = self.pace(now);
        self.gcra.drain(pace, now + wait);
    }

    /// The pace of all replicas together.
    pub(super) fn whole_pace(&mut self, now: Instant) -> Pace {
        let share = self.learned.share(now);
        Pace { interval: self.interval, burst: self.burst }.share(share, 1)
    }

    fn pace(&mut self, now: Instant) -> Pace {
        let kept = self.others.as_ref().map_or(1.0, |others| others.kept);
        self.whole_pace(now).share(kept, 1)
    }
}
