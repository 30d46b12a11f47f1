//! Decisions whose outcome is in doubt: what a look shows, and what is sent again.

use std::time::Duration;

use joingate_sandbox::{
    AnswerFault, Effect, Fault, FaultOrder, GroupSpec, RefusalStyle, RequestSpec, SandboxOptions, Styles,
    Verb,
};
use serde_json::{Value, json};

use crate::support::{Answer, GRAPH_TOKEN, RawUpstream, Reply, TestApp};

const LONG_AGO: i64 = 1_755_548_877;

/// A group with requests that were made long ago, so that Graph's clock tells them from later ones.
fn group_of_old_requests(app: &TestApp, requests: usize, capacity: usize) -> (String, Vec<String>) {
    let group = app.graph().create_group(GroupSpec { capacity, ..GroupSpec::default() }).unwrap();
    let old = RequestSpec { created_at: Some(LONG_AGO), ..RequestSpec::default() };
    let add = |_| app.graph().add_request(&group, old.clone()).unwrap();
    let ids = (0..requests).map(add).collect();
    (group, ids)
}

fn sent(app: &TestApp, method: &str) -> usize {
    app.graph().calls().iter().filter(|call| call.method == method).count()
}

fn observed(answer: &Answer) -> Vec<String> {
    let results = answer.json()["results"].as_array().unwrap().clone();
    results.iter().map(|item| item["observed"].as_str().unwrap_or("-").to_owned()).collect()
}

fn reset() -> Fault {
    Fault::answer(AnswerFault::Reset)
}

#[tokio::test]
async fn a_decision_that_was_carried_out_is_not_sent_again() {
    for fault in [reset(), Fault::answer(AnswerFault::Close), Fault::html(502), Fault::graph_error(500, 2)] {
        let app = TestApp::spawn().await;
        let (group, open) = group_of_old_requests(&app, 2, 8);
        app.graph().fail_next(1, fault.clone()).unwrap();
        let answer = app.moderator().approve(&group, &open[..1]).await;
        assert_eq!((answer.status, answer.outcomes()), (207, vec!["unknown".to_owned()]), "{fault:?}");
        assert_eq!(observed(&answer), ["not_open"], "{fault:?}");
        assert_eq!((sent(&app, "POST"), sent(&app, "GET")), (1, 1), "{fault:?}");
        assert_eq!(app.metric(&["joingate_looks_total{", "complete"]).await, 1);
    }
}

