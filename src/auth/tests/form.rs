//! Size, parts, base64, JSON and header.

use jsonwebtoken::Algorithm;
use serde_json::json;

use super::keys::base64url;
use super::support::{Desk, claims, claims_with, now, sign, sign_text};
use crate::auth::{AuthFailure, MAX_TOKEN_BYTES};

#[test]
fn a_good_token_gives_caller_and_expiry() {
    let desk = Desk::new();
    let verified = desk.verify(&claims()).unwrap();
    assert_eq!(verified.caller.to_string(), "main/app");
    assert_eq!(verified.expires_at.as_second(), now().as_second() + 600);
}

#[test]
fn a_token_over_8_kib_is_refused_though_its_signature_is_good() {
    let desk = Desk::new();
    let filled = |length: usize| desk.token(&claims_with("filler", json!("x".repeat(length))));
    let base = filled(0).len();
    let fitting = (0..).map(|length| filled(length + (MAX_TOKEN_BYTES - base) * 3 / 4 - 8));
    let longest = fitting.take_while(|token| token.len() <= MAX_TOKEN_BYTES).last().unwrap();
    assert!(longest.len() > MAX_TOKEN_BYTES - 4);
    assert!(desk.verifier().verify(&longest, now()).is_ok());
    let too_long = filled(MAX_TOKEN_BYTES);
    assert_eq!(desk.verifier().verify(&too_long, now()), Err(AuthFailure::TooLarge));
}

#[test]
fn anything_but_three_full_parts_is_refused() {
    let desk = Desk::new();
    let token = desk.token(&claims());
    let parts = token.split('.').collect::<Vec<_>>();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let jwe = base64url(r#"{"alg":"dir","enc":"A256GCM"}"#);
    for hostile in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        header.to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{jwe}..{payload}.{payload}.{signature}"),
    ] {
        assert_eq!(desk.verifier().verify(&hostile, now()), Err(AuthFailure::Malformed), "{hostile}");
    }
}

#[test]
fn a_part_that_is_not_canonical_base64url_is_refused() {
    let desk = Desk::new();
    let token = desk.token(&claims());
    let (input, signature) = token.rsplit_once('.').unwrap();
    let last = signature.chars().last().unwrap();
    // 32 bytes leave two bits of the last character unused; each of the four spellings decodes to the same bytes.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
    let loose = format!("{input}.{}{next}", &signature[..signature.len() - 1]);
    for hostile in [
        loose,
        format!("{token}="),
        format!("{token}\n"),
        format!(" {token}"),
        token.replacen('.', "=.", 1),
        format!("{input}.{}+/", &signature[..signature.len() - 2]),
        format!("{input}.ä"),
    ] {
        assert_eq!(desk.verifier().verify(&hostile, now()), Err(AuthFailure::Malformed), "{hostile}");
    }
}

#[test]
fn header_and_claims_must_be_objects() {
    let desk = Desk::new();
    let good = claims().to_string();
    for header in ["[]", r#"["HS256"]"#, "\"HS256\"", "null", "1", "{", "\u{feff}{}"] {
        assert_eq!(desk.verify_text(header, &good).unwrap_err(), AuthFailure::Malformed, "{header}");
    }
    for payload in ["[]", "null", "1", "\"x\"", "{", "{}{}", r#"[{"iss":"https://issuer.example"}]"#] {
        let failure = desk.verify_text(r#"{"alg":"HS256"}"#, payload).unwrap_err();
        assert_eq!(failure, AuthFailure::Malformed, "{payload}");
    }
}

#[test]
fn a_member_given_twice_is_refused_in_header_and_claims() {
    let desk = Desk::new();
    let good = claims().to_string();
    for header in [
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"JWT","typ":"JWT"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","\u0061lg":"HS256"}"#,
    ] {
        assert_eq!(desk.verify_text(header, &good).unwrap_err(), AuthFailure::Malformed, "{header}");
    }
    for more in [
        r#""iss":"https://issuer.example""#,
        r#""sub":"app""#,
        r#""sub":"admin""#,
        r#""groups":"*""#,
        r#""s\u0075b":"app""#,
        r#""nested":{"a":1,"a":1}"#,
    ] {
        let twice = good.replacen('{', &format!("{{{more},"), 1);
        let failure = desk.verify_text(r#"{"alg":"HS256"}"#, &twice).unwrap_err();
        assert_eq!(failure, AuthFailure::Malformed, "{more}");
    }
}

#[test]
fn header_parameters_that_change_the_meaning_or_bring_a_key_are_refused() {
    let desk = Desk::new();
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(null)),
        ("b64", json!(true)),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("jwk", json!({"kty": "oct", "k": "AAAA"})),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["AAAA"])),
    ] {
        let mut header = json!({"alg": "HS256"});
        header[name] = value;
        let failure = desk.verify_with_header(&header, &claims()).unwrap_err();
        assert_eq!(failure, AuthFailure::UnsupportedHeader, "{name}");
    }
}

