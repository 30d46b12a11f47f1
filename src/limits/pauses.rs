//! The pause of all calls, and the pause of a single group: as soon as a second group needs one too, it holds for all.

use std::time::{Duration, Instant};

use super::pause::{Pause, PauseReason};
use crate::domain::GroupId;

/// Who is to be quiet, and for how long from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Throttled {
    /// This group alone.
    Group(Duration),
    /// All; `first` unless they were already: what was under way together is one throttle.
    All { wait: Duration, first: bool },
}

/// All pauses.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    of_all: Pause,
    of_group: Option<(GroupId, Pause)>,
}

impl Pauses {
    /// What is left of the pause of all.
    pub(super) fn left(&self, now: Instant) -> Option<(Duration, PauseReason)> {
        self.of_all.left(now)
    }

    /// What is left of the pause of this group alone.
    pub(super) fn group_left(&self, group: &GroupId, now: Instant) -> Option<(Duration, PauseReason)> {
        let (paused, pause) = self.of_group.as_ref()?;
        if paused == group { pause.left(now) } else { None }
    }

    /// Graph throttled a call; with a `group`, one that speaks of it alone.
    pub(super) fn throttled(
        &mut self,
        stated: Option<Duration>,
        reason: PauseReason,
        group: Option<&GroupId>,
        now: Instant,
    ) -> Throttled {
        let first = self.left(now).is_none();
        if let Some(group) = group
            && first
        {
            match &mut self.of_group {
                Some((paused, pause)) if paused == group => {
                    return Throttled::Group(pause.begin(stated, reason, now));
                }
                Some((_, pause)) if pause.left(now).is_some() => (),
                none_or_over => {
                    let (_, pause) = none_or_over.insert((group.clone(), Pause::default()));
                    return Throttled::Group(pause.begin(stated, reason, now));
                }
            }
        }
        Throttled::All { wait: self.of_all.begin(stated, reason, now), first }
    }

    /// Pauses of all since the last answer that was none.
    pub(super) const fn row(&self) -> u32 {
        self.of_all.row()
    }

    /// Another replica has met so many in a row.
    pub(super) fn adopt_row(&mut self, row: u32) {
        self.of_all.adopt_row(row);
    }

    /// Nothing for so long, or for what is left of the present pause. Answers the length from now.
    pub(super) fn rest(&mut self, wait: Duration, reason: PauseReason, now: Instant) -> Duration {
        self.of_all.rest(wait, reason, now)
    }

    /// Nothing of this group for so long.
    pub(super) fn rest_of_group(
        &mut self,
        group: &GroupId,
        wait: Duration,
        reason: PauseReason,
        now: Instant,
    ) {
        let ours = self.of_group.take().filter(|(paused, _)| paused == group);
        let (_, pause) = self.of_group.insert(ours.unwrap_or_else(|| (group.clone(), Pause::default())));
        pause.rest(wait, reason, now);
    }

    /// Graph served a call: unless a pause has begun meanwhile, the next one starts short again.
    pub(super) fn served(&mut self, now: Instant) {
        self.of_all.served(now);
        if let Some((_, pause)) = &mut self.of_group {
            pause.served(now);
        }
    }
}
