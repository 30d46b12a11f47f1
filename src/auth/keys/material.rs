//! From bytes to a key that can check signatures. Weak and broken keys stop here: the crates below accept an RSA
//! key of any size and a point that is on no curve, and only fail later, one token at a time.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey, RsaPublicKeyComponents,
};
use jsonwebtoken::DecodingKey;

use super::algorithms::KeyType;
use super::problem::KeyFault;
use crate::auth::pem::PemBlock;

const MIN_SECRET_BYTES: usize = 32;

/// What stands before the point or key in a `SubjectPublicKeyInfo` (RFC 5480 §2, RFC 8410 §4). For these keys
/// DER leaves no choice, so a comparison of bytes is a complete parser.
const P256_PREFIX: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const P384_PREFIX: &[u8] = &[
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81,
    0x04, 0x00, 0x22, 0x03, 0x62, 0x00,
];
const ED25519_PREFIX: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The y coordinates of the eight Ed25519 points of small order, the two that have a second encoding included.
/// Under such a key one signature fits almost any message.
const SMALL_ORDER: [[u8; 32]; 7] = [
    little_endian(0x00, 0x00, 0x00),
    little_endian(0x01, 0x00, 0x00),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    little_endian(0xec, 0xff, 0x7f),
    little_endian(0xed, 0xff, 0x7f),
    little_endian(0xee, 0xff, 0x7f),
];

const fn little_endian(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

/// A key with its type, checked.
pub(super) struct Material {
    pub(super) key_type: KeyType,
    pub(super) decoding: DecodingKey,
}

impl Material {
    pub(super) fn hmac(secret: &[u8]) -> Result<Self, KeyFault> {
        if secret.len() < MIN_SECRET_BYTES {
            return Err(KeyFault::WeakSecret);
        }
        Ok(Self { key_type: KeyType::Hmac, decoding: DecodingKey::from_secret(secret) })
    }

    /// From modulus and exponent, big-endian.
    pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyFault> {
        let (n, e) = (without_leading_zeros(modulus), without_leading_zeros(exponent));
        let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
        if !(2048..=8192).contains(&bits) {
            return Err(KeyFault::RsaSize(bits));
        }
        let odd = e.last().is_some_and(|byte| byte % 2 == 1);
        if !odd || e == [1] {
            return Err(KeyFault::RsaExponent);
        }
        // Written as DER and read again, because only reading checks the numbers.
        let der = RsaPublicKeyComponents { n, e }.as_der();
        let valid = der.is_ok_and(|der| aws_lc_rs::rsa::PublicKey::from_der(der.as_ref()).is_ok());
        if !valid {
            return Err(KeyFault::Invalid);
        }
        Ok(Self { key_type: KeyType::Rsa, decoding: DecodingKey::from_rsa_raw_components(n, e) })
    }

    /// From the uncompressed point (`04`, x, y) on P-256.
    pub(super) fn p256(point: &[u8]) -> Result<Self, KeyFault> {
        let uncompressed = point.len() == 65 && point.first() == Some(&4);
        if !uncompressed || ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).is_err() {
            return Err(KeyFault::Invalid);
        }
        Ok(Self { key_type: KeyType::P256, decoding: DecodingKey::from_ec_der(point) })
    }

    /// From the uncompressed point (`04`, x, y) on P-384.
    pub(super) fn p384(point: &[u8]) -> Result<Self, KeyFault> {
        let uncompressed = point.len() == 97 && point.first() == Some(&4);
        if !uncompressed || ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).is_err() {
            return Err(KeyFault::Invalid);
        }
        Ok(Self { key_type: KeyType::P384, decoding: DecodingKey::from_ec_der(point) })
    }

    /// From the 32 bytes of RFC 8032 §5.1.5. Whether they are a point shows only when a signature is checked: aws-lc
    /// has no earlier look at them, and none fits a key that is no point.
    pub(super) fn ed25519(key: &[u8]) -> Result<Self, KeyFault> {
        let bytes: [u8; 32] = key.try_into().ok().ok_or(KeyFault::Invalid)?;
        let mut y = bytes;
        if let Some(last) = y.last_mut() {
            *last &= 0x7f;
        }
        if SMALL_ORDER.contains(&y) {
            return Err(KeyFault::Invalid);
        }
        Ok(Self { key_type: KeyType::Ed25519, decoding: DecodingKey::from_ed_der(&bytes) })
    }

    /// From a PEM file with a `SubjectPublicKeyInfo`.
    pub(super) fn from_pem(text: &[u8]) -> Result<Self, KeyFault> {
        let block = PemBlock::parse(text).ok_or(KeyFault::NotPublicPem)?;
        if block.label.ends_with("PRIVATE KEY") {
            return Err(KeyFault::PrivateKey);
        }
        if block.label != "PUBLIC KEY" {
            return Err(KeyFault::NotPublicPem);
        }
        let der = block.der.as_slice();
        if let Some(point) = der.strip_prefix(P256_PREFIX) {
            Self::p256(point)
        } else if let Some(point) = der.strip_prefix(P384_PREFIX) {
            Self::p384(point)
        } else if let Some(key) = der.strip_prefix(ED25519_PREFIX) {
            Self::ed25519(key)
        } else {
            let key = aws_lc_rs::rsa::PublicKey::from_der(der).ok();
            let key = key.ok_or(KeyFault::UnsupportedType)?;
            let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(&key);
            Self::rsa(&n, &e)
        }
    }
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.split_at(zeros).1
}
