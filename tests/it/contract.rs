//! The OpenAPI document and the running gateway say the same.

use std::path::Path;

use joingate::api::{PROBLEMS, openapi_document};
use joingate::cli::print_openapi;
use joingate_sandbox::{Fault, GroupSpec, RequestSpec};
use reqwest::Method;
use serde_json::json;

use crate::support::{Operation, RawUpstream, Reply, TestApp, document};

fn operation(name: &str) -> Operation {
    let all = document().operations();
    let found = all.into_iter().find(|operation| operation.name() == name);
    found.unwrap_or_else(|| panic!("the document has no {name}"))
}

/// A gateway in front of the group and the join request of the document's examples.
async fn app_of_the_examples() -> TestApp {
    let app = TestApp::spawn().await;
    let approve = operation("approve_join_requests");
    let group = approve.address.split('/').nth(3).unwrap().to_owned();
    let id = approve.body.unwrap()["join_request_ids"][0].as_str().unwrap().to_owned();
    let spec = GroupSpec { id: Some(group.clone()), ..GroupSpec::default() };
    app.graph().create_group(spec).unwrap();
    let spec = RequestSpec { id: Some(id), ..RequestSpec::default() };
    app.graph().add_request(&group, spec).unwrap();
    app
}

#[test]
fn the_generated_document_is_committed() {
    let mut generated = Vec::new();
    print_openapi(&mut generated).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/openapi.json");
    if std::env::var_os("JOINGATE_REGENERATE").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "openapi/openapi.json is not what the code generates; run\n  JOINGATE_REGENERATE=1 cargo test --test it generated"
    );
}

