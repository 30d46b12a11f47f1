//! One chunk of a decision, brought to its end: sent, looked after where its outcome is in doubt, and sent once more where
//! a look shows that this is right.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::look::{Looker, Sent, Sight};
use super::sightings::Sightings;
use super::{ErrorClass, GraphError, Held, Observed, Outcome, Refusal, Stopped};
use crate::domain::{Action, GroupId, JoinRequestId};
use crate::graph::GraphClient;
use crate::limits::Budget;

/// A verb, a group and ids: all of a call, or those of one chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task<'t> {
    pub(super) action: Action,
    pub(super) group: &'t GroupId,
    pub(super) ids: &'t [JoinRequestId],
}

/// What became of a chunk.
#[derive(Debug)]
pub(super) struct ChunkEnd {
    /// One outcome for every id, in order.
    pub(super) outcomes: Vec<Outcome>,
    /// Why nothing should be sent after it.
    pub(super) stopped: Option<Stopped>,
}

/// Which sending of a chunk it is. There are two at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// The only one, mostly.
    First,
    /// After one whose outcome is in doubt. That one may still take effect late, so what is not known now stays unknown.
    AfterDoubt,
    /// After one that Graph refused as a whole, surely without executing anything.
    AfterRefusal,
}

/// Ids of a chunk by their places, and what was known of them before they were sent.
struct Sending {
    places: Vec<usize>,
    ids: Vec<JoinRequestId>,
    seen: Vec<Option<Timestamp>>,
    began: Instant,
    ended: Instant,
}

/// What follows a round.
struct RoundEnd {
    stopped: Option<Stopped>,
    /// Places to send once more.
    again: Option<(Round, Vec<usize>)>,
}

/// Brings chunks to their end.
#[derive(Debug)]
pub(super) struct ChunkSender {
    graph: Arc<GraphClient>,
    looker: Arc<Looker>,
    sightings: Arc<Sightings>,
}

impl ChunkSender {
    pub(super) const fn new(graph: Arc<GraphClient>, looker: Arc<Looker>, sightings: Arc<Sightings>) -> Self {
        Self { graph, looker, sightings }
    }

    /// Whether nothing is sent at all.
    pub(super) fn is_held(&self) -> Option<Stopped> {
        self.graph.is_read_only().then_some(Stopped::Graph(GraphError::Held(Held::ReadOnly)))
    }

    /// Sends a chunk. After doubts that a look has cleared up already it is `round` [`Round::AfterDoubt`], and then no id
    /// is sent a second time.
    pub(super) async fn send(&self, chunk: Task<'_>, round: Round, budget: &mut Budget) -> ChunkEnd {
        let before = match round {
            Round::First | Round::AfterRefusal => Outcome::in_doubt(None),
            Round::AfterDoubt => Outcome::Unknown { refusal: None, observed: Observed::Open },
        };
        let mut outcomes = vec![before; chunk.ids.len()];
        let (mut round, mut places) = (round, (0..chunk.ids.len()).collect());
        loop {
            let end = self.round(chunk, round, places, &mut outcomes, budget).await;
            match end.again {
                Some((next, again)) if round == Round::First && !again.is_empty() => {
                    (round, places) = (next, again);
                }
                Some(_) | None => return ChunkEnd { outcomes, stopped: end.stopped },
            }
        }
    }

    async fn round(
        &self,
        chunk: Task<'_>,
        round: Round,
        places: Vec<usize>,
        outcomes: &mut [Outcome],
        budget: &mut Budget,
    ) -> RoundEnd {
        let mut sending = self.begin(chunk, places);
        let result = self.graph.decide(chunk.action, chunk.group, &sending.ids, budget).await;
        sending.ended = Instant::now();
        let error = match result {
            Ok(replies) => {
                let results = replies.into_iter().map(|reply| Outcome::of_reply(chunk.action, reply));
                put(outcomes, &sending.places, results, round);
                None
            }
            Err(GraphError::Refused(refusal))
                if round == Round::First && sending.ids.len() > 1 && refusal.may_mean_single_ids() =>
            {
                return self.find_single_ids(chunk, &sending, &refusal, outcomes, budget).await;
            }
            Err(error) => {
                let outcome = Outcome::of_failed_call(&error, sending.ids.len());
                put(outcomes, &sending.places, std::iter::repeat_n(outcome, sending.ids.len()), round);
                Some(error)
            }
        };
        self.look_after_doubt(chunk, &sending, error, outcomes, budget).await
    }

    fn begin(&self, chunk: Task<'_>, places: Vec<usize>) -> Sending {
        let ids = places.iter().filter_map(|place| chunk.ids.get(*place).cloned()).collect::<Vec<_>>();
        let seen = ids.iter().map(|id| self.sightings.of(chunk.group, id)).collect();
        let now = Instant::now();
        Sending { places, ids, seen, began: now, ended: now }
    }

