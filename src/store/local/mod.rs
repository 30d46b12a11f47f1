//! The store of one process.

mod expiring_map;
mod records;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use self::expiring_map::ExpiringMap;
use self::records::Records;
use super::answer::{Claimed, Ownership, Remembered, StoreUnavailable};
use super::digests::{Fingerprint, OwnerId, RecordKey};
use super::names::{Name, Names};
use crate::config::IdempotencySettings;
use crate::domain::{GroupId, JoinRequestId};
use crate::telemetry::Metrics;

/// Most ids remembered at once, at some 150 bytes each: 10 MiB.
const MOST_DECISIONS: usize = 65_536;
/// Most groups with a mark, at some 100 bytes each.
const MOST_MARKS: usize = 16_384;
/// How long a mark is kept: far longer than any copy of a list. One that ended is made anew and differs.
const MARK_KEPT: Duration = Duration::from_hours(1);

/// State behind three locks, each held for one operation and never over an await.
pub(super) struct LocalStore {
    records: Mutex<Records>,
    decisions: Mutex<ExpiringMap<Name, Remembered>>,
    marks: Mutex<Marks>,
    remember_for: Duration,
    names: Names,
    metrics: Arc<Metrics>,
}

struct Marks {
    by_group: ExpiringMap<Name, u64>,
    last: u64,
}

impl LocalStore {
    pub(super) fn new(settings: &IdempotencySettings, metrics: Arc<Metrics>) -> Self {
        metrics.store_up(true);
        Self {
            records: Mutex::new(Records::new(settings.ttl)),
            decisions: Mutex::new(ExpiringMap::new()),
            marks: Mutex::new(Marks { by_group: ExpiringMap::new(), last: 0 }),
            remember_for: settings.remember_decisions,
            names: Names::new(),
            metrics,
        }
    }

    pub(super) fn claim(
        &self,
        key: &RecordKey,
        fingerprint: &Fingerprint,
        owner: &OwnerId,
        lease: Duration,
    ) -> Result<Claimed, StoreUnavailable> {
        lock(&self.records).claim(key, fingerprint, owner, lease, Instant::now())
    }

    pub(super) fn save(
        &self,
        key: &RecordKey,
        owner: &OwnerId,
        content: &[u8],
        lease: Duration,
    ) -> Result<Ownership, StoreUnavailable> {
        lock(&self.records).save(key, owner, content, lease, Instant::now())
    }

    pub(super) fn release(
        &self,
        key: &RecordKey,
        owner: &OwnerId,
        kept: Option<&[u8]>,
    ) -> Result<Ownership, StoreUnavailable> {
        lock(&self.records).release(key, owner, kept, Instant::now())
    }

    /// When there is no room, new decisions are not remembered: their ids come back as `gone`, which is true.
    pub(super) fn remember(&self, group: &GroupId, ids: &[&JoinRequestId], decided: Remembered) {
        let now = Instant::now();
        let mut decisions = lock(&self.decisions);
        for id in ids {
            let name = self.names.request(group, id);
            if decisions.get(&name, now).is_some_and(|known| known.at > decided.at) {
                continue;
            }
            let until = now + self.remember_for;
            if decisions.insert(name, (decided, 1), (now, until), MOST_DECISIONS).is_err() {
                self.metrics.decision_not_remembered();
            }
        }
    }

    pub(super) fn recall(&self, group: &GroupId, ids: &[&JoinRequestId]) -> Vec<Option<Remembered>> {
        let now = Instant::now();
        let decisions = lock(&self.decisions);
        ids.iter().map(|id| decisions.get(&self.names.request(group, id), now).copied()).collect()
    }

    pub(super) fn forget(&self, group: &GroupId, ids: &[&JoinRequestId], as_of: Timestamp) {
        let now = Instant::now();
        let mut decisions = lock(&self.decisions);
        for name in ids.iter().map(|id| self.names.request(group, id)) {
            if decisions.get(&name, now).is_some_and(|known| known.at < as_of) {
                decisions.remove(&name);
            }
        }
    }

    pub(super) fn mark(&self, group: &GroupId) -> u64 {
        let group = self.names.group(group);
        let now = Instant::now();
        let mut marks = lock(&self.marks);
        let known = marks.by_group.get(&group, now).copied();
        known.unwrap_or_else(|| marks.renew(group, now))
    }

    pub(super) fn bump_mark(&self, group: &GroupId) -> u64 {
        lock(&self.marks).renew(self.names.group(group), Instant::now())
    }
}

impl Marks {
    fn renew(&mut self, group: Name, now: Instant) -> u64 {
        self.last += 1;
        let (mark, until) = (self.last, now + MARK_KEPT);
        if self.by_group.insert(group, (mark, 1), (now, until), MOST_MARKS).is_err() {
            // Without a mark every look makes a new one, so no copy of this group passes for a fresh one.
            self.by_group.remove(&group);
        }
        mark
    }
}

impl fmt::Debug for LocalStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LocalStore").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
