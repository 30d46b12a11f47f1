//! Requests without a right: each is told what it lacks.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey};
use reqwest::Method;
use serde_json::{Value, json};

use super::{APPROVE, BODY, GROUP, JSON, LIST, Refusing, expect_read, expect_write, moderator};
use crate::support::{AUDIENCE, Client, DECIDE, ISSUER, READ, SECRET};

const HEADER: &str = r#"{"alg":"HS256"}"#;

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Any two texts, signed with this secret.
fn signed_by(secret: &str, header: &str, claims: &str) -> String {
    let input = format!("{}.{}", base64url(header), base64url(claims));
    let key = EncodingKey::from_secret(secret.as_bytes());
    let signature = jsonwebtoken::crypto::sign(input.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{input}.{signature}")
}

/// Any two texts, signed as the tests' issuer does.
fn signed(header: &str, claims: &str) -> String {
    signed_by(SECRET, header, claims)
}

/// Good claims with some others in their place; null takes one away.
fn claims_but(others: &Value) -> String {
    let now = Timestamp::now().as_second();
    let mut claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "somebody", "iat": now, "exp": now + 600,
        "scope": format!("{READ} {DECIDE}"), "groups": "*",
    });
    let members = claims.as_object_mut().unwrap();
    for (name, value) in others.as_object().unwrap().clone() {
        if value.is_null() {
            members.remove(&name);
        } else {
            members.insert(name, value);
        }
    }
    claims.to_string()
}

