//! Keys that an issuer tells itself. One task asks it, now and then, and sooner when a token names a key that is not
//! known; checking tokens never waits for an answer with keys that are known.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use aws_lc_rs::digest::{SHA256, digest};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;

use super::fetch::{Asker, FetchError, Fetched, SHORTEST};
use super::live::InForce;
use super::problem::KeyFault;
use super::{Allowed, KeySet};
use crate::config::{JwksUrlSettings, KeySource};
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
    asker: Arc<Asker>,
    allowed: Allowed,
    in_force: ArcSwapOption<InForce>,
    last: Mutex<Last>,
    ask: Notify,
    /// How often the issuer was asked, changed with every end of a look.
    looks: watch::Sender<Looks>,
    waiting: Semaphore,
}

/// Looks at an issuer's keys.
#[derive(Clone, Copy, Debug, Default)]
struct Looks {
    number: u64,
    /// Whether the issuer told its keys at the last one.
    told: bool,
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
        let asker = Asker::new(settings).map_err(|error| KeyFault::Client(Arc::new(error)))?;
        Ok(Self {
            asker: Arc::new(asker),
            settings: Arc::clone(settings),
            allowed,
            in_force: ArcSwapOption::empty(),
            // The first look is about to begin: who comes before it waits for it, and needs no other.
            last: Mutex::new(Last { looking: true, ..Last::default() }),
            ask: Notify::new(),
            looks: watch::Sender::default(),
            waiting: Semaphore::new(MOST_WAITING),
        })
    }

    /// The keys at this moment; none before the first answer, and after too long a silence.
    pub(super) fn in_force(&self) -> Option<Arc<InForce>> {
        let told = self.last().told?;
        (told.elapsed() < LONGEST_SILENCE).then(|| self.in_force.load_full())?
    }

    /// Whether the certificates of this setting can be used, if they are the issuer's; otherwise those before hold.
    pub(super) fn uses_latest(&self, setting: &str) -> Option<bool> {
        self.settings.ca.as_ref().filter(|ca| ca.key() == setting)?;
        let renewed = self.asker.renew();
        if let Err(error) = &renewed {
            tracing::warn!(setting, %error, "the changed certificates cannot be used; those before hold");
        }
        Some(renewed.is_ok())
    }

    /// How often the issuer was asked.
    pub(in crate::auth) fn looks(&self) -> u64 {
        self.looks.borrow().number
    }

    /// Has the issuer asked, if that may be now, and waits for it a little. Whether the keys are what the issuer has just told:
    /// not if it does not answer, or too many wait for it already. Since so many looks somebody else may have had it asked.
    pub(in crate::auth) async fn fresher(&self, than: u64) -> bool {
        let Ok(_place) = self.waiting.try_acquire() else { return false };
        let mut looks = self.looks.subscribe();
        let before = *looks.borrow_and_update();
        if before.number != than {
            return before.told;
        }
        {
            let mut last = self.last();
            let recently = last.asked.is_some_and(|asked| asked.elapsed() < ASKED_EVERY);
            if !last.looking && recently {
                return looks.borrow().told;
            }
            if !last.looking {
                last.asked = Some(Instant::now());
                self.ask.notify_one();
            }
        }
        let looked = tokio::time::timeout(PATIENCE, looks.changed()).await;
        matches!(looked, Ok(Ok(()))) && looks.borrow().told
    }

    /// Asks again and again, for as long as it is polled.
    pub(in crate::auth) async fn keep_fresh(&self, metrics: &Metrics) {
        let ask = || {
            let asker = Arc::clone(&self.asker);
            async move { asker.ask().await }
        };
        self.keep_fresh_by(ask, metrics).await;
    }

    async fn keep_fresh_by<F>(&self, ask: impl Fn() -> F, metrics: &Metrics)
    where
        F: Future<Output = Result<Fetched, FetchError>>,
    {
        metrics.may_be_reloaded(&self.settings.key);
        let mut backoff = FIRST_BACKOFF;
        loop {
            self.last().looking = true;
            let looked = ask().await.map_err(RefreshError::from).and_then(|fetched| self.take(&fetched));
            let told = looked.is_ok();
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
            {
                let mut last = self.last();
                last.looking = false;
                self.looks.send_modify(|looks| *looks = Looks { number: looks.number + 1, told });
            }
            // Whichever comes first; both mean the same.
            drop(tokio::time::timeout(wait, self.ask.notified()).await);
        }
    }

    /// How long the keys hold, and whether they are others than before.
    fn take(&self, fetched: &Fetched) -> Result<(Duration, bool), RefreshError> {
        let fingerprint = digest(&SHA256, &fetched.document);
        let same = self.last().digest == fingerprint.as_ref();
        if !same {
            let source = KeySource::JwksUrl(Arc::clone(&self.settings));
            let keys = match KeySet::parse(&source, &fetched.document, &self.allowed) {
                // Whoever tells an empty set withdraws the keys that were in it.
                Err(fault @ KeyFault::NoUsableKey(_)) => {
                    tracing::error!(
                        setting = self.settings.key,
                        reason = %fault,
                        "the issuer tells no usable key: none of its tokens passes"
                    );
                    KeySet::none()
                }
                result => result?,
            };
            let generation = self.in_force.load().as_ref().map_or(1, |before| before.generation + 1);
            self.in_force.store(Some(Arc::new(InForce { keys, generation })));
        }
        let mut last = self.last();
        last.told = Some(Instant::now());
        last.digest = fingerprint.as_ref().to_vec();
        Ok((fetched.fresh_for.max(SHORTEST), !same))
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use tokio::time::{advance, sleep};

    use super::*;

    /// The public key of RFC 8037, appendix A.2.
    const SET: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    /// An issuer by a clock that stands still unless a test moves it.
    struct Issuer {
        keys: Arc<RemoteKeys>,
        asked: AtomicU64,
        answers: AtomicBool,
    }

    impl Issuer {
        fn new() -> Arc<Self> {
            let (key, url) = ("auth.issuers.a.jwks_url".to_owned(), "http://127.0.0.1:1".parse().unwrap());
            let settings = Arc::new(JwksUrlSettings { key, url, ca: None, bearer_token: None });
            let keys = Arc::new(RemoteKeys::new(&settings, Allowed::ByKey).unwrap());
            Arc::new(Self { keys, asked: AtomicU64::new(0), answers: AtomicBool::new(true) })
        }

        fn asked(&self) -> u64 {
            self.asked.load(Ordering::Relaxed)
        }

        /// Runs the work while the issuer is asked as it is.
        async fn during(&self, fresh_for: Duration, work: impl Future<Output = ()>) {
            let ask = || {
                self.asked.fetch_add(1, Ordering::Relaxed);
                let told = Fetched { document: SET.as_bytes().to_vec(), fresh_for };
                ready(self.answers.load(Ordering::Relaxed).then_some(told).ok_or(FetchError::Status(503)))
            };
            let metrics = Metrics::new("v23.0").unwrap();
            tokio::select! {
                () = self.keys.keep_fresh_by(ask, &metrics) => (),
                () = work => (),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn keys_are_asked_for_again_when_they_are_old_and_never_sooner_than_in_half_a_minute() {
        for (fresh_for, every) in [(600, 600), (60, 60), (0, 30)] {
            let issuer = Issuer::new();
            let hour = async { sleep(Duration::from_secs(3_599)).await };
            issuer.during(Duration::from_secs(fresh_for), hour).await;
            assert_eq!(issuer.asked(), 3_600 / every, "{fresh_for}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_hour_of_silence_no_key_is_in_force_and_the_issuer_was_asked_once_a_minute() {
        let issuer = Issuer::new();
        let silence = async {
            sleep(Duration::from_millis(1)).await;
            issuer.answers.store(false, Ordering::Relaxed);
            sleep(Duration::from_secs(3_598)).await;
            assert!(issuer.keys.in_force().is_some());
            sleep(Duration::from_secs(2)).await;
            assert!(issuer.keys.in_force().is_none());
            // 30 s after the first answer, then after 1, 2, 4, 8, 16, 32 s and every minute.
            assert!((60..=68).contains(&issuer.asked()), "{}", issuer.asked());
            issuer.answers.store(true, Ordering::Relaxed);
            sleep(Duration::from_secs(61)).await;
            assert!(issuer.keys.in_force().is_some());
        };
        issuer.during(Duration::ZERO, silence).await;
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_with_unknown_keys_has_it_asked_every_ten_seconds_at_most() {
        for answers in [true, false] {
            let issuer = Issuer::new();
            let flood = async {
                sleep(Duration::from_millis(1)).await;
                issuer.answers.store(answers, Ordering::Relaxed);
                let before = issuer.asked();
                for _ in 0..6_000 {
                    let told = issuer.keys.fresher(issuer.keys.looks()).await;
                    assert_eq!(told, answers || issuer.asked() == before);
                    advance(Duration::from_millis(10)).await;
                }
                let most = if answers { 6 } else { 6 + 6 };
                let asked = issuer.asked() - before;
                assert!((5..=most).contains(&asked), "{answers}: {asked}");
            };
            issuer.during(Duration::from_mins(10), flood).await;
        }
    }
}
