//! Which object and edge a path names.

use joingate_sandbox::GroupSpec;

use crate::support::{BEARER, Edge, GROUP, edge_of};

#[tokio::test]
async fn an_unknown_group_is_refused_with_131041() {
    let edge = Edge::start().await;
    let reply = edge.send("GET", &edge_of("Y2FwNobody"), &[BEARER], "").await;
    assert_eq!(reply.error(), (400, 131_041));
}

#[tokio::test]
async fn a_malformed_group_id_is_refused_as_an_object_that_does_not_exist() {
    let edge = Edge::start().await;
    for id in ["a%20b", "%2e%2e", "a%2Fb", "a.b", "%C3%A4"] {
        let reply = edge.send("GET", &edge_of(id), &[BEARER], "").await;
        assert_eq!(reply.error(), (400, 100), "{id}");
        assert_eq!(reply.json()["error"]["error_subcode"], 33, "{id}");
    }
}

#[tokio::test]
async fn an_encoded_group_id_is_decoded_once() {
    let edge = Edge::start().await;
    edge.group(GroupSpec { id: Some("Y2Fw=".to_owned()), ..GroupSpec::default() });
    assert_eq!(edge.send("GET", &edge_of("Y2Fw%3D"), &[BEARER], "").await.status, 200);
    assert_eq!(edge.send("GET", &edge_of("Y2Fw%253D"), &[BEARER], "").await.error(), (400, 100));
}

#[tokio::test]
async fn a_suspended_group_is_refused_with_131207_until_the_suspension_is_lifted() {
    let edge = Edge::start().await;
    let suspended = edge.group(GroupSpec { suspended: true, ..GroupSpec::default() });
    assert_eq!(edge.send("GET", &edge_of(&suspended), &[BEARER], "").await.error(), (403, 131_207));
    edge.control().set_suspended(&suspended, false).expect("a group");
    assert_eq!(edge.send("GET", &edge_of(&suspended), &[BEARER], "").await.status, 200);
}

#[tokio::test]
async fn an_unknown_path_is_refused_with_2500() {
    let edge = Edge::start().await;
    for path in ["/", "/v23.0", "/v23.0/", "/v23.0/a/b/c", "//v23.0/a/join_requests", "/v23.0/a/messages"] {
        assert_eq!(edge.send("GET", path, &[BEARER], "").await.error(), (400, 2500), "{path}");
    }
}

#[tokio::test]
async fn a_path_without_a_version_is_refused() {
    let edge = Edge::start().await;
    for version in ["23.0", "v23", "vx.0", "V23.0"] {
        let path = format!("/{version}/{GROUP}/join_requests");
        assert_eq!(edge.send("GET", &path, &[BEARER], "").await.error(), (400, 2500), "{path}");
    }
    assert_eq!(
        edge.send("GET", &format!("/{GROUP}/join_requests"), &[BEARER], "").await.error(),
        (400, 2500)
    );
}

#[tokio::test]
async fn any_version_is_served_by_the_one_that_is_reported() {
    let edge = Edge::start().await;
    let reply = edge.send("GET", &format!("/v19.0/{GROUP}/join_requests"), &[BEARER], "").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("facebook-api-version"), Some("v23.0"));
}

#[tokio::test]
async fn an_object_without_an_edge_and_an_unsupported_method_are_refused_with_100() {
    let edge = Edge::start().await;
    assert_eq!(edge.send("GET", &format!("/v23.0/{GROUP}"), &[BEARER], "").await.error(), (400, 100));
    let reply = edge.send("PUT", &edge_of(GROUP), &[BEARER], "").await;
    assert_eq!(reply.error(), (400, 100));
    assert_eq!(reply.json()["error"]["type"], "GraphMethodException");
}
