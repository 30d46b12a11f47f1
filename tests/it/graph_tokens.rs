//! Meta's token: refused, taken again, about to end.

use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use joingate_sandbox::{RunningSandbox, Sandbox, SandboxOptions, TokenSpec};
use tempfile::TempDir;

use crate::store::state::eventually;
use crate::support::process::{Ran, run};
use crate::support::{GRAPH_TOKEN, TestApp, settings_for};

fn calls_of(app: &TestApp, path: &str) -> usize {
    app.graph().calls().iter().filter(|call| call.path.contains(path)).count()
}

#[tokio::test]
async fn a_refused_token_is_not_sent_again_for_each_request_and_works_when_graph_takes_it_again() {
    let app = TestApp::builder().set("LIMITS__CALLER_BURST", "1000").spawn().await;
    let (group, open) = app.group_with_requests(1);
    app.graph().revoke_token();
    let moderator = app.moderator();
    moderator.list(&group).await.expect_problem(503, "upstream_credential_invalid");
    let refused_at = Instant::now();
    assert_eq!(app.metric(&["graph_token_valid"]).await, 0);
    let sent = app.graph().calls().len();
    for _ in 0..20 {
        let problem =
            moderator.approve(&group, &open).await.expect_problem(503, "upstream_credential_invalid");
        assert_eq!((&problem["executed"], &problem["upstream"]["code"]), (&"no".into(), &190.into()));
        moderator.list(&group).await.expect_problem(503, "upstream_credential_invalid");
    }
    assert_eq!(app.graph().calls().len(), sent, "one alarm, not one for each request");
    // Meta takes it again: only a question after half a minute can find that out.
    app.graph().add_token(TokenSpec::new(GRAPH_TOKEN)).unwrap();
    let looked = async || (calls_of(&app, "debug_token") > 0).then_some(());
    tokio::time::timeout(Duration::from_secs(40), async {
        while looked().await.is_none() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("Graph was not asked");
    assert!(refused_at.elapsed() >= Duration::from_secs(30));
    eventually("the token", async || (app.metric(&["graph_token_valid"]).await == 1).then_some(())).await;
    assert_eq!(moderator.approve(&group, &open).await.outcomes(), ["approved"]);
    assert_eq!(calls_of(&app, "debug_token"), 1);
}

/// Files for a program's tokens.
struct Tokens(TempDir);

impl Tokens {
    fn write(&self, name: &str, content: &str) -> String {
        let path = self.0.path().join(name);
        let draft = self.0.path().join("draft");
        std::fs::write(&draft, content).unwrap();
        std::fs::rename(draft, &path).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_renewed_token_is_taken_within_seconds_and_asked_about_at_once() {
    let tokens = Tokens(tempfile::tempdir().unwrap());
    let file = tokens.write("token", "not-metas-token");
    let app = TestApp::builder().unset("GRAPH__TOKEN").set("GRAPH__TOKEN_FILE", &file).spawn().await;
    let (group, _) = app.group_with_requests(0);
    app.reader().list(&group).await.expect_problem(503, "upstream_credential_invalid");
    tokens.write("token", GRAPH_TOKEN);
    let valid = async || (app.metric(&["graph_token_valid"]).await == 1).then_some(());
    eventually("the new token", valid).await;
    assert_eq!(calls_of(&app, "debug_token"), 1, "nobody had to ask for a list");
    assert_eq!(app.reader().list(&group).await.status, 200);
}

#[tokio::test]
async fn what_the_other_token_is_worth_says_nothing_of_the_one_in_use() {
    const OLD: &str = "an-old-token-of-metas";
    let probe = ("GRAPH__TOKEN_PROBE_INTERVAL", "1min");
    // Rotation: the old token is the fallback, and is revoked then.
    let app = TestApp::builder().set("GRAPH__FALLBACK_TOKEN", OLD).set(probe.0, probe.1).spawn().await;
    let (group, _) = app.group_with_requests(0);
    eventually("both questions", async || (calls_of(&app, "debug_token") == 2).then_some(())).await;
    let asked = async || {
        let calls = app.metric(&["graph_requests_total{", r#"operation="debug_token""#]).await;
        (calls == 2).then_some(())
    };
    eventually("both answers", asked).await;
    assert_eq!(app.metric(&["graph_token_valid"]).await, 1);
    assert_eq!(app.reader().list(&group).await.status, 200);
    // The other way round: the fallback serves, and the alarm stands.
    let app = TestApp::builder()
        .set("GRAPH__TOKEN", "not-metas-token")
        .set("GRAPH__FALLBACK_TOKEN", GRAPH_TOKEN)
        .spawn()
        .await;
    let (group, _) = app.group_with_requests(0);
    for _ in 0..2 {
        assert_eq!(app.reader().list(&group).await.status, 200);
        assert_eq!(app.metric(&["graph_token_valid"]).await, 0);
    }
}

#[tokio::test]
async fn a_token_is_taken_as_kubernetes_swaps_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let version = |name: &str, token: &str| {
        std::fs::create_dir(path(name)).unwrap();
        std::fs::write(path(name).join("token"), token).unwrap();
    };
    // `token` → `..data/token`, and `..data` → the directory of a version.
    version("..1", "not-metas-token");
    symlink("..1", path("..data")).unwrap();
    symlink("..data/token", path("token")).unwrap();
    let file = path("token").to_str().unwrap().to_owned();
    let app = TestApp::builder().unset("GRAPH__TOKEN").set("GRAPH__TOKEN_FILE", file).spawn().await;
    let (group, _) = app.group_with_requests(0);
    app.reader().list(&group).await.expect_problem(503, "upstream_credential_invalid");
    version("..2", GRAPH_TOKEN);
    symlink("..2", path("..data_tmp")).unwrap();
    std::fs::rename(path("..data_tmp"), path("..data")).unwrap();
    std::fs::remove_dir_all(path("..1")).unwrap();
    let valid = async || (app.metric(&["graph_token_valid"]).await == 1).then_some(());
    eventually("the new token", valid).await;
    assert_eq!(app.reader().list(&group).await.status, 200);
}

#[tokio::test]
async fn the_end_of_a_token_is_shown_long_before() {
    let app = TestApp::builder().set("GRAPH__TOKEN_PROBE_INTERVAL", "1min").spawn().await;
    let end = jiff::Timestamp::now().as_second() + 86_400;
    app.graph().add_token(TokenSpec { expires_at: Some(end), ..TokenSpec::new(GRAPH_TOKEN) }).unwrap();
    let shown = async || {
        let shown = app.metric(&["graph_token_expiry_timestamp_seconds"]).await;
        (shown == u64::try_from(end).unwrap()).then_some(())
    };
    eventually("the end of the token", shown).await;
    assert_eq!(app.metric(&["graph_token_valid"]).await, 1);
    assert_eq!(app.metric(&["graph_requests_total{", r#"operation="debug_token""#]).await, 1);
}

fn check_online(sandbox: &RunningSandbox, more: &[(&str, &str)]) -> Ran {
    let mut settings = settings_for(&sandbox.base_url());
    settings.extend(more.iter().map(|(name, value)| (format!("JOINGATE_{name}"), (*value).to_owned())));
    let settings = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>();
    run(&["check", "--online"], &settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn check_asks_graph_about_each_token() {
    let options = SandboxOptions { token: GRAPH_TOKEN.to_owned(), ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    let ran = check_online(&sandbox, &[]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    let line = ran.out.lines().last().unwrap();
    assert!(line.starts_with("graph.token: valid, never expires, scopes: "), "{line}");
    assert!(line.contains("whatsapp_business_management"), "{line}");

    let ran = check_online(&sandbox, &[("GRAPH__FALLBACK_TOKEN", "an-old-token-of-metas")]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.ends_with("graph.fallback_token: not valid\n"), "{}", ran.out);
    assert_eq!(ran.err, "joingate: not every token is known to be valid\n");
    assert!(
        !format!("{ran:?}").contains("an-old-token-of-metas") && !format!("{ran:?}").contains(GRAPH_TOKEN)
    );

    let ran = check_online(&sandbox, &[("GRAPH__BASE_URL", "http://127.0.0.1:1")]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.ends_with("graph.token: not known, Graph did not say (not_connected)\n"), "{}", ran.out);
    sandbox.stop().await;
}
