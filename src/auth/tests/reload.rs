//! Keys that change while the gateway runs.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::keys::{Pair, p256, secret_text};
use super::support::{claims, jwk_with, now, settings, sign};
use crate::auth::{AuthFailure, Verifier};
use crate::config::{KeySource, Secret, SecretForm};

/// A key file that can be written anew.
struct KeyFile {
    _directory: TempDir,
    path: PathBuf,
    secret: Arc<Secret>,
}

impl KeyFile {
    fn new(content: &str, form: SecretForm) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        std::fs::write(&path, content).unwrap();
        let secret = Secret::from_file("auth.issuers.main.jwks_file", &path, form).unwrap();
        Self { _directory: directory, path, secret: Arc::new(secret) }
    }

    fn replace(&self, content: &str) {
        std::fs::write(&self.path, content).unwrap();
        assert!(self.secret.reload().unwrap());
    }
}

fn set(pair: &Pair, kid: &str) -> String {
    json!({"keys": [jwk_with(&pair.jwk, &json!({ "kid": kid }))]}).to_string()
}

fn token(pair: &Pair, kid: &str) -> String {
    let header: Value = json!({"alg": "ES256", "kid": kid});
    sign(&header, &claims(), &pair.private, Algorithm::ES256)
}

#[test]
fn a_new_key_is_taken_and_tokens_of_the_old_one_are_forgotten() {
    let (old, new) = (p256(), p256());
    let file = KeyFile::new(&set(&old, "old"), SecretForm::Document);
    let verifier = Verifier::new(&settings(KeySource::Jwks(Arc::clone(&file.secret)))).unwrap();
    let (old_token, new_token) = (token(&old, "old"), token(&new, "new"));
    assert!(verifier.verify(&old_token, now()).is_ok());
    assert_eq!(verifier.verify(&new_token, now()), Err(AuthFailure::UnknownKey));
    file.replace(&set(&new, "new"));
    assert_eq!(verifier.verify(&old_token, now()), Err(AuthFailure::UnknownKey));
    assert!(verifier.verify(&new_token, now()).is_ok());
}

#[test]
fn a_file_that_is_no_key_set_leaves_the_old_keys_in_force() {
    let (old, new) = (p256(), p256());
    let file = KeyFile::new(&set(&old, "old"), SecretForm::Document);
    let verifier = Verifier::new(&settings(KeySource::Jwks(Arc::clone(&file.secret)))).unwrap();
    let old_token = token(&old, "old");
    let first = verifier.verify(&old_token, now()).unwrap();
    for broken in ["{}", "half a fi"] {
        file.replace(broken);
        let again = verifier.verify(&old_token, now()).unwrap();
        assert!(Arc::ptr_eq(&first, &again), "what the old keys vouched for still holds");
    }
    file.replace(&set(&new, "new"));
    assert!(verifier.verify(&token(&new, "new"), now()).is_ok());
    assert_eq!(verifier.verify(&old_token, now()), Err(AuthFailure::UnknownKey));
}

#[test]
fn whoever_empties_the_set_withdraws_its_keys() {
    let (old, new) = (p256(), p256());
    let withdrawn = set(&old, "old").replace(r#""kid""#, r#""use":"enc","kid""#);
    for empty in [r#"{"keys":[]}"#, &withdrawn] {
        let file = KeyFile::new(&set(&old, "old"), SecretForm::Document);
        let verifier = Verifier::new(&settings(KeySource::Jwks(Arc::clone(&file.secret)))).unwrap();
        let (old_token, new_token) = (token(&old, "old"), token(&new, "new"));
        assert!(verifier.verify(&old_token, now()).is_ok());
        file.replace(empty);
        assert_eq!(verifier.verify(&old_token, now()), Err(AuthFailure::NoKeys), "{empty}");
        assert_eq!(verifier.verify(&new_token, now()), Err(AuthFailure::NoKeys), "{empty}");
        file.replace(&set(&new, "new"));
        assert!(verifier.verify(&new_token, now()).is_ok());
    }
}

#[test]
fn a_shared_secret_changes_too() {
    let (old, new) = (secret_text(40), secret_text(40));
    let signed = |secret: &str| {
        let key = EncodingKey::from_secret(secret.as_bytes());
        sign(&json!({"alg": "HS256"}), &claims(), &key, Algorithm::HS256)
    };
    let file = KeyFile::new(&old, SecretForm::Key);
    let verifier = Verifier::new(&settings(KeySource::HmacSecret(Arc::clone(&file.secret)))).unwrap();
    assert!(verifier.verify(&signed(&old), now()).is_ok());
    file.replace(&new);
    assert_eq!(verifier.verify(&signed(&old), now()), Err(AuthFailure::Signature));
    assert!(verifier.verify(&signed(&new), now()).is_ok());
}

#[test]
fn many_threads_see_the_same_change() {
    let (old, new) = (p256(), p256());
    let file = KeyFile::new(&set(&old, "k"), SecretForm::Document);
    let verifier = Verifier::new(&settings(KeySource::Jwks(Arc::clone(&file.secret)))).unwrap();
    let (old_token, new_token) = (token(&old, "k"), token(&new, "k"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            // Whatever the order: a key that was in force before this thread began and is in force no more.
            scope.spawn(|| while verifier.verify(&new_token, now()).is_err() {});
        }
        file.replace(&set(&new, "k"));
    });
    assert_eq!(verifier.verify(&old_token, now()), Err(AuthFailure::Signature));
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_that_cannot_be_used_is_reported_once_and_nothing_secret_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let (old, hidden) = (secret_text(40), secret_text(20));
    let file = KeyFile::new(&old, SecretForm::Token);
    tracing::subscriber::with_default(subscriber, || {
        let verifier = Verifier::new(&settings(KeySource::HmacSecret(Arc::clone(&file.secret)))).unwrap();
        let key = EncodingKey::from_secret(old.as_bytes());
        let token = sign(&json!({"alg": "HS256"}), &claims(), &key, Algorithm::HS256);
        file.replace(&hidden);
        for _ in 0..3 {
            assert!(verifier.verify(&token, now()).is_ok());
            assert!(verifier.verify(&token.replace('.', "?"), now()).is_err());
        }
    });
    let shown = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(shown.lines().count(), 1, "{shown}");
    assert!(shown.contains("at least 32 bytes") && shown.contains("auth.issuers.main"), "{shown}");
    assert!(!shown.contains(&hidden) && !shown.contains(&old), "{shown}");
}
