//! How the parts of this module belong together.

use std::sync::Arc;

use tokio_util::task::TaskTracker;

use super::chunk::ChunkSender;
use super::copies::Copies;
use super::course::Course;
use super::look::Looker;
use super::recollection::Recollection;
use super::sightings::Sightings;
use super::walk::Walker;
use super::{Decider, DecisionBounds, Lister, PageTokens, Reviewer};
use crate::config::ReadSettings;
use crate::graph::GraphClient;
use crate::limits::CallerLimiter;
use crate::store::Store;
use crate::telemetry::{Audit, Metrics};

/// What all of it stands on.
#[derive(Debug)]
pub struct Foundations {
    /// The edge.
    pub graph: Arc<GraphClient>,
    /// What replicas share.
    pub store: Arc<Store>,
    /// What callers may use.
    pub callers: Arc<CallerLimiter>,
    /// Who decided what.
    pub audit: Arc<Audit>,
    /// What happens.
    pub metrics: Arc<Metrics>,
    /// Decisions under way: on the runtime of whoever asks, which must not end before them.
    pub tasks: TaskTracker,
}

/// Everything that lists and decides.
#[derive(Debug)]
pub struct Moderation {
    /// Lists.
    pub lister: Arc<Lister>,
    /// Tries decisions out.
    pub reviewer: Reviewer,
    /// Decides.
    pub decider: Arc<Decider>,
}

impl Moderation {
    /// Builds it. A walk reads at most `max_pages` pages.
    pub fn new(
        on: Foundations,
        (max_pages, reads): (u32, ReadSettings),
        page_tokens: PageTokens,
        bounds: DecisionBounds,
    ) -> Self {
        let Foundations { graph, store, callers, audit, metrics, tasks } = on;
        let sightings = Arc::new(Sightings::new());
        let recollection = Arc::new(Recollection::new(Arc::clone(&store)));
        let seen = (Arc::clone(&sightings), Arc::clone(&recollection));
        let walker = Arc::new(Walker::new(Arc::clone(&graph), max_pages, seen));
        let looker = Arc::new(Looker::new(Arc::clone(&walker), Arc::clone(&metrics)));
        let chunks = ChunkSender::new(graph, Arc::clone(&looker), Arc::clone(&sightings));
        let copies = Arc::new(Copies::new(reads, Arc::clone(&store)));
        let (shown, events) = (Arc::clone(&copies), Arc::clone(&metrics));
        let lister = Arc::new(Lister::new(walker, shown, page_tokens, events));
        let reviewer = Reviewer::new(Arc::clone(&lister), Arc::clone(&recollection));
        let course =
            Course { chunks, looker, sightings, recollection, copies, turns: Arc::default(), bounds };
        let decider = Arc::new(Decider::new(course, (store, callers), (audit, metrics), tasks));
        Self { lister, reviewer, decider }
    }
}
