//! Who goes next: looks and pages of a walk that has begun, then decisions, then lists; within each, first come first
//! served. A list is passed over a few times at most.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;

/// So many others go before a list that waits, at most.
const PASSED_OVER: u32 = 8;

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Something half done: a look after a decision, a further page of a walk.
    Continuing,
    /// A decision.
    Decision,
    /// A list.
    Read,
}

/// A place in the line.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    pub(super) priority: Priority,
    number: u64,
    /// Told when it may be its turn.
    pub(super) turn: Arc<Notify>,
}

/// Everybody who waits.
#[derive(Debug, Default)]
pub(super) struct Line {
    waiting: BTreeMap<(Priority, u64), Arc<Notify>>,
    last: u64,
    passed_over: u32,
}

impl Line {
    pub(super) fn join(&mut self, priority: Priority) -> Ticket {
        self.last += 1;
        let ticket = Ticket { priority, number: self.last, turn: Arc::default() };
        self.waiting.insert((priority, self.last), Arc::clone(&ticket.turn));
        ticket
    }

    /// How many would go before somebody who joins now.
    pub(super) fn ahead_of(&self, priority: Priority) -> usize {
        self.waiting.range(..=(priority, u64::MAX)).count()
    }

    pub(super) fn is_first(&self, ticket: &Ticket) -> bool {
        self.first().is_some_and(|(place, _)| *place == (ticket.priority, ticket.number))
    }

    /// It goes, and whoever is first now learns of it.
    pub(super) fn go(&mut self, ticket: &Ticket) {
        if ticket.priority == Priority::Read {
            self.passed_over = 0;
        } else if self.reads().next().is_some() {
            self.passed_over += 1;
        }
        self.leave(ticket);
    }

    /// It waits no longer, and whoever is first now learns of it.
    pub(super) fn leave(&mut self, ticket: &Ticket) {
        self.waiting.remove(&(ticket.priority, ticket.number));
        self.call_first();
    }

    /// Something has changed: whoever is first may look whether it can go.
    pub(super) fn call_first(&self) {
        if let Some((_, turn)) = self.first() {
            turn.notify_one();
        }
    }

    /// Something has changed for all decisions.
    pub(super) fn call_decisions(&self) {
        let decisions = self.waiting.range((Priority::Decision, 0)..(Priority::Read, 0));
        decisions.for_each(|(_, turn)| turn.notify_one());
    }

    fn first(&self) -> Option<(&(Priority, u64), &Arc<Notify>)> {
        let read = self.reads().next().filter(|_| self.passed_over >= PASSED_OVER);
        read.or_else(|| self.waiting.first_key_value())
    }

    fn reads(&self) -> impl Iterator<Item = (&(Priority, u64), &Arc<Notify>)> {
        self.waiting.range((Priority::Read, 0)..)
    }
}

#[cfg(test)]
mod tests {
    use super::Priority::{Continuing, Decision, Read};
    use super::*;

    /// In which order these go, and whether everybody who was first was told so.
    fn order(line: &mut Line, tickets: &[Ticket]) -> Vec<Priority> {
        let mut order = Vec::new();
        while let Some(next) = tickets.iter().find(|ticket| line.is_first(ticket)) {
            line.go(next);
            order.push(next.priority);
        }
        order
    }

    #[test]
    fn what_has_begun_goes_first_and_lists_last() {
        let mut line = Line::default();
        let tickets = [Read, Decision, Continuing, Decision, Read, Continuing].map(|one| line.join(one));
        assert_eq!(order(&mut line, &tickets), [Continuing, Continuing, Decision, Decision, Read, Read]);
        assert!(line.waiting.is_empty());
    }

    #[test]
    fn a_list_is_not_passed_over_for_ever() {
        let mut line = Line::default();
        let mut tickets = vec![line.join(Read), line.join(Read)];
        tickets.extend((0..20).map(|_| line.join(Decision)));
        let order = order(&mut line, &tickets);
        let places = order.iter().enumerate().filter(|(_, one)| **one == Read).map(|(place, _)| place);
        assert_eq!(places.collect::<Vec<_>>(), [8, 17]);
    }

    #[tokio::test]
    async fn who_becomes_first_is_told() {
        let mut line = Line::default();
        let [one, two] = [line.join(Read), line.join(Read)];
        line.leave(&one);
        two.turn.notified().await;
        let three = line.join(Decision);
        line.call_first();
        three.turn.notified().await;
        assert_eq!((line.ahead_of(Continuing), line.ahead_of(Decision), line.ahead_of(Read)), (0, 1, 2));
    }
}
