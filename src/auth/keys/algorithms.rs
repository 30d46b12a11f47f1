//! Which algorithms a key of each type can check, and which of them the settings allow.

use jsonwebtoken::Algorithm;

use super::problem::KeyFault;
use crate::config::KeySource;

/// The types of keys accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyType {
    /// A shared secret.
    Hmac,
    /// An RSA public key.
    Rsa,
    /// A public key on the curve P-256.
    P256,
    /// A public key on the curve P-384.
    P384,
    /// An Ed25519 public key.
    Ed25519,
}

impl KeyType {
    const PUBLIC: [Self; 4] = [Self::Rsa, Self::P256, Self::P384, Self::Ed25519];

    /// RFC 7518 §3.1 and RFC 8037 §3.1. One hash per curve; a secret of 32 bytes is accepted for every HMAC.
    const fn algorithms(self) -> &'static [Algorithm] {
        match self {
            Self::Hmac => &[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512],
            Self::Rsa => &[
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ],
            Self::P256 => &[Algorithm::ES256],
            Self::P384 => &[Algorithm::ES384],
            Self::Ed25519 => &[Algorithm::EdDSA],
        }
    }
}

/// The algorithms that the settings allow for an issuer.
#[derive(Clone, Debug)]
pub(in crate::auth) enum Allowed {
    /// Whatever suits the key.
    ByKey,
    /// These only.
    Only(Vec<Algorithm>),
}

impl Allowed {
    /// Reads the setting. Every name that is unknown, or that no key of this source could ever check, is a fault.
    pub(in crate::auth) fn parse(names: &[String], source: &KeySource) -> Result<Self, Vec<KeyFault>> {
        if names.is_empty() {
            return Ok(Self::ByKey);
        }
        let possible: &[KeyType] = match source {
            KeySource::HmacSecret(_) => &[KeyType::Hmac],
            KeySource::PublicKey(_) | KeySource::Jwks(_) | KeySource::JwksUrl(_) => &KeyType::PUBLIC,
        };
        let mut algorithms = Vec::new();
        let mut faults = Vec::new();
        for name in names {
            match name.parse::<Algorithm>() {
                Err(_) => faults.push(KeyFault::UnknownAlgorithm(name.clone())),
                Ok(algorithm) if possible.iter().any(|key| key.algorithms().contains(&algorithm)) => {
                    algorithms.push(algorithm);
                }
                Ok(algorithm) => faults.push(KeyFault::AlgorithmDoesNotFit(algorithm)),
            }
        }
        if faults.is_empty() { Ok(Self::Only(algorithms)) } else { Err(faults) }
    }

    /// What a key of this type may be used with; empty when nothing is left.
    pub(super) fn for_key(&self, key_type: KeyType) -> Vec<Algorithm> {
        let suits = key_type.algorithms().iter().copied();
        match self {
            Self::ByKey => suits.collect(),
            Self::Only(names) => suits.filter(|algorithm| names.contains(algorithm)).collect(),
        }
    }

    /// A name in the settings that a key of this type cannot check.
    pub(super) fn first_misfit(&self, key_type: KeyType) -> Option<Algorithm> {
        match self {
            Self::ByKey => None,
            Self::Only(names) => {
                let fits = |algorithm: &&Algorithm| !key_type.algorithms().contains(algorithm);
                names.iter().find(fits).copied()
            }
        }
    }
}