#[tokio::test]
async fn a_decision_that_was_not_carried_out_is_sent_once_more() {
    for fault in [reset().never(), Fault::html(502).never(), Fault::graph_error(500, 131_000).never()] {
        let app = TestApp::spawn().await;
        let (group, open) = group_of_old_requests(&app, 1, 8);
        app.graph().fail_next(1, fault.clone()).unwrap();
        let answer = app.moderator().approve(&group, &open).await;
        assert_eq!((answer.status, answer.outcomes()), (200, vec!["approved".to_owned()]), "{fault:?}");
        assert_eq!((sent(&app, "POST"), sent(&app, "GET")), (2, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn no_id_is_sent_more_than_twice() {
    let app = TestApp::spawn().await;
    let (group, open) = group_of_old_requests(&app, 1, 8);
    app.graph().order_fault(FaultOrder::next(9, reset().never()).for_verb(Verb::Reject)).unwrap();
    let answer = app.moderator().reject(&group, &open).await;
    assert_eq!((answer.outcomes(), observed(&answer)), (vec!["unknown".into()], vec!["open".into()]));
    assert_eq!((sent(&app, "DELETE"), sent(&app, "GET")), (2, 2));
}

/// Made in the very second of the decision: nothing tells it from one made after it.
#[tokio::test]
async fn a_request_that_was_never_seen_is_sent_again_only_when_it_is_surely_older() {
    let app = TestApp::spawn().await;
    let (group, open) = app.group_with_requests(1);
    app.graph().fail_next(1, reset().never()).unwrap();
    let answer = app.moderator().approve(&group, &open).await;
    assert_eq!((answer.outcomes(), observed(&answer)), (vec!["unknown".into()], vec!["open".into()]));
    assert_eq!(sent(&app, "POST"), 1);

    // The look has seen it; now its time tells.
    app.graph().fail_next(1, reset().never()).unwrap();
    assert_eq!(app.moderator().approve(&group, &open).await.outcomes(), ["approved"]);
    assert_eq!(sent(&app, "POST"), 3);
}

/// Rejects while Graph stalls, and lets something happen meanwhile.
async fn reject_meanwhile(app: &TestApp, group: &str, ids: &[String], meanwhile: impl FnOnce()) -> Answer {
    let moderator = app.moderator();
    let before = app.graph().calls().len();
    let happening = async {
        while app.graph().calls().len() == before {
            tokio::task::yield_now().await;
        }
        meanwhile();
    };
    futures_util::join!(moderator.reject(group, ids), happening).0
}

#[tokio::test]
async fn a_newer_request_under_the_same_id_is_never_decided_for_the_older_one() {
    let app = TestApp::builder().set("GRAPH__ATTEMPT_TIMEOUT", "500ms").spawn().await;
    let (group, _) = app.group_with_requests(0);
    let person = |created_at| RequestSpec {
        wa_id: Some("15550100042".to_owned()),
        created_at: Some(created_at),
        ..RequestSpec::default()
    };
    let id = app.graph().add_request(&group, person(LONG_AGO)).unwrap();
    assert_eq!(app.reader().list(&group).await.status, 200);
    let stall = Fault::answer(AnswerFault::Stall).never();
    app.graph().order_fault(FaultOrder::next(1, stall).for_verb(Verb::Reject)).unwrap();
    let answer = reject_meanwhile(&app, &group, std::slice::from_ref(&id), || {
        app.graph().withdraw(&group, &id).unwrap();
        app.graph().add_request(&group, person(LONG_AGO + 60)).unwrap();
    })
    .await;
    assert_eq!((answer.outcomes(), observed(&answer)), (vec!["unknown".into()], vec!["reopened".into()]));
    assert_eq!(sent(&app, "DELETE"), 1);
    assert_eq!(app.graph().open_requests(&group), [id]);
}

#[tokio::test]
async fn a_decision_that_takes_effect_late_is_carried_out_once() {
    let app = TestApp::spawn().await;
    let (group, open) = group_of_old_requests(&app, 1, 8);
    app.graph().fail_next(1, reset().with_effect(Effect::WhenReleased)).unwrap();
    assert_eq!(app.moderator().approve(&group, &open).await.outcomes(), ["approved"]);
    app.graph().release();
    assert_eq!(app.graph().effects().len(), 1);
    assert_eq!(app.graph().participants(&group).len(), 1);
}

#[tokio::test]
async fn half_a_batch_is_told_apart_from_the_other_half() {
    let app = TestApp::spawn().await;
    let (group, open) = group_of_old_requests(&app, 4, 8);
    app.graph().fail_next(1, reset().with_effect(Effect::Half)).unwrap();
    let answer = app.moderator().approve(&group, &open).await;
    assert_eq!(answer.outcomes(), ["unknown", "unknown", "approved", "approved"]);
    assert_eq!(observed(&answer), ["not_open", "not_open", "-", "-"]);
    let again = serde_json::from_str::<Value>(&app.graph().calls()[2].body).unwrap();
    assert_eq!(again["join_requests"], json!(open[2..]));
}

#[tokio::test]
async fn after_a_look_the_rest_of_the_decision_goes_on() {
    let app = TestApp::builder().set("GRAPH__IDS_PER_CALL", "1").spawn().await;
    let (group, open) = group_of_old_requests(&app, 3, 8);
    app.graph().fail_next(1, reset()).unwrap();
    let answer = app.moderator().approve(&group, &open).await;
    assert_eq!(answer.outcomes(), ["unknown", "approved", "approved"]);
}

#[tokio::test]
async fn without_a_complete_look_nothing_is_sent_again() {
    let options = SandboxOptions { page_size: 1, ..SandboxOptions::default() };
    let app = TestApp::builder().sandbox(options).set("GRAPH__MAX_PAGES", "1").spawn().await;
    let (group, open) = group_of_old_requests(&app, 2, 8);
    app.graph().fail_next(1, reset().never()).unwrap();
    let answer = app.moderator().approve(&group, &open[..1]).await;
    assert_eq!((answer.outcomes(), observed(&answer)), (vec!["unknown".into()], vec!["look_failed".into()]));
    assert_eq!(sent(&app, "POST"), 1);
}

/// A page of requests that were made long before Graph's clock says it is.
fn old_page(ids: &[&str], next: bool) -> Reply {
    let data = ids.iter().map(|id| json!({ "join_request_id": id, "creation_timestamp": LONG_AGO }));
    let paging = json!({ "cursors": { "after": "c" }, "next": next.then_some("https://graph.invalid/") });
    let headers = "Date: Wed, 01 Oct 2025 00:00:00 GMT\r\nContent-Type: application/json\r\n";
    let body = json!({ "data": data.collect::<Vec<_>>(), "paging": paging });
    Reply::with_headers(200, headers, &body.to_string())
}

/// Rejects one id of a Graph that follows a script.
async fn reject_by(script: impl IntoIterator<Item = Reply>) -> (Answer, RawUpstream) {
    let upstream = RawUpstream::answering(script).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    (app.moderator().reject("Y2FwaTox", &["YQ=="]).await, upstream)
}

/// Between two pages an entry can slip through unseen: an id is absent only when two walks agree.
#[tokio::test]
async fn an_id_is_absent_from_several_pages_only_when_two_walks_agree() {
    let rejected = Reply::json(200, r#"{"rejected_join_requests":["YQ=="]}"#);
    let walk = |id| [old_page(&[id], true), old_page(&[], false)];
    let script = [Reply::Close].into_iter().chain(walk("Yg==")).chain(walk("YQ==")).chain([rejected]);
    let (answer, upstream) = reject_by(script).await;
    assert_eq!(answer.outcomes(), ["rejected"]);
    assert_eq!((upstream.received("DELETE"), upstream.received("GET")), (2, 4));

    let script = [Reply::Close].into_iter().chain(walk("Yg==")).chain(walk("Yg=="));
    let (answer, upstream) = reject_by(script).await;
    assert_eq!((observed(&answer), upstream.received("DELETE")), (vec!["not_open".to_owned()], 1));
}

/// The first sending may have taken effect after the look: "no such request" may be its own doing.
#[tokio::test]
async fn what_is_gone_when_it_is_sent_again_stays_unknown() {
    let item = r#"{"failed_join_requests":[{"join_request_id":"YQ==","errors":[{"code":131213}]}]}"#;
    let whole = r#"{"error":{"message":"m","code":131213}}"#;
    for again in [Reply::json(200, item), Reply::json(400, whole)] {
        let script = [Reply::Close, old_page(&["YQ=="], false), again, old_page(&[], false)];
        let (answer, _upstream) = reject_by(script).await;
        assert_eq!((answer.outcomes(), observed(&answer)), (vec!["unknown".into()], vec!["not_open".into()]));
    }
}

/// The first sending may still take effect, whatever keeps the second one back.
#[tokio::test]
async fn what_cannot_be_sent_again_stays_unknown() {
    let whole = r#"{"error":{"message":"m","code":80007}}"#;
    let item = r#"{"failed_join_requests":[{"join_request_id":"YQ==","errors":[{"code":131208}]}]}"#;
    let full = r#"{"error":{"message":"m","code":131204}}"#;
    for quota in [whole, item, full] {
        let again = Reply::with_headers(400, "Retry-After: 60\r\n", quota);
        let (answer, upstream) = reject_by([Reply::Close, old_page(&["YQ=="], false), again]).await;
        assert_eq!((answer.outcomes(), observed(&answer)), (vec!["unknown".into()], vec!["open".into()]));
        assert_eq!(upstream.received("DELETE"), 2);
    }
}

/// A list that changes under the walk may show both requests of one person; only the newer one is open.
#[tokio::test]
async fn of_two_requests_under_one_id_the_newer_one_counts() {
    let entry = |made| json!({ "join_request_id": "YQ==", "creation_timestamp": made });
    for data in [[entry(LONG_AGO), entry(LONG_AGO + 60)], [entry(LONG_AGO + 60), entry(LONG_AGO)]] {
        let page = Reply::json(200, &json!({ "data": data }).to_string());
        let upstream = RawUpstream::answering([old_page(&["YQ=="], false), Reply::Close, page]).await;
        let app = TestApp::builder().against(upstream.base_url()).spawn().await;
        assert_eq!(app.reader().list("Y2FwaTox").await.status, 200);
        let answer = app.moderator().reject("Y2FwaTox", &["YQ=="]).await;
        assert_eq!((observed(&answer), upstream.received("DELETE")), (vec!["reopened".to_owned()], 1));
    }
}

/// Refused because of one of them, and nobody can say which: none was refused for good.
#[tokio::test]
async fn ids_that_a_refusal_does_not_name_are_not_sent_when_no_look_tells_which() {
    let full = Reply::json(400, r#"{"error":{"message":"m","code":131204}}"#);
    let upstream = RawUpstream::answering([full]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let answer = app.moderator().approve("Y2FwaTox", &["YQ==", "Yg=="]).await;
    let problem = answer.expect_problem(503, "upstream_unavailable");
    assert_eq!((&problem["executed"], &problem["upstream"]["code"]), (&json!("no"), &json!(131_204)));
    assert_eq!(upstream.received("POST"), 1);
}

/// What the decision waited for our own limits must not cost it the look.
#[tokio::test]
async fn a_look_has_time_though_the_decision_may_not_wait() {
    let app = TestApp::builder().set("LIMITS__GRAPH", "2/s").set("LIMITS__GRAPH_BURST", "1");
    let app = app.set("LIMITS__MAX_WAIT", "0s").spawn().await;
    let (group, open) = group_of_old_requests(&app, 1, 8);
    app.graph().fail_next(1, reset()).unwrap();
    let answer = app.moderator().approve(&group, &open).await;
    assert_eq!(observed(&answer), ["not_open"]);
}

#[tokio::test]
async fn a_refusal_of_the_whole_call_takes_out_what_is_gone_and_sends_the_rest_once() {
    let app = TestApp::spawn().await;
    app.graph().set_styles(Styles { refusals: RefusalStyle::WholeCall, ..Styles::default() });
    let (group, open) = group_of_old_requests(&app, 3, 8);
    app.graph().withdraw(&group, &open[1]).unwrap();
    let answer = app.moderator().approve(&group, &open).await;
    assert_eq!(answer.outcomes(), ["approved", "gone", "approved"]);
    assert_eq!((sent(&app, "POST"), sent(&app, "GET")), (2, 1));

    let (group, open) = group_of_old_requests(&app, 3, 1);
    app.graph().clear_calls();
    let answer = app.moderator().approve(&group, &open).await;
    assert_eq!(answer.outcomes(), ["failed"; 3]);
    assert_eq!(answer.json()["results"][0]["problem"]["code"], "group_full");
    assert_eq!((sent(&app, "POST"), sent(&app, "GET")), (2, 1), "refused again is refused");
}

#[tokio::test]
async fn a_quota_whose_wait_fits_is_waited_for() {
    let app = TestApp::spawn().await;
    let (group, open) = group_of_old_requests(&app, 1, 8);
    app.graph().throttle(130_429, 1, None);
    assert_eq!(app.moderator().approve(&group, &open).await.outcomes(), ["approved"]);
    assert_eq!(sent(&app, "POST"), 2);
}

#[tokio::test]
async fn the_other_token_takes_over_when_graph_refuses_the_first() {
    let app = TestApp::builder()
        .set("GRAPH__TOKEN", "a-token-that-was-revoked")
        .set("GRAPH__FALLBACK_TOKEN", GRAPH_TOKEN)
        .spawn()
        .await;
    let (group, open) = group_of_old_requests(&app, 2, 8);
    assert_eq!(app.moderator().approve(&group, &open[..1]).await.outcomes(), ["approved"]);
    assert_eq!(sent(&app, "POST"), 2);
    assert_eq!(app.reader().list(&group).await.status, 200);
    assert_eq!(app.moderator().reject(&group, &open[1..]).await.outcomes(), ["rejected"]);
    assert_eq!(app.graph().calls().len(), 4, "the refused token is not tried again");
}

#[tokio::test]
async fn both_tokens_refused_is_the_gateways_trouble() {
    let builder = TestApp::builder().set("GRAPH__TOKEN", "one").set("GRAPH__FALLBACK_TOKEN", "other");
    let app = builder.spawn().await;
    let (group, open) = group_of_old_requests(&app, 1, 8);
    let answer = app.moderator().approve(&group, &open).await;
    answer.expect_problem(503, "upstream_credential_invalid");
    assert_eq!(sent(&app, "POST"), 2);
    // Neither is sent again before its file changes, or Graph says that it takes it.
    app.reader().list(&group).await.expect_problem(503, "upstream_credential_invalid");
    assert_eq!(app.graph().calls().len(), 2);
}

#[tokio::test]
async fn a_page_that_is_too_much_for_graph_is_asked_for_by_half() {
    let less = r#"{"error":{"code":1,"message":"Please reduce the amount of data you're asking for"}}"#;
    let page = Reply::json(200, r#"{"data":[]}"#);
    let upstream = RawUpstream::answering([Reply::json(500, less), Reply::json(500, less), page]).await;
    let app = TestApp::builder().against(upstream.base_url()).set("GRAPH__PAGE_SIZE", "100").spawn().await;
    assert_eq!(app.reader().list("Y2FwaTox").await.status, 200);
    let limits = upstream.requests().iter().map(|request| request.contains("limit=25 ")).collect::<Vec<_>>();
    assert_eq!(limits, [false, false, true]);
}

#[tokio::test]
async fn decisions_on_one_group_go_one_at_a_time_and_on_others_at_once() {
    let app = TestApp::spawn().await;
    let ((group, open), (other, waiting)) = (app.group_with_requests(2), app.group_with_requests(1));
    app.graph().order_fault(FaultOrder::next(1, Fault::delay(400)).for_group(&group)).unwrap();
    let moderator = app.moderator();
    let later = async {
        while app.graph().calls().is_empty() {
            tokio::task::yield_now().await;
        }
        let same = moderator.reject(&group, &open[..1]);
        let else_where = async {
            let answer = moderator.approve(&other, &waiting).await;
            (answer, app.graph().calls().len())
        };
        futures_util::join!(same, else_where)
    };
    let (first, (second, (third, calls_by_then))) =
        futures_util::join!(moderator.approve(&group, &open[..1]), later);
    assert_eq!((first.outcomes(), third.outcomes()), (vec!["approved".into()], vec!["approved".into()]));
    assert_eq!(calls_by_then, 2, "the other group did not wait, and the same one did");
    assert_eq!(second.outcomes(), ["gone"], "it came after the approval");
}

#[tokio::test]
async fn the_caller_says_how_long_it_will_wait() {
    let upstream = RawUpstream::answering([Reply::Stall]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let started = std::time::Instant::now();
    let path = "/v1/groups/Y2FwaTox/join-requests";
    for prefer in ["wait=1", "respond-async, WAIT=1; x=y", "wait=\"1\""] {
        let headers = [("prefer", prefer)];
        let answer = app.reader().send(reqwest::Method::GET, path, &headers, "").await;
        assert!([503, 504].contains(&answer.status), "{prefer}: {answer:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(8));
    let endless = [("prefer", "wait=18446744073709551615")];
    app.anonymous().send(reqwest::Method::GET, path, &endless, "").await.expect_problem(401, "unauthorized");
    let headers = [("prefer", "wait=3"), ("content-type", "application/json")];
    let body = json!({ "join_request_ids": ["YQ=="] }).to_string();
    let path = "/v1/groups/Y2FwaTox/join-requests/approve";
    let answer = app.moderator().send(reqwest::Method::POST, path, &headers, body).await;
    answer.expect_problem(503, "deadline_exceeded");
    assert_eq!(upstream.received("POST"), 0, "there was no time for a look");
}

#[tokio::test]
async fn a_list_with_an_entry_that_cannot_be_read_shows_no_absence() {
    // The one id that is asked about might be the one that cannot be read.
    let strange = r#"{"data":[{"join_request_id":7}],"paging":{"cursors":{}}}"#;
    let page = || Reply::json(200, strange);
    let upstream = RawUpstream::answering([page(), page(), Reply::Close, page(), page()]).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let moderator = app.moderator();
    assert_eq!(moderator.list("Zw").await.status, 200, "what can be read is listed, and the drift counted");
    let dry = json!({ "join_request_ids": ["YQ=="], "dry_run": true });
    moderator.decide("approve", "Zw", &dry).await.expect_problem(502, "upstream_bad_response");
    let answer = moderator.approve("Zw", &["YQ=="]).await;
    assert_eq!(answer.outcomes(), ["unknown"]);
    assert_eq!(answer.json()["results"][0]["observed"], "look_failed");
    assert_eq!(upstream.received("POST"), 1);
}

#[tokio::test]
async fn what_the_second_walk_of_a_look_does_not_show_is_not_sent_again() {
    let now = date_of_now();
    let page = |id: &str, more: bool| {
        let next = if more { r#","next":"https://graph.test.invalid/?after=c""# } else { "" };
        let entry = format!(r#"{{"join_request_id":"{id}","creation_timestamp":1000}}"#);
        let body = format!(r#"{{"data":[{entry}],"paging":{{"cursors":{{"after":"c"}}{next}}}}}"#);
        Reply::with_headers(200, &format!("Date: {now}\r\n"), &body)
    };
    // The first walk shows `YQ==` and not `Yg==`; in the second one `YQ==` is not open any more.
    let walks = [page("YQ==", true), page("Yw==", false), page("Yw==", true), page("ZA==", false)];
    let upstream = RawUpstream::answering([Reply::Close].into_iter().chain(walks)).await;
    let app = TestApp::builder().against(upstream.base_url()).spawn().await;
    let answer = app.moderator().approve("Zw", &["YQ==", "Yg=="]).await;
    assert_eq!(answer.outcomes(), ["unknown", "unknown"]);
    let observed = |place: usize| answer.json()["results"][place]["observed"].clone();
    assert_eq!((observed(0), observed(1)), ("open".into(), "not_open".into()));
    assert_eq!((upstream.received("POST"), upstream.received("GET")), (1, 4));
}

/// What stands in `Date`.
fn date_of_now() -> String {
    jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
