//! A store under test.

use std::sync::Arc;
use std::time::Duration;

use joingate::config::IdempotencySettings;
use joingate::domain::{Caller, Deadline, GroupId, JoinRequestId};
use joingate::store::{Claimed, Fingerprint, OwnerId, Ownership, RecordKey, Store};
use joingate::telemetry::Metrics;

pub(crate) const SECRET: &[u8] = b"a-secret-that-only-tests-know-about";
/// A lease that does not run out in a test.
pub(crate) const LONG: Duration = Duration::from_mins(1);
/// A lease that runs out while a test waits for it.
pub(crate) const SHORT: Duration = Duration::from_millis(150);
/// Longer than anything a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the state is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Memory,
}

/// One state, and how to come to a store that holds it.
pub(crate) struct State {
    backend: Backend,
}

impl State {
    #[expect(clippy::unused_async, reason = "memory is there at once")]
    pub(crate) async fn start(backend: Backend) -> Self {
        Self { backend }
    }

    pub(crate) async fn store(&self) -> Arc<Store> {
        self.store_with(IdempotencySettings {
            require_key: false,
            ttl: Duration::from_hours(24),
            remember_decisions: Duration::from_mins(10),
        })
        .await
    }

    #[expect(clippy::unused_async, reason = "memory is there at once")]
    pub(crate) async fn store_with(&self, settings: IdempotencySettings) -> Arc<Store> {
        let metrics = Arc::new(Metrics::new("v23.0").unwrap());
        match self.backend {
            Backend::Memory => Arc::new(Store::in_memory(&settings, SECRET, metrics)),
        }
    }
}

pub(crate) fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

pub(crate) fn key(store: &Store) -> RecordKey {
    store.record_key(&caller("app"), "/v1/groups/g/join-requests/approve", "key-1")
}

pub(crate) fn fingerprint(store: &Store) -> Fingerprint {
    store.fingerprint(["approve", "a", "b"])
}

pub(crate) fn caller(subject: &str) -> Caller {
    Caller { issuer: "main".to_owned(), subject: subject.to_owned() }
}

pub(crate) fn group(text: &str) -> GroupId {
    GroupId::parse(text).unwrap()
}

pub(crate) fn id(text: &str) -> JoinRequestId {
    JoinRequestId::parse(text).unwrap()
}

/// Claims the tests' key.
pub(crate) async fn claim(store: &Store, owner: &OwnerId, lease: Duration) -> Claimed {
    store.claim(&key(store), &fingerprint(store), owner, lease, soon()).await.unwrap()
}

/// Saves under the tests' key.
pub(crate) async fn save(store: &Store, owner: &OwnerId, content: &[u8], lease: Duration) -> Ownership {
    store.save(&key(store), owner, content, lease, soon()).await.unwrap()
}

/// Looks again and again until there is something to see.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let find = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, find).await.unwrap_or_else(|_| panic!("{what} did not come"))
}
