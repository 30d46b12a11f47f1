//! The state of the way to Graph, and the one decision on it: may the first in line go now?

use std::time::{Duration, Instant};

use super::breaker::Breaker;
use super::gcra::{Gcra, Pace};
use super::graph_pacing::Held;
use super::learned::{Learned, USED_UP};
use super::line::{Line, Priority, Ticket};
use super::pause::{Pause, PauseReason};
use crate::config::LimitSettings;
use crate::domain::GroupId;

/// What one who waits is told when nothing better is known.
const SOON: Duration = Duration::from_secs(1);

/// What the first in line can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send.
    Go,
    /// Look again after that; what it is held by if it cannot wait so long.
    After(Duration, Held),
    /// Wait to be called; what it is held by until then.
    Wait(Held),
    /// Go away.
    Never(Held),
}

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
    gcra: Gcra,
    pause: Pause,
    /// The pause of a single group. As soon as a second one needs a pause too, it holds for all.
    group_pause: Option<(GroupId, Pause)>,
    recovery: Recovery,
    breaker: Breaker,
}

impl Gate {
    pub(super) fn new(settings: &LimitSettings, now: Instant) -> Self {
        let mut gate = Self {
            line: Line::default(),
            learned: Learned::new(now),
            interval: Duration::ZERO,
            burst: 1,
            most_at_once: 1,
            max_wait: Duration::ZERO,
            read_only: false,
            at_once: 0,
            gcra: Gcra::new(now),
            pause: Pause::default(),
            group_pause: None,
            recovery: Recovery::None,
            breaker: Breaker::new(now),
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

    /// What is left of the pause of this group.
    pub(super) fn group_pause(&self, group: &GroupId, now: Instant) -> Option<(Duration, PauseReason)> {
        let (paused, pause) = self.group_pause.as_ref()?;
        if paused == group { pause.left(now) } else { None }
    }

    /// What is left of the pause of all.
    pub(super) fn pause(&self, now: Instant) -> Option<(Duration, PauseReason)> {
        self.pause.left(now)
    }

    /// How long somebody waits at least who has so many before it.
    pub(super) fn wait_behind(&mut self, ahead: usize, now: Instant) -> Duration {
        let pace = self.pace(now);
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        match self.gcra.left(pace, now) {
            0 => self.gcra.wait(pace, now).saturating_add(pace.interval.saturating_mul(ahead)),
            left => pace.interval.saturating_mul(ahead.saturating_add(1).saturating_sub(left)),
        }
    }

    /// What this one can do. When it goes, it has left the line.
    pub(super) fn step(&mut self, ticket: &Ticket, now: Instant) -> Step {
        if self.read_only && ticket.priority == Priority::Decision {
            return Step::Never(Held::ReadOnly);
        }
        if let Some((left, reason)) = self.pause.left(now) {
            return Step::After(left, Held::Paused { retry_after: left, reason });
        }
        if let Recovery::Trying(reason) = self.recovery {
            return Step::Wait(Held::Paused { retry_after: SOON, reason });
        }
        if !self.line.is_first(ticket) || self.at_once >= self.most_at_once {
            return Step::Wait(Held::Limited { retry_after: SOON });
        }
        let pace = self.pace(now);
        let wait = self.gcra.wait(pace, now);
        if !wait.is_zero() {
            return Step::After(wait, Held::Limited { retry_after: wait });
        }
        self.gcra.take(1, pace, now);
        self.at_once += 1;
        if let Recovery::Due(reason) = self.recovery {
            self.recovery = Recovery::Trying(reason);
        }
        self.line.go(ticket);
        Step::Go
    }

    /// A call is over, whatever it came to.
    pub(super) fn over(&mut self) {
        self.at_once -= 1;
        if let Recovery::Trying(reason) = self.recovery {
            // Nothing was learned from it: another one tries.
            self.recovery = Recovery::Due(reason);
        }
        self.line.call_first();
    }

    /// Graph answered, and not to slow us down.
    pub(super) fn served(&mut self, now: Instant) {
        self.pause.served(now);
        if let Some((_, pause)) = &mut self.group_pause {
            pause.served(now);
        }
        if self.pause.left(now).is_none() {
            self.recovery = Recovery::None;
            self.line.call_first();
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
        if let Some(group) = group
            && self.pause.left(now).is_none()
        {
            match &mut self.group_pause {
                Some((paused, pause)) if paused == group => return pause.begin(stated, reason, now),
                Some((_, pause)) if pause.left(now).is_some() => (),
                none_or_over => {
                    let (_, pause) = none_or_over.insert((group.clone(), Pause::default()));
                    return pause.begin(stated, reason, now);
                }
            }
        }
        // What was under way together is one throttle.
        if reason == PauseReason::Quota && self.pause.left(now).is_none() {
            self.learned.throttled(now);
        }
        let wait = self.pause.begin(stated, reason, now);
        self.rest(reason, wait, now);
        wait
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
        let wait = self.pause.rest(rest, PauseReason::Trouble, now);
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
        if self.pause.left(now).is_some() { 0 } else { self.gcra.left(pace, now) }
    }

    fn rest(&mut self, reason: PauseReason, wait: Duration, now: Instant) {
        self.recovery = Recovery::Due(reason);
        let pace = self.pace(now);
        self.gcra.drain(pace, now + wait);
    }

    fn pace(&mut self, now: Instant) -> Pace {
        let share = self.learned.share(now);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of it, and not negative"
        )]
        let burst = (f64::from(self.burst) * share) as u32;
        Pace { interval: self.interval.div_f64(share), burst: burst.max(1) }
    }
}
