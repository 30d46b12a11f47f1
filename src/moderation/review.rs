//! Trying a decision out: one complete walk, and nothing is written.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Decision, DecisionReport, Item, ListError, Lister, Outcome};
use crate::limits::Budget;

/// Answers what a decision would do.
#[derive(Debug)]
pub struct Reviewer(Arc<Lister>);

impl Reviewer {
    /// Looks with the lister given.
    pub const fn new(lister: Arc<Lister>) -> Self {
        Self(lister)
    }

    /// What would be sent: the ids that are open now. A walk that fails or is cut answers nothing about any id.
    pub async fn review(&self, decision: Decision, budget: &mut Budget) -> Result<DecisionReport, ListError> {
        let listing = self.0.list(&decision.group, None, budget).await?;
        if listing.next_page_token.is_some() {
            return Err(ListError::TooLong);
        }
        let open = listing.requests.iter().map(|request| request.id.as_str()).collect::<HashSet<_>>();
        let outcome_of = |id: &str| {
            if open.contains(id) { Outcome::WouldSend } else { Outcome::Gone(None) }
        };
        let items = decision.ids.into_iter().map(|id| Item { outcome: outcome_of(id.as_str()), id });
        Ok(DecisionReport { items: items.collect(), spent: budget.spent })
    }
}
