//! Where one issuer's keys come from: a file, or the issuer itself.

use std::sync::Arc;

use super::Allowed;
use super::live::{InForce, LiveKeys};
use super::problem::KeyFault;
use super::remote::RemoteKeys;
use crate::config::KeySource;

/// One issuer's keys.
#[derive(Debug)]
pub(in crate::auth) enum IssuerKeys {
    File(Box<LiveKeys>),
    Remote(Arc<RemoteKeys>),
}

impl IssuerKeys {
    pub(in crate::auth) fn new(source: &KeySource, allowed: Allowed) -> Result<Self, KeyFault> {
        match source {
            KeySource::HmacSecret(secret) | KeySource::PublicKey(secret) | KeySource::Jwks(secret) => {
                LiveKeys::new(source, secret, allowed).map(|keys| Self::File(Box::new(keys)))
            }
            KeySource::JwksUrl(settings) => {
                RemoteKeys::new(settings, allowed).map(|keys| Self::Remote(Arc::new(keys)))
            }
        }
    }

    /// The keys at this moment; none while the issuer has not told them, or not for too long.
    pub(in crate::auth) fn in_force(&self) -> Option<Arc<InForce>> {
        match self {
            Self::File(keys) => Some(keys.in_force()),
            Self::Remote(keys) => keys.in_force(),
        }
    }

    /// Whether the keys in force are those of the setting's latest content; `None` for another setting.
    pub(in crate::auth) fn uses_latest(&self, setting: &str) -> Option<bool> {
        match self {
            Self::File(keys) => keys.uses_latest(setting),
            Self::Remote(keys) => keys.uses_latest(setting),
        }
    }

    /// The keys that come from the issuer itself.
    pub(in crate::auth) const fn remote(&self) -> Option<&Arc<RemoteKeys>> {
        match self {
            Self::File(_) => None,
            Self::Remote(keys) => Some(keys),
        }
    }
}
