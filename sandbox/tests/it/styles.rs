//! The ways in which answers may differ.

use joingate_sandbox::{
    AbsentWaId, DecisionStyle, ErrorDataStyle, PartialStyle, RefusalStyle, RequestSpec, Styles,
    UnknownGroupStyle,
};
use serde_json::json;

use crate::support::{BEARER, Edge, GROUP, JSON, edge_of};

async fn with(styles: Styles) -> Edge {
    let edge = Edge::start().await;
    edge.control().set_styles(styles);
    edge
}

#[tokio::test]
async fn a_partial_success_may_be_a_206_or_a_400_that_carries_the_lists_and_an_error() {
    for (partial, status) in [(PartialStyle::Partial206, 206), (PartialStyle::BadRequest400, 400)] {
        let edge = with(Styles { partial, ..Styles::default() }).await;
        let ids = edge.open(1);
        let reply = edge.approve(&[&ids[0], "bm9ib2R5"]).await;
        assert_eq!(reply.error(), (status, 131_201));
        assert_eq!(reply.strings("approved_join_requests"), ids);
        assert_eq!(reply.failures(), [("bm9ib2R5".to_owned(), 131_213)]);
    }
}

#[tokio::test]
async fn a_refusal_may_be_of_the_whole_call_and_then_nothing_is_decided() {
    let edge = with(Styles { refusals: RefusalStyle::WholeCall, ..Styles::default() }).await;
    let ids = edge.open(9);
    let reply = edge.approve(&[&ids[0], "bm9ib2R5"]).await;
    assert_eq!(reply.error(), (400, 131_213));
    assert!(!reply.body.contains("bm9ib2R5"), "{}", reply.body);
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(edge.approve(&all).await.error(), (400, 131_204));
    assert_eq!(edge.control().open_requests(GROUP), ids);
    assert_eq!(edge.approve(&all[..8]).await.strings("approved_join_requests").len(), 8);
}

#[tokio::test]
async fn a_decision_may_answer_only_a_request_id_and_is_carried_out() {
    let edge = with(Styles { decisions: DecisionStyle::RequestId, ..Styles::default() }).await;
    let ids = edge.open(1);
    let body = edge.approve(&[&ids[0]]).await.json();
    assert!(body["request_id"].is_string() && body.get("approved_join_requests").is_none(), "{body}");
    assert!(edge.control().open_requests(GROUP).is_empty());
}

#[tokio::test]
async fn error_data_may_be_an_object_json_in_a_text_or_the_details_alone() {
    let details = "The group is unknown or you are not a member of it";
    let whole = json!({"messaging_product": "whatsapp", "details": details});
    for (error_data, expected) in [
        (ErrorDataStyle::Object, whole.clone()),
        (ErrorDataStyle::JsonString, json!(whole.to_string())),
        (ErrorDataStyle::Text, json!(details)),
    ] {
        let edge = with(Styles { error_data, ..Styles::default() }).await;
        let reply = edge.send("GET", &edge_of("Y2FwNobody"), &[BEARER], "").await;
        assert_eq!(reply.json()["error"]["error_data"], expected);
    }
}

#[tokio::test]
async fn an_unknown_group_may_be_any_unknown_object_and_codes_may_be_texts() {
    let unknown_group = UnknownGroupStyle::ObjectCode;
    let edge = with(Styles { unknown_group, codes_as_strings: true, ..Styles::default() }).await;
    let reply = edge.send("GET", &edge_of("Y2FwNobody"), &[BEARER], "").await;
    let error = reply.json()["error"].clone();
    assert_eq!((&error["code"], &error["error_subcode"]), (&json!("100"), &json!("33")));
    let failed = edge.approve(&["bm9ib2R5"]).await.json();
    assert_eq!(failed["failed_join_requests"][0]["errors"][0]["code"], "131213");
}

#[tokio::test]
async fn an_unknown_number_may_be_an_empty_text() {
    let edge = with(Styles { absent_wa_id: AbsentWaId::Empty, ..Styles::default() }).await;
    edge.open_one(RequestSpec { user_id: Some("US.1".to_owned()), ..RequestSpec::default() });
    assert_eq!(edge.list("").await.json()["data"][0]["wa_id"], "");
}

#[tokio::test]
async fn styles_are_set_and_read_through_the_control_api() {
    let edge = Edge::start().await;
    let styles = json!({"partial": "partial_206", "refusals": "whole_call", "timestamps_as_strings": true});
    assert_eq!(edge.send("PUT", "/_sandbox/styles", &[JSON], &styles.to_string()).await.status, 204);
    let read = edge.send("GET", "/_sandbox/styles", &[], "").await.json();
    assert_eq!((&read["partial"], &read["decisions"]), (&json!("partial_206"), &json!("lists")));
    let unknown = json!({"colour": "blue"}).to_string();
    assert_eq!(edge.send("PUT", "/_sandbox/styles", &[JSON], &unknown).await.status, 400);
}

#[tokio::test]
async fn a_deleted_group_is_unknown() {
    let edge = Edge::start().await;
    assert_eq!(edge.send("DELETE", &format!("/_sandbox/groups/{GROUP}"), &[], "").await.status, 204);
    assert_eq!(edge.list("").await.error(), (400, 131_041));
    assert_eq!(edge.send("DELETE", &format!("/_sandbox/groups/{GROUP}"), &[], "").await.status, 404);
}
