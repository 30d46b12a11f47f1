//! A store under test.

use std::sync::Arc;
use std::time::Duration;

use joingate::config::{IdempotencySettings, RedisSettings};
use joingate::domain::{Caller, Deadline, GroupId, JoinRequestId};
use joingate::store::{Claimed, Fingerprint, OwnerId, Ownership, RecordKey, Store};
use joingate::telemetry::Metrics;
use tokio::task::JoinSet;

use crate::support::RedisServer;

pub(crate) const SECRET: &[u8] = b"a-secret-that-only-tests-know-about";
/// A lease that does not run out in a test.
pub(crate) const LONG: Duration = Duration::from_mins(1);
/// A lease that runs out while a test waits for it.
pub(crate) const SHORT: Duration = Duration::from_millis(150);
/// What the settings are when nothing is set.
pub(crate) const TIMES: IdempotencySettings = IdempotencySettings {
    require_key: false,
    ttl: Duration::from_hours(24),
    remember_decisions: Duration::from_mins(10),
};
/// Longer than anything a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the state is.
pub(crate) enum State {
    Memory,
    Redis(RedisServer),
}

impl State {
    /// Empties it; memory is new for each store.
    pub(crate) fn clear(&self) {
        match self {
            Self::Memory => (),
            Self::Redis(server) => server.tell(&["FLUSHALL"]),
        }
    }

    pub(crate) async fn store(&self) -> Arc<Store> {
        self.store_with(TIMES).await
    }

    pub(crate) async fn store_with(&self, times: IdempotencySettings) -> Arc<Store> {
        match self {
            Self::Memory => {
                let metrics = Arc::new(Metrics::new("v23.0").unwrap());
                Arc::new(Store::in_memory(&times, SECRET, metrics))
            }
            // Nobody looks after the connection: what is tested does not break it.
            Self::Redis(server) => {
                let metrics = Arc::new(Metrics::new("v23.0").unwrap());
                Arc::new(Store::connect(&plain(&server.url()), &times, SECRET, metrics).await.unwrap())
            }
        }
    }
}

/// The settings of a Redis that asks for nothing.
pub(crate) fn plain(url: &str) -> RedisSettings {
    RedisSettings { url: url.parse().unwrap(), password: None, ca: None }
}

/// A store in Redis whose connection is looked after.
pub(crate) struct Replica {
    pub store: Arc<Store>,
    metrics: Arc<Metrics>,
    /// Ends with it.
    _keeper: JoinSet<()>,
}

impl Replica {
    pub(crate) async fn start(redis: &RedisSettings) -> Self {
        let metrics = Arc::new(Metrics::new("v23.0").unwrap());
        let store = Arc::new(Store::connect(redis, &TIMES, SECRET, Arc::clone(&metrics)).await.unwrap());
        let kept = Arc::clone(&store);
        let mut keeper = JoinSet::new();
        keeper.spawn(async move { kept.keep_connected().await });
        Self { store, metrics, _keeper: keeper }
    }

    /// The gauge that operators see.
    pub(crate) fn is_up(&self) -> bool {
        let exposition = self.metrics.exposition();
        let line = exposition.lines().find(|line| line.starts_with("joingate_store_up ")).unwrap();
        line.ends_with(" 1")
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
