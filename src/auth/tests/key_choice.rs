//! Which key, which algorithm, and signatures in odd forms.

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::keys::{OTHER_RSA, Pair, RSA, base64url, ed25519, p256, p384, secret_text};
use super::support::{claims, hmac_source, jwk_with, jwks_source, name_of, now, pem_source, settings, sign};
use crate::auth::keys::{Allowed, IssuerKeys};
use crate::auth::{AuthFailure, Verifier};
use crate::config::KeySource;

fn verifier(key: KeySource) -> Verifier {
    Verifier::new(&settings(key)).unwrap()
}

fn restricted(key: KeySource, names: &[&str]) -> Verifier {
    let mut settings = settings(key);
    settings.issuers[0].algorithms = names.iter().map(|name| (*name).to_owned()).collect();
    Verifier::new(&settings).unwrap()
}

fn outcome(verifier: &Verifier, token: &str) -> Result<String, AuthFailure> {
    verifier.verify(token, now()).map(|verified| verified.caller.to_string())
}

fn signed(header: &Value, pair: &Pair) -> String {
    sign(header, &claims(), &pair.private, pair.algorithms[0])
}

#[test]
fn every_algorithm_of_every_key_is_verified_from_pem_and_from_a_key_set() {
    for pair in [&*RSA, &p256(), &p384(), &ed25519()] {
        let by_pem = verifier(pem_source(&pair.public_pem));
        let by_set = verifier(jwks_source(&[jwk_with(&pair.jwk, &json!({"kid": "k", "use": "sig"}))]));
        for algorithm in pair.algorithms {
            let header = json!({"alg": name_of(*algorithm), "kid": "k"});
            let token = sign(&header, &claims(), &pair.private, *algorithm);
            assert_eq!(outcome(&by_pem, &token), Ok("main/app".to_owned()), "{algorithm:?}");
            assert_eq!(outcome(&by_set, &token), Ok("main/app".to_owned()), "{algorithm:?}");
        }
    }
    let secret = secret_text(32);
    let by_secret = verifier(hmac_source(&secret));
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let key = EncodingKey::from_secret(secret.as_bytes());
        let token = sign(&json!({"alg": name_of(algorithm)}), &claims(), &key, algorithm);
        assert_eq!(outcome(&by_secret, &token), Ok("main/app".to_owned()), "{algorithm:?}");
    }
}

#[test]
fn a_public_key_is_never_taken_for_a_shared_secret() {
    for pair in [&*RSA, &p256(), &ed25519()] {
        let verifier = verifier(pem_source(&pair.public_pem));
        let trimmed = pair.public_pem.trim_end();
        for secret in [pair.public_pem.as_bytes(), trimmed.as_bytes()] {
            let forged = sign(
                &json!({"alg": "HS256"}),
                &claims(),
                &EncodingKey::from_secret(secret),
                Algorithm::HS256,
            );
            assert_eq!(outcome(&verifier, &forged), Err(AuthFailure::Algorithm));
        }
    }
}

#[test]
fn an_algorithm_of_another_family_is_refused_before_the_signature() {
    let verifier = verifier(pem_source(&p256().public_pem));
    for name in ["RS256", "PS256", "HS256", "ES384", "EdDSA"] {
        let token = signed(&json!({ "alg": name }), &p256());
        assert_eq!(outcome(&verifier, &token), Err(AuthFailure::Algorithm), "{name}");
    }
    assert_eq!(outcome(&verifier, &signed(&json!({"alg": "ES256"}), &p256())), Err(AuthFailure::Signature));
}

#[test]
fn the_settings_restrict_the_algorithms() {
    let token = |algorithm: Algorithm| {
        sign(&json!({"alg": name_of(algorithm), "kid": "k"}), &claims(), &RSA.private, algorithm)
    };
    let jwk = jwk_with(&RSA.jwk, &json!({"kid": "k"}));
    for source in [pem_source(&RSA.public_pem), jwks_source(&[jwk])] {
        let verifier = restricted(source, &["PS256"]);
        assert!(outcome(&verifier, &token(Algorithm::PS256)).is_ok());
        assert_eq!(outcome(&verifier, &token(Algorithm::RS256)), Err(AuthFailure::Algorithm));
    }
}

#[test]
fn a_key_of_a_set_restricts_its_own_algorithm() {
    let verifier = verifier(jwks_source(&[jwk_with(&RSA.jwk, &json!({"kid": "k", "alg": "PS256"}))]));
    let token = |algorithm: Algorithm| {
        sign(&json!({"alg": name_of(algorithm), "kid": "k"}), &claims(), &RSA.private, algorithm)
    };
    assert!(outcome(&verifier, &token(Algorithm::PS256)).is_ok());
    assert_eq!(outcome(&verifier, &token(Algorithm::RS256)), Err(AuthFailure::Algorithm));
}

