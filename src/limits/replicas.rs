//! Limits that replicas share, for as long as the store can be reached.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::{OnStoreFailure, StoreSettings};
use crate::domain::Deadline;
use crate::store::{Store, StoreUnavailable};

/// After a question without an answer, nobody asks for so long: at most one call in that time waits in vain.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// What a limit is to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shared<T> {
    /// As the store says.
    Answer(T),
    /// Without the others, with this share of the limit.
    Alone(f64),
    /// Refuse.
    Denied,
}

/// The store, as limits see it.
#[derive(Debug)]
pub struct Replicas {
    store: Arc<Store>,
    on_failure: OnStoreFailure,
    local_share: f64,
    asking_from: Mutex<Option<Instant>>,
}

impl Replicas {
    /// None when there is nothing that replicas share.
    pub fn new(store: &Arc<Store>, settings: &StoreSettings) -> Option<Arc<Self>> {
        let &StoreSettings { on_failure, local_share, redis: _ } = settings;
        let replicas =
            Self { store: Arc::clone(store), on_failure, local_share, asking_from: Mutex::default() };
        store.is_shared().then(|| Arc::new(replicas))
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Asks the store, unless it has just failed to answer.
    pub(super) async fn ask<T>(
        &self,
        question: impl Future<Output = Result<T, StoreUnavailable>>,
        until: Deadline,
    ) -> Shared<T> {
        let asking_from = *self.asking_from();
        if asking_from.is_none_or(|from| from <= Instant::now()) {
            match question.await {
                Ok(answer) => return Shared::Answer(answer),
                // Cut short by the request itself: that says nothing about the store.
                Err(_) if until.left().is_zero() => (),
                Err(error) => {
                    tracing::debug!(%error, "the limits of all replicas cannot be asked for");
                    *self.asking_from() = Some(Instant::now() + AFTER_FAILURE);
                }
            }
        }
        match self.on_failure {
            OnStoreFailure::Local => Shared::Alone(self.local_share),
            OnStoreFailure::Deny => Shared::Denied,
        }
    }

    fn asking_from(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.asking_from.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
