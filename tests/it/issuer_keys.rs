//! Keys that an issuer tells over HTTP: rotated, slow, dead, hostile.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::store::state::eventually;
use crate::support::{
    AUDIENCE, Client, Issuer, IssuerKey, READ, REMOTE_ISS, Reply, TestApp, TestAppBuilder, key_set,
};

/// A gateway with that issuer beside the usual one.
fn beside(url: &str) -> TestAppBuilder {
    TestApp::builder()
        .set("AUTH__ISSUERS__REMOTE__ISSUER", REMOTE_ISS)
        .set("AUTH__ISSUERS__REMOTE__AUDIENCE", AUDIENCE)
        .set("AUTH__ISSUERS__REMOTE__JWKS_URL", url)
}

async fn quota(app: &TestApp, token: &str) -> crate::support::Answer {
    Client::new(app.url(), Some(token.to_owned())).get("/v1/quota").await
}

/// Waits until the keys are there.
async fn until_known(app: &TestApp, key: &IssuerKey) {
    let token = key.token("app", READ);
    eventually("the keys", async || (quota(app, &token).await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn a_key_that_is_not_known_is_asked_for_and_the_request_waits_for_it() {
    let [old, new] = ["old", "new"].map(IssuerKey::new);
    let issuer = Issuer::telling(&[&old]).await;
    let app = beside(&issuer.url).spawn().await;
    until_known(&app, &old).await;
    assert_eq!(issuer.requests().len(), 1);
    issuer.tells(&[&old, &new]);
    assert_eq!(quota(&app, &new.token("app", READ)).await.status, 200, "the first request with the new key");
    assert_eq!(quota(&app, &old.token("app", READ)).await.status, 200);
    assert_eq!(issuer.requests().len(), 2);
    assert_eq!(app.metric(&["config_reloads_total{", "remote.jwks_url", r#"result="taken""#]).await, 2);
    assert_eq!(app.moderator().get("/v1/quota").await.status, 200, "the other issuer is as before");
}

#[tokio::test]
async fn a_removed_key_works_no_more_even_for_tokens_that_passed_before() {
    let [old, new] = ["old", "new"].map(IssuerKey::new);
    let issuer = Issuer::telling(&[&old]).await;
    let app = beside(&issuer.url).spawn().await;
    until_known(&app, &old).await;
    let passed = old.token("app", READ);
    assert_eq!(quota(&app, &passed).await.status, 200);
    issuer.tells(&[&new]);
    assert_eq!(quota(&app, &new.token("app", READ)).await.status, 200);
    quota(&app, &passed).await.expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn an_issuer_that_withdraws_every_key_is_obeyed_and_its_callers_are_not_at_fault() {
    let [old, foreign] = ["old", "foreign"].map(IssuerKey::new);
    let issuer = Issuer::telling(&[&old]).await;
    let app = beside(&issuer.url).spawn().await;
    until_known(&app, &old).await;
    let passed = old.token("app", READ);
    assert_eq!(quota(&app, &passed).await.status, 200);
    issuer.tells(&[]);
    quota(&app, &foreign.token("app", READ)).await.expect_problem(503, "auth_unavailable");
    quota(&app, &passed).await.expect_problem(503, "auth_unavailable");
    assert_eq!(app.moderator().get("/v1/quota").await.status, 200, "the other issuer is as before");
}

#[tokio::test]
async fn a_flood_of_unknown_keys_asks_the_issuer_once() {
    let [known, foreign] = ["known", "foreign"].map(IssuerKey::new);
    let issuer = Issuer::telling(&[&known]).await;
    let app = beside(&issuer.url).set("LIMITS__AUTH_FAILURES", "off").spawn().await;
    until_known(&app, &known).await;
    let (url, token) = (app.url(), foreign.token("app", READ));
    let ask = |_| {
        let caller = Client::new(url.clone(), Some(token.clone()));
        async move { caller.get("/v1/quota").await }
    };
    let answers = (0..200).map(ask).collect::<JoinSet<_>>().join_all().await;
    let (refused, unsettled) = answers.iter().partition::<Vec<_>, _>(|answer| answer.status == 401);
    // No more than 64 wait for the answer; nobody is told that a key is wrong which may be new.
    assert!(refused.len() >= 64, "{}", refused.len());
    for answer in unsettled {
        answer.expect_problem(503, "auth_unavailable");
    }
    assert_eq!(issuer.requests().len(), 2, "at the start, and once for all of them");
    quota(&app, &token).await.expect_problem(401, "unauthorized");
    assert_eq!(issuer.requests().len(), 2);
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_makes_nobody_wait_whose_key_is_known() {
    let [known, foreign] = ["known", "foreign"].map(IssuerKey::new);
    let issuer = Issuer::telling(&[&known]).await;
    let app = beside(&issuer.url).spawn().await;
    until_known(&app, &known).await;
    issuer.answers(Reply::Stall);
    let (slow, token) =
        (Client::new(app.url(), Some(foreign.token("app", READ))), known.token("other", READ));
    let mut waiting = JoinSet::new();
    waiting.spawn(async move {
        let began = Instant::now();
        (slow.get("/v1/quota").await, began.elapsed())
    });
    eventually("the question", async || (issuer.requests().len() == 2).then_some(())).await;
    let began = Instant::now();
    assert_eq!(quota(&app, &token).await.status, 200);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let (answer, took) = waiting.join_next().await.unwrap().unwrap();
    answer.expect_problem(503, "auth_unavailable");
    assert!((Duration::from_secs(2)..Duration::from_secs(4)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn without_a_single_key_it_is_not_the_callers_fault_and_others_are_served() {
    let key = IssuerKey::new("key");
    let issuer = Issuer::answering(Reply::json(503, "{}")).await;
    let app = beside(&issuer.url).spawn().await;
    let refused = quota(&app, &key.token("app", READ)).await;
    let problem = refused.expect_problem(503, "auth_unavailable");
    assert_eq!(problem["retryable"], true);
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(refused.header("www-authenticate"), "");
    assert_eq!(app.moderator().get("/v1/quota").await.status, 200);
    assert!(app.metric(&["auth_failures_total{", r#"reason="no_keys""#]).await > 0);
    assert!(app.metric(&["config_reloads_total{", "remote.jwks_url", r#"result="refused""#]).await > 0);
    let ready = Client::new(app.admin_url(), None).get("/readyz").await;
    assert_eq!(ready.status, 200, "the issuer is not what readiness is about");
    issuer.tells(&[&key]);
    until_known(&app, &key).await;
}

#[tokio::test]
async fn an_answer_that_is_no_key_set_changes_nothing() {
    let [known, foreign] = ["known", "foreign"].map(IssuerKey::new);
    // Each would do but for one thing.
    let set = key_set(&[&known, &foreign]);
    let large = set.replacen('{', &format!(r#"{{"x":"{}","#, "x".repeat(256 * 1024)), 1);
    let redirect = Reply::with_headers(302, "Location: http://127.0.0.1:1/\r\n", "");
    for answer in [
        Reply::json(200, "<html>"),
        Reply::json(404, &set),
        Reply::json(203, &set),
        Reply::json(200, &large),
        redirect,
    ] {
        let issuer = Issuer::telling(&[&known]).await;
        let app = beside(&issuer.url).spawn().await;
        until_known(&app, &known).await;
        issuer.answers(answer);
        // Its key may be one that the issuer would have told.
        quota(&app, &foreign.token("app", READ)).await.expect_problem(503, "auth_unavailable");
        assert_eq!(issuer.requests().len(), 2);
        assert_eq!(quota(&app, &known.token("other", READ)).await.status, 200);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_clusters_keys_are_had_with_its_certificate_and_the_pods_token() {
    let key = IssuerKey::new("cluster");
    let (issuer, authority) = Issuer::with_tls(&[&key]).await;
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let file = write("ca.crt", &authority);
    let app = beside(&issuer.url)
        .set("AUTH__ISSUERS__REMOTE__CA_FILE", &*file)
        .set("AUTH__ISSUERS__REMOTE__BEARER_TOKEN_FILE", write("token", "the-pods-own-token\n"))
        .set("AUTH__ISSUERS__REMOTE__GRANTS__0__SUB", "system:serviceaccount:shop:orders")
        .set("AUTH__ISSUERS__REMOTE__GRANTS__0__SCOPES", READ)
        .set("AUTH__ISSUERS__REMOTE__GRANTS__0__GROUPS", "*")
        .spawn()
        .await;
    let (group, open) = app.group_with_requests(1);
    // What the token says of its scopes counts for nothing where there is a grant.
    let account = key.token("system:serviceaccount:shop:orders", "openid");
    let account = Client::new(app.url(), Some(account));
    eventually("the keys", async || (account.list(&group).await.status == 200).then_some(())).await;
    account.approve(&group, &open).await.expect_problem(403, "forbidden_scope");
    let asked = issuer.requests().concat();
    assert!(asked.contains("authorization: Bearer the-pods-own-token"), "{asked}");

    // Certificates that cannot be used change nothing, and somebody learns of it.
    write("ca.crt", "no certificate");
    let refused = async || {
        let refused = ["config_reloads_total{", "remote.ca_file", r#"result="refused""#];
        (app.metric(&refused).await == 1).then_some(())
    };
    eventually("the refusal", refused).await;
    let before = issuer.requests().len();
    quota(&app, &IssuerKey::new("new").token("app", READ)).await.expect_problem(401, "unauthorized");
    assert_eq!(issuer.requests().len(), before + 1);

    // Without its authority, or with another one, nobody is asked for anything.
    let (_, other) = Issuer::with_tls(&[&key]).await;
    let mistaken = beside(&issuer.url).set("AUTH__ISSUERS__REMOTE__CA_FILE", write("other.crt", &other));
    for builder in [beside(&issuer.url), mistaken] {
        let stranger = builder.spawn().await;
        let before = issuer.requests().len();
        quota(&stranger, &key.token("app", READ)).await.expect_problem(503, "auth_unavailable");
        assert_eq!(issuer.requests().len(), before);
    }
}