    /// Looks after the ids that are in doubt. Those whose very request is still open may be sent again.
    async fn look_after_doubt(
        &self,
        chunk: Task<'_>,
        sending: &Sending,
        error: Option<GraphError>,
        outcomes: &mut [Outcome],
        budget: &mut Budget,
    ) -> RoundEnd {
        let in_doubt = |place: &usize| matches!(outcomes.get(*place), Some(Outcome::Unknown { .. }));
        let doubtful =
            sending.known(Instant::now()).filter(|(place, ..)| in_doubt(place)).collect::<Vec<_>>();
        // What keeps this call from being executed and speaks of no id does the same to the next one.
        let speaks_of_no_id = error.as_ref().is_some_and(|error| {
            matches!(Outcome::of_failed_call(error, sending.ids.len()), Outcome::NotSent(_))
        });
        let stop = error.map(Stopped::Graph);
        if doubtful.is_empty() || speaks_of_no_id {
            return RoundEnd { stopped: stop.filter(|_| speaks_of_no_id), again: None };
        }
        let ids = doubtful.iter().map(|(_, id, _)| *id);
        let Some(look) = self.looker.look(chunk.group, ids, budget).await else {
            // Without a look nobody knows how Graph is doing: the rest waits for better times.
            let unreadable = || Stopped::Graph(GraphError::Unreadable { http_status: 200, drift: None });
            return RoundEnd { stopped: Some(stop.unwrap_or_else(unreadable)), again: None };
        };
        let mut again = Vec::new();
        for (place, id, sent) in doubtful {
            let sight = look.sight(id, &sent);
            if let Some(Outcome::Unknown { observed, .. }) = outcomes.get_mut(place) {
                *observed = sight.observed();
            }
            if sight == Sight::Untouched {
                again.push(place);
            }
        }
        RoundEnd { stopped: None, again: Some((Round::AfterDoubt, again)) }
    }

    /// Graph refused a call on several ids, and the reason may be single ones: takes out what is not open any more.
    async fn find_single_ids(
        &self,
        chunk: Task<'_>,
        sending: &Sending,
        refusal: &Refusal,
        outcomes: &mut [Outcome],
        budget: &mut Budget,
    ) -> RoundEnd {
        let known = sending.known(Instant::now()).collect::<Vec<_>>();
        let look = self.looker.look(chunk.group, sending.ids.iter(), budget).await;
        let own_word = Some(refusal).filter(|refusal| refusal.class == ErrorClass::RequestGone);
        let mut again = Vec::new();
        for (place, id, sent) in known {
            let result = match look.as_ref().map(|look| look.sight(id, &sent)) {
                Some(Sight::NotOpen) => Outcome::Gone(own_word.cloned()),
                Some(Sight::Untouched | Sight::Open) => {
                    again.push(place);
                    Outcome::Failed(refusal.clone())
                }
                // A newer request is never decided for an older one; whoever means it asks again.
                Some(Sight::Reopened) | None => Outcome::NotSent(Stopped::NotCleared(refusal.clone())),
            };
            if let Some(outcome) = outcomes.get_mut(place) {
                *outcome = result;
            }
        }
        let stopped = look.is_none().then(|| Stopped::NotCleared(refusal.clone()));
        RoundEnd { stopped, again: Some((Round::AfterRefusal, again)) }
    }
}

impl Sending {
    /// Each id with its place and what is known of its sending at a look that begins now.
    fn known(&self, now: Instant) -> impl Iterator<Item = (usize, &JoinRequestId, Sent)> {
        let (began, ended) = (now - self.began, now - self.ended);
        let seen = self.places.iter().zip(&self.ids).zip(&self.seen);
        seen.map(move |((place, id), seen)| (*place, id, Sent { seen: *seen, since: now, began, ended }))
    }
}

/// Puts the results of a round where they belong.
fn put(outcomes: &mut [Outcome], places: &[usize], results: impl Iterator<Item = Outcome>, round: Round) {
    for (place, result) in places.iter().zip(results) {
        if let Some(outcome) = outcomes.get_mut(*place) {
            match (round, result) {
                // The earlier sending is as unknown as before, and a look has shown the id open.
                (Round::AfterDoubt, Outcome::NotSent(_)) => (),
                (Round::AfterDoubt, Outcome::Gone(refusal)) => *outcome = Outcome::in_doubt(refusal),
                (Round::AfterDoubt, Outcome::Failed(refusal)) if refusal.class == ErrorClass::RequestGone => {
                    *outcome = Outcome::in_doubt(Some(refusal));
                }
                // Graph refused this sending; the earlier one may take effect all the same.
                (Round::AfterDoubt, Outcome::Failed(refusal)) => {
                    *outcome = Outcome::Unknown { refusal: Some(refusal), observed: Observed::Open };
                }
                (Round::First | Round::AfterDoubt | Round::AfterRefusal, result) => *outcome = result,
            }
        }
    }
}
