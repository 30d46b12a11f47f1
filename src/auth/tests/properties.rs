//! Whatever bytes arrive: never a panic, and never a token that its issuer did not sign.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::keys::base64url;
use super::support::{Desk, claims, now};
use crate::auth::{Verifier, bearer_token};

struct Fixture {
    desk: Desk,
    verifier: Verifier,
    token: String,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let desk = Desk::new();
    let (verifier, token) = (desk.verifier(), desk.token(&claims()));
    Fixture { desk, verifier, token }
});

/// JSON that is often nearly a header or a set of claims.
fn near_json() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("iss"),
        Just("aud"),
        Just("exp"),
        Just("nbf"),
        Just("iat"),
        Just("sub"),
        Just("scope"),
        Just("groups"),
        Just("alg"),
        Just("kid"),
        Just("typ"),
        Just("crit"),
    ];
    let value = prop_oneof![
        Just("\"https://issuer.example\"".to_owned()),
        Just("\"joingate\"".to_owned()),
        Just("\"HS256\"".to_owned()),
        Just("\"*\"".to_owned()),
        Just("[\"a\"]".to_owned()),
        Just("{}".to_owned()),
        Just("null".to_owned()),
        Just("1e308".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        ".{0,8}".prop_map(|text| format!("{text:?}")),
    ];
    let members = prop::collection::vec((word, value), 0..10);
    members.prop_map(|members| {
        let members = members.into_iter().map(|(name, value)| format!("\"{name}\":{value}"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    })
}

proptest! {
    #[test]
    fn any_text_is_refused_without_a_panic(text in any::<String>()) {
        prop_assert!(FIXTURE.verifier.verify(&text, now()).is_err());
    }

    #[test]
    fn any_three_parts_are_refused_without_a_panic(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 3),
    ) {
        let token = parts.iter().map(base64url).collect::<Vec<_>>().join(".");
        prop_assert!(FIXTURE.verifier.verify(&token, now()).is_err());
    }

    #[test]
    fn any_json_with_a_good_signature_is_judged_without_a_panic(header in near_json(), claims in near_json()) {
        let key = &FIXTURE.desk.key;
        for header in [header.as_str(), r#"{"alg":"HS256"}"#] {
            let token = super::support::sign_text(header, &claims, key, jsonwebtoken::Algorithm::HS256);
            let judged = FIXTURE.verifier.verify(&token, now());
            prop_assert!(judged.is_err() || claims.contains("joingate"));
        }
    }

    #[test]
    fn a_token_changed_in_any_place_is_refused(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_.=-]") {
        let token = &FIXTURE.token;
        let at = at.index(token.len());
        let changed = format!("{}{to}{}", &token[..at], &token[at + 1..]);
        prop_assume!(changed != *token);
        prop_assert!(FIXTURE.verifier.verify(&changed, now()).is_err());
    }

    #[test]
    fn a_token_cut_or_lengthened_is_refused(at in any::<prop::sample::Index>(), more in "[A-Za-z0-9_.=-]{1,9}") {
        let token = &FIXTURE.token;
        let at = at.index(token.len());
        prop_assert!(FIXTURE.verifier.verify(&token[..at], now()).is_err());
        let longer = format!("{}{more}{}", &token[..at], &token[at..]);
        prop_assert!(FIXTURE.verifier.verify(&longer, now()).is_err());
    }

    #[test]
    fn other_claims_under_the_same_signature_are_refused(claims in near_json()) {
        let mut parts = FIXTURE.token.split('.');
        let (header, _, signature) = (parts.next().unwrap(), parts.next(), parts.next().unwrap());
        let forged = format!("{header}.{}.{signature}", base64url(claims));
        prop_assert!(FIXTURE.verifier.verify(&forged, now()).is_err());
    }

    #[test]
    fn any_authorization_field_is_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(token) = bearer_token(&bytes) {
            prop_assert!(!token.is_empty() && token.is_ascii());
        }
        let prefixed = [b"Bearer ".as_slice(), &bytes].concat();
        if let Ok(token) = bearer_token(&prefixed) {
            prop_assert!(bytes.ends_with(token.as_bytes()));
        }
    }
}
