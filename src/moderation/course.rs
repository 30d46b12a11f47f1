//! The course of one decision: its turn, what an earlier call left in doubt, and then chunk after chunk.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;

use super::chunk::{ChunkSender, Round, Task};
use super::copies::Copies;
use super::ledger::Ledger;
use super::look::{Looker, Sight};
use super::recollection::Recollection;
use super::sightings::Sightings;
use super::turns::{NoTurn, Turn, Turns};
use super::{Outcome, Stopped};
use crate::domain::{Action, Deadline};
use crate::limits::Budget;

/// A group has at most eight members, so no more can ever be approved at once.
/// Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/groups>.
const MOST_APPROVALS_PER_CALL: usize = 8;

/// The bounds of all decisions.
#[derive(Clone, Copy, Debug)]
pub struct DecisionBounds {
    /// Most ids in one call of Graph.
    pub ids_per_call: usize,
    /// Most decisions at a time.
    pub most_at_once: usize,
    /// Less time than this, and nothing is sent any more.
    pub least_time: Duration,
}

/// Everything that a decision passes through.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) chunks: ChunkSender,
    pub(super) looker: Arc<Looker>,
    pub(super) sightings: Arc<Sightings>,
    pub(super) recollection: Arc<Recollection>,
    pub(super) copies: Arc<Copies>,
    pub(super) turns: Arc<Turns>,
    pub(super) bounds: DecisionBounds,
}

impl Course {
    /// Waits for the group's turn as long as something could still be sent afterwards.
    pub(super) async fn turn(&self, task: Task<'_>, budget: &mut Budget) -> Result<Turn, Stopped> {
        if let Some(held) = self.chunks.is_held() {
            return Err(held);
        }
        let least = self.bounds.least_time;
        let time = budget.deadline.left().checked_sub(least).ok_or_else(Stopped::too_late)?;
        let began = Instant::now();
        let turn = self.turns.wait(task.group, task.ids.len(), Deadline::after(time).at()).await;
        budget.spent.queue += began.elapsed();
        turn.map_err(|none| match none {
            NoTurn::LineFull => Stopped::LineFull,
            NoTurn::TooLate => Stopped::too_late(),
        })
    }

    /// Sends what may be sent. Answers what stopped it, if anything did. What was read before the end of it passes for
    /// older than the decision.
    pub(super) async fn run(
        &self,
        task: Task<'_>,
        ledger: &mut Ledger,
        budget: &mut Budget,
    ) -> Option<Stopped> {
        self.copies.decided(task.group, budget.deadline).await;
        // A fault of ours does not leave a copy from before what was sent.
        let sending = AssertUnwindSafe(self.send_all(task, ledger, budget)).catch_unwind();
        let stopped = sending.await;
        self.copies.decided(task.group, budget.deadline).await;
        stopped.unwrap_or_else(|panicked| resume_unwind(panicked))
    }

    async fn send_all(&self, task: Task<'_>, ledger: &mut Ledger, budget: &mut Budget) -> Option<Stopped> {
        let again = self.clear_doubts(task, ledger, budget).await;
        let untried = ledger.untried_places();
        let size = match task.action {
            Action::Approve => self.bounds.ids_per_call.min(MOST_APPROVALS_PER_CALL),
            Action::Reject => self.bounds.ids_per_call,
        };
        let mut stopped = None;
        'sending: for (round, places) in [(Round::AfterDoubt, again), (Round::First, untried)] {
            for places in places.chunks(size) {
                stopped = self.send(task, round, places, ledger, budget).await;
                if stopped.is_some() {
                    break 'sending;
                }
            }
        }
        stopped
    }

    /// Looks after what an earlier call left in doubt. Answers the places whose very request is still open.
    async fn clear_doubts(&self, task: Task<'_>, ledger: &mut Ledger, budget: &mut Budget) -> Vec<usize> {
        let in_doubt = ledger.places_in_doubt();
        let known = in_doubt.iter().filter_map(|(place, sent)| Some((*place, task.ids.get(*place)?, sent)));
        let known = known.collect::<Vec<_>>();
        if known.is_empty() {
            return Vec::new();
        }
        let Some(look) = self.looker.look(task.group, known.iter().map(|(_, id, _)| *id), budget).await
        else {
            return Vec::new();
        };
        let sights = known.iter().map(|(place, id, sent)| (*place, look.sight(id, sent))).collect::<Vec<_>>();
        let outcomes = sights
            .iter()
            .map(|(place, sight)| (*place, Outcome::Unknown { refusal: None, observed: sight.observed() }));
        ledger.ended(outcomes);
        sights.into_iter().filter(|(_, sight)| *sight == Sight::Untouched).map(|(place, _)| place).collect()
    }

    async fn send(
        &self,
        task: Task<'_>,
        round: Round,
        places: &[usize],
        ledger: &mut Ledger,
        budget: &mut Budget,
    ) -> Option<Stopped> {
        let Task { action, group, ids } = task;
        let ids = places.iter().filter_map(|place| ids.get(*place).cloned()).collect::<Vec<_>>();
        let seen = ids.iter().map(|id| self.sightings.of(group, id)).collect::<Vec<_>>();
        if let Err(stopped) = ledger.about_to_send(places, &seen).await {
            return Some(stopped);
        }
        let mut end = self.chunks.send(Task { action, group, ids: &ids }, round, budget).await;
        let outcomes = || ids.iter().zip(&end.outcomes);
        self.recollection.remember(group, action, outcomes(), budget.deadline).await;
        let outcomes = ids.iter().zip(&mut end.outcomes).collect();
        self.recollection.explain_gone(group, action, outcomes, budget.deadline).await;
        ledger.ended(places.iter().copied().zip(end.outcomes));
        end.stopped
    }
}
