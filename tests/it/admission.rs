//! Who gets in. Each rule of a token is tested beside the verifier; here is what the edge makes of it.

use std::time::Duration;

use reqwest::Method;

use crate::support::{AUDIENCE, Client, DECIDE, READ, TestApp, token};

#[tokio::test]
async fn without_a_token_the_challenge_names_no_error() {
    let app = TestApp::spawn().await;
    let answer = app.anonymous().list("Y2FwaTox").await;
    answer.expect_problem(401, "unauthorized");
    assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="joingate""#);
}

#[tokio::test]
async fn two_authorization_fields_are_refused() {
    let app = TestApp::spawn().await;
    let valid = format!("Bearer {}", token("somebody", READ, Some("*")));
    let fields = [("authorization", valid.as_str()), ("authorization", valid.as_str())];
    let answer = app.anonymous().send(Method::GET, "/v1/groups/Y2FwaTox/join-requests", &fields, "").await;
    answer.expect_problem(401, "unauthorized");
    assert_eq!(app.metric(&["joingate_auth_failures_total{", "repeated_header"]).await, 1);
}

#[tokio::test]
async fn deciding_needs_its_own_scope_and_the_group() {
    let app = TestApp::spawn().await;
    let (group, open) = app.group_with_requests(1);
    let answer = app.reader().approve(&group, &open).await;
    let problem = answer.expect_problem(403, "forbidden_scope");
    assert_eq!(problem["executed"], "no");
    assert!(answer.header("www-authenticate").contains(r#"scope="join_requests:decide""#));
    app.caller("other", DECIDE, Some("T3RoZXI"))
        .reject(&group, &open)
        .await
        .expect_problem(403, "forbidden_group");
    assert!(app.graph().calls().is_empty());
    assert_eq!(app.caller("own", DECIDE, Some(&group)).reject(&group, &open).await.status, 200);
}

#[tokio::test]
async fn groups_may_be_left_out_where_the_settings_say_so() {
    let app = TestApp::builder().set("AUTH__REQUIRE_GROUPS_CLAIM", "false").spawn().await;
    let (group, _) = app.group_with_requests(0);
    assert_eq!(app.caller("any", READ, None).list(&group).await.status, 200);
}

#[tokio::test]
async fn an_unknown_path_under_v1_asks_for_a_token_first() {
    let app = TestApp::spawn().await;
    app.anonymous().get("/v1/anything").await.expect_problem(401, "unauthorized");
    app.reader().get("/v1/anything").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn changed_keys_that_cannot_be_used_are_refused_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("jwks.json");
    // The public key of RFC 8037, appendix A.2.
    let keys =
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    std::fs::write(&file, keys).unwrap();
    let app = TestApp::builder()
        .set("AUTH__ISSUERS__SECOND__ISSUER", "https://second.test.invalid")
        .set("AUTH__ISSUERS__SECOND__AUDIENCE", AUDIENCE)
        .set("AUTH__ISSUERS__SECOND__JWKS_FILE", file.display().to_string())
        .spawn()
        .await;
    std::fs::write(&file, "half a fi").unwrap();
    let reloads = "joingate_config_reloads_total{";
    let refused = [reloads, r#"what="auth.issuers.second.jwks_file""#, r#"result="refused""#];
    let counts = async { while app.metric(&refused).await == 0 {} };
    tokio::time::timeout(Duration::from_secs(30), counts).await.expect("the file is looked at again");
    assert_eq!(app.metric(&[reloads, r#"result="taken""#]).await, 0);
}

#[tokio::test]
async fn an_address_whose_tokens_do_not_pass_is_heard_less_often() {
    let app = TestApp::builder().set("LIMITS__AUTH_FAILURES", "3/h").spawn().await;
    let (group, _) = app.group_with_requests(1);
    let known = app.reader();
    assert_eq!(known.list(&group).await.status, 200);
    let stranger = Client::new(app.url(), Some(token("stranger", READ, Some("*")) + "x"));
    for _ in 0..3 {
        stranger.list(&group).await.expect_problem(401, "unauthorized");
    }
    let refused = stranger.list(&group).await;
    refused.expect_problem(429, "auth_throttled");
    let wait = refused.header("retry-after").parse::<u64>().unwrap();
    assert!((1100..=1200).contains(&wait), "one in twenty minutes: {wait}");
    app.anonymous().list(&group).await.expect_problem(429, "auth_throttled");
    // A valid token that was never seen is not looked at; one that has passed before is.
    app.moderator().list(&group).await.expect_problem(429, "auth_throttled");
    assert_eq!(known.list(&group).await.status, 200);
    assert_eq!(app.metric(&["joingate_auth_failures_total{"]).await, 3);
    assert_eq!(app.metric(&["joingate_limited_total{", r#"limit="auth_failures""#]).await, 3);
}

#[tokio::test]
async fn behind_a_proxy_no_address_is_held_back() {
    let app = TestApp::builder().set("LIMITS__AUTH_FAILURES", "off").spawn().await;
    for _ in 0..100 {
        app.anonymous().list("Y2FwaTox").await.expect_problem(401, "unauthorized");
    }
}
