//! The whole list of a group: complete, without duplicates, and from one version of the list.

use std::sync::Arc;

use jiff::Timestamp;

use super::walk::Walker;
use super::{GraphError, PageTokenInvalid, PageTokens};
use crate::domain::{GroupId, JoinRequest};
use crate::limits::Budget;

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

/// Lists open requests, for every caller.
#[derive(Debug)]
pub struct Lister {
    walker: Arc<Walker>,
    page_tokens: PageTokens,
}

impl Lister {
    /// Lists with the walker given.
    pub const fn new(walker: Arc<Walker>, page_tokens: PageTokens) -> Self {
        Self { walker, page_tokens }
    }

    /// Lists the group's open requests, from the start or from where an earlier answer was cut.
    pub async fn list(
        &self,
        group: &GroupId,
        page_token: Option<&str>,
        budget: &mut Budget,
    ) -> Result<Listing, ListError> {
        let start = page_token.map(|token| self.page_tokens.open(group, token)).transpose()?;
        let walk = self.walker.walk(group, start, budget).await?;
        let next_page_token = walk.next.map(|cursor| self.page_tokens.seal(group, &cursor));
        Ok(Listing { requests: walk.requests, as_of: walk.as_of, next_page_token })
    }
}
