//! One call on its way through the gate: first its group, then its place in the line, then the other replicas.

use std::sync::Arc;
use std::time::Instant;

use super::budget::Budget;
use super::gate::Gate;
use super::gcra::Pace;
use super::graph_pacing::{GraphPacing, Permit};
use super::line::Ticket;
use super::pause::PauseReason;
use super::replicas::Shared;
use super::step::{Held, Step};
use crate::domain::GroupId;
use crate::store::{AskedFor, CallAnswer, SharedWay};

/// A call that waits.
#[derive(Debug)]
pub(super) struct Waiting<'p> {
    pacing: &'p Arc<GraphPacing>,
    group: Option<&'p GroupId>,
    budget: &'p Budget,
    until: Instant,
}

/// A place in the line, given up when dropped.
struct Place<'p> {
    pacing: &'p GraphPacing,
    ticket: Ticket,
    went: bool,
}

/// The right to ask the other replicas, given up when dropped: what they granted by then is lost, one call at most.
struct Asking<'p>(&'p GraphPacing);

/// What came of a place.
enum Turn {
    Go,
    GroupPaused,
}

impl<'p> Waiting<'p> {
    pub(super) fn new(pacing: &'p Arc<GraphPacing>, group: Option<&'p GroupId>, budget: &'p Budget) -> Self {
        Self { pacing, group, budget, until: budget.deadline.capped(budget.wait_left).at() }
    }

    pub(super) async fn run(self) -> Result<Permit, Held> {
        loop {
            self.wait_for_group().await?;
            let mut place = self.join()?;
            if let Turn::Go = self.wait_for_turn(&place).await? {
                place.went = true;
                return Ok(Permit::new(self.pacing));
            }
        }
    }

    /// A group that is paused alone does not stand in the way of others.
    async fn wait_for_group(&self) -> Result<(), Held> {
        let Some(group) = self.group else { return Ok(()) };
        loop {
            let now = Instant::now();
            let paused = self.pacing.gate().pauses.group_left(group, now);
            let Some((left, reason)) = paused else { return Ok(()) };
            if now + left > self.until {
                return Err(self.late(Held::Paused { retry_after: left, reason }));
            }
            tokio::time::sleep(left).await;
        }
    }

    /// A place in the line, unless it is clear already that its turn will not come in time.
    fn join(&self) -> Result<Place<'p>, Held> {
        let now = Instant::now();
        let priority = self.budget.priority;
        let mut gate = self.pacing.gate();
        let ahead = gate.line.ahead_of(priority);
        if ahead > 0 {
            let wait = gate.wait_behind(ahead, now);
            if now + wait > self.until {
                return Err(self.late(Held::Limited { retry_after: wait }));
            }
        }
        let ticket = gate.line.join(priority);
        drop(gate);
        Ok(Place { pacing: self.pacing, ticket, went: false })
    }

    async fn wait_for_turn(&self, place: &Place<'_>) -> Result<Turn, Held> {
        loop {
            let mut step = self.pacing.gate().step(&place.ticket, Instant::now());
            if let Step::Ask(pace) = step {
                step = self.ask(pace, place).await?;
            }
            let now = Instant::now();
            let (again, held) = match step {
                Step::Go => return Ok(Turn::Go),
                Step::GroupPaused => return Ok(Turn::GroupPaused),
                Step::Never(held) => return Err(held),
                Step::After(wait, held) => (now + wait, held),
                Step::Wait(held) => (self.until, held),
                // Asked again at the next turn of the loop.
                Step::Ask(_) => continue,
            };
            if now >= self.until || again > self.until {
                return Err(self.late(held));
            }
            tokio::select! {
                () = place.ticket.turn.notified() => (),
                () = tokio::time::sleep_until(again.into()) => (),
            }
        }
    }

    /// Asks the other replicas: for as long as the store may take, however short the wait for limits is.
    async fn ask(&self, pace: Pace, place: &Place<'_>) -> Result<Step, Held> {
        let Some(replicas) = &self.pacing.replicas else { return Ok(Step::Wait(Held::StoreUnavailable)) };
        let asking = Asking(self.pacing);
        let deadline = self.budget.deadline;
        let asked = self.group.map_or(AskedFor::NoGroup, AskedFor::Group);
        let question = replicas.store().take_call(asked, pace.shared(), self.pacing.trying, deadline);
        let answer = replicas.ask(question, deadline).await;
        let now = Instant::now();
        let step = {
            let mut gate = self.pacing.gate();
            match answer {
                Shared::Answer(way) => {
                    self.note_group_pause(&mut gate, &way, now);
                    Ok(gate.answered(&way, &place.ticket, now))
                }
                Shared::Alone(share) => Ok(gate.alone(share, &place.ticket, now)),
                Shared::Denied => Err(Held::StoreUnavailable),
            }
        };
        drop(asking);
        step
    }

    fn note_group_pause(&self, gate: &mut Gate, way: &SharedWay, now: Instant) {
        if let CallAnswer::Paused { left, reason, of_group: true } = &way.answer
            && let Some(group) = self.group
        {
            gate.pauses.rest_of_group(group, *left, PauseReason::of_word(reason), now);
        }
    }

    /// Once the deadline has passed, that is what there is to say.
    fn late(&self, held: Held) -> Held {
        if self.budget.deadline.left().is_zero() { Held::DeadlinePassed } else { held }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.went {
            self.pacing.gate().line.leave(&self.ticket);
        }
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.gate().asked();
    }
}
