//! Bodies of decisions that Graph would not take, and ids.

use joingate_sandbox::{ControlError, GroupSpec, RequestSpec};

use crate::support::{BEARER, Edge, GROUP, JSON, decision, edge_of};

#[tokio::test]
async fn a_body_that_is_missing_or_wrong_is_refused_and_changes_nothing() {
    let edge = Edge::start().await;
    let ids = edge.open(1);
    let cases = [
        ("", 100),
        ("{", 100),
        ("[]", 100),
        (r#"{"join_requests":["YQ=="]}"#, 100),
        (r#"{"messaging_product":"sms","join_requests":["YQ=="]}"#, 100),
        (r#"{"messaging_product":"whatsapp"}"#, 100),
        (r#"{"messaging_product":"whatsapp","join_requests":[]}"#, 131_009),
        (r#"{"messaging_product":"whatsapp","join_requests":"YQ=="}"#, 131_009),
        (r#"{"messaging_product":"whatsapp","join_requests":[1]}"#, 131_009),
        (r#"{"messaging_product":"whatsapp","join_requests":[""]}"#, 131_009),
    ];
    for method in ["POST", "DELETE"] {
        for (body, code) in cases {
            let reply = edge.send(method, &edge_of(GROUP), &[BEARER, JSON], body).await;
            assert_eq!(reply.error(), (400, code), "{method} {body}");
        }
    }
    assert_eq!(edge.control().open_requests(GROUP), ids);
}

#[tokio::test]
async fn the_same_id_twice_is_refused_with_131202() {
    let edge = Edge::start().await;
    let ids = edge.open(1);
    assert_eq!(edge.approve(&[&ids[0], &ids[0]]).await.error(), (400, 131_202));
    assert_eq!(edge.control().open_requests(GROUP), ids);
}

#[tokio::test]
async fn any_content_type_but_plain_json_is_refused() {
    let edge = Edge::start().await;
    let ids = edge.open(1);
    let body = decision(&[&ids[0]]);
    for kind in ["application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded"] {
        let headers = [BEARER, ("Content-Type", kind)];
        assert_eq!(edge.send("DELETE", &edge_of(GROUP), &headers, &body).await.error(), (400, 100), "{kind}");
    }
    assert_eq!(edge.send("POST", &edge_of(GROUP), &[BEARER], &body).await.error(), (400, 100));
}

#[tokio::test]
async fn fields_nobody_knows_are_ignored() {
    let edge = Edge::start().await;
    let ids = edge.open(1);
    let body = decision(&[&ids[0]]).replacen('{', r#"{"extra":1,"#, 1);
    assert_eq!(edge.send("POST", &edge_of(GROUP), &[BEARER, JSON], &body).await.status, 200);
}

#[tokio::test]
async fn a_body_over_a_mebibyte_is_refused() {
    let edge = Edge::start().await;
    let body = decision(&[&"a".repeat(1024 * 1024)]);
    assert_eq!(edge.send("POST", &edge_of(GROUP), &[BEARER, JSON], &body).await.error(), (400, 100));
}

#[tokio::test]
async fn the_same_person_asking_again_has_the_same_id() {
    let edge = Edge::start().await;
    let person = RequestSpec { wa_id: Some("15550100042".to_owned()), ..RequestSpec::default() };
    let first = edge.open_one(person.clone());
    let again = edge.control().add_request(GROUP, person.clone());
    assert_eq!(again, Err(ControlError::RequestExists));
    edge.reject(&[&first]).await;
    assert_eq!(edge.open_one(person.clone()), first);
    edge.control().withdraw(GROUP, &first).expect("open");
    assert_eq!(edge.open_one(person), first);
}

#[tokio::test]
async fn the_same_person_has_another_id_in_another_group() {
    let edge = Edge::start().await;
    let person = RequestSpec { wa_id: Some("15550100042".to_owned()), ..RequestSpec::default() };
    let other = edge.group(GroupSpec::default());
    let there = edge.control().add_request(&other, person.clone()).expect("a group");
    assert_ne!(edge.open_one(person), there);
}

#[tokio::test]
async fn ids_can_be_chosen() {
    let edge = Edge::start().await;
    let id = edge.open_one(RequestSpec { id: Some("Y2hvc2Vu".to_owned()), ..RequestSpec::default() });
    assert_eq!(id, "Y2hvc2Vu");
    assert_eq!(edge.approve(&[&id]).await.strings("approved_join_requests"), [id]);
}
