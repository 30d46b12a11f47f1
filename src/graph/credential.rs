//! Meta's token, and the one that takes over while it is being replaced.

use std::sync::{Arc, Mutex, PoisonError};

use crate::config::{GraphSettings, Loaded, Secret};

/// The token of one attempt.
#[derive(Clone, Debug)]
pub(super) struct TokenInUse {
    pub(super) loaded: Arc<Loaded>,
    which: Which,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Ordinary,
    Fallback,
}

/// The tokens of the account.
#[derive(Debug)]
pub(super) struct Credential {
    token: Arc<Secret>,
    fallback: Option<Arc<Secret>>,
    /// The one that Graph refused last, and the generation of its content then.
    refused: Mutex<Option<(Which, u64)>>,
}

impl Credential {
    pub(super) fn new(settings: &GraphSettings) -> Self {
        let (token, fallback) = (Arc::clone(&settings.token), settings.fallback_token.clone());
        Self { token, fallback, refused: Mutex::default() }
    }

    /// The token for the next attempt: the ordinary one, unless Graph refused its present content last.
    pub(super) fn pick(&self) -> TokenInUse {
        let loaded = self.token.current();
        let refused = *self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.fallback {
            Some(fallback) if refused == Some((Which::Ordinary, loaded.generation)) => {
                TokenInUse { loaded: fallback.current(), which: Which::Fallback }
            }
            Some(_) | None => TokenInUse { loaded, which: Which::Ordinary },
        }
    }

    /// Graph refused a token. Answers whether the next attempt will have another one.
    pub(super) fn refused(&self, used: &TokenInUse) -> bool {
        let last = Some((used.which, used.loaded.generation));
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = last;
        let next = self.pick();
        (next.which, next.loaded.generation) != (used.which, used.loaded.generation)
    }
}