#[tokio::test]
async fn every_operation_refuses_a_call_without_a_token() {
    let (document, app) = (document(), TestApp::spawn().await);
    let (guarded, open) = document.operations().into_iter().partition::<Vec<_>, _>(Operation::is_guarded);
    assert_eq!(open.iter().map(Operation::name).collect::<Vec<_>>(), ["get_problem_type"]);
    for operation in guarded {
        let answer = operation.call(&app.anonymous()).await;
        answer.expect_problem(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="joingate""#);
        document.check_answer(&operation, &answer);
    }
    assert!(app.graph().calls().is_empty());
}

#[tokio::test]
async fn every_operation_takes_its_own_example() {
    let document = document();
    for operation in document.operations() {
        let app = app_of_the_examples().await;
        let answer = operation.call(&app.moderator()).await;
        assert_eq!(answer.status, 200, "{}: {}", operation.name(), answer.text);
        document.check_answer(&operation, &answer);
    }
}

#[tokio::test]
async fn what_no_operation_documents_is_refused_without_a_token_too() {
    let app = TestApp::spawn().await;
    for (method, path) in [
        (Method::GET, "/v1/something-new"),
        (Method::POST, "/v1/groups/Y2FwaTox/join-requests/something-new"),
        (Method::DELETE, "/v1/groups/Y2FwaTox/join-requests"),
        (Method::GET, "/v1"),
    ] {
        let answer = app.anonymous().send(method.clone(), path, &[], "").await;
        answer.expect_problem(401, "unauthorized");
        let answer = app.moderator().send(method, path, &[], "").await;
        assert!(matches!(answer.status, 404 | 405), "{path}: {}", answer.text);
    }
}

#[test]
fn every_example_fits_its_schema() {
    let document = document();
    let mut examples = 0;
    for (name, schema) in document.at("/components/schemas").as_object().unwrap() {
        for example in schema["examples"].as_array().into_iter().flatten() {
            assert_eq!(document.errors(schema, example), Vec::<String>::new(), "{name}");
            examples += 1;
        }
    }
    for operation in document.operations() {
        for parameter in operation.description["parameters"].as_array().into_iter().flatten() {
            let example = parameter.get("example").unwrap_or_else(|| panic!("{parameter} has no example"));
            assert_eq!(document.errors(&parameter["schema"], example), Vec::<String>::new());
            examples += 1;
        }
        let contents = operation.description["responses"].as_object().unwrap().values();
        for content in
            contents.filter_map(|response| response["content"].as_object()).flat_map(serde_json::Map::values)
        {
            for (name, example) in content["examples"].as_object().into_iter().flatten() {
                assert_eq!(
                    document.errors(&content["schema"], &example["value"]),
                    Vec::<String>::new(),
                    "{name}"
                );
                examples += 1;
            }
        }
    }
    for (name, field) in document.at("/components/headers").as_object().unwrap() {
        assert_eq!(document.errors(&field["schema"], &field["example"]), Vec::<String>::new(), "{name}");
        examples += 1;
    }
    // So many that none can have been passed over in silence.
    assert!(examples > 130, "{examples}");
}

#[test]
fn every_problem_is_a_known_value_and_documented_where_it_may_occur() {
    let document = document();
    let known = document.known_values("Problem", "code");
    assert_eq!(known, &PROBLEMS.iter().map(|row| json!(row.name)).collect::<Vec<_>>());
    let operations = document.operations();
    let texts = |status: u16| {
        let status = status.to_string();
        let described = operations.iter().map(move |operation| {
            let description = &operation.description["responses"][&status]["description"];
            description.as_str().unwrap_or_default().to_owned()
        });
        described.collect::<String>()
    };
    // These two answer what is no operation.
    let outside = ["not_found", "method_not_allowed"];
    for row in PROBLEMS.iter().filter(|row| !outside.contains(&row.name)) {
        let Some(status) = row.status else { continue };
        assert!(texts(status).contains(&format!("`{}`", row.name)), "{} is documented nowhere", row.name);
    }
}

fn statuses(operation: &Operation) -> Vec<&str> {
    operation.description["responses"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_operation_documents_its_problem_statuses_and_their_headers() {
    for operation in document().operations() {
        let own = match operation.name() {
            "get_problem_type" => {
                assert_eq!(statuses(&operation), ["200", "400", "404", "414", "431", "500", "503"]);
                continue;
            }
            "get_quota" => &[][..],
            "list_join_requests" => &["403", "404", "409", "410", "502", "504"],
            _ => &["403", "404", "408", "409", "413", "415", "502", "504"],
        };
        let all = ["400", "401", "414", "429", "431", "500", "503"];
        let headers = |status: &str| &operation.description["responses"][status]["headers"];
        for status in all.iter().chain(own) {
            for header in ["X-Request-Id", "X-Error-Code"] {
                assert!(headers(status)[header].is_object(), "{}: {header} of {status}", operation.name());
            }
        }
        assert!(headers("401")["WWW-Authenticate"].is_object());
        assert!(headers("429")["Retry-After"].is_object());
        assert!(headers("503")["Retry-After"].is_object());
    }
}

#[tokio::test]
async fn the_gateway_refuses_the_bodies_that_the_schema_refuses() {
    let (document, app) = (document(), TestApp::spawn().await);
    let (group, open) = app.group_with_requests(1);
    let approve = operation("approve_join_requests");
    let schema = &approve.description["requestBody"]["content"]["application/json"]["schema"];
    let long = "x".repeat(257);
    let bodies = [
        json!({}),
        json!({ "join_request_ids": [] }),
        json!({ "join_request_ids": open[0] }),
        json!({ "join_request_ids": [1] }),
        json!({ "join_request_ids": open, "reasons": "a typing error" }),
        json!({ "join_request_ids": open, "reason": long }),
        json!({ "join_request_ids": open, "on_behalf_of": long }),
        json!({ "join_request_ids": open, "dry_run": "no" }),
        json!([open]),
    ];
    for body in bodies {
        assert_ne!(document.errors(schema, &body), Vec::<String>::new(), "{body}");
        let answer = app.moderator().decide("approve", &group, &body).await;
        answer.expect_problem(400, "invalid_request");
        document.check_answer(&approve, &answer);
    }
    assert_eq!(app.graph().open_requests(&group), open);
    let null = json!({ "join_request_ids": open, "reason": null, "on_behalf_of": null, "dry_run": true });
    assert_eq!(document.errors(schema, &null), Vec::<String>::new());
    assert_eq!(app.moderator().decide("approve", &group, &null).await.status, 200);
}

#[tokio::test]
async fn every_answer_to_a_list_fits_the_document() {
    let (document, app, list) = (document(), TestApp::spawn().await, operation("list_join_requests"));
    let (group, _) = app.group_with_requests(2);
    let spec = RequestSpec {
        user_id: Some("US.1".to_owned()),
        parent_user_id: Some("US.2".to_owned()),
        username: Some("somebody".to_owned()),
        ..RequestSpec::default()
    };
    app.graph().add_request(&group, spec).unwrap();
    let path = format!("/v1/groups/{group}/join-requests");
    let reader = app.reader();
    let mut answers = vec![
        (200, reader.get(&path).await),
        (400, reader.get(&format!("{path}?limit=5")).await),
        (400, reader.list("not%20an%20id").await),
        (401, app.anonymous().get(&path).await),
        (403, app.caller("nobody", "join_requests:decide", Some("*")).get(&path).await),
        (403, app.caller("elsewhere", "join_requests:read", None).get(&path).await),
        (404, reader.list("Y2FwaTox").await),
        (410, reader.get(&format!("{path}?page_token=abc")).await),
        (414, reader.get(&format!("{path}?page_token={}", "a".repeat(9000))).await),
    ];
    app.graph().set_suspended(&group, true).unwrap();
    answers.push((409, reader.get(&path).await));
    app.graph().revoke_token();
    answers.push((503, reader.get(&path).await));
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{}", answer.text);
        document.check_answer(&list, &answer);
    }
}

#[tokio::test]
async fn every_failure_of_graph_fits_the_document() {
    let (document, list) = (document(), operation("list_join_requests"));
    let error =
        |code: u32| json!({ "error": { "message": "m", "code": code, "fbtrace_id": "AbC" } }).to_string();
    for (reply, status) in [
        (Reply::json(200, "not JSON"), 502),
        (Reply::json(400, &error(100)), 502),
        (Reply::json(403, &error(10)), 502),
        (Reply::json(400, &error(131_056)), 503),
        // Graph asks for a wait where nothing is throttled.
        (
            Reply::with_headers(200, "Content-Type: application/json\r\nRetry-After: 7\r\n", &error(131_201)),
            502,
        ),
        (Reply::Close, 503),
        (Reply::Stall, 504),
    ] {
        let upstream = RawUpstream::answering([reply]).await;
        let builder = TestApp::builder().against(upstream.base_url());
        let builder = builder.set("GRAPH__MAX_ATTEMPTS", "1").set("GRAPH__ATTEMPT_TIMEOUT", "1s");
        let answer = builder.spawn().await.reader().list("Y2FwaTox").await;
        assert_eq!(answer.status, status, "{}", answer.text);
        document.check_answer(&list, &answer);
    }
}

#[tokio::test]
async fn every_answer_to_a_decision_fits_the_document() {
    let (document, approve) = (document(), operation("approve_join_requests"));
    let app = TestApp::builder().set("SERVER__MAX_IDS", "8").spawn().await;
    let (group, open) = app.group_with_requests(4);
    app.graph().fail_item(&group, &open[1], 131_203).unwrap();
    let moderator = app.moderator();
    let ids = |ids: &[String]| json!({ "join_request_ids": ids });
    let try_out = json!({ "join_request_ids": [open[2], "bm9ib2R5"], "dry_run": true });
    let path = format!("/v1/groups/{group}/join-requests/approve");
    let mut answers = vec![
        (200, moderator.decide("approve", &group, &ids(&open[..1])).await),
        (207, moderator.decide("approve", &group, &ids(&open[..3])).await),
        (207, moderator.decide("approve", &group, &try_out).await),
        (400, moderator.decide("approve", &group, &ids(&["not an id".to_owned()])).await),
        (403, app.reader().decide("approve", &group, &ids(&open)).await),
        (404, moderator.decide("approve", "Y2FwaTox", &ids(&open)).await),
        (413, moderator.decide("approve", &group, &ids(&vec![open[3].clone(); 9])).await),
        (413, moderator.decide("approve", &group, &json!({ "reason": "x".repeat(70_000) })).await),
        (415, moderator.send(Method::POST, &path, &[("content-type", "text/plain")], "{}").await),
    ];
    app.graph().fail_next(9, Fault::body(500, "{}", "text/html").never()).unwrap();
    answers.push((207, moderator.decide("approve", &group, &ids(&open[3..])).await));
    app.graph().clear_faults();
    app.graph().throttle(130_429, 1, Some(1));
    answers.push((503, moderator.decide("approve", &group, &ids(&open[3..])).await));
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{}", answer.text);
        document.check_answer(&approve, &answer);
    }
}

#[tokio::test]
async fn a_used_up_quota_fits_the_document() {
    let builder = TestApp::builder().set("LIMITS__CALLER", "1/h");
    let app = builder.set("LIMITS__CALLER_BURST", "17").spawn().await;
    let (group, _) = app.group_with_requests(1);
    for _ in 0..17 {
        assert_eq!(app.reader().list(&group).await.status, 200);
    }
    let answer = app.reader().list(&group).await;
    answer.expect_problem(429, "quota_exceeded");
    document().check_answer(&operation("list_join_requests"), &answer);
}

#[tokio::test]
async fn the_served_document_is_the_generated_one_and_names_the_gateways_own_address() {
    let mut expected = serde_json::to_value(openapi_document()).unwrap();
    let answer = TestApp::spawn().await.anonymous().get("/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.json(), expected);
    let builder = TestApp::builder().set("SERVER__PUBLIC_URL", "https://joingate.example/groups/");
    let answer = builder.spawn().await.anonymous().get("/openapi.json").await;
    expected["servers"] = json!([{ "url": "https://joingate.example/groups" }]);
    assert_eq!(answer.json(), expected);
}
