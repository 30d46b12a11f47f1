//! When the requests that walks saw were made. The same id may come again as a newer request; the time tells them
//! apart.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;

use jiff::Timestamp;
use quick_cache::sync::Cache;

use crate::domain::{GroupId, JoinRequest, JoinRequestId};

/// Requests remembered at most. The least used are forgotten: then Graph's clock has to tell.
const MOST: usize = 100_000;

/// The creation time of each request as it was seen last. Only hashes of ids are kept.
pub(super) struct Sightings {
    seen: Cache<u128, Timestamp>,
    keys: [RandomState; 2],
}

impl Sightings {
    pub(super) fn new() -> Self {
        Self { seen: Cache::new(MOST), keys: [RandomState::new(), RandomState::new()] }
    }

    /// A walk saw these open.
    pub(super) fn saw(&self, group: &GroupId, requests: &[JoinRequest]) {
        for request in requests {
            if let Some(at) = request.requested_at {
                let key = self.key(group, &request.id);
                // Of two walks at a time the one that ends last may have seen the older request.
                if self.seen.get(&key).is_none_or(|known| known < at) {
                    self.seen.insert(key, at);
                }
            }
        }
    }

    /// When the request was made that was seen last under this id.
    pub(super) fn of(&self, group: &GroupId, id: &JoinRequestId) -> Option<Timestamp> {
        self.seen.get(&self.key(group, id))
    }

    fn key(&self, group: &GroupId, id: &JoinRequestId) -> u128 {
        let [high, low] = &self.keys;
        let name = (group.as_str(), id.as_str());
        u128::from(high.hash_one(name)) << 64 | u128::from(low.hash_one(name))
    }
}

impl fmt::Debug for Sightings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sightings").field("seen", &self.seen.len()).finish_non_exhaustive()
    }
}
