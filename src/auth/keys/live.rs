//! The keys in force, exchanged when the file behind them changes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::problem::KeyFault;
use super::{Allowed, KeySet};
use crate::config::{KeySource, Secret};

/// Keys with the generation of the content they were read from.
#[derive(Debug)]
pub(in crate::auth) struct InForce {
    pub(in crate::auth) keys: KeySet,
    pub(in crate::auth) generation: u64,
}

/// One issuer's keys. Reading them takes no lock except once after each change.
#[derive(Debug)]
pub(in crate::auth) struct LiveKeys {
    source: KeySource,
    secret: Arc<Secret>,
    allowed: Allowed,
    in_force: ArcSwap<InForce>,
    /// The last generation looked at, whether or not it could be used.
    seen: AtomicU64,
    reading: Mutex<()>,
}

impl LiveKeys {
    /// The keys of `source`, which stand in `secret`.
    pub(super) fn new(source: &KeySource, secret: &Arc<Secret>, allowed: Allowed) -> Result<Self, KeyFault> {
        let loaded = secret.current();
        let keys = KeySet::parse(source, loaded.expose(), &allowed)?;
        let generation = loaded.generation;
        Ok(Self {
            source: source.clone(),
            secret: Arc::clone(secret),
            allowed,
            in_force: ArcSwap::from_pointee(InForce { keys, generation }),
            seen: AtomicU64::new(generation),
            reading: Mutex::new(()),
        })
    }

    /// The keys at this moment.
    pub(super) fn in_force(&self) -> Arc<InForce> {
        if self.secret.current().generation != self.seen.load(Ordering::Acquire) {
            self.read_again();
        }
        self.in_force.load_full()
    }

    /// Whether the keys in force are those of the setting's latest content; `None` for another setting.
    pub(super) fn uses_latest(&self, setting: &str) -> Option<bool> {
        let latest = || self.in_force().generation == self.secret.current().generation;
        (self.secret.key() == setting).then(latest)
    }

    /// Takes the new content, or keeps the old keys and says so once.
    fn read_again(&self) {
        let _one_at_a_time = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = self.secret.current();
        if loaded.generation == self.seen.load(Ordering::Acquire) {
            return;
        }
        let take = |keys| self.in_force.store(Arc::new(InForce { keys, generation: loaded.generation }));
        match KeySet::parse(&self.source, loaded.expose(), &self.allowed) {
            Ok(keys) => take(keys),
            // Whoever empties the set withdraws the keys that were in it.
            Err(fault @ KeyFault::NoUsableKey(_)) => {
                take(KeySet::none());
                tracing::error!(
                    setting = self.secret.key(),
                    reason = %fault,
                    "the changed key set has no usable key: no token of this issuer passes"
                );
            }
            Err(fault) => tracing::warn!(
                setting = self.secret.key(),
                reason = %fault,
                "the changed key file cannot be used; the keys read before stay in force"
            ),
        }
        self.seen.store(loaded.generation, Ordering::Release);
    }
}
