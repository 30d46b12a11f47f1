//! What one replica has learned of Graph and the others do not know yet.

use std::time::{Duration, Instant};

use super::pause::PauseReason;
use crate::domain::GroupId;
use crate::store::LearnedRate;

/// A pause to be told.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PauseNews {
    pub(super) group: Option<GroupId>,
    pub(super) until: Instant,
    pub(super) reason: PauseReason,
    /// How many there were in a row.
    pub(super) row: u32,
    pub(super) learned: Option<LearnedRate>,
}

/// At most one of each kind: what comes later says more.
#[derive(Debug, Default)]
pub(super) struct News {
    of_all: Option<PauseNews>,
    of_group: Option<PauseNews>,
    resumed: bool,
}

/// What is told at once.
#[derive(Debug)]
pub(super) struct Told {
    /// Each with what is left of it.
    pub(super) pauses: Vec<(PauseNews, Duration)>,
    pub(super) resumed: bool,
}

impl News {
    pub(super) fn paused(&mut self, pause: PauseNews) {
        if pause.group.is_some() {
            self.of_group = Some(pause);
            return;
        }
        self.resumed = false;
        // A rate that was not told yet is not forgotten.
        let earlier = self.of_all.take().and_then(|earlier| earlier.learned);
        self.of_all = Some(PauseNews { learned: pause.learned.or(earlier), ..pause });
    }

    pub(super) fn resumed(&mut self) {
        self.resumed = true;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.of_all.is_none() && self.of_group.is_none() && !self.resumed
    }

    /// Everything, if there is anything, and nothing is left. A pause that is over is no news any more.
    pub(super) fn take(&mut self, now: Instant) -> Option<Told> {
        let Self { of_all, of_group, resumed } = std::mem::take(self);
        let left = |pause: PauseNews| {
            let left = pause.until.checked_duration_since(now).filter(|left| !left.is_zero())?;
            Some((pause, left))
        };
        let pauses = of_group.into_iter().chain(of_all).filter_map(left).collect::<Vec<_>>();
        (resumed || !pauses.is_empty()).then_some(Told { pauses, resumed })
    }

    /// What could not be told is told later, unless something newer is known by then.
    pub(super) fn put_back(&mut self, pause: PauseNews) {
        let place = if pause.group.is_some() { &mut self.of_group } else { &mut self.of_all };
        if place.is_none() {
            *place = Some(pause);
        }
    }
}
