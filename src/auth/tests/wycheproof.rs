//! Project Wycheproof's signatures, good and bad, against the keys and the check that tokens meet.
//! Source: <https://github.com/C2SP/wycheproof>.

use std::sync::Arc;

use jsonwebtoken::Algorithm;
use wycheproof::{TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

use super::keys::base64url;
use super::support::pem_source;
use crate::auth::keys::{Allowed, IssuerKeys};
use crate::config::{KeySource, Secret, SecretForm};

/// How the signatures of a set were judged.
#[derive(Debug, Default)]
struct Judged {
    valid: usize,
    invalid: usize,
}

impl Judged {
    /// Judges one: what must hold holds, and what must not does not. Of what is merely acceptable nothing is asked.
    fn take(&mut self, expected: TestResult, signed: bool, algorithm: Algorithm, id: usize) {
        match expected {
            TestResult::Valid => {
                assert!(signed, "{algorithm:?} {id}");
                self.valid += 1;
            }
            TestResult::Invalid => {
                assert!(!signed, "{algorithm:?} {id}");
                self.invalid += 1;
            }
            TestResult::Acceptable => (),
        }
    }
}

/// As a token's signature is checked.
fn has_signed(source: &KeySource, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
    let keys = IssuerKeys::new(source, Allowed::ByKey).unwrap().in_force().unwrap();
    keys.keys.select(None, algorithm).unwrap().has_signed(message, &base64url(signature), algorithm)
}

/// The sets of one kind have types of their own, of the same form.
macro_rules! judge {
    ($kind:ident, $name:ident, $algorithm:ident) => {{
        let set = $kind::TestSet::load($kind::TestName::$name).unwrap();
        let mut judged = Judged::default();
        for group in set.test_groups {
            let source = pem_source(&group.pem);
            for test in group.tests {
                let signed = has_signed(&source, Algorithm::$algorithm, &test.msg, &test.sig);
                judged.take(test.result, signed, Algorithm::$algorithm, test.tc_id);
            }
        }
        judged
    }};
}

#[track_caller]
fn expect(judged: &Judged, valid: usize, invalid: usize) {
    assert!(judged.valid >= valid && judged.invalid >= invalid, "{judged:?}");
}

#[test]
fn ecdsa_in_the_form_of_a_token() {
    expect(&judge!(ecdsa, EcdsaSecp256r1Sha256P1363, ES256), 150, 80);
    expect(&judge!(ecdsa, EcdsaSecp384r1Sha384P1363, ES384), 150, 80);
}

#[test]
fn ed25519() {
    expect(&judge!(eddsa, Ed25519, EdDSA), 50, 50);
}

#[test]
fn rsa_with_pkcs1_padding() {
    expect(&judge!(rsa_pkcs1_verify, Rsa2048Sha256, RS256), 5, 100);
    expect(&judge!(rsa_pkcs1_verify, Rsa3072Sha384, RS384), 5, 100);
    expect(&judge!(rsa_pkcs1_verify, Rsa4096Sha512, RS512), 5, 100);
}

#[test]
fn rsa_with_pss_padding() {
    expect(&judge!(rsa_pss_verify, RsaPss2048Sha256Mgf1SaltLen32, PS256), 10, 10);
    expect(&judge!(rsa_pss_verify, RsaPss4096Sha384Mgf1SaltLen48, PS384), 10, 10);
    expect(&judge!(rsa_pss_verify, RsaPss4096Sha512Mgf1SaltLen64, PS512), 10, 10);
}

/// RFC 7518 §3.5: the salt is as long as the hash.
#[test]
fn pss_with_another_salt_is_refused() {
    let set = rsa_pss_verify::TestSet::load(rsa_pss_verify::TestName::RsaPss2048Sha256Mgf1SaltLen0).unwrap();
    let mut tried = 0;
    for group in set.test_groups {
        let source = pem_source(&group.pem);
        for test in group.tests.iter().filter(|test| test.result == TestResult::Valid) {
            assert!(!has_signed(&source, Algorithm::PS256, &test.msg, &test.sig), "{}", test.tc_id);
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried}");
}

#[test]
fn hmac_with_whole_tags() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    for (name, algorithm, bits) in [
        (mac::TestName::HmacSha256, Algorithm::HS256, 256),
        (mac::TestName::HmacSha384, Algorithm::HS384, 384),
        (mac::TestName::HmacSha512, Algorithm::HS512, 512),
    ] {
        let mut judged = Judged::default();
        for group in mac::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                // One line end is not part of a secret, and some keys end in one.
                std::fs::write(&path, [&test.key[..], b"\n"].concat()).unwrap();
                // Shorter secrets are refused before any token comes.
                let Ok(secret) = Secret::from_file("secret", &path, SecretForm::Key) else { continue };
                let source = KeySource::HmacSecret(Arc::new(secret));
                // A tag cut short is right to Wycheproof, and no signature of a token (RFC 7518 §3.2).
                let expected = if group.tag_size == bits { test.result } else { TestResult::Invalid };
                let signed = has_signed(&source, algorithm, &test.msg, &test.tag);
                judged.take(expected, signed, algorithm, test.tc_id);
            }
        }
        expect(&judged, 20, 50);
    }
}
