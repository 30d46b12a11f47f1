//! Meta's token, and the one that takes over while it is being replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::{GraphSettings, Loaded, Secret};

/// A token that Graph may take.
#[derive(Debug)]
struct Candidate {
    secret: Arc<Secret>,
    /// One more than the generation that Graph refused last; 0 when it refused none.
    refused: AtomicU64,
}

impl Candidate {
    fn new(secret: Arc<Secret>) -> Self {
        Self { secret, refused: AtomicU64::new(0) }
    }

    fn is_refused(&self, loaded: &Loaded) -> bool {
        self.refused.load(Ordering::Relaxed) == loaded.generation + 1
    }
}

/// The token of one attempt.
#[derive(Clone, Debug)]
pub(super) struct TokenInUse {
    pub(super) loaded: Arc<Loaded>,
    fallback: bool,
}

/// The tokens of the account. Which one is used: the first that Graph did not refuse in its present content.
#[derive(Debug)]
pub(super) struct Credential {
    token: Candidate,
    fallback: Option<Candidate>,
}

impl Credential {
    pub(super) fn new(settings: &GraphSettings) -> Self {
        let fallback = settings.fallback_token.as_ref().map(|secret| Candidate::new(Arc::clone(secret)));
        Self { token: Candidate::new(Arc::clone(&settings.token)), fallback }
    }

    /// The token for the next attempt. When Graph refused all of them it is the ordinary one.
    pub(super) fn pick(&self) -> TokenInUse {
        let token = TokenInUse { loaded: self.token.secret.current(), fallback: false };
        let fallback = self.fallback.as_ref().map(|candidate| (candidate, candidate.secret.current()));
        match fallback {
            Some((candidate, loaded))
                if self.token.is_refused(&token.loaded) && !candidate.is_refused(&loaded) =>
            {
                TokenInUse { loaded, fallback: true }
            }
            _ => token,
        }
    }

    /// Graph refused a token. Answers whether the next attempt will have another one.
    pub(super) fn refused(&self, used: &TokenInUse) -> bool {
        let candidate = if used.fallback { self.fallback.as_ref() } else { Some(&self.token) };
        if let Some(candidate) = candidate {
            candidate.refused.store(used.loaded.generation + 1, Ordering::Relaxed);
        }
        let next = self.pick();
        (next.fallback, next.loaded.generation) != (used.fallback, used.loaded.generation)
    }

    /// Graph took a token.
    pub(super) fn taken(&self, used: &TokenInUse) {
        let candidate = if used.fallback { self.fallback.as_ref() } else { Some(&self.token) };
        if let Some(candidate) = candidate {
            candidate.refused.store(0, Ordering::Relaxed);
        }
    }
}
