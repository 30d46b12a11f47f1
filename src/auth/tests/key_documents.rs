//! Secrets, PEM files and key sets that must not be used.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::keys::{RSA, base64url, ed25519, p256, p384, pem, secret_text};
use super::support::{claims, hmac_source, jwk_with, jwks_source, name_of, now, pem_source, settings, sign};
use crate::auth::Verifier;
use crate::config::{KeySource, Secret, SecretForm};

/// The only problem of the key.
fn problem(key: KeySource) -> String {
    let problems = Verifier::new(&settings(key)).unwrap_err();
    assert_eq!(problems.0.len(), 1, "{problems}");
    problems.0[0].message.clone()
}

#[track_caller]
fn refused(key: KeySource, part: &str) {
    let message = problem(key);
    assert!(message.contains(part), "{part:?} is not in {message:?}");
}

fn with_algorithms(key: KeySource, names: &[&str]) -> Vec<String> {
    let mut settings = settings(key);
    settings.issuers[0].algorithms = names.iter().map(|name| (*name).to_owned()).collect();
    let problems = Verifier::new(&settings).err();
    problems.map(|found| found.0.into_iter().map(|problem| problem.message).collect()).unwrap_or_default()
}

fn document(text: &str) -> KeySource {
    KeySource::Jwks(Secret::from_value("k", text, SecretForm::Document).unwrap().into())
}

#[test]
fn a_shared_secret_has_at_least_32_bytes() {
    refused(hmac_source(&secret_text(31)), "at least 32 bytes");
    assert!(Verifier::new(&settings(hmac_source(&secret_text(32)))).is_ok());
}

#[test]
fn the_problems_of_all_issuers_come_at_once_and_show_no_key() {
    let short = secret_text(20);
    let mut both = settings(hmac_source(&short));
    let mut second = settings(pem_source("no key")).issuers;
    second[0].name = "second".to_owned();
    both.issuers.append(&mut second);
    let problems = Verifier::new(&both).unwrap_err();
    let names = problems.0.iter().map(|problem| problem.issuer.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["main", "second"]);
    assert!(!problems.to_string().contains(&short));
    assert!(problems.to_string().contains("auth.issuers.second: "));
}

#[test]
fn algorithms_that_are_unknown_or_do_not_suit_the_key_are_problems() {
    let found = with_algorithms(pem_source(&p256().public_pem), &["ES256", "none", "HS256", "es256"]);
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(with_algorithms(pem_source(&p256().public_pem), &["ES256", "ES384"]).len(), 1);
    assert_eq!(with_algorithms(pem_source(&p256().public_pem), &["RS256"]).len(), 1);
    assert_eq!(with_algorithms(hmac_source(&secret_text(32)), &["RS256"]).len(), 1);
    let set = || jwks_source(&[p256().jwk]);
    assert_eq!(with_algorithms(set(), &["HS256"]).len(), 1);
    // A set may get such a key later; what counts is that one key is usable now.
    assert!(with_algorithms(set(), &["ES256", "RS256"]).is_empty());
    assert_eq!(with_algorithms(set(), &["RS256"]).len(), 1);
}

#[test]
fn a_public_key_file_is_one_public_key() {
    let pair = p256();
    refused(pem_source(&pair.private_pem), "private key");
    refused(pem_source(&pem("RSA PRIVATE KEY", &[0x30, 0])), "private key");
    for text in [
        "not PEM".to_owned(),
        pem("CERTIFICATE", &[0x30, 0]),
        format!("{}{}", pair.public_pem, p256().public_pem),
        pair.public_pem.replace("PUBLIC", "PUBLICK"),
    ] {
        refused(pem_source(&text), "one PEM block");
    }
    refused(pem_source(&pem("PUBLIC KEY", &[0x30, 0])), "none of RSA, EC");
    assert!(Verifier::new(&settings(pem_source(&format!("a comment\n{}\n", pair.public_pem)))).is_ok());
}

fn bytes_of(jwk: &Value, name: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap()
}

fn der_of(pem: &str) -> Vec<u8> {
    STANDARD.decode(pem.lines().nth(1).unwrap()).unwrap()
}

