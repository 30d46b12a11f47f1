//! What this replica knows of the others that use the same limits.

use std::time::{Duration, Instant};

use super::news::News;
use crate::store::CallAnswer;

/// How often it is looked whether a call of another replica was served that tries for all.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Whether the others may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MayAsk {
    Now,
    /// They have said that nothing goes before.
    After(Duration),
    /// One of us asks already.
    OneDoes,
}

/// The others.
#[derive(Debug)]
pub(super) struct Others {
    /// Of the limits, what is ours while they cannot be asked.
    pub(super) kept: f64,
    asking: bool,
    ask_again: Option<Instant>,
    /// Whether a call of ours tries for all.
    trying: bool,
    /// What they do not know yet.
    pub(super) news: News,
}

impl Default for Others {
    fn default() -> Self {
        Self { kept: 1.0, asking: false, ask_again: None, trying: false, news: News::default() }
    }
}

impl Others {
    /// Asks now, if that may be: nobody else does before [`Self::asked`].
    pub(super) fn may_ask(&mut self, now: Instant) -> MayAsk {
        if self.asking {
            return MayAsk::OneDoes;
        }
        let wait = self.ask_again.map(|at| at.saturating_duration_since(now)).unwrap_or_default();
        if !wait.is_zero() {
            return MayAsk::After(wait);
        }
        self.asking = true;
        MayAsk::Now
    }

    pub(super) fn asked(&mut self) {
        self.asking = false;
    }

    pub(super) fn answered(&mut self, answer: &CallAnswer, now: Instant) {
        self.kept = 1.0;
        match answer {
            CallAnswer::Wait(wait) => self.ask_again = Some(now + *wait),
            CallAnswer::Trying(left) => self.ask_again = Some(now + LOOK_AGAIN.min(*left)),
            CallAnswer::Try => self.trying = true,
            CallAnswer::Go | CallAnswer::Looked | CallAnswer::Paused { .. } => (),
        }
    }

    /// Graph served a call of ours.
    pub(super) fn served(&mut self) {
        if std::mem::take(&mut self.trying) {
            self.news.resumed();
        }
    }
}
