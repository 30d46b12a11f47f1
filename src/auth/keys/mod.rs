//! The keys of one issuer. A key knows which algorithms it allows before any token is seen.

mod algorithms;
mod fetch;
mod issuer_keys;
mod jwks;
mod live;
mod material;
mod problem;
mod remote;

pub(super) use algorithms::Allowed;
pub(super) use issuer_keys::IssuerKeys;
pub use problem::{KeyProblem, KeyProblems};
pub(super) use remote::RemoteKeys;

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey};

use super::AuthFailure;
use crate::config::KeySource;
use material::Material;
use problem::KeyFault;

/// A key that may check signatures.
pub(super) struct Key {
    /// Its name in a key set.
    kid: Option<String>,
    /// The only algorithms it is used with; never empty.
    algorithms: Vec<Algorithm>,
    decoding: DecodingKey,
}

impl Key {
    /// Whether the key signed this.
    pub(super) fn has_signed(&self, signing_input: &[u8], signature: &str, algorithm: Algorithm) -> bool {
        // Only the bare signature check of the crate is used. Its `decode` also validates claims, but takes a
        // wrongly typed `iss` or `aud` for an absent one, never looks at `iat`, and ignores `crit`, `zip` and
        // `b64`; those rules live in `claims` and `header`, each with its test.
        jsonwebtoken::crypto::verify(signature, signing_input, &self.decoding, algorithm).unwrap_or(false)
    }
}

/// All usable keys of an issuer.
pub(super) enum KeySet {
    /// The issuer's only key: a `kid` has nothing to choose from and is not looked at.
    Single(Key),
    /// A set to choose from.
    Many(Vec<Key>),
}

impl fmt::Debug for KeySet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = match self {
            Self::Single(_) => 1,
            Self::Many(keys) => keys.len(),
        };
        write!(formatter, "KeySet({count})")
    }
}

impl KeySet {
    /// Reads the keys from the document or secret that was loaded.
    fn parse(source: &KeySource, bytes: &[u8], allowed: &Allowed) -> Result<Self, KeyFault> {
        match source {
            KeySource::HmacSecret(_) => Self::single(Material::hmac(bytes)?, allowed),
            KeySource::PublicKey(_) => Self::single(Material::from_pem(bytes)?, allowed),
            KeySource::Jwks(_) | KeySource::JwksUrl(_) => jwks::parse(bytes, allowed).map(Self::Many),
        }
    }

    fn single(material: Material, allowed: &Allowed) -> Result<Self, KeyFault> {
        if let Some(misfit) = allowed.first_misfit(material.key_type) {
            return Err(KeyFault::AlgorithmDoesNotFit(misfit));
        }
        let algorithms = allowed.for_key(material.key_type);
        Ok(Self::Single(Key { kid: None, algorithms, decoding: material.decoding }))
    }

    /// What an issuer has that has withdrawn every key.
    const fn none() -> Self {
        Self::Many(Vec::new())
    }

    /// The key for a token: the one its `kid` names or, without a `kid`, the only one that allows its `alg`.
    pub(super) fn select(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Key, AuthFailure> {
        let key = match (self, kid) {
            (Self::Single(key), _) => key,
            (Self::Many(keys), _) if keys.is_empty() => return Err(AuthFailure::NoKeys),
            (Self::Many(keys), Some(kid)) => {
                keys.iter().find(|key| key.kid.as_deref() == Some(kid)).ok_or(AuthFailure::UnknownKey)?
            }
            (Self::Many(keys), None) => {
                let mut candidates = keys.iter().filter(|key| key.algorithms.contains(&algorithm));
                match (candidates.next(), candidates.next()) {
                    (Some(key), None) => key,
                    (None, _) | (Some(_), Some(_)) => return Err(AuthFailure::UnknownKey),
                }
            }
        };
        if key.algorithms.contains(&algorithm) { Ok(key) } else { Err(AuthFailure::Algorithm) }
    }
}
