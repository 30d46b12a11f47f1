//! What replicas must agree on: the records of Idempotency-Keys, what Graph did with ids, when a group was last decided
//! on, and limits. Kept in this process, or in Redis for all replicas with the same `server.secret_key`.
//!
//! Only keyed hashes enter the store. Everything in it ends by itself, and nothing is dropped before its time.
//! Every operation happens as a whole or not at all, whenever its future is dropped.

mod answer;
mod digests;
mod limits;
mod local;
mod names;
mod shared;

pub use answer::{Claimed, MAX_CONTENT, Ownership, RecordEnd, Remembered, StoreError, StoreUnavailable};
pub use digests::{Fingerprint, IdDigest, OwnerId, RecordKey};
pub use limits::{AskedFor, CallAnswer, LearnedRate, SharedPace, SharedPause, SharedWay, UnitsTaken};
pub use names::{Name, Names};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use self::digests::{Digests, GroupDigest};
use self::local::LocalStore;
use self::shared::SharedStore;
use crate::config::{IdempotencySettings, RedisSettings};
use crate::domain::{Action, Caller, Deadline, GroupId, JoinRequestId};
use crate::telemetry::Metrics;

/// The state that decisions and reads stand on.
pub struct Store {
    digests: Digests,
    backend: Backend,
}

enum Backend {
    Local(Box<LocalStore>),
    Shared(Box<SharedStore>),
}

impl Store {
    /// State of this process only. `secret` keys the digests.
    pub fn in_memory(settings: &IdempotencySettings, secret: &[u8], metrics: Arc<Metrics>) -> Self {
        let backend = Backend::Local(Box::new(LocalStore::new(settings, metrics)));
        Self { digests: Digests::new(secret), backend }
    }

    /// State of a test.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Arc<Self> {
        let minutes = Duration::from_mins(5);
        let settings = IdempotencySettings { ttl: minutes, require_key: false, remember_decisions: minutes };
        let metrics = Metrics::new("v23.0").ok().map(Arc::new);
        Arc::new(Self::in_memory(&settings, &[7; 32], metrics.expect("no name is given twice")))
    }

    /// State in Redis, for every replica with the same `secret`. Waits for at most two seconds; a Redis that is
    /// not there yet is no error. [`Self::keep_connected`] must run beside it.
    pub async fn connect(
        redis: &RedisSettings,
        settings: &IdempotencySettings,
        secret: &[u8],
        metrics: Arc<Metrics>,
    ) -> Result<Self, StoreError> {
        let store = SharedStore::connect(redis.clone(), *settings, metrics).await?;
        Ok(Self { digests: Digests::new(secret), backend: Backend::Shared(Box::new(store)) })
    }

    /// Looks after the connection to Redis for as long as it is polled; ends at once where there is none.
    pub async fn keep_connected(&self) {
        match &self.backend {
            Backend::Local(_) => (),
            Backend::Shared(store) => store.keep_connected().await,
        }
    }

    /// Changes with every new connection to Redis. What was read before may have been lost there since.
    pub fn connection_number(&self) -> u64 {
        match &self.backend {
            Backend::Local(_) => 0,
            Backend::Shared(store) => store.connection_number(),
        }
    }

    /// Whether other replicas see the same state.
    pub const fn is_shared(&self) -> bool {
        match self.backend {
            Backend::Local(_) => false,
            Backend::Shared(_) => true,
        }
    }

    /// Names the record of a caller's Idempotency-Key. `route` tells verbs and groups apart, such as the path.
    pub fn record_key(&self, caller: &Caller, route: &str, idempotency_key: &str) -> RecordKey {
        self.digests.record_key(caller, route, idempotency_key)
    }

    /// The fingerprint of a request, over everything in it that must be the same in a repeat, in this order.
    pub fn fingerprint<P: AsRef<[u8]>>(&self, parts: impl IntoIterator<Item = P>) -> Fingerprint {
        self.digests.fingerprint(parts)
    }

    /// Names an id inside a record's content.
    pub fn digest(&self, group: &GroupId, id: &JoinRequestId) -> IdDigest {
        self.digests.id(group, id)
    }
}

#[expect(
    clippy::multiple_inherent_impl,
    reason = "names for things and what is done with them are two ideas"
)]
impl Store {
    /// Takes the lease of a record, if it is free or `owner` has it already. Until something is saved, the record
    /// ends with its lease.
    pub async fn claim(
        &self,
        key: &RecordKey,
        fingerprint: &Fingerprint,
        owner: &OwnerId,
        lease: Duration,
        until: Deadline,
    ) -> Result<Claimed, StoreUnavailable> {
        match &self.backend {
            Backend::Local(store) => store.claim(key, fingerprint, owner, lease),
            Backend::Shared(store) => store.claim(key, fingerprint, owner, lease, until).await,
        }
    }