fn number(bits: usize) -> Vec<u8> {
    let mut bytes = vec![0xab; bits.div_ceil(8)];
    if !bits.is_multiple_of(8) {
        bytes[0] = (1 << (bits % 8)) - 1;
    }
    bytes
}

fn rsa_jwk(modulus: &[u8], exponent: &[u8]) -> KeySource {
    jwks_source(&[json!({"kty": "RSA", "n": base64url(modulus), "e": base64url(exponent)})])
}

#[test]
fn an_rsa_key_has_2048_to_8192_bits_and_an_odd_exponent_of_at_least_3() {
    for bits in [0, 512, 1024, 2047, 8193, 16384] {
        refused(rsa_jwk(&number(bits), &[1, 0, 1]), &format!("{bits} bits"));
    }
    let padded = [vec![0; 200], number(1024)].concat();
    refused(rsa_jwk(&padded, &[1, 0, 1]), "1024 bits");
    for exponent in [&[][..], &[0], &[1], &[0, 1], &[2], &[1, 0, 0]] {
        refused(rsa_jwk(&number(2048), exponent), "exponent");
    }
    // An even modulus is no product of two odd primes.
    let mut even = number(2048);
    *even.last_mut().unwrap() = 0xaa;
    refused(rsa_jwk(&even, &[1, 0, 1]), "not a valid public key");
    assert!(Verifier::new(&settings(rsa_jwk(&number(2048), &[3]))).is_ok());
}

#[test]
fn a_point_that_is_not_on_its_curve_is_refused() {
    for (pair, size) in [(p256(), 32), (p384(), 48)] {
        let off = jwk_with(&pair.jwk, &json!({"y": base64url(vec![7; size])}));
        refused(jwks_source(&[off]), "not a valid public key");
        let short = jwk_with(&pair.jwk, &json!({"x": base64url(vec![7; size - 1])}));
        refused(jwks_source(&[short]), "not a valid public key");
    }
    let swapped = jwk_with(&p256().jwk, &json!({"crv": "P-384"}));
    refused(jwks_source(&[swapped]), "not a valid public key");
}

#[test]
fn a_point_has_one_form_of_full_length() {
    for (pair, size) in [(p256(), 32), (p384(), 48)] {
        let point = [bytes_of(&pair.jwk, "x"), bytes_of(&pair.jwk, "y")].concat();
        // The right bytes, cut at the wrong place.
        let (x, y) = point.split_at(size - 1);
        let shifted = jwk_with(&pair.jwk, &json!({"x": base64url(x), "y": base64url(y)}));
        refused(jwks_source(&[shifted]), "not a valid public key");
        let der = der_of(&pair.public_pem);
        let start = der.len() - point.len() - 1;
        let (head, full) = der.split_at(start);
        let parity = 2 + point[2 * size - 1] % 2;
        let compressed = [&[parity], &point[..size]].concat();
        let hybrid = [&[parity + 4], &point[..]].concat();
        for form in [compressed, hybrid, full[1..].to_vec(), [full, &[0]].concat(), full[..size].to_vec()] {
            refused(pem_source(&pem("PUBLIC KEY", &[head, &form].concat())), "not a valid public key");
        }
    }
}

/// Each Ed25519 key under which the signature (neutral point, 0) fits a message that nobody signed.
/// The same two points in an encoding that no honest key has: the y coordinate plus the prime.
#[test]
fn a_second_encoding_of_a_small_order_key_is_refused() {
    for first in [0xed, 0xee] {
        let mut key = [0xff; 32];
        (key[0], key[31]) = (first, 0x7f);
        refused(jwks_source(&[json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(key)})]), "not a valid");
    }
}

#[test]
fn an_ed25519_key_of_small_order_is_refused() {
    let keys = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    for text in keys {
        let key = (0..32).map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap());
        let key = key.collect::<Vec<_>>();
        let mut signature = [0; 64];
        signature[0] = 1;
        let unsigned = (0..200_u8)
            .find(|message| UnparsedPublicKey::new(&ED25519, &key).verify(&[*message], &signature).is_ok());
        assert!(unsigned.is_some(), "{text} is not such a key");
        refused(jwks_source(&[json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(&key)})]), "not a valid");
        let mut mirrored = key;
        mirrored[31] |= 0x80;
        refused(
            jwks_source(&[json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(&mirrored)})]),
            "not a valid",
        );
    }
}

