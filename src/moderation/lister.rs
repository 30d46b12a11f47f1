//! Reading lists for callers: shared where nobody can tell the difference, from a copy where the caller accepts one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{Instrument, Span};

use super::copies::Copies;
use super::single_flight::{Landed, Missed, SingleFlight};
use super::walk::Walker;
use super::{GraphError, Held, ListError, Listing, PageTokens};
use crate::domain::GroupId;
use crate::graph::Cursor;
use crate::limits::{Budget, Priority, Spent};
use crate::telemetry::{Metrics, TracePlace, spans};

/// Which list a caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<'w> {
    /// One whose reading begins from now on.
    Fresh,
    /// One whose reading began so long ago at most.
    NoOlderThan(Duration),
    /// What is behind this page token. Never shared: the token is the caller's own.
    Behind(&'w str),
}

/// A list, and where it comes from.
#[derive(Clone, Debug)]
pub struct Served {
    /// The list.
    pub listing: Arc<Listing>,
    /// Whether it is a copy: its reading may have begun before it was asked for.
    pub is_copy: bool,
}

/// What came of one walk, for everybody who waited for it.
#[derive(Clone, Debug)]
struct Walked {
    result: Result<Arc<Listing>, ListError>,
    spent: Spent,
    /// For the traces of those who joined.
    place: TracePlace,
}

/// Lists open requests, for every caller. Whether a caller may see the group is for the caller of this to check, before.
#[derive(Debug)]
pub struct Lister {
    reader: Arc<Reader>,
    walks: SingleFlight<Walked>,
    metrics: Arc<Metrics>,
}

/// Walks and keeps copies.
#[derive(Debug)]
struct Reader {
    walker: Arc<Walker>,
    copies: Arc<Copies>,
    page_tokens: PageTokens,
}

impl Lister {
    pub(super) fn new(
        walker: Arc<Walker>,
        copies: Arc<Copies>,
        page_tokens: PageTokens,
        metrics: Arc<Metrics>,
    ) -> Self {
        let walks = SingleFlight::new();
        Self { reader: Arc::new(Reader { walker, copies, page_tokens }), walks, metrics }
    }

    /// Lists the group's open requests.
    pub async fn list(
        &self,
        group: &GroupId,
        wanted: Wanted<'_>,
        budget: &mut Budget,
    ) -> Result<Served, ListError> {
        let fresh = |listing| Served { listing, is_copy: false };
        match wanted {
            // Seldom asked for: those who ask for something else need no room for a walk of their own.
            Wanted::Behind(token) => Box::pin(self.resume(group, token, budget)).await.map(fresh),
            Wanted::Fresh => self.share(group, budget).await.map(fresh),
            Wanted::NoOlderThan(age) => match self.copy(group, age, budget).await {
                Some(listing) => {
                    self.metrics.read_shared("copied");
                    Ok(Served { listing, is_copy: true })
                }
                None => self.share(group, budget).await.map(fresh),
            },
        }
    }

    /// Drops copies that are too old for everybody.
    pub fn sweep(&self) {
        self.reader.copies.sweep();
    }

    /// A copy that is there, or that a walk under way will soon leave behind.
    async fn copy(&self, group: &GroupId, age: Duration, budget: &mut Budget) -> Option<Arc<Listing>> {
        let find = || self.reader.copies.find(group, age, budget.deadline);
        if age.is_zero() {
            return None;
        }
        if let Some(copy) = find().await {
            return Some(copy);
        }
        let asked = Instant::now();
        self.walks.running_ended(group, age, budget.deadline).await;
        let copy = find().await;
        budget.spent.graph += asked.elapsed();
        copy
    }

    async fn share(&self, group: &GroupId, budget: &mut Budget) -> Result<Arc<Listing>, ListError> {
        let (reader, name, max_wait) = (Arc::clone(&self.reader), group.clone(), budget.wait_left);
        let asker = Span::current();
        let walk = move |until| {
            let read =
                async move { reader.read(&name, None, Budget::new(Priority::Read, until, max_wait)).await };
            read.instrument(asker)
        };
        let span = spans::shared_read();
        match self.walks.fly(group, budget.deadline, walk).instrument(span.clone()).await {
            Ok(Landed { value: Walked { result, spent, place }, queued, joined }) => {
                if joined {
                    self.metrics.read_shared("joined");
                    spans::joined(&span, place);
                } else {
                    self.metrics.read_shared("walked");
                    spans::walked_for_it(&span);
                }
                // Everybody waited as long, but the calls were sent once.
                let attempts = if joined { 0 } else { spent.attempts };
                budget.spent += Spent { queue: queued + spent.queue, attempts, ..spent };
                result
            }
            Err(Missed::Queued(waited)) => {
                budget.spent.queue += waited;
                Err(ListError::Graph(GraphError::Held(Held::DeadlinePassed)))
            }
            Err(Missed::Running(waited)) => {
                budget.spent.graph += waited;
                Err(ListError::Graph(GraphError::TimedOut))
            }
            Err(Missed::Died) => Err(ListError::Died),
        }
    }

    async fn resume(
        &self,
        group: &GroupId,
        page_token: &str,
        budget: &mut Budget,
    ) -> Result<Arc<Listing>, ListError> {
        let start = self.reader.page_tokens.open(group, page_token)?;
        let (reader, name) = (Arc::clone(&self.reader), group.clone());
        let own = Budget::new(Priority::Continuing, budget.deadline, budget.wait_left);
        let walk = async move { reader.read(&name, Some(start), own).await };
        let Walked { result, spent, .. } = self.walks.alone(walk).await.ok_or(ListError::Died)?;
        budget.spent += spent;
        result
    }
}

impl Reader {
    async fn read(&self, group: &GroupId, start: Option<Cursor>, mut budget: Budget) -> Walked {
        let from_the_start = start.is_none();
        let mark = if from_the_start { self.copies.mark(group, budget.deadline).await } else { None };
        let walk = self.walker.walk(group, start, &mut budget).await;
        let result = walk.map(|walk| Arc::new(Listing::of(group, walk, &self.page_tokens)));
        if let (Ok(listing), Some(mark)) = (&result, mark) {
            self.copies.keep(group, listing, mark);
        }
        Walked { result, spent: budget.spent, place: spans::place(&Span::current()) }
    }
}
