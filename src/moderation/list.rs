//! The whole list of a group, page by page: complete, without duplicates, and from one version of the list.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::{ErrorClass, GraphError, PageTokenInvalid, PageTokens};
use crate::domain::{GroupId, JoinRequest};
use crate::graph::{Cursor, GraphClient, Page};
use crate::limits::Budget;

/// Requests gathered at most for one answer; a list that is longer goes on behind `next_page_token`.
const MOST_REQUESTS: usize = 10_000;

/// A group's open requests.
#[derive(Debug)]
pub struct Listing {
    /// The requests, in Graph's order, each id once.
    pub requests: Vec<JoinRequest>,
    /// When the walk began: every request open since then is in it.
    pub as_of: Timestamp,
    /// Where the list goes on, if it was cut.
    pub next_page_token: Option<String>,
}

/// Why there is no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListError {
    /// Graph, or the way to it.
    Graph(GraphError),
    /// The page token is not ours, is for another group, or the list behind it has changed.
    PageTokenExpired,
    /// The list changed under the walk, twice.
    Changing,
    /// Graph's pages lead in a circle or nowhere.
    Endless,
    /// The list is longer than one walk goes, and a part of it would not do.
    TooLong,
}

impl From<PageTokenInvalid> for ListError {
    fn from(_: PageTokenInvalid) -> Self {
        Self::PageTokenExpired
    }
}

/// What a walk has gathered.
struct Walk {
    requests: Vec<JoinRequest>,
    ids: HashSet<String>,
    cursors: HashSet<Cursor>,
}

/// Lists open requests, for every caller.
#[derive(Debug)]
pub struct Lister {
    graph: Arc<GraphClient>,
    max_pages: u32,
    page_tokens: PageTokens,
}

impl Lister {
    /// Walks at most `max_pages` pages for one list.
    pub const fn new(graph: Arc<GraphClient>, max_pages: u32, page_tokens: PageTokens) -> Self {
        Self { graph, max_pages, page_tokens }
    }

    /// Lists the group's open requests, from the start or from where an earlier answer was cut.
    pub async fn list(
        &self,
        group: &GroupId,
        page_token: Option<&str>,
        budget: &mut Budget,
    ) -> Result<Listing, ListError> {
        let start = page_token.map(|token| self.page_tokens.open(group, token)).transpose()?;
        let resumed = start.is_some();
        match self.walk(group, start, budget).await {
            Err(ListError::Graph(error)) if is_cursor_expired(&error) => {
                if resumed {
                    return Err(ListError::PageTokenExpired);
                }
                // The list changed between two pages: once more from the first, so that the answer is of one version.
                match self.walk(group, None, budget).await {
                    Err(ListError::Graph(again)) if is_cursor_expired(&again) => Err(ListError::Changing),
                    result => result,
                }
            }
            result => result,
        }
    }

    async fn walk(
        &self,
        group: &GroupId,
        start: Option<Cursor>,
        budget: &mut Budget,
    ) -> Result<Listing, ListError> {
        let as_of = now();
        let mut walk = Walk { requests: Vec::new(), ids: HashSet::new(), cursors: HashSet::new() };
        let mut after = start;
        for _page in 0..self.max_pages {
            let page = self.graph.list_page(group, after.as_ref(), budget).await.map_err(ListError::Graph)?;
            after = walk.take(page)?;
            if after.is_none() || walk.requests.len() >= MOST_REQUESTS {
                break;
            }
        }
        let next_page_token = after.map(|cursor| self.page_tokens.seal(group, &cursor));
        Ok(Listing { requests: walk.requests, as_of, next_page_token })
    }
}

impl Walk {
    /// Adds a page and answers where the next one starts.
    fn take(&mut self, page: Page) -> Result<Option<Cursor>, ListError> {
        for request in page.requests {
            if self.ids.insert(request.id.as_str().to_owned()) {
                self.requests.push(request);
            }
        }
        match page.next {
            None if page.next_without_cursor => Err(ListError::Endless),
            Some(cursor) if !self.cursors.insert(cursor.clone()) => Err(ListError::Endless),
            next => Ok(next),
        }
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
