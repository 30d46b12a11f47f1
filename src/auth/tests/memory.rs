//! What is remembered, and for how long.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::support::{Desk, NOW, claims, claims_with, now};
use crate::auth::AuthFailure;

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

#[test]
fn a_token_seen_again_is_answered_from_memory() {
    let desk = Desk::new();
    let (verifier, token) = (desk.verifier(), desk.token(&claims()));
    let first = verifier.verify(&token, now()).unwrap();
    let second = verifier.verify(&token, later(5)).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn memory_does_not_outlive_the_token() {
    let desk = Desk::new();
    let (verifier, token) = (desk.verifier(), desk.token(&claims()));
    assert!(verifier.verify(&token, now()).is_ok());
    assert!(verifier.verify(&token, later(629)).is_ok());
    assert_eq!(verifier.verify(&token, later(630)), Err(AuthFailure::Expired));
}

#[test]
fn a_refusal_is_not_remembered() {
    let desk = Desk::new();
    let (verifier, token) = (desk.verifier(), desk.token(&claims_with("nbf", json!(NOW + 100))));
    assert_eq!(verifier.verify(&token, now()), Err(AuthFailure::NotYetValid));
    assert!(verifier.verify(&token, later(100)).is_ok());
}

#[test]
fn another_token_with_the_same_claims_is_verified_for_itself() {
    let (desk, other) = (Desk::new(), Desk::new());
    let verifier = desk.verifier();
    assert!(verifier.verify(&desk.token(&claims()), now()).is_ok());
    assert_eq!(verifier.verify(&other.token(&claims()), now()), Err(AuthFailure::Signature));
}
