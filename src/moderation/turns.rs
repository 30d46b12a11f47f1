//! Decisions on one group, one at a time, first come first served. In this process only: between replicas Graph is
//! the arbiter.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Instrument;

use crate::domain::GroupId;
use crate::telemetry::spans;

/// Ids that may wait for one group.
const MOST_WAITING: usize = 1024;

/// Why there was no turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoTurn {
    /// Too many ids wait for the group already.
    LineFull,
    /// It did not come in time.
    TooLate,
}

/// The line of one group. It is there only while somebody waits or decides.
#[derive(Debug)]
struct Line {
    /// One permit; waiting is first come, first served.
    turn: Arc<Semaphore>,
    members: usize,
    waiting_ids: usize,
}

/// The lines of all groups.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<GroupId, Line>>);

/// A place in the line of a group, given back when dropped.
#[derive(Debug)]
struct Place {
    turns: Arc<Turns>,
    group: GroupId,
    /// Ids that count as waiting.
    waiting_ids: usize,
}

/// The right to decide on a group.
#[derive(Debug)]
pub(super) struct Turn {
    // Dropped in this order: first the next one may go, then the line may vanish.
    _permit: OwnedSemaphorePermit,
    _place: Place,
}

impl Turns {
    /// Waits for the turn of a decision on so many ids, at most until then.
    pub(super) async fn wait(
        self: &Arc<Self>,
        group: &GroupId,
        ids: usize,
        until: Instant,
    ) -> Result<Turn, NoTurn> {
        let (mut place, turn) = self.join(group, ids)?;
        let turn = tokio::time::timeout_at(until.into(), turn.acquire_owned());
        let permit = turn.instrument(spans::turn()).await;
        // A closed line does not occur: nobody closes one.
        let permit = permit.ok().and_then(Result::ok).ok_or(NoTurn::TooLate)?;
        place.stop_waiting();
        Ok(Turn { _permit: permit, _place: place })
    }

    fn join(self: &Arc<Self>, group: &GroupId, ids: usize) -> Result<(Place, Arc<Semaphore>), NoTurn> {
        let mut lines = self.lock();
        let line = lines.entry(group.clone()).or_insert_with(|| Line {
            turn: Arc::new(Semaphore::new(1)),
            members: 0,
            waiting_ids: 0,
        });
        // Nobody waits who finds the line empty.
        let waiting_ids = if line.members == 0 { 0 } else { ids };
        if line.waiting_ids + waiting_ids > MOST_WAITING {
            return Err(NoTurn::LineFull);
        }
        line.members += 1;
        line.waiting_ids += waiting_ids;
        let place = Place { turns: Arc::clone(self), group: group.clone(), waiting_ids };
        Ok((place, Arc::clone(&line.turn)))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<GroupId, Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn stop_waiting(&mut self) {
        let ids = std::mem::take(&mut self.waiting_ids);
        if let Some(line) = self.turns.lock().get_mut(&self.group) {
            line.waiting_ids -= ids;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.stop_waiting();
        if let Entry::Occupied(mut line) = self.turns.lock().entry(self.group.clone()) {
            line.get_mut().members -= 1;
            if line.get().members == 0 {
                line.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn group(name: &str) -> GroupId {
        GroupId::parse(name).unwrap()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    #[tokio::test]
    async fn turns_come_in_the_order_of_arrival() {
        let turns = Arc::new(Turns::default());
        let first = turns.wait(&group("a"), 1, soon()).await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let wait = |number: usize| {
            let (turns, order) = (Arc::clone(&turns), Arc::clone(&order));
            async move {
                let _turn = turns.wait(&group("a"), 1, soon()).await.unwrap();
                order.lock().unwrap().push(number);
                tokio::task::yield_now().await;
            }
        };
        let waiting = futures_util::future::join_all((0..10).map(wait));
        let ((), _) = tokio::join!(async { drop(first) }, waiting);
        assert_eq!(*order.lock().unwrap(), (0..10).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn groups_do_not_wait_for_each_other_and_idle_ones_take_no_memory() {
        let turns = Arc::new(Turns::default());
        let one = turns.wait(&group("a"), 1, soon()).await.unwrap();
        let other = turns.wait(&group("b"), 1, soon()).await.unwrap();
        assert_eq!(turns.lock().len(), 2);
        drop((one, other));
        assert!(turns.lock().is_empty());
    }

    #[tokio::test]
    async fn at_most_so_many_ids_wait_for_a_group() {
        let turns = Arc::new(Turns::default());
        let running = turns.wait(&group("a"), MOST_WAITING, soon()).await.unwrap();
        let name = group("a");
        let wait = |ids| turns.wait(&name, ids, soon());
        let mut waiting = Box::pin(wait(MOST_WAITING));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        assert_eq!(wait(1).await.unwrap_err(), NoTurn::LineFull);
        drop(running);
        drop(waiting.await.unwrap());
        assert!(turns.lock().is_empty());
    }

    #[tokio::test]
    async fn who_stops_waiting_leaves_nothing_behind() {
        let turns = Arc::new(Turns::default());
        let running = turns.wait(&group("a"), 1, soon()).await.unwrap();
        assert_eq!(turns.wait(&group("a"), 5, Instant::now()).await.unwrap_err(), NoTurn::TooLate);
        let name = group("a");
        let mut given_up = Box::pin(turns.wait(&name, 7, soon()));
        assert!(futures_util::poll!(&mut given_up).is_pending());
        drop(given_up);
        let (members, ids) =
            turns.lock().get(&group("a")).map(|line| (line.members, line.waiting_ids)).unwrap();
        assert_eq!((members, ids), (1, 0));
        drop(running);
        assert!(turns.lock().is_empty());
    }
}