/// Tokens of a form that must open nothing, with the reason that is counted.
fn hostile_forms() -> Vec<(String, &'static str)> {
    let good = claims_but(&json!({}));
    let with_header = |header: &str| signed(header, &good);
    let whole = signed(HEADER, &good);
    let (content, signature) = whole.rsplit_once('.').unwrap();
    let (header, payload) = content.split_once('.').unwrap();
    let (shortened, _) = signature.split_at(signature.len() - 2);
    let unsigned = format!("{}.{payload}", base64url(r#"{"alg":"none"}"#));
    let other_claims = base64url(claims_but(&json!({ "sub": "other" })));
    let twice = |member: &str| signed(HEADER, &good.replacen('{', &format!("{{{member},"), 1));
    vec![
        (format!("{unsigned}."), "malformed"),
        (format!("{unsigned}.{signature}"), "algorithm"),
        (with_header(r#"{"alg":"nOnE"}"#), "algorithm"),
        (with_header(r#"{"alg":"RS256"}"#), "algorithm"),
        (with_header(r#"{"alg":"ES256"}"#), "algorithm"),
        (with_header(r#"{"alg":"HS512"}"#), "signature"),
        (with_header("{}"), "malformed"),
        (with_header(r#"{"alg":"HS256","alg":"HS256"}"#), "malformed"),
        (with_header(r#"{"alg":"HS256","kid":1}"#), "malformed"),
        (signed_by("another-secret-that-nobody-configured", HEADER, &good), "signature"),
        (format!("{header}.{other_claims}.{signature}"), "signature"),
        (content.to_owned(), "malformed"),
        (format!("{whole}.{signature}"), "malformed"),
        (format!("{header}..{payload}.{payload}.{signature}"), "malformed"),
        (format!("{whole}="), "malformed"),
        (format!("{content}.{shortened}+/"), "malformed"),
        (signed(HEADER, "[]"), "malformed"),
        (twice(r#""sub":"other""#), "malformed"),
        (twice(r#""iss":"https://issuer.test.invalid""#), "malformed"),
    ]
}

/// Headers that bring a meaning or a key of their own.
fn foreign_headers() -> [(String, &'static str); 8] {
    let parameters = [
        r#""crit":["exp"]"#,
        r#""zip":"DEF""#,
        r#""b64":false"#,
        r#""enc":"A256GCM""#,
        r#""jwk":{"kty":"oct","k":"AAAA"}"#,
        r#""jku":"https://elsewhere.invalid/keys""#,
        r#""x5u":"https://elsewhere.invalid/certificate""#,
        r#""x5c":["AAAA"]"#,
    ];
    let header = |parameter: &str| format!(r#"{{"alg":"HS256",{parameter}}}"#);
    let good = claims_but(&json!({}));
    parameters.map(|parameter| (signed(&header(parameter), &good), "unsupported_header"))
}

/// Good signatures over claims that must open nothing.
fn hostile_claims() -> Vec<(String, &'static str)> {
    let now = Timestamp::now().as_second();
    let claims = [
        (json!({ "iss": null }), "missing_claim"),
        (json!({ "aud": null }), "missing_claim"),
        (json!({ "exp": null }), "missing_claim"),
        (json!({ "sub": null }), "missing_claim"),
        (json!({ "iss": [ISSUER] }), "malformed_claim"),
        (json!({ "iss": "https://other.invalid" }), "unknown_issuer"),
        (json!({ "aud": "other" }), "audience"),
        (json!({ "aud": [AUDIENCE, 1] }), "malformed_claim"),
        (json!({ "exp": (now + 600).to_string() }), "malformed_claim"),
        (json!({ "exp": -1 }), "malformed_claim"),
        (json!({ "exp": now - 31, "iat": now - 600 }), "expired"),
        (json!({ "nbf": now + 300 }), "not_yet_valid"),
        (json!({ "iat": now + 300 }), "issued_in_future"),
        (json!({ "exp": now + 90_000, "iat": null }), "lifetime"),
        (json!({ "iat": now - 90_000 }), "lifetime"),
        (json!({ "sub": "" }), "malformed_claim"),
        (json!({ "sub": 1 }), "malformed_claim"),
        (json!({ "sub": "a\nb" }), "malformed_claim"),
        (json!({ "scope": [READ] }), "malformed_scope"),
        (json!({ "groups": GROUP }), "malformed_groups"),
        (json!({ "groups": ["*"] }), "malformed_groups"),
        (json!({ "groups": ["../me"] }), "malformed_groups"),
        (json!({ "filler": "a".repeat(8 * 1024) }), "too_large"),
    ];
    claims.map(|(others, reason)| (signed(HEADER, &claims_but(&others)), reason)).to_vec()
}

#[tokio::test]
async fn a_hostile_token_opens_nothing_and_is_told_why() {
    let gateway = Refusing::with(|settings| settings.set("LIMITS__AUTH_FAILURES", "off")).await;
    let mut counted = BTreeMap::new();
    let tokens = [hostile_forms(), foreign_headers().to_vec(), hostile_claims()].concat();
    for (token, reason) in tokens {
        let caller = Client::new(gateway.app.url(), Some(token.clone()));
        let listed = caller.list(GROUP).await;
        expect_read(&listed, 401, "unauthorized");
        let approved = caller.send(Method::POST, APPROVE, &[JSON], BODY).await;
        expect_write(&approved, 401, "unauthorized");
        for answer in [listed, approved] {
            let challenge = answer.header("www-authenticate");
            let expected = r#"Bearer realm="joingate", error="invalid_token", error_description=""#;
            assert!(challenge.starts_with(expected), "{challenge}");
            assert!(!answer.text.contains(&token), "{}", answer.text);
        }
        *counted.entry(reason).or_insert(0) += 2;
    }
    for (reason, times) in counted {
        let series = ["joingate_auth_failures_total{", &format!(r#"reason="{reason}""#)];
        assert_eq!(gateway.app.metric(&series).await, times, "{reason}");
    }
    gateway.nothing_was_sent();
    // The table speaks of the rules only if what it starts from is good.
    let good = Client::new(gateway.app.url(), Some(signed(HEADER, &claims_but(&json!({})))));
    assert_eq!(good.approve(GROUP, &["YQ=="]).await.status, 207);
}

#[tokio::test]
async fn a_token_may_be_as_large_as_8_kib() {
    let gateway = Refusing::spawn().await;
    let filled = |length: usize| signed(HEADER, &claims_but(&json!({ "filler": "x".repeat(length) })));
    let base = filled(0).len();
    let fitting = (0..).map(|length| filled(length + (8192 - base) * 3 / 4 - 8));
    let longest = fitting.take_while(|token| token.len() <= 8192).last().unwrap();
    assert!(longest.len() > 8192 - 4);
    assert_eq!(Client::new(gateway.app.url(), Some(longest)).approve(GROUP, &["YQ=="]).await.status, 207);
}

#[tokio::test]
async fn a_request_without_a_valid_token_is_challenged() {
    let gateway = Refusing::spawn().await;
    let anonymous = gateway.app.anonymous();
    let valid = moderator();
    let (bearer, expired) = (
        format!("Bearer {valid}"),
        format!("Bearer {}", signed(HEADER, &claims_but(&json!({ "iat": 0, "exp": 1 })))),
    );
    let content = valid.rsplit_once('.').unwrap().0;
    let unsigned = format!("Bearer {content}.");
    let foreign = format!("Bearer {content}.{}", expired.rsplit_once('.').unwrap().1);
    let large = format!("Bearer {}", "a".repeat(8193));
    let cases: [(&[&str], &str); 13] = [
        (&[], ""),
        (&["Basic dTpw"], ""),
        (&["Token abc"], ""),
        (&[&valid], ""),
        (&["Bearer"], "The Authorization header must be Bearer and one token."),
        (&["Bearer a b"], "The Authorization header must be Bearer and one token."),
        (
            &["Bearer abc"],
            "The token is not a signed JWT in compact form, with each header and claim member given once.",
        ),
        (
            &["Bearer a.b.c"],
            "The token is not a signed JWT in compact form, with each header and claim member given once.",
        ),
        (
            &[&unsigned],
            "The token is not a signed JWT in compact form, with each header and claim member given once.",
        ),
        (&[&foreign], "The signature of the token is not valid."),
        (&[&large], "The token is longer than 8192 bytes."),
        (&[&expired], "The token has expired."),
        (&[&bearer, &bearer], "The Authorization header must occur once."),
    ];
    for (fields, description) in cases {
        let mut headers = vec![JSON];
        headers.extend(fields.iter().map(|field| ("authorization", *field)));
        let challenge = if description.is_empty() {
            r#"Bearer realm="joingate""#.to_owned()
        } else {
            format!(r#"Bearer realm="joingate", error="invalid_token", error_description="{description}""#)
        };
        let listed = anonymous.send(Method::GET, LIST, &headers, "").await;
        expect_read(&listed, 401, "unauthorized");
        let approved = anonymous.send(Method::POST, APPROVE, &headers, BODY).await;
        expect_write(&approved, 401, "unauthorized");
        for answer in [listed, approved] {
            assert_eq!(answer.header("www-authenticate"), challenge, "{fields:?}");
            assert!(!answer.text.contains(&valid), "{}", answer.text);
        }
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_caller_without_the_right_is_told_which_scope_it_needs() {
    let gateway = Refusing::spawn().await;
    let reader = gateway.app.reader();
    let answer = reader.reject(GROUP, &["YQ=="]).await;
    expect_write(&answer, 403, "forbidden_scope");
    let challenge = format!(r#"Bearer realm="joingate", error="insufficient_scope", scope="{DECIDE}""#);
    assert_eq!(answer.header("www-authenticate"), challenge);
    let decider = gateway.app.caller("decider", DECIDE, Some("*"));
    expect_read(&decider.list(GROUP).await, 403, "forbidden_scope");
    let elsewhere = gateway.app.caller("elsewhere", &format!("{READ} {DECIDE}"), Some("b3RoZXI"));
    expect_read(&elsewhere.list(GROUP).await, 403, "forbidden_group");
    expect_write(&elsewhere.approve(GROUP, &["YQ=="]).await, 403, "forbidden_group");
    let nowhere = gateway.app.caller("nowhere", READ, None);
    expect_read(&nowhere.list(GROUP).await, 403, "forbidden_group");
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_client_that_is_refused_is_not_remembered_as_somebody() {
    let gateway = Refusing::spawn().await;
    let answer = Client::new(gateway.app.url(), Some("garbage".to_owned())).list(GROUP).await;
    expect_read(&answer, 401, "unauthorized");
    assert_eq!(answer.header("ratelimit"), "");
    assert_eq!(gateway.app.metric(&["joingate_auth_failures_total", r#"reason="malformed""#]).await, 1);
}
