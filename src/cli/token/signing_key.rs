//! The key that signs: a shared secret, or a private key in the forms that common tools write.

use std::ops::RangeInclusive;
use std::path::Path;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    RsaKeyPair,
};
use jsonwebtoken::{Algorithm, EncodingKey};

use super::TokenError;
use crate::auth::pem::PemBlock;
use crate::config::{Secret, SecretForm};

/// What the gateway itself asks of a shared secret.
const SECRET_BYTES: RangeInclusive<usize> = 32..=4096;

/// A key that signs, with its algorithm.
#[derive(Debug)]
pub struct SigningKey {
    pub(super) key: EncodingKey,
    pub(super) algorithm: Algorithm,
}

impl SigningKey {
    /// Reads a key file; `algorithm` of `None` takes what suits the key.
    pub fn from_file(path: &Path, algorithm: Option<&str>) -> Result<Self, TokenError> {
        let secret = Secret::from_file("--key-file", path, SecretForm::Document)?;
        Self::from_bytes(secret.current().expose(), algorithm)
    }

    /// The same from the content of a file: PEM, or else a shared secret.
    pub fn from_bytes(content: &[u8], algorithm: Option<&str>) -> Result<Self, TokenError> {
        let is_pem = content.trim_ascii_start().starts_with(b"-----BEGIN ");
        let (key, algorithms): (_, &[Algorithm]) = if is_pem {
            private_key(content).ok_or(TokenError::UnusableKey)?
        } else if SECRET_BYTES.contains(&content.len()) {
            let secrets = &[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
            (EncodingKey::from_secret(content), secrets)
        } else {
            return Err(TokenError::UnusableKey);
        };
        let wanted = algorithms.iter().find(|known| match algorithm {
            None => true,
            Some(name) => name.parse().is_ok_and(|named: Algorithm| named == **known),
        });
        match wanted {
            Some(algorithm) => Ok(Self { key, algorithm: *algorithm }),
            None => Err(TokenError::Algorithm(algorithm.unwrap_or_default().to_owned())),
        }
    }
}

/// The key of a PKCS#8, PKCS#1 (RSA) or SEC 1 (EC) block, with its algorithms, the usual one first.
fn private_key(content: &[u8]) -> Option<(EncodingKey, &'static [Algorithm])> {
    const RSA: &[Algorithm] = &[
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
    ];
    let block = PemBlock::parse(content)?;
    let der = block.der.as_slice();
    let curves = [
        (&ECDSA_P256_SHA256_FIXED_SIGNING, &[Algorithm::ES256]),
        (&ECDSA_P384_SHA384_FIXED_SIGNING, &[Algorithm::ES384]),
    ];
    match block.label.as_str() {
        "RSA PRIVATE KEY" => {
            RsaKeyPair::from_der(der).ok()?;
            Some((EncodingKey::from_rsa_der(der), RSA))
        }
        "PRIVATE KEY" | "EC PRIVATE KEY" => {
            for (curve, algorithms) in curves {
                if let Ok(pair) = EcdsaKeyPair::from_private_key_der(curve, der) {
                    let pkcs8 = pair.to_pkcs8v1().ok()?;
                    return Some((EncodingKey::from_ec_der(pkcs8.as_ref()), algorithms));
                }
            }
            if Ed25519KeyPair::from_pkcs8(der).is_ok() {
                return Some((EncodingKey::from_ed_der(der), &[Algorithm::EdDSA]));
            }
            RsaKeyPair::from_pkcs8(der).ok()?;
            Some((EncodingKey::from_rsa_pem(content).ok()?, RSA))
        }
        _ => None,
    }
}
