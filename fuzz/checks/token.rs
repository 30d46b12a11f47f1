//! Internal tokens of one issuer with a shared secret, at one moment.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use joingate::auth::{AuthFailure, KeyProblems, Verified, Verifier, bearer_token};
use joingate::config::{AuthSettings, IssuerSettings, KeySource, Secret, SecretForm};
use joingate::domain::GroupAccess;
use serde_json::Value;

const SECRET: &str = "a-secret-that-only-the-checks-know";
const ISSUER: &str = "https://issuer.test.invalid";
const AUDIENCE: &str = "joingate";
const NOW: i64 = 1_800_000_000;
const LEEWAY: Duration = Duration::from_secs(30);
const MAX_LIFETIME: Duration = Duration::from_hours(24);

/// A header and claims that hold.
const HEADER: &str = r#"{"alg":"HS256"}"#;
const CLAIMS: &str = r#"{"iss":"https://issuer.test.invalid","aud":"joingate","sub":"app","exp":1800000600}"#;

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let secret = Secret::from_value("auth.issuers.main.hmac_secret", SECRET, SecretForm::Key).unwrap();
    verifier(KeySource::HmacSecret(Arc::new(secret))).unwrap()
});

fn verifier(key: KeySource) -> Result<Verifier, KeyProblems> {
    let issuer = IssuerSettings {
        name: "main".to_owned(),
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        key,
        algorithms: Vec::new(),
        typ: None,
        subjects: None,
        scope_claim: "scope".to_owned(),
        grants: Vec::new(),
    };
    let settings = AuthSettings {
        leeway: LEEWAY,
        max_token_lifetime: MAX_LIFETIME,
        require_groups_claim: true,
        issuers: vec![issuer],
    };
    Verifier::new(&settings)
}

/// The bytes are taken for an `Authorization` field and for a token: none is accepted that our secret did not sign.
pub fn authorization(bytes: &[u8]) {
    if let Ok(token) = bearer_token(bytes) {
        assert!(bytes.ends_with(token.as_bytes()) && bytes.len() > token.len() && token.is_ascii());
    }
    let token = bearer_token(bytes).ok().or_else(|| std::str::from_utf8(bytes).ok());
    let Some(token) = token else { return };
    if let Ok(verified) = verify(token) {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let algorithms = [hmac::HMAC_SHA256, hmac::HMAC_SHA384, hmac::HMAC_SHA512];
        assert!(algorithms.into_iter().any(|algorithm| sign(algorithm, signed) == signature));
        let claims = signed.split_once('.').unwrap().1;
        check_claims(&URL_SAFE_NO_PAD.decode(claims).unwrap(), &verified);
    }
}

/// The bytes are signed as claims: they are refused for what they say and for nothing else, and grant nothing that they
/// do not say.
pub fn token_claims(bytes: &[u8]) {
    match verify(&signed_token(HEADER.as_bytes(), bytes)) {
        Ok(verified) => check_claims(bytes, &verified),
        Err(failure) => assert!(
            !matches!(
                failure,
                AuthFailure::Signature
                    | AuthFailure::Algorithm
                    | AuthFailure::UnknownKey
                    | AuthFailure::UnsupportedHeader
                    | AuthFailure::WrongType
            ),
            "{failure:?}"
        ),
    }
}

/// The bytes are signed as a header: it is accepted only with the algorithm that signed it and nothing that changes
/// what a token means, and it never reaches the claims.
pub fn token_header(bytes: &[u8]) {
    match verify(&signed_token(bytes, CLAIMS.as_bytes())) {
        Ok(verified) => {
            let header = serde_json::from_slice::<Value>(bytes).unwrap();
            assert_eq!(header["alg"], "HS256");
            let refused = ["crit", "zip", "b64", "enc", "jwk", "jku", "x5u", "x5c"];
            assert!(refused.iter().all(|name| header.get(name).is_none()));
            check_claims(CLAIMS.as_bytes(), &verified);
        }
        Err(failure) => assert!(
            matches!(
                failure,
                AuthFailure::TooLarge
                    | AuthFailure::Malformed
                    | AuthFailure::UnsupportedHeader
                    | AuthFailure::Algorithm
                    | AuthFailure::Signature
            ),
            "{failure:?}"
        ),
    }
}

