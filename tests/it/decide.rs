//! Approving and rejecting.

use std::time::Duration;

use joingate_sandbox::{Fault, GroupSpec, RequestSpec};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::store::state::eventually;
use crate::support::{Answer, DECIDE, RawUpstream, Reply, TestApp, token};

const GROUP: &str = "Y2FwaTox";

fn error(status: u16, code: u32) -> Reply {
    Reply::json(status, &json!({ "error": { "message": "m", "code": code } }).to_string())
}

/// A quota that is used up for longer than a request may wait.
fn later(status: u16, code: u32) -> Reply {
    Reply::with_headers(status, "Retry-After: 60\r\n", &json!({ "error": { "code": code } }).to_string())
}

#[tokio::test]
async fn an_approved_person_is_in_the_group() {
    let app = TestApp::spawn().await;
    let (group, open) = app.group_with_requests(2);
    let answer = app.moderator().approve(&group, &open[..1]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["results"], json!([{ "id": open[0], "outcome": "approved" }]));
    let summary = json!({ "requested": 1, "succeeded": 1, "already": 0, "gone": 0, "failed": 0, "not_sent": 0,
        "unknown": 0, "would_send": 0 });
    assert_eq!(body["summary"], summary);
    assert_eq!((body["action"].as_str(), body["group_id"].as_str()), (Some("approve"), Some(group.as_str())));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(app.graph().open_requests(&group), open[1..]);
    assert_eq!(app.graph().participants(&group).len(), 1);
}

#[tokio::test]
async fn a_rejection_is_a_delete_with_a_json_body() {
    let app = TestApp::spawn().await;
    let (group, open) = app.group_with_requests(1);
    let answer = app.moderator().reject(&group, &open).await;
    assert_eq!((answer.status, answer.outcomes()), (200, vec!["rejected".to_owned()]));
    let calls = app.graph().calls();
    assert_eq!(calls[0].method, "DELETE");
    let body = serde_json::from_str::<serde_json::Value>(&calls[0].body).unwrap();
    assert_eq!(body, json!({ "messaging_product": "whatsapp", "join_requests": open }));
    assert_eq!(calls[0].header("content-type"), Some("application/json"));
    assert!(app.graph().participants(&group).is_empty());
}

#[tokio::test]
async fn every_id_that_graph_refuses_is_reported_with_its_own_problem() {
    let app = TestApp::spawn().await;
    let group = app.graph().create_group(GroupSpec { capacity: 2, ..GroupSpec::default() }).unwrap();
    let add = || app.graph().add_request(&group, RequestSpec::default()).unwrap();
    let (first, unwilling, second, third) = (add(), add(), add(), add());
    app.graph().fail_item(&group, &unwilling, 131_203).unwrap();
    let ids = [&first, "bm9ib2R5", &unwilling, &second, &third];
    let answer = app.moderator().approve(&group, &ids).await;
    assert_eq!(answer.status, 207);
    assert_eq!(answer.outcomes(), ["approved", "gone", "failed", "approved", "failed"]);
    let body = answer.json();
    let code =
        |index: usize| body["results"][index]["problem"]["code"].as_str().unwrap_or_default().to_owned();
    assert_eq!([code(1), code(2), code(4)], ["gone", "user_not_addable", "group_full"]);
    assert_eq!(body["results"][2]["problem"]["upstream"]["code"], 131_203);
    assert_eq!(answer.header("retry-after"), "", "nothing here is worth repeating");
}

#[tokio::test]
async fn repeated_ids_are_sent_once_and_answered_once() {
    let app = TestApp::spawn().await;
    let (group, open) = app.group_with_requests(2);
    let answer = app.moderator().approve(&group, &[&open[1], &open[0], &open[1]]).await;
    let body = answer.json();
    let answered = [&body["results"][0]["id"], &body["results"][1]["id"]];
    assert_eq!(answered, [&json!(open[1]), &json!(open[0])]);
    assert_eq!(body["summary"]["requested"], 2);
}

