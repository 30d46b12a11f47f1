//! Every change that a decision made, and the decisions that still wait to make theirs.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::world::verb::{Decision, Verb};

/// Executions kept; the oldest are dropped first.
pub const MAX_EXECUTIONS: usize = 100_000;
/// Decisions that wait at most; the oldest is carried out to make room.
pub const MAX_HELD: usize = 1_000;

/// One join request that was decided: what really happened, whatever the caller was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Execution {
    /// The call that asked for it.
    pub call: u64,
    /// The group.
    pub group: String,
    /// What was done: `approve` or `reject`.
    pub verb: Verb,
    /// The join request.
    pub join_request_id: String,
    /// Which instance of it: when the person asked, in seconds since 1970.
    pub created_at: i64,
    /// When it was done, by the clock of the machine.
    #[schema(value_type = String, format = DateTime)]
    pub executed_at: Timestamp,
}

/// A decision that was promised and not carried out yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HeldDecision {
    /// The call that asked for it.
    pub call: u64,
    /// The group.
    pub group: String,
    /// What is to be done: `approve` or `reject`.
    pub verb: Verb,
    /// The join requests.
    pub join_request_ids: Vec<String>,
}

/// A decision on its way: the call, what it wants, and the ids.
#[derive(Debug, Clone)]
pub(crate) struct Intent {
    pub(crate) call: u64,
    pub(crate) group: String,
    pub(crate) decision: Decision,
    pub(crate) ids: Vec<String>,
}

/// The last [`MAX_EXECUTIONS`] executions.
#[derive(Debug, Default)]
pub(crate) struct ExecutionLog {
    executions: VecDeque<Execution>,
}

impl ExecutionLog {
    pub(crate) fn push(&mut self, intent: &Intent, id: &str, created_at: i64) {
        if self.executions.len() == MAX_EXECUTIONS {
            self.executions.pop_front();
        }
        self.executions.push_back(Execution {
            call: intent.call,
            group: intent.group.clone(),
            verb: intent.decision.into(),
            join_request_id: id.to_owned(),
            created_at,
            executed_at: Timestamp::now(),
        });
    }

    pub(crate) fn all(&self) -> Vec<Execution> {
        self.executions.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.executions.clear();
    }
}

/// The decisions that wait, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Held {
    waiting: VecDeque<Intent>,
}

impl Held {
    /// Keeps a decision; what has to be carried out to make room for it is given back.
    pub(crate) fn push(&mut self, intent: Intent) -> Option<Intent> {
        let oldest = if self.waiting.len() == MAX_HELD { self.waiting.pop_front() } else { None };
        self.waiting.push_back(intent);
        oldest
    }

    /// Takes the decision of one call out, unless it was released before.
    pub(crate) fn take(&mut self, call: u64) -> Option<Intent> {
        let at = self.waiting.iter().position(|intent| intent.call == call)?;
        self.waiting.remove(at)
    }

    pub(crate) fn take_all(&mut self) -> VecDeque<Intent> {
        std::mem::take(&mut self.waiting)
    }

    pub(crate) fn all(&self) -> Vec<HeldDecision> {
        let view = |intent: &Intent| HeldDecision {
            call: intent.call,
            group: intent.group.clone(),
            verb: intent.decision.into(),
            join_request_ids: intent.ids.clone(),
        };
        self.waiting.iter().map(view).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, Intent, MAX_HELD};
    use crate::world::verb::Decision;

    #[test]
    fn the_oldest_held_decision_makes_room_for_the_newest() {
        let mut held = Held::default();
        let intent =
            |call| Intent { call, group: String::new(), decision: Decision::Approve, ids: Vec::new() };
        for call in 1..=MAX_HELD as u64 {
            assert!(held.push(intent(call)).is_none());
        }
        assert_eq!(held.push(intent(0)).map(|oldest| oldest.call), Some(1));
        assert_eq!(held.take_all().len(), MAX_HELD);
    }
}
