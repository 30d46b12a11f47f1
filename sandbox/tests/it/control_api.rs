//! The control API over HTTP.

use joingate_sandbox::{ControlError, GroupSpec, MAX_GROUPS, RequestSpec, control_openapi};
use serde_json::{Value, json};

use crate::support::{BEARER, Edge, GROUP, JSON, Reply, edge_of};

async fn instruct(edge: &Edge, method: &str, path: &str, body: &Value) -> Reply {
    let headers = [("Content-Type", "application/json")];
    edge.send(method, &format!("/_sandbox{path}"), &headers, &body.to_string()).await
}

async fn read(edge: &Edge, path: &str) -> Value {
    let reply = edge.send("GET", &format!("/_sandbox{path}"), &[], "").await;
    assert_eq!(reply.status, 200, "{path}");
    reply.json()
}

#[tokio::test]
async fn groups_and_requests_are_created_listed_and_withdrawn() {
    let edge = Edge::start().await;
    let reply = instruct(&edge, "POST", "/groups", &json!({"name": "Chess", "capacity": 3})).await;
    assert_eq!(reply.status, 201);
    let group = reply.json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/groups/{group}/requests");
    let reply = instruct(&edge, "POST", &path, &json!({"wa_id": "15550100042", "created_at": 5})).await;
    assert_eq!(reply.status, 201);
    let id = reply.json()["join_request_id"].clone();
    let listed = read(&edge, &path).await;
    assert_eq!(listed["requests"][0]["id"], id);
    assert_eq!(listed["requests"][0]["wa_id"], "15550100042");
    let groups = read(&edge, "/groups").await;
    let chess = groups["groups"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "Chess"));
    assert_eq!(chess.map(|one| (&one["capacity"], &one["open_requests"])), Some((&json!(3), &json!(1))));
    let withdrawal = json!({"join_request_id": id});
    let path = format!("/groups/{group}/withdrawals");
    assert_eq!(instruct(&edge, "POST", &path, &withdrawal).await.status, 204);
    assert_eq!(instruct(&edge, "POST", &path, &withdrawal).await.status, 404);
}

#[tokio::test]
async fn trouble_is_ordered_and_cancelled() {
    let edge = Edge::start().await;
    let ids = edge.open(1);
    let failure = json!({"join_request_id": ids[0], "code": 131_000});
    let path = format!("/groups/{GROUP}/failures");
    assert_eq!(instruct(&edge, "POST", &path, &failure).await.status, 204);
    assert_eq!(edge.approve(&[&ids[0]]).await.failures(), [(ids[0].clone(), 131_000)]);

    let throttle = json!({"code": 131_208, "calls": 1});
    assert_eq!(instruct(&edge, "PUT", "/throttle", &throttle).await.status, 204);
    assert_eq!(edge.list("").await.error(), (429, 131_208));

    let usage = json!({"app_percent": 12});
    assert_eq!(instruct(&edge, "PUT", "/usage", &usage).await.status, 204);
    assert!(edge.list("").await.header("x-app-usage").is_some());

    let error = json!({"error": {"status": 503, "body": "{}", "content_type": "application/json"}});
    for fault in [json!({"answer": error}), json!({"delay_ms": 0})] {
        let order = json!({"calls": 1, "fault": fault});
        assert_eq!(instruct(&edge, "POST", "/faults", &order).await.status, 201, "{fault}");
    }
    assert_eq!(edge.list("").await.status, 503);
    assert_eq!(instruct(&edge, "DELETE", "/faults", &json!({})).await.status, 204);
    assert_eq!(edge.list("").await.status, 200);

    let path = format!("/groups/{GROUP}/suspended");
    assert_eq!(instruct(&edge, "PUT", &path, &json!({"suspended": true})).await.status, 204);
    assert_eq!(edge.list("").await.error(), (403, 131_207));
}

#[tokio::test]
async fn the_token_is_revoked_and_replaced() {
    let edge = Edge::start().await;
    assert_eq!(instruct(&edge, "DELETE", "/token", &json!({})).await.status, 204);
    assert_eq!(edge.list("").await.error(), (401, 190));
    let token = json!({"token": "sandbox-token-not-real"});
    assert_eq!(instruct(&edge, "PUT", "/token", &token).await.status, 204);
    assert_eq!(edge.list("").await.status, 200);
}

#[tokio::test]
async fn calls_are_read_and_cleared() {
    let edge = Edge::start().await;
    edge.list("").await;
    let calls = read(&edge, "/calls").await;
    assert_eq!(calls["calls"][0]["method"], "GET");
    assert_eq!(calls["calls"][0]["status"], 200);
    assert_eq!(instruct(&edge, "DELETE", "/calls", &json!({})).await.status, 204);
    assert_eq!(read(&edge, "/calls").await, json!({"calls": []}));
}

