//! Trying a decision out: one complete walk, and nothing is written.

use std::collections::HashSet;
use std::sync::Arc;

use super::recollection::Recollection;
use super::{Decision, DecisionReport, GraphError, Item, ListError, Lister, Outcome, Wanted};
use crate::limits::Budget;

/// Answers what a decision would do.
#[derive(Debug)]
pub struct Reviewer {
    lister: Arc<Lister>,
    recollection: Arc<Recollection>,
}

impl Reviewer {
    pub(super) const fn new(lister: Arc<Lister>, recollection: Arc<Recollection>) -> Self {
        Self { lister, recollection }
    }

    /// What would be sent: the ids that are open now. A walk that fails or is cut answers nothing about any id.
    pub async fn review(&self, decision: Decision, budget: &mut Budget) -> Result<DecisionReport, ListError> {
        let Decision { group, action, ids, .. } = decision;
        let listing = self.lister.list(&group, Wanted::Fresh, budget).await?.listing;
        if listing.next_page_token.is_some() {
            return Err(ListError::TooLong);
        }
        if !listing.is_whole {
            return Err(ListError::Graph(GraphError::Unreadable { http_status: 200, drift: None }));
        }
        let open = listing.requests.iter().map(|request| request.id.as_str()).collect::<HashSet<_>>();
        let outcome_of = |id: &str| {
            if open.contains(id) { Outcome::WouldSend } else { Outcome::Gone(None) }
        };
        let items = ids.into_iter().map(|id| Item { outcome: outcome_of(id.as_str()), id });
        let mut items = items.collect::<Vec<_>>();
        let outcomes = items.iter_mut().map(|item| (&item.id, &mut item.outcome)).collect();
        self.recollection.explain_gone(&group, action, outcomes, budget.deadline).await;
        Ok(DecisionReport { items, spent: budget.spent, resumed: false })
    }
}
