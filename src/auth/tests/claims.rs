//! Issuer, audience, times and subject.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{AUD, Desk, ISS, NOW, claims, claims_with, claims_without, now};
use crate::auth::AuthFailure;

/// A value of every JSON type but text.
fn not_text() -> [Value; 6] {
    [json!(null), json!(true), json!(1), json!(1.5), json!(["a"]), json!({"a": "a"})]
}

#[test]
fn each_required_claim_is_required() {
    let desk = Desk::new();
    for name in ["iss", "aud", "exp", "sub"] {
        let failure = desk.verify(&claims_without(name)).unwrap_err();
        assert_eq!(failure, AuthFailure::MissingClaim, "{name}");
    }
    for name in ["iat", "scope", "groups"] {
        assert!(desk.verify(&claims_without(name)).is_ok(), "{name}");
    }
}

#[test]
fn the_issuer_is_one_exact_text() {
    let desk = Desk::new();
    for iss in ["", "https://issuer.example/", "HTTPS://issuer.example", "https://issuer.exampl", "main"] {
        assert_eq!(desk.failure("iss", json!(iss)), AuthFailure::UnknownIssuer, "{iss}");
    }
    for iss in not_text() {
        assert_eq!(desk.failure("iss", iss.clone()), AuthFailure::MalformedClaim, "{iss}");
    }
    assert_eq!(desk.failure("iss", json!([ISS])), AuthFailure::MalformedClaim);
}

#[test]
fn one_issuer_cannot_speak_for_another() {
    let (mut desk, mut other) = (Desk::new(), Desk::new());
    other.issuer().issuer = "https://other.example".to_owned();
    other.issuer().name = "other".to_owned();
    desk.settings.issuers.append(&mut other.settings.issuers);
    let verifier = desk.verifier();
    let theirs = claims_with("iss", json!("https://other.example"));
    assert_eq!(verifier.verify(&other.token(&theirs), now()).unwrap().caller.issuer, "other");
    assert_eq!(verifier.verify(&other.token(&claims()), now()), Err(AuthFailure::Signature));
    assert_eq!(verifier.verify(&desk.token(&theirs), now()), Err(AuthFailure::Signature));
}

#[test]
fn the_audience_must_name_this_gateway() {
    let desk = Desk::new();
    for aud in [json!(AUD), json!([AUD]), json!(["another", AUD])] {
        assert!(desk.verify(&claims_with("aud", aud.clone())).is_ok(), "{aud}");
    }
    for aud in [json!(""), json!("another"), json!("Joingate"), json!("joingate "), json!([]), json!(["x"])] {
        assert_eq!(desk.failure("aud", aud.clone()), AuthFailure::Audience, "{aud}");
    }
    for aud in [
        json!(null),
        json!(1),
        json!(true),
        json!({AUD: AUD}),
        json!([AUD, 1]),
        json!([[AUD]]),
        json!([AUD, null]),
    ] {
        assert_eq!(desk.failure("aud", aud.clone()), AuthFailure::MalformedClaim, "{aud}");
    }
}

#[test]
fn a_time_is_a_number_of_seconds() {
    let desk = Desk::new();
    for name in ["exp", "nbf", "iat"] {
        for value in [
            json!(null),
            json!(true),
            json!((NOW + 60).to_string()),
            json!([NOW + 60]),
            json!({}),
            json!(-1),
            json!(-0.5),
            json!(1e300),
            json!(u64::MAX),
            json!(i64::MAX),
        ] {
            assert_eq!(desk.failure(name, value.clone()), AuthFailure::MalformedClaim, "{name} {value}");
        }
    }
    let fraction = claims_with("exp", json!(1_800_000_600.5));
    assert_eq!(desk.verify(&fraction).unwrap().expires_at.as_millisecond(), (NOW + 600) * 1000 + 500);
    let overflow = claims().to_string().replace(&(NOW + 600).to_string(), "1e999");
    assert_eq!(desk.verify_text(r#"{"alg":"HS256"}"#, &overflow).unwrap_err(), AuthFailure::Malformed);
}

#[test]
fn an_expired_token_is_refused_from_the_end_of_the_leeway_on() {
    let desk = Desk::new();
    let old = |exp: i64| {
        claims_with("exp", json!(exp))
            .as_object_mut()
            .map(|claims| {
                claims.insert("iat".to_owned(), json!(NOW - 600));
                Value::Object(claims.clone())
            })
            .unwrap()
    };
    assert!(desk.verify(&old(NOW - 29)).is_ok());
    assert_eq!(desk.verify(&old(NOW - 30)).unwrap_err(), AuthFailure::Expired);
    assert_eq!(desk.verify(&old(0)).unwrap_err(), AuthFailure::Expired);
}

#[test]
fn a_token_is_refused_before_its_time() {
    let desk = Desk::new();
    assert!(desk.verify(&claims_with("nbf", json!(NOW + 30))).is_ok());
    assert_eq!(desk.failure("nbf", json!(NOW + 31)), AuthFailure::NotYetValid);
    assert!(desk.verify(&claims_with("iat", json!(NOW + 30))).is_ok());
    assert_eq!(desk.failure("iat", json!(NOW + 31)), AuthFailure::IssuedInFuture);
}

#[test]
fn a_token_that_lives_too_long_is_refused() {
    let mut desk = Desk::new();
    desk.settings.max_token_lifetime = Duration::from_hours(1);
    // From now, with and without `iat`.
    let until = |exp: i64| {
        let mut claims = claims_without("iat");
        claims["exp"] = json!(exp);
        claims
    };
    assert!(desk.verify(&until(NOW + 3630)).is_ok());
    assert_eq!(desk.verify(&until(NOW + 3631)).unwrap_err(), AuthFailure::Lifetime);
    // From `iat`: long ago, so that what is left is short.
    assert!(desk.verify(&claims_with("iat", json!(NOW + 600 - 3630))).is_ok());
    assert_eq!(desk.failure("iat", json!(NOW + 600 - 3631)), AuthFailure::Lifetime);
    // From now: `iat` within the leeway ahead does not lengthen a life.
    let mut ahead = until(NOW + 3631);
    ahead["iat"] = json!(NOW + 30);
    assert_eq!(desk.verify(&ahead).unwrap_err(), AuthFailure::Lifetime);
}

#[test]
fn the_subject_is_a_plain_text_of_1_to_256_bytes() {
    let desk = Desk::new();
    for sub in ["a", "system:serviceaccount:ns:name", "ä ö", &"a".repeat(256)] {
        assert_eq!(desk.verify(&claims_with("sub", json!(sub))).unwrap().caller.subject, sub);
    }
    for sub in ["", &"a".repeat(257), &"ä".repeat(129), "a\u{0}", "a\nb", "\u{7f}", "a\u{85}b"] {
        assert_eq!(desk.failure("sub", json!(sub)), AuthFailure::MalformedClaim, "{sub:?}");
    }
    for sub in not_text() {
        assert_eq!(desk.failure("sub", sub.clone()), AuthFailure::MalformedClaim, "{sub}");
    }
}

#[test]
fn only_listed_subjects_are_accepted_where_there_is_a_list() {
    let mut desk = Desk::new();
    desk.issuer().subjects = Some(vec!["app".to_owned()]);
    assert!(desk.verify(&claims()).is_ok());
    for sub in ["App", "app ", "app2", "ap"] {
        assert_eq!(desk.failure("sub", json!(sub)), AuthFailure::Subject, "{sub}");
    }
    desk.issuer().subjects = Some(Vec::new());
    assert_eq!(desk.failure("sub", json!("app")), AuthFailure::Subject);
}
