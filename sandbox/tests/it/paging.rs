//! Pages, cursors and what makes them invalid.

use joingate_sandbox::{GroupSpec, SandboxOptions, Styles};

use crate::support::{BEARER, Edge, Reply, edge_of};

fn cursor(reply: &Reply, side: &str) -> String {
    reply.json()["paging"]["cursors"][side].as_str().expect("a cursor").to_owned()
}

#[tokio::test]
async fn the_cursor_after_a_page_leads_through_the_whole_list() {
    let edge = Edge::start().await;
    let ids = edge.open(5);
    let first = edge.list("?limit=2").await;
    let second = edge.list(&format!("?limit=2&after={}", cursor(&first, "after"))).await;
    let third = edge.list(&format!("?limit=2&after={}", cursor(&second, "after"))).await;
    assert_eq!([first.ids(), second.ids(), third.ids()].concat(), ids);
}

#[tokio::test]
async fn only_the_last_page_has_no_next() {
    let edge = Edge::start().await;
    edge.open(4);
    let first = edge.list("?limit=2").await;
    let last = edge.list(&format!("?limit=2&after={}", cursor(&first, "after"))).await;
    assert!(first.json()["paging"]["next"].is_string());
    assert!(last.json()["paging"].get("next").is_none());
    assert!(last.json()["paging"]["cursors"]["after"].is_string(), "cursors stay on the last page");
    assert!(first.json()["paging"].get("previous").is_none());
    assert!(last.json()["paging"]["previous"].is_string());
}

#[tokio::test]
async fn next_is_an_absolute_address_of_the_following_page_without_the_token() {
    let edge = Edge::start().await;
    let ids = edge.open(3);
    let next = edge.list("?limit=2").await.json()["paging"]["next"].as_str().expect("next").to_owned();
    assert!(!next.contains("access_token"), "{next}");
    let target = next.strip_prefix(&edge.sandbox.base_url()).expect("an absolute address");
    assert_eq!(edge.send("GET", target, &[BEARER], "").await.ids(), ids[2..]);
}

#[tokio::test]
async fn next_carries_the_token_on_demand() {
    let edge = Edge::with(SandboxOptions {
        styles: Styles { token_in_paging: true, ..Styles::default() },
        ..SandboxOptions::default()
    })
    .await;
    edge.open(2);
    let next = edge.list("?limit=1").await.json()["paging"]["next"].to_string();
    assert!(next.contains("?access_token=sandbox%2Dtoken%2Dnot%2Dreal&"), "{next}");
}

#[tokio::test]
async fn before_leads_back() {
    let edge = Edge::start().await;
    let ids = edge.open(4);
    let first = edge.list("?limit=2").await;
    let second = edge.list(&format!("?limit=2&after={}", cursor(&first, "after"))).await;
    let back = edge.list(&format!("?limit=2&before={}", cursor(&second, "before"))).await;
    assert_eq!(back.ids(), ids[..2]);
}

#[tokio::test]
async fn a_cursor_dies_when_the_list_changes() {
    let edge = Edge::start().await;
    let ids = edge.open(4);
    let stale = format!("?after={}", cursor(&edge.list("?limit=1").await, "after"));
    assert_eq!(edge.list(&stale).await.status, 200);
    edge.approve(&[&ids[3]]).await;
    assert_eq!(edge.list(&stale).await.error(), (400, 131_059));
}

#[tokio::test]
async fn a_decision_that_fails_leaves_cursors_alive() {
    let edge = Edge::start().await;
    edge.open(2);
    let query = format!("?after={}", cursor(&edge.list("?limit=1").await, "after"));
    edge.approve(&["bm9ib2R5"]).await;
    assert_eq!(edge.list(&query).await.status, 200);
}

#[tokio::test]
async fn a_made_up_cursor_or_one_of_another_group_is_refused() {
    let edge = Edge::start().await;
    edge.open(2);
    assert_eq!(edge.list("?after=abc").await.error(), (400, 131_059));
    let other = edge.group(GroupSpec::default());
    let foreign = cursor(&edge.list("?limit=1").await, "after");
    let reply = edge.send("GET", &format!("{}?after={foreign}", edge_of(&other)), &[BEARER], "").await;
    assert_eq!(reply.error(), (400, 131_059));
}

#[tokio::test]
async fn a_page_has_25_requests_unless_the_sandbox_or_the_caller_says_otherwise() {
    let edge = Edge::start().await;
    edge.open(30);
    assert_eq!(edge.list("").await.ids().len(), 25);
    assert_eq!(edge.list("?limit=1024").await.ids().len(), 30);
    let small = Edge::with(SandboxOptions { page_size: 3, ..SandboxOptions::default() }).await;
    small.open(4);
    assert_eq!(small.list("").await.ids().len(), 3);
}

#[tokio::test]
async fn a_limit_outside_1_to_1024_is_refused() {
    let edge = Edge::start().await;
    for limit in ["0", "1025", "-1", "x", ""] {
        assert_eq!(edge.list(&format!("?limit={limit}")).await.error(), (400, 100), "{limit}");
    }
}

#[tokio::test]
async fn after_and_before_together_are_refused() {
    let edge = Edge::start().await;
    edge.open(2);
    let page = edge.list("?limit=1").await;
    let query = format!("?after={}&before={}", cursor(&page, "after"), cursor(&page, "before"));
    assert_eq!(edge.list(&query).await.error(), (400, 100));
}
