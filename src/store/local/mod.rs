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
use super::digests::{Fingerprint, GroupDigest, IdDigest, OwnerId, RecordKey};
use crate::config::IdempotencySettings;
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
    decisions: Mutex<ExpiringMap<IdDigest, Remembered>>,
    marks: Mutex<Marks>,
    remember_for: Duration,
    metrics: Arc<Metrics>,
}

struct Marks {
    by_group: ExpiringMap<GroupDigest, u64>,
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
    pub(super) fn remember(&self, ids: &[IdDigest], decided: Remembered) {
        let now = Instant::now();
        let mut decisions = lock(&self.decisions);
        for id in ids {
            if decisions.get(id, now).is_some_and(|known| known.at > decided.at) {
                continue;
            }
            let until = now + self.remember_for;
            if decisions.insert(*id, (decided, 1), (now, until), MOST_DECISIONS).is_err() {
                self.metrics.decision_not_remembered();
            }
        }
    }

    pub(super) fn recall(&self, ids: &[IdDigest]) -> Vec<Option<Remembered>> {
        let now = Instant::now();
        let decisions = lock(&self.decisions);
        ids.iter().map(|id| decisions.get(id, now).copied()).collect()
    }

    pub(super) fn forget(&self, ids: &[IdDigest], as_of: Timestamp) {
        let now = Instant::now();
        let mut decisions = lock(&self.decisions);
        for id in ids {
            if decisions.get(id, now).is_some_and(|known| known.at < as_of) {
                decisions.remove(id);
            }
        }
    }

    pub(super) fn mark(&self, group: GroupDigest) -> u64 {
        let now = Instant::now();
        let mut marks = lock(&self.marks);
        let known = marks.by_group.get(&group, now).copied();
        known.unwrap_or_else(|| marks.renew(group, now))
    }

    pub(super) fn bump_mark(&self, group: GroupDigest) -> u64 {
        lock(&self.marks).renew(group, Instant::now())
    }
}

impl Marks {
    fn renew(&mut self, group: GroupDigest, now: Instant) -> u64 {
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