#[tokio::test]
async fn the_demonstration_groups_show_the_three_cases() {
    let edge = Edge::start().await;
    let reply = instruct(&edge, "POST", "/seed", &json!({})).await;
    assert_eq!(reply.status, 201);
    let groups = reply.json()["groups"].clone();
    let counts: Vec<_> = (0..3).map(|at| groups[at]["request_ids"].as_array().map(Vec::len)).collect();
    assert_eq!(counts, [Some(5), Some(4), Some(3)]);
    let mut codes = Vec::new();
    for group in groups.as_array().expect("a list") {
        let ids = json!({"messaging_product": "whatsapp", "join_requests": group["request_ids"]});
        let target = edge_of(group["id"].as_str().expect("an id"));
        let headers = [BEARER, JSON];
        let reply = edge.send("POST", &target, &headers, &ids.to_string()).await;
        codes.push(reply.failures().into_iter().map(|(_, code)| code).collect::<Vec<_>>());
    }
    assert_eq!(codes, [vec![], vec![131_204, 131_204], vec![131_203]]);
}

#[tokio::test]
async fn refusals_are_json_with_a_fitting_status() {
    let edge = Edge::start().await;
    let cases = [
        ("POST", "/groups", json!({"id": GROUP}), 409),
        ("POST", "/groups", json!({"id": "a b"}), 400),
        ("POST", "/groups", json!({"kapacity": 1}), 400),
        ("POST", "/groups/nobody/requests", json!({}), 404),
        ("GET", "/nowhere", json!({}), 404),
    ];
    for (method, path, body, status) in cases {
        let reply = instruct(&edge, method, path, &body).await;
        assert_eq!(reply.status, status, "{method} {path} {body}");
        assert!(reply.json()["error"].is_string(), "{method} {path} {body}");
    }
}

#[tokio::test]
async fn every_route_of_the_document_exists_and_the_index_lists_it() {
    let edge = Edge::start().await;
    let document = read(&edge, "/openapi.json").await;
    let index = read(&edge, "").await;
    let mut routes = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("methods").keys() {
            let method = method.to_uppercase();
            let target = path.replace("{group_id}", GROUP).replace("{order}", "1");
            let reply = edge.send(&method, &target, &[], "").await;
            assert!(
                reply.status != 405 && !reply.body.contains("no such route"),
                "{method} {path}: {reply:?}"
            );
            let listed = index["routes"].as_array().expect("a list");
            assert!(listed.iter().any(|one| one["route"] == format!("{method} {path}") && one["does"] != ""));
            routes += 1;
        }
    }
    assert_eq!(index["routes"].as_array().map(Vec::len), Some(routes));
}

#[test]
fn the_committed_document_is_what_the_code_generates() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let generated = control_openapi();
    if std::env::var_os("JOINGATE_REGENERATE").is_some() {
        std::fs::write(&path, generated).expect("written");
    } else {
        assert!(
            std::fs::read_to_string(&path).expect("the document") == generated,
            "sandbox/openapi.json is not what the code generates; run\n  JOINGATE_REGENERATE=1 cargo test -p \
             joingate-sandbox the_committed_document"
        );
    }
}

#[test]
fn every_body_of_the_document_refuses_unknown_fields() {
    let document: Value = serde_json::from_str(&control_openapi()).expect("JSON");
    for item in document["paths"].as_object().expect("paths").values() {
        for operation in item.as_object().expect("methods").values() {
            let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let Some(name) = body.as_str().and_then(|name| name.rsplit('/').next()) else { continue };
            let schema = &document["components"]["schemas"][name];
            let variants = schema["oneOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
            let closed = variants
                .iter()
                .all(|variant| variant["type"] != "object" || variant["additionalProperties"] == false);
            assert!(closed, "{name}: {schema}");
        }
    }
}

#[tokio::test]
async fn there_is_room_for_a_stated_number_of_groups() {
    let edge = Edge::start().await;
    for _ in 1..MAX_GROUPS {
        edge.group(GroupSpec::default());
    }
    assert_eq!(edge.control().create_group(GroupSpec::default()), Err(ControlError::TooMany));
}

#[tokio::test]
async fn instructions_about_an_unknown_group_are_refused() {
    let edge = Edge::start().await;
    let unknown = Err(ControlError::UnknownGroup);
    assert_eq!(edge.control().add_request("nobody", RequestSpec::default()).map(drop), unknown);
    assert_eq!(edge.control().withdraw("nobody", "YQ=="), unknown);
    assert_eq!(edge.control().fail_item("nobody", "YQ==", 131_203), unknown);
    assert_eq!(edge.control().set_suspended("nobody", true), unknown);
    assert!(edge.control().open_requests("nobody").is_empty());
    assert!(edge.control().participants("nobody").is_empty());
}
