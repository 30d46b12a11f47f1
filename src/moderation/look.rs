//! Looking after a decision whose outcome is in doubt: what is open now, and is it the very request that was sent?
//!
//! Only a complete walk is a look, and an id is absent from a list of several pages only when two walks agree.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tracing::Instrument;

use super::Observed;
use super::walk::{Walk, Walker};
use crate::domain::{GroupId, JoinRequestId};
use crate::limits::{Budget, Priority};
use crate::telemetry::{Metrics, spans};

/// The steps of Graph's clock and of creation times.
const TICK: Duration = Duration::from_secs(1);

/// What was known about a request before it was sent, and when that was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// When the request was made that was seen last under the id.
    pub(super) seen: Option<Timestamp>,
    /// At this moment, before the look…
    pub(super) since: Instant,
    /// …it was sent so long ago at most…
    pub(super) began: Duration,
    /// …and the sending was over for so long at least.
    pub(super) ended: Duration,
}

impl Sent {
    /// Sent from now on.
    pub(super) fn now(seen: Option<Timestamp>) -> Self {
        Self { seen, since: Instant::now(), began: Duration::ZERO, ended: Duration::ZERO }
    }

    /// The sending is over now.
    pub(super) fn is_over(&mut self) {
        let now = Instant::now();
        self.began = self.began.saturating_add(now - self.since);
        (self.since, self.ended) = (now, Duration::ZERO);
    }
}

/// What a look says about one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Not open.
    NotOpen,
    /// The very request that was sent is still open.
    Untouched,
    /// Open, and nothing tells whether it is the request that was sent.
    Open,
    /// Another request, made later, is open under the id.
    Reopened,
}

impl Sight {
    /// The word for the answer.
    pub(super) const fn observed(self) -> Observed {
        match self {
            Self::NotOpen => Observed::NotOpen,
            Self::Untouched | Self::Open => Observed::Open,
            Self::Reopened => Observed::Reopened,
        }
    }
}

/// What was open at a complete look.
#[derive(Debug)]
pub(super) struct Look {
    open: HashMap<JoinRequestId, Option<Timestamp>>,
    /// Graph's clock, and ours at that moment or later.
    clock: Option<(Timestamp, Instant)>,
}

/// Looks.
#[derive(Debug)]
pub(super) struct Looker {
    walker: Arc<Walker>,
    metrics: Arc<Metrics>,
}

impl Looker {
    pub(super) const fn new(walker: Arc<Walker>, metrics: Arc<Metrics>) -> Self {
        Self { walker, metrics }
    }

    /// Looks after these ids; `None` when no complete look was to be had.
    pub(super) async fn look(
        &self,
        group: &GroupId,
        ids: impl Iterator<Item = &JoinRequestId> + Clone,
        budget: &mut Budget,
    ) -> Option<Look> {
        // What the decision has waited for our limits must not cost it the look; the deadline bounds it all the same.
        let mut own = Budget::new(Priority::Continuing, budget.deadline, budget.deadline.left());
        let span = spans::look();
        let look = self.complete(group, ids, &mut own).instrument(span.clone()).await;
        budget.spent += own.spent;
        if look.is_none() {
            spans::failed(&span, "look_failed");
        }
        self.metrics.looked(if look.is_some() { "complete" } else { "failed" });
        look
    }

    async fn complete(
        &self,
        group: &GroupId,
        ids: impl Iterator<Item = &JoinRequestId> + Clone,
        budget: &mut Budget,
    ) -> Option<Look> {
        let walk = self.walk(group, budget).await?;
        let several_pages = walk.pages > 1;
        let mut look = Look { open: HashMap::new(), clock: None };
        look.add(walk);
        if several_pages && ids.clone().any(|id| !look.open.contains_key(id)) {
            // Between two pages an entry can slip from the one to the other unseen.
            look.check_with(self.walk(group, budget).await?);
        }
        Some(look)
    }

    async fn walk(&self, group: &GroupId, budget: &mut Budget) -> Option<Walk> {
        // An entry that cannot be read may be any id: such a list shows no absence.
        let whole = |walk: &Walk| walk.next.is_none() && walk.unreadable == 0;
        self.walker.walk(group, None, budget).await.ok().filter(whole)
    }
}

