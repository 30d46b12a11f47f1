//! What `debug_token` tells.

use joingate_sandbox::{ControlError, MAX_TOKENS, TokenSpec};
use serde_json::json;

use crate::support::{BEARER, Edge, GROUP, JSON, Reply, edge_of};

async fn debug(edge: &Edge, token: &str) -> Reply {
    edge.send("GET", &format!("/v23.0/debug_token?input_token={token}"), &[BEARER], "").await
}

#[tokio::test]
async fn the_accepted_token_is_valid_and_has_both_whatsapp_scopes() {
    let edge = Edge::start().await;
    let data = debug(&edge, "sandbox-token-not-real").await.json()["data"].clone();
    assert_eq!(data["is_valid"], true);
    assert_eq!(data["type"], "SYSTEM_USER");
    assert_eq!(data["expires_at"], 0);
    let scopes = serde_json::json!(["whatsapp_business_management", "whatsapp_business_messaging"]);
    assert_eq!(data["scopes"], scopes);
    assert!(data["app_id"].is_string());
}

#[tokio::test]
async fn another_token_is_not_valid() {
    let edge = Edge::start().await;
    let reply = debug(&edge, "other").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["data"]["is_valid"], false);
    assert_eq!(reply.json()["data"]["error"]["code"], 190);
}

#[tokio::test]
async fn the_input_token_is_required() {
    let edge = Edge::start().await;
    assert_eq!(edge.send("GET", "/v23.0/debug_token", &[BEARER], "").await.error(), (400, 100));
}

#[tokio::test]
async fn a_revoked_token_cannot_even_ask() {
    let edge = Edge::start().await;
    edge.control().revoke_token();
    assert_eq!(debug(&edge, "sandbox-token-not-real").await.error(), (401, 190));
}

async fn list_with(edge: &Edge, token: &str) -> Reply {
    let bearer = format!("Bearer {token}");
    edge.send("GET", &edge_of(GROUP), &[("Authorization", bearer.as_str())], "").await
}

#[tokio::test]
async fn several_tokens_are_good_at_once_and_each_is_revoked_alone() {
    let edge = Edge::start().await;
    let spec = json!({"token": "second-token"}).to_string();
    assert_eq!(edge.send("POST", "/_sandbox/tokens", &[JSON], &spec).await.status, 204);
    assert_eq!((edge.list("").await.status, list_with(&edge, "second-token").await.status), (200, 200));
    assert_eq!(edge.send("POST", "/_sandbox/tokens/revocations", &[JSON], &spec).await.status, 204);
    let refused = list_with(&edge, "second-token").await;
    assert_eq!((refused.error(), &refused.json()["error"]["error_subcode"]), ((401, 190), &json!(467)));
    assert_eq!(edge.list("").await.status, 200);
    let listed = edge.send("GET", "/_sandbox/tokens", &[], "").await.json();
    assert_eq!(listed["tokens"][1]["standing"], "revoked");
    let data = debug(&edge, "second-token").await.json()["data"].clone();
    assert_eq!((&data["is_valid"], &data["error"]["subcode"]), (&json!(false), &json!(467)));
}

#[tokio::test]
async fn a_token_expires_by_graphs_clock_with_subcode_463() {
    let edge = Edge::start().await;
    let expires_at = jiff::Timestamp::now().as_second() + 3_600;
    let spec = TokenSpec { expires_at: Some(expires_at), ..TokenSpec::new("short-token") };
    edge.control().add_token(spec).expect("room");
    assert_eq!(debug(&edge, "short-token").await.json()["data"]["expires_at"], expires_at);
    assert_eq!(list_with(&edge, "short-token").await.status, 200);
    edge.control().set_clock_offset(3_601).expect("in bounds");
    let refused = list_with(&edge, "short-token").await;
    assert_eq!((refused.error(), &refused.json()["error"]["error_subcode"]), ((401, 190), &json!(463)));
    assert_eq!(debug(&edge, "short-token").await.json()["data"]["is_valid"], false);
}

#[tokio::test]
async fn a_missing_scope_is_code_10_or_200() {
    let edge = Edge::start().await;
    for (scopes, code) in
        [(vec!["whatsapp_business_management"], 10), (vec!["whatsapp_business_messaging"], 200), (vec![], 10)]
    {
        let scopes: Vec<String> = scopes.into_iter().map(str::to_owned).collect();
        let spec = TokenSpec { scopes: scopes.clone(), ..TokenSpec::new("poor-token") };
        edge.control().add_token(spec).expect("room");
        assert_eq!(list_with(&edge, "poor-token").await.error(), (403, code));
        assert_eq!(debug(&edge, "poor-token").await.json()["data"]["scopes"], json!(scopes));
    }
}

#[tokio::test]
async fn tokens_out_of_bounds_are_refused() {
    let edge = Edge::start().await;
    for odd in ["", "a b", &"a".repeat(1_025)] {
        assert_eq!(edge.control().add_token(TokenSpec::new(odd)), Err(ControlError::InvalidValue));
    }
    for number in 1..MAX_TOKENS {
        edge.control().add_token(TokenSpec::new(format!("token-{number}"))).expect("room");
    }
    assert_eq!(edge.control().add_token(TokenSpec::new("one-more")), Err(ControlError::TooMany));
}