#[test]
fn an_ed25519_key_has_32_bytes() {
    for length in [0, 31, 33, 64] {
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(vec![5; length])});
        refused(jwks_source(&[key]), "not a valid");
    }
}

#[test]
fn a_key_for_another_purpose_is_skipped() {
    let pair = p256();
    for (more, part) in [
        (json!({"use": "enc"}), "`use`"),
        (json!({"use": 1}), "`use`"),
        (json!({"use": ["sig"]}), "`use`"),
        (json!({"key_ops": ["sign"]}), "`key_ops`"),
        (json!({"key_ops": []}), "`key_ops`"),
        (json!({"key_ops": "verify"}), "`key_ops`"),
        (json!({"alg": "ES384"}), "`alg`"),
        (json!({"alg": "HS256"}), "`alg`"),
        (json!({"alg": "RSA-OAEP"}), "`alg`"),
        (json!({"alg": null}), "`alg`"),
        (json!({"kid": ""}), "`kid`"),
        (json!({"kid": 1}), "`kid`"),
        (json!({"kid": "k".repeat(257)}), "`kid`"),
        (json!({"x": 1}), "base64url"),
        (json!({"x": null}), "base64url"),
        (json!({"x": format!("{}=", pair.jwk["x"].as_str().unwrap())}), "base64url"),
        (json!({"crv": "P-521"}), "none of RSA, EC"),
        (json!({"crv": "secp256k1"}), "none of RSA, EC"),
        (json!({"kty": "AKP"}), "none of RSA, EC"),
        (json!({"d": "AAAA"}), "private key"),
    ] {
        refused(jwks_source(&[jwk_with(&pair.jwk, &more)]), part);
    }
    let good = jwk_with(&pair.jwk, &json!({"use": "sig", "key_ops": ["sign", "verify"], "alg": "ES256"}));
    assert!(Verifier::new(&settings(jwks_source(&[good]))).is_ok());
}

#[test]
fn a_shared_secret_in_a_key_set_is_refused() {
    let secret = json!({"kty": "oct", "k": base64url(secret_text(32)), "alg": "HS256"});
    refused(jwks_source(&[secret]), "symmetric");
}

#[test]
fn one_usable_key_among_others_is_enough() {
    let pair = ed25519();
    let source = jwks_source(&[
        json!("not a key"),
        json!({"kty": "oct", "k": base64url(secret_text(32))}),
        jwk_with(&RSA.jwk, &json!({"use": "enc", "kid": "k"})),
        jwk_with(&pair.jwk, &json!({"kid": "k"})),
    ]);
    let verifier = Verifier::new(&settings(source)).unwrap();
    let algorithm = pair.algorithms[0];
    let token = sign(&json!({"alg": name_of(algorithm), "kid": "k"}), &claims(), &pair.private, algorithm);
    assert!(verifier.verify(&token, now()).is_ok());
}

#[test]
fn a_key_set_that_is_broken_as_a_whole_is_refused() {
    let jwk = jwk_with(&p256().jwk, &json!({"kid": "k"}));
    for text in ["[]", "{}", r#"{"keys":{}}"#, "no JSON", "null"] {
        refused(document(text), "JSON object");
    }
    refused(document(&format!(r#"{{"keys":[],"keys":[{jwk}]}}"#)), "JSON object");
    let twice = jwk.to_string().replacen('{', r#"{"kid":"j","#, 1);
    refused(document(&format!(r#"{{"keys":[{twice}]}}"#)), "JSON object");
    refused(jwks_source(&[]), "empty");
    refused(jwks_source(&[jwk.clone(), jwk_with(&p256().jwk, &json!({"kid": "k"}))]), "same `kid`");
    let many = |count: usize| vec![json!({"kty": "x"}); count].into_iter().chain([jwk.clone()]);
    assert!(Verifier::new(&settings(jwks_source(&many(99).collect::<Vec<Value>>()))).is_ok());
    refused(jwks_source(&many(100).collect::<Vec<Value>>()), "101 keys");
}
