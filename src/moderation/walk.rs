//! One walk over a group's pages: from one version of the list, each id once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use foldhash::fast::RandomState;
use jiff::Timestamp;
use tracing::Instrument;

use super::recollection::Recollection;
use super::sightings::Sightings;
use super::{ErrorClass, GraphError, ListError};
use crate::domain::{GroupId, JoinRequest};
use crate::graph::{Cursor, GraphClient, Page};
use crate::limits::{Budget, Priority};
use crate::store::Name;
use crate::telemetry::spans;

/// With so many requests gathered no further page is read; a page itself is bounded by the size of an answer.
const MOST_REQUESTS: usize = 10_000;

/// What a walk has gathered.
#[derive(Debug)]
pub(super) struct Walk {
    /// The requests, in Graph's order, each id once.
    pub(super) requests: Vec<JoinRequest>,
    /// When the walk began: every request open since then is in it.
    pub(super) as_of: Timestamp,
    /// The same moment on the clock that never jumps.
    pub(super) began: Instant,
    /// Where the list goes on; `None` when the walk came to its end.
    pub(super) next: Option<Cursor>,
    /// Pages read.
    pub(super) pages: u32,
    /// Entries that could not be read, of whatever id.
    pub(super) unreadable: usize,
    /// Graph's clock when it made the last page, and ours when that page was here.
    pub(super) clock: Option<(Timestamp, Instant)>,
    /// What each of them is called where sightings are kept, in the same order.
    names: Vec<Name>,
    /// Where each name stands. Nobody can choose names, so that a quick hash will do.
    places: HashMap<Name, usize, RandomState>,
    cursors: HashSet<Cursor>,
}

/// Walks, for lists and for looks.
#[derive(Debug)]
pub(super) struct Walker {
    graph: Arc<GraphClient>,
    max_pages: u32,
    sightings: Arc<Sightings>,
    recollection: Arc<Recollection>,
}

impl Walker {
    /// Reads at most `max_pages` pages in one walk, and writes down what it saw.
    pub(super) fn new(
        graph: Arc<GraphClient>,
        max_pages: u32,
        (sightings, recollection): (Arc<Sightings>, Arc<Recollection>),
    ) -> Self {
        Self { graph, max_pages, sightings, recollection }
    }

    /// Walks from the start or from where an earlier walk was cut. A list that changes under a walk from the start is read
    /// once more, so that the answer is of one version.
    pub(super) async fn walk(
        &self,
        group: &GroupId,
        start: Option<Cursor>,
        budget: &mut Budget,
    ) -> Result<Walk, ListError> {
        let span = spans::walk();
        let walk = self.walk_to_the_end(group, start, budget).instrument(span.clone()).await;
        spans::walked(&span, walk.as_ref().map_or(0, |walk| walk.pages), walk.is_err());
        walk
    }

    async fn walk_to_the_end(
        &self,
        group: &GroupId,
        start: Option<Cursor>,
        budget: &mut Budget,
    ) -> Result<Walk, ListError> {
        let resumed = start.is_some();
        match self.walk_once(group, start, budget).await {
            Err(ListError::Graph(error)) if is_cursor_expired(&error) => {
                if resumed {
                    return Err(ListError::PageTokenExpired);
                }
                match self.walk_once(group, None, budget).await {
                    Err(ListError::Graph(again)) if is_cursor_expired(&again) => Err(ListError::Changing),
                    result => result,
                }
            }
            result => result,
        }
    }

    async fn walk_once(
        &self,
        group: &GroupId,
        start: Option<Cursor>,
        budget: &mut Budget,
    ) -> Result<Walk, ListError> {
        let mut walk = Walk::begin();
        let mut limit = self.graph.page_limit();
        walk.next = start;
        while walk.pages < self.max_pages && walk.requests.len() < MOST_REQUESTS {
            let page = self.graph.list_page(group, walk.next.as_ref(), &mut limit, budget).await;
            walk.take(page.map_err(ListError::Graph)?, |request| self.sightings.name(group, &request.id))?;
            budget.priority = Priority::Continuing;
            if walk.next.is_none() {
                break;
            }
        }
        self.sightings.saw(walk.names.iter().zip(&walk.requests));
        let ids = walk.requests.iter().map(|request| &request.id);
        self.recollection.saw_open(group, ids, walk.as_of, budget.deadline).await;
        Ok(walk)
    }
}

impl Walk {
    fn begin() -> Self {
        Self {
            requests: Vec::new(),
            as_of: now(),
            began: Instant::now(),
            next: None,
            pages: 0,
            unreadable: 0,
            clock: None,
            names: Vec::new(),
            places: HashMap::default(),
            cursors: HashSet::new(),
        }
    }

    /// Adds a page.
    fn take(&mut self, page: Page, name: impl Fn(&JoinRequest) -> Name) -> Result<(), ListError> {
        self.pages += 1;
        self.unreadable += page.unreadable;
        self.clock = page.date.map(|date| (date, Instant::now()));
        self.requests.reserve(page.requests.len());
        self.names.reserve(page.requests.len());
        self.places.reserve(page.requests.len());
        for request in page.requests {
            let name = name(&request);
            let place = *self.places.entry(name).or_insert(self.requests.len());
            match self.requests.get_mut(place) {
                None => {
                    self.requests.push(request);
                    self.names.push(name);
                }
                // The person has asked again while the pages were read: the newer request is the one that is open.
                Some(known) if request.requested_at > known.requested_at => *known = request,
                Some(_) => (),
            }
        }
        self.next = match page.next {
            None if page.next_without_cursor => return Err(ListError::Endless),
            Some(cursor) if !self.cursors.insert(cursor.clone()) => return Err(ListError::Endless),
            next => next,
        };
        Ok(())
    }
}

fn is_cursor_expired(error: &GraphError) -> bool {
    error.refusal().is_some_and(|refusal| refusal.class == ErrorClass::CursorExpired)
}

/// The time of day, to the millisecond: more would only look exact.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
