//! Key pairs made while the tests run.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

/// A private key with every form of its public half.
pub(super) struct Pair {
    pub(super) algorithms: &'static [Algorithm],
    pub(super) private: EncodingKey,
    pub(super) private_pem: String,
    pub(super) public_pem: String,
    pub(super) jwk: Value,
}

pub(super) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// Random letters: a shared secret.
pub(super) fn secret_text(length: usize) -> String {
    let mut bytes = vec![0; length];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    bytes.iter().map(|byte| char::from(b'a' + byte % 26)).collect()
}

/// Making one takes a while, and no test needs two of its own.
pub(super) static RSA: LazyLock<Pair> = LazyLock::new(rsa);
pub(super) static OTHER_RSA: LazyLock<Pair> = LazyLock::new(rsa);

fn rsa() -> Pair {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let components = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    let private_pem = pem("PRIVATE KEY", pkcs8.as_ref());
    Pair {
        algorithms: &[
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ],
        private: EncodingKey::from_rsa_pem(private_pem.as_bytes()).unwrap(),
        private_pem,
        public_pem: pem("PUBLIC KEY", public.as_ref()),
        jwk: json!({"kty": "RSA", "n": base64url(components.n), "e": base64url(components.e)}),
    }
}

fn ec(
    curve: &'static EcdsaSigningAlgorithm,
    name: &str,
    size: usize,
    algorithms: &'static [Algorithm],
) -> Pair {
    let pair = EcdsaKeyPair::generate(curve).unwrap();
    let pkcs8 = pair.to_pkcs8v1().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let point = pair.public_key().as_ref();
    Pair {
        algorithms,
        private: EncodingKey::from_ec_der(pkcs8.as_ref()),
        private_pem: pem("PRIVATE KEY", pkcs8.as_ref()),
        public_pem: pem("PUBLIC KEY", public.as_ref()),
        jwk: json!({
            "kty": "EC",
            "crv": name,
            "x": base64url(&point[1..=size]),
            "y": base64url(&point[size + 1..]),
        }),
    }
}

pub(super) fn p256() -> Pair {
    ec(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256", 32, &[Algorithm::ES256])
}

pub(super) fn p384() -> Pair {
    ec(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384", 48, &[Algorithm::ES384])
}

pub(super) fn ed25519() -> Pair {
    let pair = Ed25519KeyPair::generate().unwrap();
    let pkcs8 = pair.to_pkcs8v1().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    Pair {
        algorithms: &[Algorithm::EdDSA],
        private: EncodingKey::from_ed_der(pkcs8.as_ref()),
        private_pem: pem("PRIVATE KEY", pkcs8.as_ref()),
        public_pem: pem("PUBLIC KEY", public.as_ref()),
        jwk: json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key().as_ref())}),
    }
}
