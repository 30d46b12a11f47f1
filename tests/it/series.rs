//! The number of time series does not depend on what callers and Graph invent.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use crate::support::{Client, DECIDE, READ, RawUpstream, Reply, TestApp};

/// What the README says of the number of series.
const BOUND: usize = 3_000;
/// Calls of Graph in one round.
const ANSWERS: usize = 150;

/// Refusals with codes, classes, headers and members that nobody has heard of.
fn invented(round: usize) -> impl Iterator<Item = Reply> {
    (0..ANSWERS).map(move |index| {
        let new = round * 1_000_000 + index * 7 + 500_000;
        let error = json!({ "error": { "message": format!("message-{new}"), "type": format!("Type{new}"), "code": new,
            "error_subcode": new, "fbtrace_id": format!("trace-{new}"), (format!("member_{new}")): new } });
        let usage = json!({ "call_count": index % 50, (format!("measure_{new}")): 10, "total_time": 1 });
        let headers = format!(
            "Content-Type: application/json\r\nX-App-Usage: {usage}\r\nX-Business-Use-Case-Usage: {{\"{new}\":[{usage}]}}\r\n\
             X-Invented-{new}: yes\r\nfacebook-api-version: v{new}.0\r\n"
        );
        Reply::with_headers(400 + u16::try_from(index % 3).unwrap(), &headers, &error.to_string())
    })
}

/// Callers with methods, paths, names, tokens and groups of their own making.
async fn hostile_round(app: &TestApp, round: usize) {
    for index in 0..ANSWERS / 3 {
        let new = format!("x{round}x{index}");
        let anonymous = app.anonymous();
        let method = Method::from_bytes(new.to_uppercase().as_bytes()).unwrap();
        for path in [
            format!("/{new}"),
            format!("/v1/{new}"),
            format!("/v1/groups/{new}/join-requests"),
            "/docs/".to_owned() + &new,
        ] {
            let headers = [
                ("x-request-id", new.as_str()),
                ("user-agent", &new),
                ("origin", &new),
                ("x-forwarded-for", &new),
            ];
            anonymous.send(method.clone(), &path, &headers, "").await;
            anonymous.send(Method::GET, &format!("{path}?{new}={new}"), &headers, "").await;
        }
        Client::new(app.url(), Some(new.clone())).get("/v1/quota").await;
        let caller = app.caller(&new, &format!("{READ} {DECIDE} {new}"), Some("*"));
        caller.list(&new).await;
        caller.approve(&new, &[&new]).await;
        caller.reject(&new, &[&new]).await;
        caller.decide("approve", &new, &json!({ (new.clone()): new })).await;
        caller.get(&format!("/v1/groups/{new}/join-requests?page_token={new}")).await;
    }
}

async fn series(app: &TestApp) -> BTreeSet<String> {
    let exposition = Client::new(app.admin_url(), None).get("/metrics").await.text;
    let samples = exposition.lines().filter(|line| !line.starts_with('#'));
    samples.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

#[tokio::test]
async fn nobody_invents_a_time_series() {
    let replies = (0..2).flat_map(invented);
    let upstream = RawUpstream::answering(replies).await;
    let app = TestApp::builder().against(upstream.base_url()).set("LIMITS__AUTH_FAILURES", "off");
    let app = app.set("LIMITS__GRAPH_BURST", "10000").spawn().await;
    hostile_round(&app, 0).await;
    let first = series(&app).await;
    assert!(first.len() > 100 && first.len() < BOUND, "{}", first.len());
    hostile_round(&app, 1).await;
    let second = series(&app).await;
    let new = second.difference(&first).collect::<Vec<_>>();
    assert!(new.is_empty(), "{new:#?}");
    assert!(upstream.requests().len() > ANSWERS, "{}", upstream.requests().len());
}
