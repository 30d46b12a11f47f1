//! What is wrong with a key, said without showing it.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::Algorithm;

use crate::net::ClientError;

/// Why a key or a key set cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub(in crate::auth) enum KeyFault {
    #[error(
        "the algorithm `{0}` is not known; known are HS, RS and PS with 256, 384 or 512, ES256, ES384, EdDSA"
    )]
    UnknownAlgorithm(String),
    #[error("the algorithm {0:?} does not suit the key")]
    AlgorithmDoesNotFit(Algorithm),
    #[error("a shared secret must have at least 32 bytes")]
    WeakSecret,
    #[error("the file is not one PEM block labelled PUBLIC KEY")]
    NotPublicPem,
    #[error("the file holds a private key; only its public half belongs here")]
    PrivateKey,
    #[error("the key is none of RSA, EC on P-256 or P-384, and Ed25519")]
    UnsupportedType,
    #[error("the key's type is symmetric, which a key set must not hold")]
    Symmetric,
    #[error("the RSA modulus has {0} bits; 2048 to 8192 are accepted")]
    RsaSize(usize),
    #[error("the RSA exponent is not an odd number of at least 3")]
    RsaExponent,
    #[error("the key is not a valid public key of its type")]
    Invalid,
    #[error("a parameter is missing or is not text in base64url")]
    Parameter,
    #[error("its `use` is not `sig`")]
    WrongUse,
    #[error("its `key_ops` does not include `verify`")]
    WrongOperations,
    #[error("its `alg` does not suit the key or is not allowed by the settings")]
    WrongAlgorithm,
    #[error("its `kid` is not a text of 1 to 256 bytes")]
    WrongKid,
    #[error("the file is not a JSON object with a list `keys`, each member once")]
    NotAKeySet,
    #[error("the key set has {0} keys; at most 100 are accepted")]
    TooManyKeys(usize),
    #[error("two usable keys of the set have the same `kid`")]
    DuplicateKid,
    #[error("the key set has no usable key ({0})")]
    NoUsableKey(String),
    #[error(transparent)]
    Client(Arc<ClientError>),
}

/// One thing wrong with the keys of one issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProblem {
    /// The issuer's name in the settings.
    pub issuer: String,
    /// What is wrong, and what would be right. Shows no key.
    pub message: String,
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "auth.issuers.{}: {}", self.issuer, self.message)
    }
}

/// Everything wrong with the keys, in the order of the issuers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProblems(pub Vec<KeyProblem>);

impl fmt::Display for KeyProblems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "problem" } else { "problems" };
        writeln!(formatter, "{} {plural} with the keys of issuers:", self.0.len())?;
        for problem in &self.0 {
            writeln!(formatter, "  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for KeyProblems {}
