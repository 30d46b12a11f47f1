//! Limits that all replicas share: what callers use, and the way to Graph. Everything is counted by the store's own
//! clock. Only a store in Redis has them; in one process, memory is enough.

use std::time::Duration;

use super::answer::StoreUnavailable;
use super::{Backend, Store};
use crate::domain::{Caller, Deadline, GroupId};

/// How fast things may go: one every `interval`, and `burst` of them at once after a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedPace {
    /// Between two, in whole microseconds.
    pub interval: Duration,
    /// At once, at least one.
    pub burst: u32,
}

/// What came of asking for units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitsTaken {
    /// Nothing when they were taken; else how long it takes until they are there.
    pub wait: Duration,
    /// How long it takes until the whole burst is there.
    pub full_in: Duration,
}

/// Who asks for a call.
#[derive(Clone, Copy, Debug)]
pub enum AskedFor<'g> {
    /// A call about this group.
    Group(&'g GroupId),
    /// A call about none.
    NoGroup,
    /// Nobody: what is known is looked at, and nothing is taken.
    Nobody,
}

/// Whether a call may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallAnswer {
    /// It may.
    Go,
    /// It may, before all others, since there was a pause. They wait until [`Store::resume`].
    Try,
    /// Nobody asked.
    Looked,
    /// After so long.
    Wait(Duration),
    /// Another one tries, and may take so long.
    Trying(Duration),
    /// Nothing goes.
    Paused {
        /// What is left of it.
        left: Duration,
        /// The word it was begun with.
        reason: String,
        /// Whether it is a pause of this group only.
        of_group: bool,
    },
}

/// A rate that a replica has learned, for the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearnedRate {
    /// The share of the rate to go at.
    pub share: f64,
    /// The share at which Graph throttled.
    pub ceiling: f64,
}

/// The way to Graph as all replicas see it.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedWay {
    /// Whether the call may go.
    pub answer: CallAnswer,
    /// How long it takes until the whole burst is there.
    pub full_in: Duration,
    /// How many pauses of all there were in a row; 0 after a call was served that tried.
    pub row: u32,
    /// Changes with every rate learned; 0 before the first.
    pub epoch: u64,
    /// The rate learned last.
    pub learned: LearnedRate,
    /// How long ago that was.
    pub age: Duration,
}

/// A pause that others are to keep.
#[derive(Clone, Copy, Debug)]
pub struct SharedPause<'p> {
    /// For this group only, as long as no second one needs a pause.
    pub group: Option<&'p GroupId>,
    /// How long.
    pub left: Duration,
    /// Why; a word for [`CallAnswer::Paused`].
    pub reason: &'static str,
    /// How many pauses of all there were in a row, this one counted.
    pub row: u32,
    /// The pace that it interrupts.
    pub pace: SharedPace,
    /// The rate that was learned with it.
    pub learned: Option<LearnedRate>,
}

#[expect(clippy::multiple_inherent_impl, reason = "limits are an idea of their own")]
impl Store {
    /// Takes units of a caller's rate.
    pub async fn take_units(
        &self,
        caller: &Caller,
        pace: SharedPace,
        units: u32,
        until: Deadline,
    ) -> Result<UnitsTaken, StoreUnavailable> {
        let caller = self.digests.caller(caller);
        match &self.backend {
            Backend::Local(_) => Err(StoreUnavailable::NotShared),
            Backend::Shared(store) => store.take_units(caller, pace, units, until).await,
        }
    }

    /// Takes a call to Graph. One that tries after a pause may take `trying`,
    /// before another one does.
    pub async fn take_call(
        &self,
        asked: AskedFor<'_>,
        pace: SharedPace,
        trying: Duration,
        until: Deadline,
    ) -> Result<SharedWay, StoreUnavailable> {
        let group = match asked {
            AskedFor::Group(group) => self.digests.group(group).to_string(),
            // No digest is so short.
            AskedFor::NoGroup => "-".to_owned(),
            AskedFor::Nobody => String::new(),
        };
        match &self.backend {
            Backend::Local(_) => Err(StoreUnavailable::NotShared),
            Backend::Shared(store) => {
                store.take_call(self.digests.account(), group, pace, trying, until).await
            }
        }
    }

    /// Lets nothing go for a while.
    pub async fn pause(&self, pause: SharedPause<'_>, until: Deadline) -> Result<(), StoreUnavailable> {
        let group = pause.group.map(|group| self.digests.group(group));
        match &self.backend {
            Backend::Local(_) => Err(StoreUnavailable::NotShared),
            Backend::Shared(store) => store.pause(self.digests.account(), group, &pause, until).await,
        }
    }

    /// The call that tried after a pause was served.
    pub async fn resume(&self, until: Deadline) -> Result<(), StoreUnavailable> {
        match &self.backend {
            Backend::Local(_) => Err(StoreUnavailable::NotShared),
            Backend::Shared(store) => store.resume(self.digests.account(), until).await,
        }
    }
}