#[test]
fn header_members_of_the_wrong_type_are_refused() {
    let desk = Desk::new();
    for header in [
        json!({}),
        json!({"alg": null}),
        json!({"alg": 256}),
        json!({"alg": ["HS256"]}),
        json!({"alg": "HS256", "kid": 1}),
        json!({"alg": "HS256", "kid": null}),
        json!({"alg": "HS256", "typ": ["JWT"]}),
    ] {
        let failure = desk.verify_with_header(&header, &claims()).unwrap_err();
        assert_eq!(failure, AuthFailure::Malformed, "{header}");
    }
}

#[test]
fn an_unsigned_token_is_refused_in_every_spelling() {
    let desk = Desk::new();
    for name in ["none", "None", "NONE", "nOnE", "", "hs256", "HS256 ", "HS1", "A128KW"] {
        let header = json!({ "alg": name });
        let failure = desk.verify_with_header(&header, &claims()).unwrap_err();
        assert_eq!(failure, AuthFailure::Algorithm, "{name}");
        let bare = format!("{}.{}.", base64url(header.to_string()), base64url(claims().to_string()));
        assert_eq!(desk.verifier().verify(&bare, now()), Err(AuthFailure::Malformed), "{name}");
        let filled = format!("{bare}AAAA");
        assert_eq!(desk.verifier().verify(&filled, now()), Err(AuthFailure::Algorithm), "{name}");
    }
}

#[test]
fn the_type_is_compared_as_a_media_type_where_the_issuer_asks_for_one() {
    let mut desk = Desk::new();
    desk.issuer().typ = Some("at+jwt".to_owned());
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
        let header = json!({"alg": "HS256", "typ": typ});
        assert!(desk.verify_with_header(&header, &claims()).is_ok(), "{typ}");
    }
    for header in [
        json!({"alg": "HS256"}),
        json!({"alg": "HS256", "typ": "JWT"}),
        json!({"alg": "HS256", "typ": "text/at+jwt"}),
        json!({"alg": "HS256", "typ": ""}),
    ] {
        let failure = desk.verify_with_header(&header, &claims()).unwrap_err();
        assert_eq!(failure, AuthFailure::WrongType, "{header}");
    }
    desk.issuer().typ = Some("application/at+jwt".to_owned());
    assert!(desk.verify_with_header(&json!({"alg": "HS256", "typ": "at+jwt"}), &claims()).is_ok());
}

#[test]
fn a_signature_of_another_key_or_over_another_text_is_refused() {
    let (desk, other) = (Desk::new(), Desk::new());
    let verifier = desk.verifier();
    assert_eq!(verifier.verify(&other.token(&claims()), now()), Err(AuthFailure::Signature));
    let (one, two) = (desk.token(&claims()), desk.token(&claims_with("sub", json!("other"))));
    let (one_input, _) = one.rsplit_once('.').unwrap();
    let (_, two_signature) = two.rsplit_once('.').unwrap();
    let grafted = format!("{one_input}.{two_signature}");
    assert_eq!(verifier.verify(&grafted, now()), Err(AuthFailure::Signature));
    let relabelled = sign_text(r#"{"alg":"HS512"}"#, &claims().to_string(), &desk.key, Algorithm::HS256);
    assert_eq!(verifier.verify(&relabelled, now()), Err(AuthFailure::Signature));
    let short = format!("{one_input}.{}", base64url([0; 16]));
    assert_eq!(verifier.verify(&short, now()), Err(AuthFailure::Signature));
}

#[test]
fn claims_are_not_looked_at_before_the_signature() {
    let (desk, other) = (Desk::new(), Desk::new());
    let expired = other.token(&claims_with("exp", json!("not a time")));
    assert_eq!(desk.verifier().verify(&expired, now()), Err(AuthFailure::Signature));
    let typed = sign(&json!({"alg": "HS384"}), &claims(), &desk.key, Algorithm::HS384);
    assert!(desk.verifier().verify(&typed, now()).is_ok());
}
