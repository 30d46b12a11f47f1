//! Settings, tokens and clocks for the tests.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::keys::{base64url, secret_text};
use crate::auth::{AuthFailure, Verified, Verifier};
use crate::config::{AuthSettings, IssuerSettings, KeySource, Secret, SecretForm};

pub(super) const ISS: &str = "https://issuer.example";
pub(super) const AUD: &str = "joingate";
pub(super) const NOW: i64 = 1_800_000_000;

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// The settings of one issuer with this key; leeway 30 s, lifetime 24 h.
pub(super) fn settings(key: KeySource) -> AuthSettings {
    AuthSettings {
        leeway: Duration::from_secs(30),
        max_token_lifetime: Duration::from_hours(24),
        require_groups_claim: true,
        issuers: vec![IssuerSettings {
            name: "main".to_owned(),
            issuer: ISS.to_owned(),
            audience: AUD.to_owned(),
            key,
            algorithms: Vec::new(),
            typ: None,
            subjects: None,
            scope_claim: "scope".to_owned(),
            grants: Vec::new(),
        }],
    }
}

fn given(value: &str, form: SecretForm) -> Arc<Secret> {
    Arc::new(Secret::from_value("auth.issuers.main.key", value, form).unwrap())
}

pub(super) fn hmac_source(secret: &str) -> KeySource {
    KeySource::HmacSecret(given(secret, SecretForm::Token))
}

pub(super) fn pem_source(pem: &str) -> KeySource {
    KeySource::PublicKey(given(pem, SecretForm::Document))
}

pub(super) fn jwks_source(keys: &[Value]) -> KeySource {
    KeySource::Jwks(given(&json!({ "keys": keys }).to_string(), SecretForm::Document))
}

/// The same key with some members more.
pub(super) fn jwk_with(jwk: &Value, more: &Value) -> Value {
    let mut jwk = jwk.clone();
    let members = jwk.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    jwk
}

/// Claims that every issuer above accepts.
pub(super) fn claims() -> Value {
    json!({
        "iss": ISS,
        "aud": AUD,
        "sub": "app",
        "iat": NOW,
        "exp": NOW + 600,
        "scope": "join_requests:read join_requests:decide other:thing",
        "groups": ["Y2FwaV9ncm91cDow"],
    })
}

/// The same with one claim put in another's place.
pub(super) fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

pub(super) fn claims_without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name).unwrap();
    claims
}

/// Signs any two texts, sensible or not.
pub(super) fn sign_text(header: &str, claims: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let input = format!("{}.{}", base64url(header), base64url(claims));
    let signature = jsonwebtoken::crypto::sign(input.as_bytes(), key, algorithm).unwrap();
    format!("{input}.{signature}")
}

pub(super) fn sign(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    sign_text(&header.to_string(), &claims.to_string(), key, algorithm)
}

pub(super) fn name_of(algorithm: Algorithm) -> String {
    format!("{algorithm:?}")
}

/// One HMAC issuer and its secret: enough for every rule that does not concern the key.
pub(super) struct Desk {
    pub(super) settings: AuthSettings,
    pub(super) key: EncodingKey,
}

impl Desk {
    pub(super) fn new() -> Self {
        let secret = secret_text(32);
        Self { settings: settings(hmac_source(&secret)), key: EncodingKey::from_secret(secret.as_bytes()) }
    }

    pub(super) fn issuer(&mut self) -> &mut IssuerSettings {
        &mut self.settings.issuers[0]
    }

    pub(super) fn verifier(&self) -> Verifier {
        Verifier::new(&self.settings).unwrap()
    }

    /// Signs the claims and verifies the token.
    pub(super) fn verify(&self, claims: &Value) -> Result<Arc<Verified>, AuthFailure> {
        self.verify_with_header(&json!({"alg": "HS256", "typ": "JWT"}), claims)
    }

    pub(super) fn verify_with_header(
        &self,
        header: &Value,
        claims: &Value,
    ) -> Result<Arc<Verified>, AuthFailure> {
        self.verify_text(&header.to_string(), &claims.to_string())
    }

    pub(super) fn verify_text(&self, header: &str, claims: &str) -> Result<Arc<Verified>, AuthFailure> {
        let token = sign_text(header, claims, &self.key, Algorithm::HS256);
        self.verifier().verify(&token, now())
    }

    pub(super) fn token(&self, claims: &Value) -> String {
        sign(&json!({"alg": "HS256"}), claims, &self.key, Algorithm::HS256)
    }

    /// The failure for claims that differ from good ones in one place.
    pub(super) fn failure(&self, name: &str, value: Value) -> AuthFailure {
        self.verify(&claims_with(name, value)).unwrap_err()
    }
}