#[tokio::test]
async fn approvals_go_out_in_groups_of_eight_and_rejections_as_set() {
    let app = TestApp::builder().set("GRAPH__IDS_PER_CALL", "15").spawn().await;
    let (group, open) = app.group_with_requests(40);
    let sizes = || {
        let calls = app.graph().calls();
        app.graph().clear_calls();
        let ids = |body: &str| {
            serde_json::from_str::<serde_json::Value>(body).unwrap()["join_requests"]
                .as_array()
                .unwrap()
                .len()
        };
        calls.iter().map(|call| ids(&call.body)).collect::<Vec<_>>()
    };
    assert_eq!(app.moderator().approve(&group, &open[..20]).await.outcomes(), vec!["approved"; 20]);
    assert_eq!(sizes(), [8, 8, 4]);
    assert_eq!(app.moderator().reject(&group, &open[20..]).await.outcomes(), vec!["rejected"; 20]);
    assert_eq!(sizes(), [15, 5]);
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_says_what_would_be_sent() {
    let app = TestApp::spawn().await;
    let (group, open) = app.group_with_requests(2);
    let body = json!({ "join_request_ids": [open[0], open[1]], "dry_run": true });
    let answer = app.moderator().decide("approve", &group, &body).await;
    assert_eq!((answer.status, answer.outcomes()), (200, vec!["would_send".to_owned(); 2]));
    let body = json!({ "join_request_ids": [open[0], "bm9ib2R5"], "dry_run": true });
    let answer = app.moderator().decide("reject", &group, &body).await;
    assert_eq!((answer.status, answer.outcomes()), (207, vec!["would_send".to_owned(), "gone".to_owned()]));
    assert!(app.graph().calls().iter().all(|call| call.method == "GET"));
    assert_eq!(app.graph().open_requests(&group), open);
}

#[tokio::test]
async fn a_dry_run_on_a_list_that_is_cut_answers_nothing_about_any_id() {
    let options = joingate_sandbox::SandboxOptions { page_size: 1, ..Default::default() };
    let app = TestApp::builder().sandbox(options).set("GRAPH__MAX_PAGES", "1").spawn().await;
    let (group, open) = app.group_with_requests(2);
    let body = json!({ "join_request_ids": [open[1]], "dry_run": true });
    let problem =
        app.moderator().decide("approve", &group, &body).await.expect_problem(502, "upstream_error");
    assert_eq!(problem["executed"], "no");
}

/// Whatever goes wrong after a write was sent: without a look it is sent once, and every id is `unknown`.
#[tokio::test]
async fn an_ambiguous_end_without_a_look_is_unknown_and_never_sent_again() {
    let html = "<html>Sorry, something went wrong</html>";
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"approved_join".to_vec();
    for reply in [
        Reply::Close,
        Reply::Stall,
        Reply::BytesThenClose(cut),
        Reply::with_headers(502, "Content-Type: text/html\r\n", html),
        Reply::with_headers(200, "Content-Type: text/html\r\n", html),
        Reply::json(200, ""),
        Reply::json(200, "[]"),
        Reply::json(200, r#"{"messaging_product":"whatsapp"}"#),
        Reply::json(200, r#"{"request_id":"abc"}"#),
        Reply::json(200, r#"{"approved_join_requests":[]}"#),
        Reply::json(200, r#"{"approved_join_requests":["Zm9yZWlnbg=="]}"#),
        Reply::json(200, r#"{"rejected_join_requests":["YQ==","Yg=="]}"#),
        Reply::with_headers(302, "Location: /\r\n", r#"{"approved_join_requests":["YQ==","Yg=="]}"#),
        error(500, 1),
        error(500, 2),
        error(500, 131_000),
        error(503, 133_004),
        error(500, 987_654),
        error(200, 987_654),
        error(408, 987_654),
        error(429, 987_654),
        Reply::with_headers(429, "Content-Type: text/html\r\n", html),
        Reply::json(
            200,
            r#"{"approved_join_requests":[{"join_request_id":"YQ=="},{"join_request_id":"Yg=="}]}"#,
        ),
    ] {
        let upstream = RawUpstream::answering([reply.clone()]).await;
        let app = TestApp::builder()
            .against(upstream.base_url())
            .set("GRAPH__ATTEMPT_TIMEOUT", "300ms")
            .spawn()
            .await;
        let answer = app.moderator().approve(GROUP, &["YQ==", "Yg=="]).await;
        assert_eq!((answer.status, answer.outcomes()), (207, vec!["unknown".to_owned(); 2]), "{reply:?}");
        let body = answer.json();
        assert_eq!(body["results"][0]["problem"]["code"], "outcome_unknown", "{reply:?}");
        assert_eq!(body["results"][1]["observed"], "look_failed", "{reply:?}");
        assert_eq!(upstream.received("POST"), 1, "{reply:?}");
    }
}

#[tokio::test]
async fn an_id_in_both_lists_is_unknown() {
    let body = r#"{"approved_join_requests":["YQ==","Yg=="],"failed_join_requests":[{"join_request_id":"YQ==",
        "errors":[{"code":"131203"}]}],"errors":[{"code":131203}]}"#;
    let upstream = RawUpstream::answering([Reply::json(200, body)]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    assert_eq!(app.moderator().approve(GROUP, &["YQ==", "Yg=="]).await.outcomes(), ["unknown", "approved"]);
    assert_eq!(app.metric(&["joingate_graph_schema_drift_total{", "id_in_both_lists"]).await, 1);
}

#[tokio::test]
async fn a_list_that_stands_twice_is_unknown_and_counted() {
    let body = r#"{"approved_join_requests":["YQ=="],"approved_join_requests":["Yg=="]}"#;
    let upstream = RawUpstream::answering([Reply::json(200, body)]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    assert_eq!(app.moderator().approve(GROUP, &["YQ==", "Yg=="]).await.outcomes(), ["unknown", "unknown"]);
    assert_eq!(app.metric(&["joingate_graph_schema_drift_total{", "repeated_member"]).await, 1);
}

#[tokio::test]
async fn lists_count_whatever_the_status() {
    let body = r#"{"approved_join_requests":["YQ=="],"failed_join_requests":[{"join_request_id":"Yg==",
        "errors":[{"code":131213}]}],"error":{"message":"m","code":131201}}"#;
    for status in [200, 206, 400] {
        let upstream = RawUpstream::answering([Reply::json(status, body)]).await;
        let app = TestApp::builder().against(upstream.base_url()).spawn().await;
        assert_eq!(app.moderator().approve(GROUP, &["YQ==", "Yg=="]).await.outcomes(), ["approved", "gone"]);
    }
}

/// Graph refused the whole call by a code that speaks of no id: nothing was executed, and the answer says why.
#[tokio::test]
async fn a_refusal_of_the_whole_call_is_a_problem_and_surely_not_executed() {
    for (reply, status, code) in [
        (later(400, 4), 503, "upstream_rate_limited"),
        (later(429, 131_208), 503, "upstream_rate_limited"),
        (error(401, 190), 503, "upstream_credential_invalid"),
        (error(400, 190), 503, "upstream_credential_invalid"),
        (error(403, 10), 502, "upstream_forbidden"),
        (error(500, 3), 502, "upstream_forbidden"),
        (error(400, 131_215), 502, "upstream_forbidden"),
        (error(400, 131_041), 404, "group_not_found"),
        (error(403, 131_207), 409, "group_suspended"),
        (error(500, 131_057), 503, "upstream_unavailable"),
    ] {
        let upstream = RawUpstream::answering([reply.clone()]).await;
        let app = TestApp::builder().against(upstream.base_url()).spawn().await;
        let problem = app.moderator().reject(GROUP, &["YQ==", "Yg=="]).await.expect_problem(status, code);
        assert_eq!(problem["executed"], "no", "{reply:?}");
        assert!(problem["decision_id"].is_string(), "{reply:?}");
        assert_eq!(upstream.requests().len(), 1, "{reply:?}");
    }
}

#[tokio::test]
async fn a_refusal_that_speaks_of_ids_without_naming_them_fails_each() {
    for (code, ids, outcome, problem) in [
        (131_009, vec!["YQ==", "Yg=="], "failed", "upstream_rejected"),
        (131_213, vec!["YQ=="], "gone", "gone"),
        (100, vec!["YQ=="], "failed", "upstream_rejected"),
        (131_202, vec!["YQ=="], "failed", "upstream_rejected"),
    ] {
        let upstream = RawUpstream::answering([error(400, code)]).await;
        let app = TestApp::builder().against(upstream.base_url()).spawn().await;
        let answer = app.moderator().approve(GROUP, &ids).await;
        assert_eq!((answer.status, answer.outcomes()), (207, vec![outcome.to_owned(); ids.len()]), "{code}");
        assert_eq!(answer.json()["results"][0]["problem"]["code"], problem, "{code}");
        assert_eq!(upstream.received("POST"), 1, "without a look nothing is sent again: {code}");
    }
}

#[tokio::test]
async fn earlier_results_survive_and_the_rest_is_not_sent() {
    let approved = Reply::json(200, r#"{"approved_join_requests":["YQ=="]}"#);
    for (trouble, second, wait) in [
        (later(400, 80007), "not_sent", true),
        (error(401, 190), "not_sent", true),
        (Reply::Close, "unknown", true),
        (error(500, 2), "unknown", true),
    ] {
        let upstream = RawUpstream::answering([approved.clone(), trouble.clone()]).await;
        let app =
            TestApp::builder().against(upstream.base_url()).set("GRAPH__IDS_PER_CALL", "1").spawn().await;
        let answer = app.moderator().approve(GROUP, &["YQ==", "Yg==", "Yw=="]).await;
        assert_eq!(
            (answer.status, answer.outcomes()),
            (207, vec!["approved".into(), second.into(), "not_sent".into()])
        );
        assert_eq!(!answer.header("retry-after").is_empty(), wait, "{trouble:?}");
        assert_eq!(upstream.received("POST"), 2, "{trouble:?}");
    }
}

/// Ids that were carried out and an error beside them: the lists are the answer, and the error still counts.
#[tokio::test]
async fn an_error_beside_the_lists_stops_what_would_follow() {
    let throttled = r#"{"approved_join_requests":["YQ=="],"error":{"message":"m","code":131208}}"#;
    let upstream =
        RawUpstream::answering([Reply::with_headers(400, "Retry-After: 120\r\n", throttled)]).await;
    let app = TestApp::builder().against(upstream.base_url()).set("GRAPH__IDS_PER_CALL", "1").spawn().await;
    let answer = app.moderator().approve(GROUP, &["YQ==", "Yg=="]).await;
    assert_eq!(answer.outcomes(), ["approved", "not_sent"]);
    assert_eq!((answer.header("retry-after"), upstream.requests().len()), ("120", 1));

    let revoked = r#"{"approved_join_requests":["YQ=="],"error":{"message":"m","code":190}}"#;
    let upstream = RawUpstream::answering([Reply::json(400, revoked)]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    assert_eq!(app.moderator().approve(GROUP, &["YQ=="]).await.outcomes(), ["approved"]);
    assert_eq!(app.metric(&["joingate_graph_token_valid{"]).await, 0);
}

#[tokio::test]
async fn an_id_that_a_quota_refused_tells_the_wait() {
    let body = r#"{"approved_join_requests":[],"failed_join_requests":[{"join_request_id":"YQ==",
        "errors":[{"code":131208}]}]}"#;
    let upstream = RawUpstream::answering([Reply::with_headers(200, "Retry-After: 300\r\n", body)]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let answer = app.moderator().approve(GROUP, &["YQ=="]).await;
    assert_eq!((answer.outcomes(), answer.header("retry-after")), (vec!["failed".to_owned()], "300"));
    assert_eq!(answer.json()["results"][0]["problem"]["code"], "upstream_rate_limited");
}

#[tokio::test]
async fn maintenance_is_not_called_a_quota() {
    let upstream = RawUpstream::answering([error(500, 131_057)]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    for _ in 0..2 {
        let answer = app.moderator().approve(GROUP, &["YQ=="]).await;
        answer.expect_problem(503, "upstream_unavailable");
        assert!((50..=60).contains(&answer.header("retry-after").parse::<u64>().unwrap()), "{answer:?}");
    }
    assert_eq!(upstream.requests().len(), 1);
}

/// Approves with a body that arrives so late.
async fn approve_late(app: &TestApp, group: &str, ids: &[String], delay: Duration) -> Answer {
    let body = serde_json::to_vec(&json!({ "join_request_ids": ids })).unwrap();
    let late = futures_util::stream::once(async move {
        tokio::time::sleep(delay).await;
        Ok::<_, std::io::Error>(body)
    });
    let path = format!("/v1/groups/{group}/join-requests/approve");
    let headers = [("content-type", "application/json")];
    app.moderator().send(reqwest::Method::POST, &path, &headers, reqwest::Body::wrap_stream(late)).await
}

#[tokio::test]
async fn a_body_that_comes_after_the_deadline_is_not_decided_on() {
    let app = TestApp::builder().set("SERVER__REQUEST_DEADLINE", "2s").spawn().await;
    let (group, open) = app.group_with_requests(1);
    let answer = approve_late(&app, &group, &open, Duration::from_millis(2300)).await;
    answer.expect_problem(408, "request_timeout");
    assert!(app.audit_events(0).await.is_empty());
    assert!(app.graph().calls().is_empty());
}

#[tokio::test]
async fn no_connection_means_nothing_was_executed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let app = TestApp::builder().against(&format!("http://{address}")).spawn().await;
    let problem = app.moderator().approve(GROUP, &["YQ=="]).await.expect_problem(503, "upstream_unavailable");
    assert_eq!(problem["executed"], "no");
    assert_eq!(app.metric(&["joingate_graph_requests_total{", "not_connected"]).await, 3);
}

/// A host that answers no attempt to connect: the attempt must end before the time of the whole call does, or nobody
/// could say that nothing was sent.
#[tokio::test]
async fn a_host_that_takes_no_connection_means_nothing_was_executed() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Connections that nobody accepts fill the queue; further attempts hang.
    let mut waiting = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(300), tokio::net::TcpStream::connect(address)).await
    {
        waiting.push(stream);
    }
    let upstream = format!("http://{address}");
    let app = TestApp::builder().against(&upstream).set("GRAPH__ATTEMPT_TIMEOUT", "1s").spawn().await;
    let problem = app.moderator().approve(GROUP, &["YQ=="]).await.expect_problem(503, "upstream_unavailable");
    assert_eq!(problem["executed"], "no");
}

/// A connection that Graph has closed meanwhile must not make the HTTP library send a write a second time.
#[tokio::test]
async fn a_broken_kept_connection_never_repeats_a_write() {
    let list = Reply::json(200, r#"{"rejected_join_requests":["YQ=="]}"#);
    let upstream = RawUpstream::answering([list, Reply::Close, Reply::Close, Reply::Close]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    assert_eq!(app.moderator().reject(GROUP, &["YQ=="]).await.outcomes(), ["rejected"]);
    assert_eq!(app.moderator().reject(GROUP, &["Yg=="]).await.outcomes(), ["unknown"]);
    assert_eq!(upstream.received("DELETE"), 2);
}

#[tokio::test]
async fn a_caller_who_goes_away_cancels_nothing() {
    let app = TestApp::spawn().await;
    let (group, open) = app.group_with_requests(1);
    app.graph().fail_next(1, Fault::delay(300)).unwrap();
    let moderator = app.moderator();
    let sent = async {
        while app.graph().calls().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = moderator.approve(&group, &open) => panic!("answered before the caller went away: {answer:?}"),
        () = sent => (),
    }
    let events = app.audit_events(2).await;
    assert_eq!(events[1]["outcome"], "approved");
    assert!(app.graph().open_requests(&group).is_empty());
}

/// Sends an approval, waits until Graph has it, and resets the connection.
async fn approve_and_reset(app: &TestApp, group: &str, ids: &[String]) {
    let mut stream = tokio::net::TcpStream::connect(app.app.api_address()).await.unwrap();
    let body = json!({ "join_request_ids": ids }).to_string();
    let head = format!(
        "POST /v1/groups/{group}/join-requests/approve HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        token("moderator", DECIDE, Some("*")),
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    while app.graph().calls().is_empty() {
        tokio::task::yield_now().await;
    }
    stream.set_zero_linger().unwrap();
    drop(stream);
    let counted =
        ["joingate_http_requests_total{", r#"route="approve""#, r#"status="499""#, r#"fault="caller""#];
    let counts = async { while app.metric(&counted).await != 1 {} };
    tokio::time::timeout(Duration::from_secs(10), counts).await.expect("the request is counted even so");
}

#[tokio::test]
async fn a_request_whose_connection_is_reset_has_its_line_and_its_decision() {
    let app = TestApp::spawn().await;
    let (group, open) = app.group_with_requests(1);
    app.graph().fail_next(1, Fault::delay(300)).unwrap();
    approve_and_reset(&app, &group, &open).await;
    assert_eq!(app.audit_events(2).await[1]["outcome"], "approved");
}

#[tokio::test]
async fn decisions_of_callers_who_went_away_are_bounded_too() {
    let app = TestApp::builder().set("SERVER__MAX_IN_FLIGHT", "1").spawn().await;
    let (group, open) = app.group_with_requests(2);
    app.graph().fail_next(1, Fault::delay(3000)).unwrap();
    approve_and_reset(&app, &group, &open[..1]).await;
    let problem = app.moderator().approve(&group, &open[1..]).await.expect_problem(503, "overloaded");
    assert_eq!(problem["executed"], "no");
    assert_eq!(app.audit_events(2).await[1]["outcome"], "approved", "the first one goes on");
    assert_eq!(app.graph().calls().len(), 1);
}

#[tokio::test]
async fn the_audit_log_tells_who_decided_what() {
    let app = TestApp::spawn().await;
    let (group, open) = app.group_with_requests(1);
    let body =
        json!({ "join_request_ids": [open[0], "bm9ib2R5"], "reason": "paid", "on_behalf_of": "user:4711" });
    let answer = app.moderator().decide("approve", &group, &body).await.json();
    let events = app.audit_events(3).await;
    for event in &events {
        assert_eq!(event["decision_id"], answer["decision_id"]);
        assert_eq!((&event["issuer"], &event["subject"]), (&json!("test"), &json!("moderator")));
        assert_eq!((&event["reason"], &event["on_behalf_of"]), (&json!("paid"), &json!("user:4711")));
        assert_eq!(event["action"], "approve");
    }
    let kinds = events.iter().map(|event| event["event"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(kinds, ["intended", "decided", "decided"]);
    assert_eq!(events[0]["join_requests"].as_array().unwrap().len(), 2);
    assert_eq!((&events[1]["outcome"], &events[2]["outcome"]), (&json!("approved"), &json!("gone")));
    assert_eq!(events[2]["graph_code"], 131_213);
}

#[tokio::test]
async fn nothing_is_sent_when_the_audit_log_cannot_be_written() {
    let app = TestApp::builder().with_a_broken_audit_log().spawn().await;
    let (group, open) = app.group_with_requests(1);
    let problem = app.moderator().approve(&group, &open).await.expect_problem(503, "audit_unavailable");
    assert_eq!(problem["executed"], "no");
    assert!(app.graph().calls().is_empty());
}

#[tokio::test]
async fn losses_of_the_audit_log_are_only_counted_if_the_settings_say_so() {
    let builder = TestApp::builder().with_a_broken_audit_log();
    let app = builder.set("TELEMETRY__AUDIT_ON_FAILURE", "count").spawn().await;
    let (group, open) = app.group_with_requests(1);
    assert_eq!(app.moderator().approve(&group, &open).await.outcomes(), ["approved"]);
    // The intent and the outcome; the writer may still be at the second one.
    let lost = async || (app.metric(&["joingate_audit_lost_total"]).await == 2).then_some(());
    eventually("the count of losses", lost).await;
}

#[tokio::test]
#[expect(clippy::await_holding_lock, reason = "holding it is what stalls the writer")]
async fn an_audit_log_that_nobody_reads_holds_no_request_for_ever() {
    let app = TestApp::builder().set("SERVER__REQUEST_DEADLINE", "5s").spawn().await;
    let (group, open) = app.group_with_requests(1);
    let stalled = app.stall_the_audit_log();
    app.moderator().approve(&group, &open).await.expect_problem(503, "audit_unavailable");
    drop(stalled);
    assert!(app.graph().calls().is_empty());
    let events = app.audit_events(2).await;
    assert_eq!(events[1]["outcome"], "not_sent", "an intent never stands alone");
}

#[tokio::test]
async fn a_decision_without_time_for_a_look_is_not_sent() {
    let app = TestApp::builder().set("SERVER__REQUEST_DEADLINE", "5s").spawn().await;
    let (group, open) = app.group_with_requests(1);
    let answer = approve_late(&app, &group, &open, Duration::from_millis(1200)).await;
    let problem = answer.expect_problem(503, "deadline_exceeded");
    assert_eq!(problem["executed"], "no");
    assert!(app.graph().calls().is_empty());
    assert!(app.audit_events(0).await.is_empty(), "nothing was intended yet");
}