#[test]
fn a_kid_names_the_key_and_no_other_key_is_tried() {
    let (one, two) = (p256(), p256());
    let verifier = verifier(jwks_source(&[
        jwk_with(&one.jwk, &json!({"kid": "one"})),
        jwk_with(&two.jwk, &json!({"kid": "two"})),
    ]));
    let header = |kid: &str| json!({"alg": "ES256", "kid": kid});
    assert!(outcome(&verifier, &signed(&header("one"), &one)).is_ok());
    assert!(outcome(&verifier, &signed(&header("two"), &two)).is_ok());
    assert_eq!(outcome(&verifier, &signed(&header("two"), &one)), Err(AuthFailure::Signature));
    for kid in ["three", "", "ONE", "../one", "one' OR 1=1"] {
        assert_eq!(outcome(&verifier, &signed(&header(kid), &one)), Err(AuthFailure::UnknownKey), "{kid}");
    }
}

#[test]
fn without_a_kid_exactly_one_key_must_fit_the_algorithm() {
    let (ec, ed) = (p256(), ed25519());
    let mixed = verifier(jwks_source(&[
        jwk_with(&ec.jwk, &json!({"kid": "ec"})),
        jwk_with(&RSA.jwk, &json!({"kid": "rsa"})),
        jwk_with(&OTHER_RSA.jwk, &json!({"kid": "rsa2"})),
        ed.jwk.clone(),
    ]));
    assert!(outcome(&mixed, &signed(&json!({"alg": "ES256"}), &ec)).is_ok());
    assert!(outcome(&mixed, &signed(&json!({"alg": "EdDSA"}), &ed)).is_ok());
    assert_eq!(outcome(&mixed, &signed(&json!({"alg": "RS256"}), &RSA)), Err(AuthFailure::UnknownKey));
    assert_eq!(outcome(&mixed, &signed(&json!({"alg": "ES384"}), &p384())), Err(AuthFailure::UnknownKey));
}

#[test]
fn a_kid_says_nothing_where_the_issuer_has_one_key() {
    let pair = p256();
    let token = signed(&json!({"alg": "ES256", "kid": "anything"}), &pair);
    assert!(outcome(&verifier(pem_source(&pair.public_pem)), &token).is_ok());
}

/// The two numbers of an ECDSA signature as ASN.1, the form of RFC 3279 that a JWS must not have.
fn as_der(raw: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let mut value = bytes[zeros..].to_vec();
        if value.first().is_none_or(|byte| *byte >= 0x80) {
            value.insert(0, 0);
        }
        [vec![2, u8::try_from(value.len()).unwrap()], value].concat()
    };
    let (r, s) = raw.split_at(raw.len() / 2);
    let numbers = [integer(r), integer(s)].concat();
    [vec![0x30, u8::try_from(numbers.len()).unwrap()], numbers].concat()
}

#[test]
fn an_ecdsa_signature_is_two_numbers_of_full_length_and_nothing_else() {
    use base64::Engine;
    let pair = p256();
    let verifier = verifier(pem_source(&pair.public_pem));
    let token = signed(&json!({"alg": "ES256"}), &pair);
    assert!(outcome(&verifier, &token).is_ok());
    let (input, signature) = token.rsplit_once('.').unwrap();
    let raw = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature).unwrap();
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order = (0..32).map(|at| u8::from_str_radix(&order[at * 2..at * 2 + 2], 16).unwrap());
    let order = order.collect::<Vec<_>>();
    for hostile in [
        as_der(&raw),
        vec![0; 64],
        [order.clone(), order.clone()].concat(),
        [raw[..32].to_vec(), vec![0; 32]].concat(),
        [vec![0; 32], raw[32..].to_vec()].concat(),
        [raw.clone(), vec![0]].concat(),
        raw[..63].to_vec(),
        vec![0],
        as_der(&[0; 64]),
    ] {
        let token = format!("{input}.{}", base64url(&hostile));
        assert_eq!(outcome(&verifier, &token), Err(AuthFailure::Signature), "{hostile:?}");
    }
}

#[test]
fn an_rsa_or_eddsa_signature_of_zeros_is_refused() {
    for (pair, length) in [(&*RSA, 256), (&ed25519(), 64)] {
        let verifier = verifier(pem_source(&pair.public_pem));
        let header = json!({"alg": name_of(pair.algorithms[0])});
        let token = signed(&header, pair);
        let (input, _) = token.rsplit_once('.').unwrap();
        let forged = format!("{input}.{}", base64url(vec![0; length]));
        assert_eq!(outcome(&verifier, &forged), Err(AuthFailure::Signature));
    }
}

#[test]
fn a_signature_that_the_crate_cannot_judge_is_not_the_keys() {
    let keys = IssuerKeys::new(&hmac_source(&secret_text(32)), Allowed::ByKey).unwrap().in_force().unwrap();
    let key = keys.keys.select(None, Algorithm::HS256).unwrap();
    // Neither base64 nor of the key's family: the crate answers with an error, not with a no.
    assert!(!key.has_signed(b"a.b", "?", Algorithm::HS256));
    assert!(!key.has_signed(b"a.b", "AAAA", Algorithm::RS256));
}
