//! What became of a decision, and which kind of answer that makes.

use super::{GraphError, Item, Outcome};
use crate::limits::Spent;

/// What became of a decision.
#[derive(Debug)]
pub struct DecisionReport {
    /// One item for every id, in the order given.
    pub items: Vec<Item>,
    /// What it took.
    pub spent: Spent,
}

impl DecisionReport {
    /// What stopped the decision before any id got beyond `not_sent`; then the answer is that problem, and surely
    /// nothing was executed. `None`: the answer has every id.
    pub fn stopped_by(&self) -> Option<&GraphError> {
        let reasons = self.items.iter().map(|item| match &item.outcome {
            Outcome::NotSent(error) => Some(error),
            Outcome::Decided(_)
            | Outcome::Gone(_)
            | Outcome::Failed(_)
            | Outcome::Unknown(_)
            | Outcome::WouldSend => None,
        });
        reasons.collect::<Option<Vec<_>>>()?.first().copied()
    }

    /// Whether every id ended as asked.
    pub fn all_as_asked(&self) -> bool {
        self.items.iter().all(|item| item.outcome.as_asked())
    }
}
