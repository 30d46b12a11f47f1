//! When the requests that walks saw were made. The same id may come again as a newer request; the time tells them
//! apart.

use std::fmt;

use jiff::Timestamp;
use quick_cache::sync::Cache;

use crate::domain::{GroupId, JoinRequest, JoinRequestId};
use crate::store::{Name, Names};

/// Requests remembered at most. The least used are forgotten: then Graph's clock has to tell.
const MOST: usize = 100_000;

/// The creation time of each request as it was seen last. Only hashes of ids are kept.
pub(super) struct Sightings {
    seen: Cache<Name, Timestamp>,
    names: Names,
}

impl Sightings {
    pub(super) fn new() -> Self {
        Self { seen: Cache::new(MOST), names: Names::new() }
    }

    /// What a request is called here.
    pub(super) fn name(&self, group: &GroupId, id: &JoinRequestId) -> Name {
        self.names.request(group, id)
    }

    /// A walk saw these open, under their names.
    pub(super) fn saw<'r>(&self, requests: impl Iterator<Item = (&'r Name, &'r JoinRequest)>) {
        for (name, request) in requests {
            if let Some(at) = request.requested_at {
                // Of two walks at a time the one that ends last may have seen the older request.
                if self.seen.get(name).is_none_or(|known| known < at) {
                    self.seen.insert(*name, at);
                }
            }
        }
    }

    /// When the request was made that was seen last under this id.
    pub(super) fn of(&self, group: &GroupId, id: &JoinRequestId) -> Option<Timestamp> {
        self.seen.get(&self.name(group, id))
    }
}

impl fmt::Debug for Sightings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sightings").field("seen", &self.seen.len()).finish_non_exhaustive()
    }
}
