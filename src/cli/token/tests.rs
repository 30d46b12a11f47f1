use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clap::Parser;
use serde_json::{Value, json};

use super::*;
use crate::auth::Verifier;
use crate::config::{AuthSettings, IssuerSettings, KeySource, Secret, SecretForm};
use crate::domain::GroupAccess;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    token: TokenArgs,
}

const ARGUMENTS: [&str; 8] =
    ["--iss", "https://issuer.example", "--aud", "joingate", "--sub", "app", "--scope", "join_requests:read"];

fn read(key_file: &std::path::Path, more: &[&str]) -> Result<TokenArgs, clap::Error> {
    let start = ["token", "--key-file", key_file.to_str().unwrap()];
    let all = start.iter().chain(&ARGUMENTS).chain(more);
    Command::try_parse_from(all).map(|command| command.token)
}

/// Writes the key to a file, runs the command and gives what it printed.
fn run(key: &[u8], more: &[&str]) -> Result<String, TokenError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    std::fs::write(&path, key).unwrap();
    let mut out = Vec::new();
    mint(&read(&path, more).unwrap(), &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn decoded(token: &str, part: usize) -> Value {
    let text = token.trim_end().split('.').nth(part).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

fn verifier(key: KeySource) -> Verifier {
    Verifier::new(&AuthSettings {
        leeway: Duration::from_secs(30),
        max_token_lifetime: Duration::from_hours(24),
        require_groups_claim: true,
        issuers: vec![IssuerSettings {
            name: "main".to_owned(),
            issuer: "https://issuer.example".to_owned(),
            audience: "joingate".to_owned(),
            key,
            algorithms: Vec::new(),
            typ: Some("JWT".to_owned()),
            subjects: None,
            scope_claim: "scope".to_owned(),
            grants: Vec::new(),
        }],
    })
    .unwrap()
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn secret() -> String {
    let mut bytes = [0; 40];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    bytes.iter().map(|byte| char::from(b'a' + byte % 26)).collect()
}

/// Mints with the private key and verifies with the public one.
fn round_trip(private: &str, public: &PublicKeyX509Der<'_>, more: &[&str], algorithm: &str) {
    let printed = run(private.as_bytes(), more).unwrap();
    let token = printed.strip_suffix('\n').unwrap();
    assert_eq!(decoded(token, 0)["alg"], algorithm);
    let public = pem("PUBLIC KEY", public.as_ref());
    let source = Secret::from_value("key", &public, SecretForm::Document).unwrap();
    let verified = verifier(KeySource::PublicKey(source.into())).verify(token, Timestamp::now());
    assert_eq!(verified.unwrap().caller.to_string(), "main/app");
}

#[test]
fn a_token_from_a_shared_secret_is_accepted_and_the_line_end_of_the_file_is_no_part_of_it() {
    let secret = secret();
    let printed = run(format!("{secret}\n").as_bytes(), &["--groups", "*", "--ttl", "90s"]).unwrap();
    assert_eq!(printed.lines().count(), 1);
    let source = Secret::from_value("key", &secret, SecretForm::Key).unwrap();
    let verifier = verifier(KeySource::HmacSecret(source.into()));
    let verified = verifier.verify(printed.trim_end(), Timestamp::now()).unwrap();
    assert_eq!(verified.rights.groups, GroupAccess::All);
    let claims = decoded(&printed, 1);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 90);
    assert_eq!(decoded(&printed, 0), json!({"alg": "HS256", "typ": "JWT"}));
}

#[test]
fn tokens_from_every_kind_of_private_key_are_accepted() {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8: Pkcs8V1Der<'_> = rsa.as_der().unwrap();
    let public = rsa.public_key().as_der().unwrap();
    round_trip(&pem("PRIVATE KEY", pkcs8.as_ref()), &public, &[], "RS256");
    round_trip(&pem("PRIVATE KEY", pkcs8.as_ref()), &public, &["--alg", "PS384"], "PS384");
    // PKCS#8 wraps PKCS#1: 26 bytes stand before it for a key of this size.
    round_trip(&pem("RSA PRIVATE KEY", &pkcs8.as_ref()[26..]), &public, &[], "RS256");
    let curves: [(&EcdsaSigningAlgorithm, _); 2] =
        [(&ECDSA_P256_SHA256_FIXED_SIGNING, "ES256"), (&ECDSA_P384_SHA384_FIXED_SIGNING, "ES384")];
    for (curve, algorithm) in curves {
        let pair = EcdsaKeyPair::generate(curve).unwrap();
        let public = pair.public_key().as_der().unwrap();
        let pkcs8 = pair.to_pkcs8v1().unwrap();
        round_trip(&pem("PRIVATE KEY", pkcs8.as_ref()), &public, &[], algorithm);
        let private = pair.private_key();
        let sec1: aws_lc_rs::encoding::EcPrivateKeyRfc5915Der<'_> = private.as_der().unwrap();
        round_trip(&pem("EC PRIVATE KEY", sec1.as_ref()), &public, &[], algorithm);
    }
    let pair = Ed25519KeyPair::generate().unwrap();
    let public = pair.public_key().as_der().unwrap();
    for pkcs8 in [pair.to_pkcs8v1().unwrap(), pair.to_pkcs8().unwrap()] {
        round_trip(&pem("PRIVATE KEY", pkcs8.as_ref()), &public, &[], "EdDSA");
    }
}

#[test]
fn groups_kid_and_algorithm_are_written_as_given() {
    let printed = run(secret().as_bytes(), &["--groups", "a, b", "--kid", "k1", "--alg", "HS512"]).unwrap();
    assert_eq!(decoded(&printed, 1)["groups"], json!(["a", "b"]));
    assert_eq!(decoded(&printed, 0)["kid"], "k1");
    assert_eq!(decoded(&printed, 0)["alg"], "HS512");
    let without = run(secret().as_bytes(), &[]).unwrap();
    assert!(decoded(&without, 1).get("groups").is_none());
}

#[test]
fn keys_and_algorithms_that_do_not_serve_are_refused_without_being_shown() {
    let short = "a-secret-of-less-than-32-bytes";
    let failure = run(short.as_bytes(), &[]).unwrap_err();
    assert!(matches!(failure, TokenError::UnusableKey), "{failure}");
    assert!(!format!("{failure} {failure:?}").contains(short));
    for broken in [pem("PRIVATE KEY", &[0x30, 0]), pem("PUBLIC KEY", &[0x30, 0]), "-----BEGIN x".repeat(9)] {
        let failure = run(broken.as_bytes(), &[]).unwrap_err();
        assert!(matches!(failure, TokenError::UnusableKey), "{failure}");
    }
    for name in ["RS256", "none", "hs256", ""] {
        let failure = run(secret().as_bytes(), &["--alg", name]).unwrap_err();
        assert!(matches!(failure, TokenError::Algorithm(_)), "{name}");
    }
    let absent = mint(&read("/nowhere/key".as_ref(), &[]).unwrap(), &mut Vec::new()).unwrap_err();
    assert!(matches!(absent, TokenError::KeyFile(_)), "{absent}");
}

#[test]
fn claims_that_the_gateway_would_refuse_are_not_minted() {
    let key = SigningKey::from_bytes(secret().as_bytes(), None).unwrap();
    let good = TokenContents {
        issuer: "https://issuer.example",
        audience: "joingate",
        subject: "app",
        scope: "join_requests:read other:scope",
        groups: None,
        ttl: Duration::from_mins(10),
        kid: None,
        issued_at: Timestamp::now(),
    };
    assert!(mint_token(&key, &good).is_ok());
    let long = "a".repeat(257);
    let text = ["", "a\nb", long.as_str()];
    let scopes = ["", " ", "a  b", " a", "a ", "a\tb", "a\"b", "ä"];
    let groups = ["", ",", "a,", "*,a", "../me"];
    let days_31 = Duration::from_hours(31 * 24);
    let hostile = text.iter().flat_map(|text| {
        [
            TokenContents { issuer: text, ..good.clone() },
            TokenContents { audience: text, ..good.clone() },
            TokenContents { subject: text, ..good.clone() },
        ]
    });
    let hostile = hostile
        .chain(scopes.map(|scope| TokenContents { scope, ..good.clone() }))
        .chain(groups.map(|groups| TokenContents { groups: Some(groups), ..good.clone() }))
        .chain(
            [Duration::ZERO, Duration::from_millis(999), days_31]
                .map(|ttl| TokenContents { ttl, ..good.clone() }),
        );
    for contents in hostile {
        let outcome = mint_token(&key, &contents);
        assert!(matches!(outcome, Err(TokenError::Claim { .. })), "{contents:?}");
    }
}

#[test]
fn a_lifetime_needs_its_unit() {
    let path = std::path::Path::new("key");
    for ttl in ["10", "10d", "", "-1s", "ten minutes"] {
        assert!(read(path, &["--ttl", ttl]).is_err(), "{ttl:?}");
    }
    for (ttl, seconds) in [("90s", 90), ("10m", 600), ("24h", 86_400)] {
        assert_eq!(read(path, &["--ttl", ttl]).unwrap().ttl.as_secs(), seconds);
    }
    assert_eq!(read(path, &[]).unwrap().ttl.as_secs(), 600);
}