impl Look {
    /// Adds a second walk. What only the first one showed may have been decided in between: it passes for open, and nothing
    /// tells its request from a newer one.
    fn check_with(&mut self, walk: Walk) {
        let seen_again = walk.requests.iter().map(|request| &request.id).collect::<HashSet<_>>();
        for (id, made) in &mut self.open {
            if !seen_again.contains(id) {
                *made = None;
            }
        }
        self.add(walk);
    }

    fn add(&mut self, walk: Walk) {
        self.clock = walk.clock;
        self.open.extend(walk.requests.into_iter().map(|request| (request.id, request.requested_at)));
    }

    /// What it says about an id that was sent.
    pub(super) fn sight(&self, id: &JoinRequestId, sent: &Sent) -> Sight {
        let Some(made) = self.open.get(id) else { return Sight::NotOpen };
        match (made, sent.seen) {
            (Some(made), Some(seen)) if *made == seen => Sight::Untouched,
            (Some(made), Some(seen)) if *made > seen => Sight::Reopened,
            (Some(made), None) => self.by_graphs_clock(*made, sent),
            (Some(_), Some(_)) | (None, _) => Sight::Open,
        }
    }

    /// A request that was never seen before it was sent: was it made before, by Graph's own clock? Creation times and
    /// `Date` are cut to whole seconds, so each is true for a second from what it says.
    fn by_graphs_clock(&self, made: Timestamp, sent: &Sent) -> Sight {
        let Some((date, here)) = self.clock else { return Sight::Open };
        let passed = here.saturating_duration_since(sent.since);
        let sent_after = date.checked_sub(sent.began.saturating_add(passed));
        // The answer was made somewhere between the beginning of the look and now: for the latest moment of the send the
        // beginning counts, for the earliest now.
        let sent_before = date.checked_add(TICK).and_then(|date| date.checked_sub(sent.ended));
        let made_before = made.checked_add(TICK);
        match (sent_after, sent_before, made_before) {
            (Ok(sent_after), _, Ok(made_before)) if made_before <= sent_after => Sight::Untouched,
            (_, Ok(sent_before), _) if made >= sent_before => Sight::Reopened,
            _ => Sight::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// A look in which `YQ==` is open, made at that second; Graph's clock stands at 1000.
    fn sight(made: Option<i64>, seen: Option<i64>, began: u64, ended: u64) -> Sight {
        let id = JoinRequestId::parse("YQ==").unwrap();
        let now = Instant::now();
        let look = Look { open: HashMap::from([(id.clone(), made.map(at))]), clock: Some((at(1000), now)) };
        let [began, ended] = [began, ended].map(Duration::from_secs);
        look.sight(&id, &Sent { seen: seen.map(at), since: now, began, ended })
    }

    #[test]
    fn a_request_is_known_by_its_time() {
        assert_eq!(sight(Some(900), Some(900), 5, 5), Sight::Untouched);
        assert_eq!(sight(Some(901), Some(900), 5, 5), Sight::Reopened);
        assert_eq!(sight(Some(899), Some(900), 5, 5), Sight::Open, "no request becomes older");
        assert_eq!(sight(None, Some(900), 5, 5), Sight::Open);
        assert_eq!(sight(None, None, 5, 5), Sight::Open);
    }

    #[test]
    fn one_never_seen_before_is_judged_by_graphs_clock() {
        // Sent between 990 and 995.
        assert_eq!(sight(Some(989), None, 10, 5), Sight::Untouched);
        assert_eq!(
            sight(Some(990), None, 10, 5),
            Sight::Open,
            "made in the second of the send, perhaps after it"
        );
        assert_eq!(sight(Some(995), None, 10, 5), Sight::Open);
        assert_eq!(sight(Some(996), None, 10, 5), Sight::Reopened);
    }

    #[test]
    fn without_graphs_clock_nothing_tells() {
        let id = JoinRequestId::parse("YQ==").unwrap();
        let look = Look { open: HashMap::from([(id.clone(), Some(at(1)))]), clock: None };
        let sent = Sent { seen: None, since: Instant::now(), began: Duration::ZERO, ended: Duration::ZERO };
        assert_eq!(look.sight(&id, &sent), Sight::Open);
        let other = JoinRequestId::parse("Yg==").unwrap();
        assert_eq!(look.sight(&other, &sent), Sight::NotOpen);
    }
}
