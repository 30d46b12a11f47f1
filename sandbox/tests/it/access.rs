//! Who is let in.

use joingate_sandbox::SandboxOptions;

use crate::support::{BEARER, Edge, GROUP, edge_of};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const PROOF: &str = "558080b299ccfabcdbfaf45bd3a4f6c06b5703c83f3c6d3023c8efc960fef88b";

#[tokio::test]
async fn a_call_without_a_token_is_refused_with_104() {
    let edge = Edge::start().await;
    let reply = edge.send("GET", &edge_of(GROUP), &[], "").await;
    assert_eq!(reply.error(), (401, 104));
}

#[tokio::test]
async fn a_token_in_the_query_does_not_count() {
    let edge = Edge::start().await;
    let target = format!("{}?access_token=sandbox-token-not-real", edge_of(GROUP));
    assert_eq!(edge.send("GET", &target, &[], "").await.error(), (401, 104));
}

#[tokio::test]
async fn a_wrong_token_is_refused_with_190_and_a_challenge() {
    let edge = Edge::start().await;
    for value in ["Bearer other", "Bearer ", "Basic sandbox-token-not-real", "sandbox-token-not-real"] {
        let reply = edge.send("GET", &edge_of(GROUP), &[("Authorization", value)], "").await;
        assert_eq!(reply.error(), (401, 190), "{value}");
        let challenge = reply.header("www-authenticate").expect("a challenge");
        assert!(challenge.starts_with("OAuth \"Facebook Platform\" \"invalid_token\" \""), "{challenge}");
    }
}

#[tokio::test]
async fn two_tokens_in_one_call_are_refused() {
    let edge = Edge::start().await;
    assert_eq!(edge.send("GET", &edge_of(GROUP), &[BEARER, BEARER], "").await.error(), (401, 190));
}

#[tokio::test]
async fn a_revoked_token_is_refused_with_subcode_467() {
    let edge = Edge::start().await;
    edge.control().revoke_token();
    let reply = edge.list("").await;
    assert_eq!(reply.error(), (401, 190));
    assert_eq!(reply.json()["error"]["error_subcode"], 467);
}

#[tokio::test]
async fn a_new_token_replaces_the_old_one() {
    let edge = Edge::start().await;
    edge.control().revoke_token();
    edge.control().set_token("second-token");
    let reply = edge.send("GET", &edge_of(GROUP), &[("Authorization", "Bearer second-token")], "").await;
    assert_eq!(reply.status, 200);
    assert_eq!(edge.list("").await.error(), (401, 190));
}

#[tokio::test]
async fn the_proof_of_the_app_secret_is_demanded_when_one_is_configured() {
    let options = SandboxOptions {
        token: "EAAtesttoken".to_owned(),
        app_secret: Some(SECRET.to_owned()),
        ..SandboxOptions::default()
    };
    let edge = Edge::with(options).await;
    let bearer = [("Authorization", "Bearer EAAtesttoken")];
    let call = async |query: &str| edge.send("GET", &format!("{}{query}", edge_of(GROUP)), &bearer, "").await;

    assert_eq!(call(&format!("?appsecret_proof={PROOF}")).await.status, 200);
    assert_eq!(call("").await.error(), (400, 100));
    let wrong = call("?appsecret_proof=00").await;
    assert_eq!(wrong.error(), (400, 100));
    let message = "Invalid appsecret_proof provided in the API argument";
    assert_eq!(wrong.json()["error"]["message"], message);
}

#[tokio::test]
async fn a_proof_nobody_asked_for_is_ignored() {
    let edge = Edge::start().await;
    assert_eq!(edge.list("?appsecret_proof=00").await.status, 200);
}

#[tokio::test]
async fn a_client_name_against_metas_pattern_is_refused() {
    let edge = Edge::start().await;
    let call = async |name| edge.send("GET", &edge_of(GROUP), &[BEARER, ("User-Agent", name)], "").await;
    assert_eq!(call("some-gateway/1.2.3").await.status, 200);
    assert_eq!(call("some gateway").await.error(), (400, 100));
    assert_eq!(call("some-gateway/1.2").await.error(), (400, 100));
}
