//! Keeps one connection to Redis. Operations use it when it is there and never wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use redis::aio::MultiplexedConnection;
use tokio::sync::Notify;

use super::connection::{Eviction, Obstacle, examine, generation, open};
use crate::config::RedisSettings;
use crate::store::answer::StoreUnavailable;
use crate::telemetry::Metrics;

/// How often a connection is looked at when nobody doubts it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The wait after the first failed attempt to connect; doubled with each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// The longest wait between attempts, and so the longest that Redis is back unnoticed.
const LONGEST_BACKOFF: Duration = Duration::from_secs(2);

enum State {
    /// Nobody has looked yet.
    Unknown,
    Up(Usable),
    Down(StoreUnavailable),
}

#[derive(Clone)]
struct Usable {
    connection: MultiplexedConnection,
    eviction: Eviction,
    /// Of the files it was opened with.
    generation: u64,
}

pub(super) struct Link {
    settings: RedisSettings,
    state: ArcSwap<State>,
    doubt: Notify,
    /// Connections opened so far.
    opened: AtomicU64,
    metrics: Arc<Metrics>,
}

impl Link {
    pub(super) fn new(settings: RedisSettings, metrics: Arc<Metrics>) -> Self {
        metrics.store_up(false);
        Self {
            settings,
            state: ArcSwap::from_pointee(State::Unknown),
            doubt: Notify::new(),
            opened: AtomicU64::new(0),
            metrics,
        }
    }

    /// The connection, if there is one.
    pub(super) fn connection(&self) -> Result<MultiplexedConnection, StoreUnavailable> {
        match &**self.state.load() {
            State::Up(usable) => Ok(usable.connection.clone()),
            State::Down(reason) => Err(reason.clone()),
            State::Unknown => Err(StoreUnavailable::NoConnection),
        }
    }

    /// Changes with every new connection.
    pub(super) fn connection_number(&self) -> u64 {
        self.opened.load(Ordering::SeqCst)
    }

    /// An operation got no answer: the connection is looked at now, not at the next turn.
    pub(super) fn doubt(&self) {
        self.doubt.notify_one();
    }

    /// The connection is of no use any more: broken, or of a server that has become a replica.
    pub(super) fn give_up(&self, obstacle: &Obstacle) {
        self.publish(Err(obstacle));
        self.doubt.notify_one();
    }

    /// Looks again and again, for as long as the process lives.
    pub(super) async fn keep(&self) {
        let mut backoff = FIRST_BACKOFF;
        loop {
            if self.connection().is_ok() {
                backoff = FIRST_BACKOFF;
                // Whichever comes first; both mean the same.
                drop(tokio::time::timeout(LOOK_EVERY, self.doubt.notified()).await);
            } else {
                tokio::time::sleep(backoff).await;
                backoff = LONGEST_BACKOFF.min(backoff * 2);
            }
            drop(self.look().await);
        }
    }

    /// Finds out whether Redis can be used at this moment, connecting if need be.
    pub(super) async fn look(&self) -> Result<(), Obstacle> {
        let found = self.find().await;
        self.publish(found.as_ref().map(Usable::clone));
        found.map(drop)
    }

    async fn find(&self) -> Result<Usable, Obstacle> {
        let generation = generation(&self.settings);
        let present = match &**self.state.load() {
            State::Up(usable) => Some(usable.clone()),
            State::Down(_) | State::Unknown => None,
        };
        if let Some(usable) = present
            && let Ok(eviction) = examine(usable.connection.clone()).await
        {
            let usable = Usable { eviction, ..usable };
            if usable.generation == generation {
                return Ok(usable);
            }
            // New files: a connection that was opened with the old ones serves until these do.
            return Ok(self.open(generation).await.unwrap_or(usable));
        }
        self.open(generation).await
    }

    async fn open(&self, generation: u64) -> Result<Usable, Obstacle> {
        let connection = open(&self.settings).await?;
        self.opened.fetch_add(1, Ordering::SeqCst);
        let eviction = examine(connection.clone()).await?;
        Ok(Usable { connection, eviction, generation })
    }

    /// Takes over what was found, and says so if it is news.
    fn publish(&self, found: Result<Usable, &Obstacle>) {
        self.metrics.store_up(found.is_ok());
        let next = match &found {
            Ok(usable) => State::Up(usable.clone()),
            Err(obstacle) => State::Down(obstacle.seen_by_operations()),
        };
        let before = self.state.swap(Arc::new(next));
        match (&*before, found) {
            (State::Up(_), Ok(_)) => (),
            (State::Unknown | State::Down(_), Ok(usable)) => {
                tracing::info!("the store is connected to Redis");
                if usable.eviction == Eviction::NotKnown {
                    tracing::warn!(
                        "Redis does not tell its maxmemory-policy; it must be `noeviction`, or decisions may be sent twice"
                    );
                }
            }
            (State::Down(reason), Err(obstacle)) if *reason == obstacle.seen_by_operations() => (),
            (State::Unknown | State::Up(_) | State::Down(_), Err(obstacle)) => {
                tracing::error!(error = %obstacle, "the store cannot use Redis; what depends on it is refused");
            }
        }
    }
}
