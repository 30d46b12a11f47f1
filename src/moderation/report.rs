//! What became of a decision, and which kind of answer that makes.

use super::{Item, Outcome, Stopped};
use crate::limits::Spent;

/// What became of a decision.
#[derive(Debug)]
pub struct DecisionReport {
    /// One item for every id, in the order given.
    pub items: Vec<Item>,
    /// What it took.
    pub spent: Spent,
    /// Whether an earlier call with the same Idempotency-Key had left something.
    pub resumed: bool,
}

impl DecisionReport {
    /// What stopped the decision before any id got beyond `not_sent`; then the answer is that problem, and surely
    /// nothing was executed. `None`: the answer has every id.
    pub fn stopped_by(&self) -> Option<&Stopped> {
        let reasons = self.items.iter().map(|item| match &item.outcome {
            Outcome::NotSent(stopped) => Some(stopped),
            Outcome::Decided(_)
            | Outcome::Already { .. }
            | Outcome::Gone(_)
            | Outcome::Failed(_)
            | Outcome::Unknown { .. }
            | Outcome::WouldSend => None,
        });
        reasons.collect::<Option<Vec<_>>>()?.first().copied()
    }

    /// Whether all of it is what an earlier call has said: nothing was sent now.
    pub const fn is_replay(&self) -> bool {
        self.resumed && self.spent.attempts == 0
    }

    /// Whether every id ended as asked.
    pub fn all_as_asked(&self) -> bool {
        self.items.iter().all(|item| item.outcome.as_asked())
    }
}
