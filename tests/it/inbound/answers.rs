//! What every problem says beside its code.

use serde_json::json;

use super::{GROUP, expect_read, expect_write};
use crate::support::{RawUpstream, Reply, TestApp};

#[tokio::test]
async fn a_public_url_makes_problem_types_absolute() {
    let app = TestApp::builder().set("SERVER__PUBLIC_URL", "https://joingate.test.invalid/in/").spawn().await;
    let base = "https://joingate.test.invalid/in/problems";
    let problem = app.anonymous().list(GROUP).await.expect_problem(401, "unauthorized");
    assert_eq!(problem["type"], format!("{base}/unauthorized"));
    let (group, _) = app.group_with_requests(0);
    let answer = app.moderator().approve(&group, &["bm9ib2R5"]).await.json();
    assert_eq!(answer["results"][0]["problem"]["type"], format!("{base}/gone"));
}

#[tokio::test]
async fn a_problem_says_how_often_graph_was_called_for_it() {
    let refusal = r#"{"error":{"code":131041}}"#;
    let graph = RawUpstream::answering([Reply::json(400, refusal), Reply::json(400, refusal)]).await;
    let app = TestApp::builder().against(graph.base_url()).spawn().await;
    let listed = app.moderator().list(GROUP).await;
    let dry_run = json!({ "join_request_ids": ["YQ=="], "dry_run": true });
    let tried = app.moderator().decide("reject", GROUP, &dry_run).await;
    expect_read(&listed, 404, "group_not_found");
    expect_write(&tried, 404, "group_not_found");
    for answer in [listed, tried] {
        assert_eq!(answer.header("x-upstream-attempts"), "1");
    }
}
