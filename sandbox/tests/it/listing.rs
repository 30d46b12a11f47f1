//! What a list says about each request.

use joingate_sandbox::{RequestSpec, Styles};
use serde_json::json;

use crate::support::Edge;

fn asked_at(created_at: i64) -> RequestSpec {
    RequestSpec { created_at: Some(created_at), ..RequestSpec::default() }
}

#[tokio::test]
async fn open_requests_are_listed_oldest_first_with_id_number_and_time() {
    let edge = Edge::start().await;
    let first =
        edge.open_one(RequestSpec { wa_id: Some("15550100007".to_owned()), ..asked_at(1_755_548_877) });
    let second = edge.open_one(asked_at(1_755_548_878));
    let reply = edge.list("").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.ids(), [first.clone(), second]);
    let expected =
        json!({"join_request_id": first, "wa_id": "15550100007", "creation_timestamp": 1_755_548_877});
    assert_eq!(reply.json()["data"][0], expected);
}

#[tokio::test]
async fn someone_known_by_username_only_has_no_number() {
    let edge = Edge::start().await;
    let id = edge.open_one(RequestSpec {
        user_id: Some("US.123".to_owned()),
        parent_user_id: Some("US.ENT.9".to_owned()),
        username: Some("sample.reader".to_owned()),
        ..asked_at(1)
    });
    let expected = json!({
        "join_request_id": id,
        "user_id": "US.123",
        "parent_user_id": "US.ENT.9",
        "username": "sample.reader",
        "creation_timestamp": 1,
    });
    assert_eq!(edge.list("").await.json()["data"], json!([expected]));
}

#[tokio::test]
async fn timestamps_are_quoted_on_demand() {
    let edge = Edge::start().await;
    edge.control().set_styles(Styles { timestamps_as_strings: true, ..Styles::default() });
    edge.open_one(asked_at(1_755_548_877));
    assert_eq!(edge.list("").await.json()["data"][0]["creation_timestamp"], "1755548877");
}

#[tokio::test]
async fn an_empty_list_has_no_paging() {
    let edge = Edge::start().await;
    assert_eq!(edge.list("").await.json(), json!({"data": []}));
}

#[tokio::test]
async fn a_withdrawn_request_is_no_longer_listed() {
    let edge = Edge::start().await;
    let ids = edge.open(2);
    edge.control().withdraw("Y2FwTestGroup1", &ids[0]).expect("open");
    assert_eq!(edge.list("").await.ids(), [ids[1].clone()]);
}
