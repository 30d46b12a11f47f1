//! Keys that an issuer tells itself. One task asks it, now and then, and sooner when a token names a key that is not
//! known; checking tokens never waits for an answer with keys that are known.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use aws_lc_rs::digest::{SHA256, digest};
use tokio::sync::{Notify, Semaphore, watch};

use super::fetch::{FetchError, Fetched, SHORTEST, fetch};
use super::live::InForce;
use super::problem::KeyFault;
use super::{Allowed, KeySet};
use crate::config::{JwksUrlSettings, KeySource};
use crate::net::issuer_client;
use crate::telemetry::Metrics;

/// A key that is not known has the issuer asked at most so often.
const ASKED_EVERY: Duration = Duration::from_secs(10);
/// How long a request waits for that.
const PATIENCE: Duration = Duration::from_secs(2);
/// Requests that wait at most; further ones are refused at once.
const MOST_WAITING: usize = 64;
/// While the issuer does not answer, the keys it told last hold for so long after its last answer.
const LONGEST_SILENCE: Duration = Duration::from_hours(1);
/// After a failure the issuer is asked again after this, doubled with each further one up to [`LONGEST_BACKOFF`].
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_mins(1);

/// What one look at the issuer came to.
#[derive(Debug, thiserror::Error)]
enum RefreshError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Keys(#[from] KeyFault),
}

/// The keys of one issuer, by its own word.
#[derive(Debug)]
pub(in crate::auth) struct RemoteKeys {
    settings: Arc<JwksUrlSettings>,
    allowed: Allowed,
    in_force: ArcSwapOption<InForce>,
    last: Mutex<Last>,
    ask: Notify,
    /// How often the issuer was asked, changed with every end of a look.
    looks: watch::Sender<u64>,
    waiting: Semaphore,
}

#[derive(Debug, Default)]
struct Last {
    /// When the issuer told its keys.
    told: Option<Instant>,
    /// SHA-256 of what it told.
    digest: Vec<u8>,
    /// When a look was asked for.
    asked: Option<Instant>,
    looking: bool,
}

impl RemoteKeys {
    /// Knows no key yet; [`Self::keep_fresh`] must run.
    pub(super) fn new(settings: &Arc<JwksUrlSettings>, allowed: Allowed) -> Result<Self, KeyFault> {
        // Certificates that cannot be used are found before anybody is asked.
        issuer_client(settings).map_err(|error| KeyFault::Client(Arc::new(error)))?;
        Ok(Self {
            settings: Arc::clone(settings),
            allowed,
            in_force: ArcSwapOption::empty(),
            // The first look is about to begin: who comes before it waits for it, and needs no other.
            last: Mutex::new(Last { looking: true, ..Last::default() }),
            ask: Notify::new(),
            looks: watch::Sender::new(0),
            waiting: Semaphore::new(MOST_WAITING),
        })
    }

    /// The keys at this moment; none before the first answer, and after too long a silence.
    pub(super) fn in_force(&self) -> Option<Arc<InForce>> {
        let told = self.last().told?;
        (told.elapsed() < LONGEST_SILENCE).then(|| self.in_force.load_full())?
    }

    /// How often the issuer was asked.
    pub(in crate::auth) fn looks(&self) -> u64 {
        *self.looks.borrow()
    }

    /// Has the issuer asked, if that may be now, and waits for it a little. False when there is nothing newer than after
    /// so many looks.
    pub(in crate::auth) async fn fresher(&self, than: u64) -> bool {
        let Ok(_place) = self.waiting.try_acquire() else { return false };
        let mut looks = self.looks.subscribe();
        if *looks.borrow_and_update() != than {
            return true;
        }
        {
            let mut last = self.last();
            let recently = last.asked.is_some_and(|asked| asked.elapsed() < ASKED_EVERY);
            if !last.looking && recently {
                return false;
            }
            if !last.looking {
                last.asked = Some(Instant::now());
                self.ask.notify_one();
            }
        }
        matches!(tokio::time::timeout(PATIENCE, looks.changed()).await, Ok(Ok(())))
    }

    /// Asks again and again, for as long as it is polled.
    pub(in crate::auth) async fn keep_fresh(&self, metrics: &Metrics) {
        let mut backoff = FIRST_BACKOFF;
        loop {
            self.last().looking = true;
            let looked = self.look().await;
            self.last().looking = false;
            let wait = match looked {
                Ok((fresh_for, changed)) => {
                    if changed {
                        metrics.reloaded(&self.settings.key, true);
                        tracing::info!(setting = self.settings.key, "the issuer told new keys");
                    }
                    backoff = FIRST_BACKOFF;
                    fresh_for
                }
                Err(error) => {
                    metrics.reloaded(&self.settings.key, false);
                    tracing::warn!(
                        setting = self.settings.key,
                        %error,
                        "the issuer's keys cannot be had; what it told last holds for an hour at most"
                    );
                    let wait = backoff;
                    backoff = LONGEST_BACKOFF.min(backoff * 2);
                    wait
                }
            };
            self.looks.send_modify(|looks| *looks += 1);
            // Whichever comes first; both mean the same.
            drop(tokio::time::timeout(wait, self.ask.notified()).await);
        }
    }

    /// How long the keys hold, and whether they are others than before.
    async fn look(&self) -> Result<(Duration, bool), RefreshError> {
        let Fetched { document, fresh_for } = fetch(&self.settings).await?;
        let fingerprint = digest(&SHA256, &document);
        let same = self.last().digest == fingerprint.as_ref();
        if !same {
            let source = KeySource::JwksUrl(Arc::clone(&self.settings));
            let keys = KeySet::parse(&source, &document, &self.allowed)?;
            let generation = self.in_force.load().as_ref().map_or(1, |before| before.generation + 1);
            self.in_force.store(Some(Arc::new(InForce { keys, generation })));
        }
        let mut last = self.last();
        last.told = Some(Instant::now());
        last.digest = fingerprint.as_ref().to_vec();
        Ok((fresh_for.max(SHORTEST), !same))
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
