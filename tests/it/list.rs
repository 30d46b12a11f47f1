//! Listing a group's open requests.

use joingate_sandbox::{Fault, RequestSpec, SandboxOptions};
use serde_json::{Value, json};

use crate::support::{RawUpstream, Reply, TestApp};

const GROUP: &str = "Y2FwaTox";

fn ids(body: &Value) -> Vec<String> {
    let requests = body["join_requests"].as_array().unwrap();
    requests.iter().map(|request| request["id"].as_str().unwrap().to_owned()).collect()
}

fn page(ids: &[&str], after: Option<&str>) -> Reply {
    let data = ids.iter().map(|id| json!({ "join_request_id": id })).collect::<Vec<_>>();
    let paging = after.map(|after| {
        json!({ "cursors": { "after": after }, "next": "https://graph.invalid/next?access_token=leak" })
    });
    Reply::json(200, &json!({ "data": data, "paging": paging }).to_string())
}

#[tokio::test]
async fn the_whole_list_comes_back_whatever_the_page_size() {
    let options = SandboxOptions { page_size: 3, ..SandboxOptions::default() };
    let app = TestApp::builder().sandbox(options).spawn().await;
    let (group, open) = app.group_with_requests(10);
    let answer = app.reader().list(&group).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    assert_eq!(ids(&body), open);
    assert_eq!(body["group_id"], group);
    assert_eq!(body["next_page_token"], Value::Null);
    assert_eq!(answer.header("x-upstream-attempts"), "4");
    assert_eq!(answer.header("cache-control"), "private, no-cache");
}

#[tokio::test]
async fn every_user_field_is_there_and_may_be_null() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(0);
    let spec = RequestSpec {
        user_id: Some("US.13491208655302741918".to_owned()),
        username: Some("somebody".to_owned()),
        created_at: Some(1_755_548_877),
        ..RequestSpec::default()
    };
    let id = app.graph().add_request(&group, spec).unwrap();
    let body = app.reader().list(&group).await.json();
    let expected = json!({
        "id": id, "wa_id": null, "user_id": "US.13491208655302741918", "parent_user_id": null,
        "username": "somebody", "requested_at": "2025-08-18T20:27:57Z"
    });
    assert_eq!(body["join_requests"], json!([expected]));
}

#[tokio::test]
async fn timestamps_may_be_text_or_numbers() {
    let body = r#"{"data":[{"join_request_id":"YQ==","creation_timestamp":"1755548877","wa_id":""},
        {"join_request_id":"Yg==","creation_timestamp":1755548877},{"join_request_id":"Yw=="}]}"#;
    let upstream = RawUpstream::answering([Reply::json(200, body)]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let body = app.reader().list(GROUP).await.json();
    let times = body["join_requests"].as_array().unwrap().iter().map(|request| &request["requested_at"]);
    let expected = json!("2025-08-18T20:27:57Z");
    assert_eq!(times.collect::<Vec<_>>(), [&expected, &expected, &Value::Null]);
    assert_eq!(body["join_requests"][0]["wa_id"], Value::Null);
}

