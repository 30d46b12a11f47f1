//! What approving and rejecting do.

use joingate_sandbox::{GroupSpec, RequestSpec};
use serde_json::json;

use crate::support::{BEARER, Edge, GROUP, JSON, decision, edge_of};

#[tokio::test]
async fn approving_answers_the_ids_and_lets_the_people_in() {
    let edge = Edge::start().await;
    let id = edge.open_one(RequestSpec { wa_id: Some("15550100007".to_owned()), ..RequestSpec::default() });
    let reply = edge.approve(&[&id]).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json(), json!({"messaging_product": "whatsapp", "approved_join_requests": [id]}));
    assert_eq!(edge.control().participants(GROUP), ["15550100007"]);
    assert!(edge.control().open_requests(GROUP).is_empty());
}

#[tokio::test]
async fn rejecting_answers_the_ids_and_lets_nobody_in() {
    let edge = Edge::start().await;
    let ids = edge.open(2);
    let reply = edge.reject(&[&ids[1]]).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json(), json!({"messaging_product": "whatsapp", "rejected_join_requests": [ids[1]]}));
    assert!(edge.control().participants(GROUP).is_empty());
    assert_eq!(edge.control().open_requests(GROUP), [ids[0].clone()]);
}

#[tokio::test]
async fn an_unknown_or_handled_id_fails_alone_with_131213() {
    let edge = Edge::start().await;
    let ids = edge.open(2);
    edge.reject(&[&ids[0]]).await;
    let reply = edge.approve(&[&ids[0], &ids[1], "bm9ib2R5"]).await;
    assert_eq!(reply.strings("approved_join_requests"), [ids[1].clone()]);
    assert_eq!(reply.failures(), [(ids[0].clone(), 131_213), ("bm9ib2R5".to_owned(), 131_213)]);
}

#[tokio::test]
async fn a_failed_item_carries_message_title_and_details_and_the_cause_is_named_once_on_top() {
    let edge = Edge::start().await;
    let body = edge.approve(&["YQ==", "Yg=="]).await.json();
    let error = &body["failed_join_requests"][0]["errors"][0];
    assert!(error["message"].as_str().expect("a message").starts_with("(#131213) "));
    assert!(error["title"].is_string() && error["error_data"]["details"].is_string(), "{error}");
    assert_eq!(body["errors"], json!([error]));
    assert_eq!(body["approved_join_requests"], json!([]));
}

#[tokio::test]
async fn who_finds_no_place_fails_with_131204_and_stays_open() {
    let edge = Edge::start().await;
    let group = edge.group(GroupSpec {
        capacity: 2,
        participants: vec!["15550109001".to_owned()],
        ..GroupSpec::default()
    });
    let open = || edge.control().add_request(&group, RequestSpec::default()).expect("a new request");
    let (first, second) = (open(), open());
    let reply = edge.send("POST", &edge_of(&group), &[BEARER, JSON], &decision(&[&first, &second])).await;
    assert_eq!(reply.strings("approved_join_requests"), [first]);
    assert_eq!(reply.failures(), [(second.clone(), 131_204)]);
    assert_eq!(edge.control().open_requests(&group), [second]);
}

#[tokio::test]
async fn a_group_has_eight_places() {
    let edge = Edge::start().await;
    let ids = edge.open(9);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let reply = edge.approve(&ids).await;
    assert_eq!(reply.failures(), [(ids[8].to_owned(), 131_204)]);
}

#[tokio::test]
async fn an_item_fails_as_ordered_and_may_still_be_rejected_when_only_the_terms_are_missing() {
    let edge = Edge::start().await;
    let ids = edge.open(2);
    edge.control().fail_item(GROUP, &ids[0], 131_203).expect("a group");
    edge.control().fail_item(GROUP, &ids[1], 131_000).expect("a group");
    let reply = edge.approve(&[&ids[0], &ids[1]]).await;
    assert_eq!(reply.failures(), [(ids[0].clone(), 131_203), (ids[1].clone(), 131_000)]);
    let reply = edge.reject(&[&ids[0], &ids[1]]).await;
    assert_eq!(reply.strings("rejected_join_requests"), [ids[0].clone()]);
    assert_eq!(reply.failures(), [(ids[1].clone(), 131_000)]);
}

#[tokio::test]
async fn the_documented_text_for_missing_terms_is_answered() {
    let edge = Edge::start().await;
    let ids = edge.open(1);
    edge.control().fail_item(GROUP, &ids[0], 131_203).expect("a group");
    let body = edge.approve(&[&ids[0]]).await.json();
    let error = &body["failed_join_requests"][0]["errors"][0];
    let message = "(#131203) Recipient has not accepted our new Terms of Service and Privacy Policy.";
    assert_eq!(error["message"], message);
    assert_eq!(error["title"], "Unable to add participant to group");
}