    /// Replaces the content and begins the lease anew, if `owner` still holds it.
    pub async fn save(
        &self,
        key: &RecordKey,
        owner: &OwnerId,
        content: &[u8],
        lease: Duration,
        until: Deadline,
    ) -> Result<Ownership, StoreUnavailable> {
        let content = bounded(content)?;
        match &self.backend {
            Backend::Local(store) => store.save(key, owner, content, lease),
            Backend::Shared(store) => store.save(key, owner, content, lease, until).await,
        }
    }

    /// Gives the lease back, if `owner` still holds it.
    pub async fn release(
        &self,
        key: &RecordKey,
        owner: &OwnerId,
        end: RecordEnd<'_>,
        until: Deadline,
    ) -> Result<Ownership, StoreUnavailable> {
        let kept = match end {
            RecordEnd::Keep(content) => Some(bounded(content)?),
            RecordEnd::Remove => None,
        };
        match &self.backend {
            Backend::Local(store) => store.release(key, owner, kept),
            Backend::Shared(store) => store.release(key, owner, kept, until).await,
        }
    }

    /// Remembers for `idempotency.remember_decisions` what Graph did with these ids. A later decision replaces an
    /// earlier one, whatever the order of the calls. At most 1,024 ids.
    pub async fn remember(
        &self,
        group: &GroupId,
        ids: &[&JoinRequestId],
        action: Action,
        at: Timestamp,
        until: Deadline,
    ) -> Result<(), StoreUnavailable> {
        let decided = Remembered { action, at: whole_microseconds(at) };
        match &self.backend {
            Backend::Local(store) => {
                store.remember(group, ids, decided);
                Ok(())
            }
            Backend::Shared(store) => {
                let (group, ids) = self.digests_of(group, ids);
                store.remember(group, &ids, decided, until).await
            }
        }
    }

    /// What is remembered of each id, in their order.
    pub async fn recall(
        &self,
        group: &GroupId,
        ids: &[&JoinRequestId],
        until: Deadline,
    ) -> Result<Vec<Option<Remembered>>, StoreUnavailable> {
        match &self.backend {
            Backend::Local(store) => Ok(store.recall(group, ids)),
            Backend::Shared(store) => {
                let (group, ids) = self.digests_of(group, ids);
                store.recall(group, &ids, until).await
            }
        }
    }

    /// Forgets what was decided about these ids before `as_of`: a read that began then showed them open again.
    pub async fn forget(
        &self,
        group: &GroupId,
        ids: &[&JoinRequestId],
        as_of: Timestamp,
        until: Deadline,
    ) -> Result<(), StoreUnavailable> {
        let as_of = whole_microseconds(as_of);
        match &self.backend {
            Backend::Local(store) => {
                store.forget(group, ids, as_of);
                Ok(())
            }
            Backend::Shared(store) => {
                let (group, ids) = self.digests_of(group, ids);
                store.forget(group, &ids, as_of, until).await
            }
        }
    }

    /// The group's last-decision mark. What was read while the mark was the same holds no older state than the last
    /// decision; a mark may change without a decision, too.
    pub async fn mark(&self, group: &GroupId, until: Deadline) -> Result<u64, StoreUnavailable> {
        match &self.backend {
            Backend::Local(store) => Ok(store.mark(group)),
            Backend::Shared(store) => store.mark(self.digests.group(group), false, until).await,
        }
    }

    /// Changes the group's mark; answers the new one. No value ever comes again.
    pub async fn bump_mark(&self, group: &GroupId, until: Deadline) -> Result<u64, StoreUnavailable> {
        match &self.backend {
            Backend::Local(store) => Ok(store.bump_mark(group)),
            Backend::Shared(store) => store.mark(self.digests.group(group), true, until).await,
        }
    }

    fn digests_of(&self, group: &GroupId, ids: &[&JoinRequestId]) -> (GroupDigest, Vec<IdDigest>) {
        (self.digests.group(group), ids.iter().map(|id| self.digests.id(group, id)).collect())
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Store").field("shared", &self.is_shared()).finish_non_exhaustive()
    }
}

const fn bounded(content: &[u8]) -> Result<&[u8], StoreUnavailable> {
    if content.len() > MAX_CONTENT { Err(StoreUnavailable::ContentTooLarge) } else { Ok(content) }
}

/// What Redis can compare exactly.
fn whole_microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
