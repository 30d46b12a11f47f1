//! Meta's token, and the one that takes over while it is being replaced. A token that Graph has refused is not sent
//! again before its file changes or Graph says that it takes it after all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::refusal::Refusal;
use crate::config::{GraphSettings, Loaded, Secret};

/// The token of one attempt.
#[derive(Clone, Debug)]
pub(super) struct TokenInUse {
    pub(super) loaded: Arc<Loaded>,
    which: Which,
}

impl TokenInUse {
    /// Its setting, without the section.
    pub(super) const fn name(&self) -> &'static str {
        match self.which {
            Which::Ordinary => "token",
            Which::Fallback => "fallback_token",
        }
    }

    /// Whether it is the one that is used as long as Graph takes it.
    pub(super) const fn is_ordinary(&self) -> bool {
        matches!(self.which, Which::Ordinary)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Ordinary,
    Fallback,
}

/// Of which tokens Graph is asked what they are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokensAsked {
    /// Of all.
    All,
    /// Of those that it has refused.
    Refused,
}

/// A refusal of the content of a token at that generation.
#[derive(Clone, Debug)]
struct Refused {
    generation: u64,
    refusal: Refusal,
}

/// The tokens of the account.
#[derive(Debug)]
pub(super) struct Credential {
    token: Arc<Secret>,
    fallback: Option<Arc<Secret>>,
    /// Of the ordinary one and of the fallback.
    refused: Mutex<[Option<Refused>; 2]>,
}

impl Credential {
    pub(super) fn new(settings: &GraphSettings) -> Self {
        let (token, fallback) = (Arc::clone(&settings.token), settings.fallback_token.clone());
        Self { token, fallback, refused: Mutex::default() }
    }

    /// The token for the next attempt: the ordinary one, unless Graph has refused its present content. Fails with Graph's
    /// own word when it has refused all there are.
    pub(super) fn pick(&self) -> Result<TokenInUse, Refusal> {
        let refused = self.refused();
        let mut last = None;
        for token in self.all() {
            match refusal(&refused, &token) {
                None => return Ok(token),
                Some(refusal) => last = Some(refusal.clone()),
            }
        }
        // There is always one, and without a refusal it was picked.
        last.map_or_else(|| Ok(self.ordinary()), Err)
    }

    /// Graph refused a token. Answers whether there is another one.
    pub(super) fn refuse(&self, used: &TokenInUse, refusal: &Refusal) -> bool {
        let generation = used.loaded.generation;
        let refused = Refused { generation, refusal: refusal.clone() };
        let before = self.refused().get_mut(used.which as usize).and_then(|place| place.replace(refused));
        // Once for each content of a token, however often it is tried.
        if before.is_none_or(|before| before.generation != generation) {
            tracing::error!(token = used.name(), "Meta refuses the token: somebody must renew it");
        }
        self.pick().is_ok()
    }

    /// Graph takes a token.
    pub(super) fn accept(&self, used: &TokenInUse) {
        let mut refused = self.refused();
        let place = refused.get_mut(used.which as usize);
        if let Some(place) = place
            && place.as_ref().is_some_and(|refused| refused.generation == used.loaded.generation)
        {
            *place = None;
        }
    }

    /// The tokens to ask Graph about.
    pub(super) fn tokens(&self, which: TokensAsked) -> Vec<TokenInUse> {
        let refused = self.refused().clone();
        let asked = |token: &TokenInUse| which == TokensAsked::All || refusal(&refused, token).is_some();
        self.all().filter(asked).collect()
    }

    /// Changes whenever the content of one of them does.
    pub(super) fn generation(&self) -> u64 {
        // Both only grow.
        self.all().map(|token| token.loaded.generation).sum()
    }

    fn all(&self) -> impl Iterator<Item = TokenInUse> {
        let fallback = self.fallback.as_ref();
        let fallback =
            fallback.map(|fallback| TokenInUse { loaded: fallback.current(), which: Which::Fallback });
        std::iter::once(self.ordinary()).chain(fallback)
    }

    fn ordinary(&self) -> TokenInUse {
        TokenInUse { loaded: self.token.current(), which: Which::Ordinary }
    }

    fn refused(&self) -> MutexGuard<'_, [Option<Refused>; 2]> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why Graph does not take the present content of the token, if it has said so.
fn refusal<'r>(refused: &'r [Option<Refused>; 2], token: &TokenInUse) -> Option<&'r Refusal> {
    let refused = refused.get(token.which as usize)?.as_ref()?;
    (refused.generation == token.loaded.generation).then_some(&refused.refusal)
}