/// The bytes are taken for a JSON Web Key Set: keys come only out of a list of them, and whoever knows the document, as
/// everybody does, signs nothing with it.
pub fn key_set(bytes: &[u8]) {
    let Ok(document) = std::str::from_utf8(bytes) else { return };
    let Ok(secret) = Secret::from_value("auth.issuers.main.jwks_file", document, SecretForm::Document) else {
        return;
    };
    let Ok(verifier) = verifier(KeySource::Jwks(Arc::new(secret))) else { return };
    let stated = serde_json::from_slice::<Value>(bytes).unwrap();
    assert!(!stated["keys"].as_array().unwrap().is_empty());
    let now = Timestamp::from_second(NOW).unwrap();
    let claims = URL_SAFE_NO_PAD.encode(CLAIMS);
    let keys = [bytes, bytes.trim_ascii(), b""];
    for (algorithm, digest) in [
        ("HS256", hmac::HMAC_SHA256),
        ("HS384", hmac::HMAC_SHA384),
        ("HS512", hmac::HMAC_SHA512),
        ("none", hmac::HMAC_SHA256),
    ] {
        let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{algorithm}"}}"#));
        let signed = format!("{header}.{claims}");
        for key in keys {
            let signature = hmac::sign(&hmac::Key::new(digest, key), signed.as_bytes());
            let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
            assert!(verifier.verify(&token, now).is_err(), "{algorithm}");
        }
        assert!(verifier.verify(&format!("{signed}."), now).is_err(), "{algorithm}");
    }
}

fn verify(token: &str) -> Result<Arc<Verified>, AuthFailure> {
    VERIFIER.verify(token, Timestamp::from_second(NOW).unwrap())
}

fn sign(algorithm: hmac::Algorithm, text: &str) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(&hmac::Key::new(algorithm, SECRET.as_bytes()), text.as_bytes()))
}

fn signed_token(header: &[u8], claims: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = sign(hmac::HMAC_SHA256, &signed);
    format!("{signed}.{signature}")
}

/// What was accepted is for us and in time, and the caller and its rights are those of the claims.
fn check_claims(bytes: &[u8], verified: &Verified) {
    let claims = serde_json::from_slice::<Value>(bytes).unwrap();
    assert_eq!(claims["iss"], ISSUER);
    assert!(claims["aud"] == AUDIENCE || claims["aud"].as_array().unwrap().iter().any(|aud| aud == AUDIENCE));
    check_times(&claims, verified);
    assert_eq!(claims["sub"], verified.caller.subject);
    assert!((1..=256).contains(&verified.caller.subject.len()) && verified.caller.issuer == "main");
    let scopes = claims["scope"].as_str().unwrap_or_default();
    let named = |scope: &str| scopes.split(' ').any(|name| name == scope);
    assert!(verified.rights.scopes.iter().all(|scope| named(scope.as_str())));
    match &verified.rights.groups {
        GroupAccess::All => assert_eq!(claims["groups"], "*"),
        GroupAccess::Only(groups) => {
            let listed = |id: &str| claims["groups"].as_array().unwrap().iter().any(|group| group == id);
            assert!(groups.iter().all(|group| listed(group.as_str())));
        }
    }
}

fn check_times(claims: &Value, verified: &Verified) {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let now = NOW as f64;
    let leeway = LEEWAY.as_secs_f64();
    let longest = MAX_LIFETIME.as_secs_f64() + leeway;
    let expires = claims["exp"].as_f64().unwrap();
    assert!(expires > now - leeway && expires <= now + longest);
    assert!((verified.expires_at.as_duration().as_secs_f64() - expires).abs() < 0.001);
    assert!(claims["nbf"].as_f64().is_none_or(|not_before| not_before <= now + leeway));
    assert!(
        claims["iat"].as_f64().is_none_or(|issued| issued <= now + leeway && expires - issued <= longest)
    );
}