#[tokio::test]
async fn urls_are_rebuilt_from_the_cursor_and_never_followed() {
    let upstream = RawUpstream::answering([page(&["YQ=="], Some("c1")), page(&["Yg=="], None)]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let answer = app.reader().list(GROUP).await;
    assert_eq!(ids(&answer.json()), ["YQ==", "Yg=="]);
    let lines = upstream
        .requests()
        .iter()
        .map(|request| request.lines().next().unwrap().to_owned())
        .collect::<Vec<_>>();
    let path = format!("/v23.0/{GROUP}/join_requests");
    assert_eq!(lines, [format!("GET {path} HTTP/1.1"), format!("GET {path}?after=c1 HTTP/1.1")]);
    assert!(!answer.text.contains("leak"));
}

#[tokio::test]
async fn a_cursor_that_stands_only_in_the_next_url_is_taken_from_there() {
    let next = "https://graph.invalid/x?access_token=leak&after=c9";
    let first = json!({ "data": [{ "join_request_id": "YQ==" }], "paging": { "next": next } });
    let nowhere = json!({ "data": [], "paging": { "next": "https://graph.invalid/x" } });
    let replies = [Reply::json(200, &first.to_string()), Reply::json(200, &nowhere.to_string())];
    let upstream = RawUpstream::answering(replies).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    // The second page has a next one and no way to ask for it: no list is better than half a list.
    app.reader().list(GROUP).await.expect_problem(502, "upstream_error");
    assert!(upstream.requests()[1].starts_with(&format!("GET /v23.0/{GROUP}/join_requests?after=c9 ")));
}

#[tokio::test]
async fn calls_have_the_form_that_metas_document_asks_for() {
    let upstream = RawUpstream::answering([page(&[], None)]).await;
    let app = TestApp::builder()
        .against(upstream.base_url())
        .set("GRAPH__TOKEN", "EAAtesttoken")
        .set("GRAPH__APP_SECRET", "0123456789abcdef0123456789abcdef")
        .set("GRAPH__PAGE_SIZE", "50")
        .spawn()
        .await;
    app.reader().list(GROUP).await;
    let request = upstream.requests().remove(0).to_lowercase();
    let proof = "558080b299ccfabcdbfaf45bd3a4f6c06b5703c83f3c6d3023c8efc960fef88b";
    assert!(request.contains(&format!("?appsecret_proof={proof}&limit=50 http/1.1")), "{request}");
    assert!(request.contains("authorization: bearer eaatesttoken\r\n"), "{request}");
    let agent = concat!("user-agent: joingate/", env!("CARGO_PKG_VERSION"), "\r\n");
    assert!(request.contains(agent), "{request}");
    assert!(!request.contains("content-type"), "a GET has no body: {request}");
}

#[tokio::test]
async fn repeated_ids_count_once_and_an_empty_page_is_not_the_end() {
    let pages = [page(&["YQ==", "YQ=="], Some("c1")), page(&[], Some("c2")), page(&["YQ==", "Yg=="], None)];
    let upstream = RawUpstream::answering(pages).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    assert_eq!(ids(&app.reader().list(GROUP).await.json()), ["YQ==", "Yg=="]);
}

#[tokio::test]
async fn pages_that_lead_in_a_circle_are_a_problem() {
    let pages = [page(&["YQ=="], Some("c1")), page(&["Yg=="], Some("c2")), page(&["Yw=="], Some("c1"))];
    let upstream = RawUpstream::answering(pages).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    app.reader().list(GROUP).await.expect_problem(502, "upstream_error");
    assert_eq!(upstream.requests().len(), 3);
}

#[tokio::test]
async fn a_list_that_is_too_long_goes_on_behind_a_page_token() {
    let options = SandboxOptions { page_size: 2, ..SandboxOptions::default() };
    let app = TestApp::builder().sandbox(options).set("GRAPH__MAX_PAGES", "2").spawn().await;
    let (group, open) = app.group_with_requests(5);
    let first = app.reader().list(&group).await.json();
    assert_eq!(ids(&first), open[..4]);
    let token = first["next_page_token"].as_str().unwrap();
    let path = format!("/v1/groups/{group}/join-requests?page_token={token}");
    let second = app.reader().get(&path).await.json();
    assert_eq!(ids(&second), open[4..]);
    assert_eq!(second["next_page_token"], Value::Null);

    let (other, _) = app.group_with_requests(1);
    let foreign = format!("/v1/groups/{other}/join-requests?page_token={token}");
    app.reader().get(&foreign).await.expect_problem(410, "page_token_expired");
    let forged = format!("/v1/groups/{group}/join-requests?page_token=A{token}");
    app.reader().get(&forged).await.expect_problem(410, "page_token_expired");

    app.graph().withdraw(&group, &open[0]).unwrap();
    app.reader().get(&path).await.expect_problem(410, "page_token_expired");
}

#[tokio::test]
async fn a_list_that_changes_under_the_walk_is_read_again_once() {
    let expired = || Reply::json(400, r#"{"error":{"message":"m","code":131059}}"#);
    let replies =
        [page(&["YQ=="], Some("c1")), expired(), page(&["Yg=="], Some("c2")), page(&["Yw=="], None)];
    let upstream = RawUpstream::answering(replies).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    assert_eq!(ids(&app.reader().list(GROUP).await.json()), ["Yg==", "Yw=="], "no mixture of two versions");

    let replies = [page(&["YQ=="], Some("c1")), expired(), page(&["Yg=="], Some("c2")), expired()];
    let upstream = RawUpstream::answering(replies).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    app.reader().list(GROUP).await.expect_problem(503, "upstream_unavailable");
}

#[tokio::test]
async fn passing_trouble_is_tried_again_inside_the_deadline() {
    let html = |status| Reply::with_headers(status, "Content-Type: text/html\r\n", "<html>Sorry</html>");
    let transient = Reply::json(500, r#"{"error":{"message":"m","code":2,"is_transient":true}}"#);
    for (trouble, code) in [
        (Reply::Close, "upstream_unavailable"),
        (html(502), "upstream_unavailable"),
        (html(200), "upstream_bad_response"),
        (transient, "upstream_unavailable"),
        (Reply::json(200, r#"{"request_id":"1"}"#), "upstream_bad_response"),
    ] {
        let upstream =
            RawUpstream::answering([trouble.clone(), trouble.clone(), page(&["YQ=="], None)]).await;
        let app = TestApp::builder().against(upstream.base_url()).spawn().await;
        let answer = app.reader().list(GROUP).await;
        assert_eq!((answer.status, upstream.requests().len()), (200, 3), "{trouble:?}");
        assert_eq!(app.metric(&["joingate_graph_retries_total{"]).await, 2, "{trouble:?}");

        let upstream = RawUpstream::answering(vec![trouble.clone(); 4]).await;
        let app = TestApp::builder().against(upstream.base_url()).spawn().await;
        let answer = app.reader().list(GROUP).await;
        assert_eq!(
            (answer.json()["code"].as_str(), upstream.requests().len()),
            (Some(code), 3),
            "{trouble:?}"
        );
    }
}

#[tokio::test]
async fn a_refusal_is_not_tried_again_and_becomes_its_problem() {
    for (graph_status, error, status, code) in [
        (500, r#"{"code":3}"#, 502, "upstream_forbidden"),
        (400, r#"{"code":100,"error_subcode":33}"#, 404, "group_not_found"),
        (400, r#"{"code":"131041"}"#, 404, "group_not_found"),
        (403, r#"{"code":131207}"#, 409, "group_suspended"),
        (403, r#"{"code":200}"#, 502, "upstream_forbidden"),
        (401, r#"{"code":190}"#, 503, "upstream_credential_invalid"),
        (400, r#"{"code":190,"error_subcode":463}"#, 503, "upstream_credential_invalid"),
        (400, r#"{"code":100}"#, 502, "upstream_rejected"),
        (400, r#"{"code":80007}"#, 503, "upstream_rate_limited"),
        (200, r#"{"code":4}"#, 503, "upstream_rate_limited"),
        (418, r#"{"code":777}"#, 502, "upstream_rejected"),
    ] {
        let body = format!(r#"{{"error":{error}}}"#);
        let upstream = RawUpstream::answering([Reply::json(graph_status, &body)]).await;
        let builder = TestApp::builder().against(upstream.base_url());
        let app = builder.set("LIMITS__MAX_WAIT", "0s").spawn().await;
        let problem = app.reader().list(GROUP).await.expect_problem(status, code);
        assert_eq!(upstream.requests().len(), 1, "{body}");
        assert_eq!(problem["upstream"]["http_status"], graph_status, "{body}");
        assert!(problem["upstream"]["code"].is_u64(), "{body}");
    }
}

#[tokio::test]
async fn metas_quota_is_503_with_its_wait_and_nothing_is_sent_meanwhile() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(1);
    app.graph().throttle(80007, 1, Some(2));
    let answer = app.reader().list(&group).await;
    answer.expect_problem(503, "upstream_rate_limited");
    assert_eq!(answer.header("retry-after"), "120");
    let sent = app.graph().calls().len();
    let again = app.reader().list(&group).await;
    again.expect_problem(503, "upstream_rate_limited");
    let wait = again.header("retry-after").parse::<u64>().unwrap();
    assert!((100..=120).contains(&wait), "{wait}");
    assert_eq!(app.graph().calls().len(), sent, "nothing is sent during the pause");
    assert!(app.metric(&["joingate_graph_paused_until_timestamp_seconds{"]).await > 1_700_000_000);
}

#[tokio::test]
async fn a_page_counts_only_in_a_plain_success() {
    for (status, body, code) in [
        (500, r#"{"data":[]}"#, "upstream_unavailable"),
        (404, r#"{"data":[]}"#, "upstream_bad_response"),
        (200, r#"{"data":[],"error":{"code":190}}"#, "upstream_credential_invalid"),
        (200, r#"{"data":{}}"#, "upstream_bad_response"),
    ] {
        let upstream = RawUpstream::answering(vec![Reply::json(status, body); 3]).await;
        let app = TestApp::builder().against(upstream.base_url()).spawn().await;
        assert_eq!(app.reader().list(GROUP).await.json()["code"], code, "{status} {body}");
    }
}

#[tokio::test]
async fn a_wait_that_graph_asks_for_is_obeyed_or_told() {
    let body = r#"{"error":{"message":"m","code":2}}"#;
    let trouble = |wait| Reply::with_headers(503, &format!("Retry-After: {wait}\r\n"), body);
    let upstream = RawUpstream::answering([trouble(1), page(&["YQ=="], None)]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let started = std::time::Instant::now();
    assert_eq!(app.reader().list(GROUP).await.status, 200);
    assert!(started.elapsed().as_millis() >= 1000);

    let upstream = RawUpstream::answering([trouble(600)]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let answer = app.reader().list(GROUP).await;
    answer.expect_problem(503, "upstream_unavailable");
    assert_eq!((answer.header("retry-after"), upstream.requests().len()), ("600", 1));
}

#[tokio::test]
async fn no_answer_in_time_is_504() {
    let upstream = RawUpstream::answering(vec![Reply::Stall; 5]).await;
    let app = TestApp::builder()
        .against(upstream.base_url())
        .set("GRAPH__ATTEMPT_TIMEOUT", "100ms")
        .set("GRAPH__MAX_ATTEMPTS", "2")
        .spawn()
        .await;
    app.reader().list(GROUP).await.expect_problem(504, "upstream_timeout");
    assert_eq!(upstream.requests().len(), 2);
}

#[tokio::test]
async fn a_closed_port_is_503_and_tried_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let app = TestApp::builder().against(&format!("http://{address}")).spawn().await;
    app.reader().list(GROUP).await.expect_problem(503, "upstream_unavailable");
    assert_eq!(app.metric(&["joingate_graph_requests_total{", "not_connected"]).await, 3);
}

#[tokio::test]
async fn redirects_are_a_fault_and_never_followed() {
    let second = RawUpstream::answering([page(&["YQ=="], None)]).await;
    let location = format!("Location: {}/v23.0/{GROUP}/join_requests\r\n", second.base_url());
    let redirect = Reply::with_headers(302, &location, r#"{"data":[]}"#);
    let first = RawUpstream::answering(vec![redirect; 3]).await;
    let app = TestApp::builder().against(first.base_url()).spawn().await;
    app.reader().list(GROUP).await.expect_problem(502, "upstream_bad_response");
    assert!(second.requests().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_given_up() {
    let large = format!(r#"{{"data":[],"filler":"{}"}}"#, "x".repeat(3 * 1024 * 1024));
    let upstream = RawUpstream::answering(vec![Reply::json(200, &large); 3]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    app.reader().list(GROUP).await.expect_problem(502, "upstream_bad_response");
}

#[tokio::test]
async fn rights_are_checked_before_anything_is_sent() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(1);
    let decider = app.caller("decider", "join_requests:decide", Some("*"));
    let answer = decider.list(&group).await;
    answer.expect_problem(403, "forbidden_scope");
    assert_eq!(
        answer.header("www-authenticate"),
        r#"Bearer realm="joingate", error="insufficient_scope", scope="join_requests:read""#
    );
    app.caller("other", "join_requests:read", Some("T3RoZXI"))
        .list(&group)
        .await
        .expect_problem(403, "forbidden_group");
    app.caller("none", "join_requests:read", None).list(&group).await.expect_problem(403, "forbidden_group");
    app.anonymous().list(&group).await.expect_problem(401, "unauthorized");
    assert!(app.graph().calls().is_empty());
    assert_eq!(app.caller("own", "join_requests:read", Some(&group)).list(&group).await.status, 200);
}

#[tokio::test]
async fn a_fault_that_passes_is_hidden_from_the_caller() {
    let app = TestApp::spawn().await;
    let (group, open) = app.group_with_requests(2);
    app.graph().fail_next(2, Fault::html(503)).unwrap();
    assert_eq!(ids(&app.reader().list(&group).await.json()), open);
}

/// An expired version is silently served by the next one; this header is the only sign.
#[tokio::test]
async fn another_version_than_asked_for_is_shown_to_the_operators() {
    let page = |version: &str| {
        Reply::with_headers(200, &format!("facebook-api-version: {version}\r\n"), r#"{"data":[]}"#)
    };
    let upstream = RawUpstream::answering([page("v24.0"), page("v23.0")]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    for mismatch in [1, 0] {
        assert_eq!(app.reader().list(GROUP).await.status, 200);
        assert_eq!(app.metric(&["joingate_graph_version_mismatch{"]).await, mismatch);
    }
}

#[tokio::test]
async fn texts_longer_than_any_name_are_left_out() {
    let entry = |length| json!({ "join_request_id": "YQ==", "username": "u".repeat(length) });
    for (length, shown) in [(256, true), (257, false)] {
        let upstream =
            RawUpstream::answering([Reply::json(200, &json!({ "data": [entry(length)] }).to_string())]).await;
        let app = TestApp::builder().against(upstream.base_url()).spawn().await;
        let list = app.reader().list(GROUP).await.json();
        assert_eq!(list["join_requests"][0]["username"].is_string(), shown, "{length}");
    }
}

#[tokio::test]
async fn a_very_long_list_is_cut_before_it_fills_the_memory() {
    let ids = (0..10_000).map(|number| format!("{number:08}")).collect::<Vec<_>>();
    let ids = ids.iter().map(String::as_str).collect::<Vec<_>>();
    let upstream = RawUpstream::answering([page(&ids, Some("c1"))]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let list = app.reader().list(GROUP).await.json();
    assert_eq!((list["join_requests"].as_array().unwrap().len(), upstream.requests().len()), (10_000, 1));
    assert!(list["next_page_token"].is_string());
}
