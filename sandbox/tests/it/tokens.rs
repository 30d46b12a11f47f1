//! What `debug_token` tells.

use crate::support::{BEARER, Edge, Reply};

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
