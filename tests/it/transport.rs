//! How callers reach the gateway over TLS, and the gateway Graph over a proxy.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Method, Version};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::support::process::{Process, set};
use crate::support::raw_client::RawConnection;
use crate::support::{
    Client, DECIDE, Issuer, LoopbackCertificate, READ, RawUpstream, Reply, TestApp, TestAppBuilder,
    settings_for, token,
};

const EMPTY_PAGE: &str = r#"{"data":[],"paging":{}}"#;

/// Files of a certificate for the loopback, and the authority (PEM) to trust.
struct Identity {
    directory: TempDir,
    authority: String,
}

impl Identity {
    fn new() -> Self {
        let certificate = LoopbackCertificate::new();
        let directory = tempfile::tempdir().unwrap();
        certificate.write_to(directory.path());
        Self { directory, authority: certificate.authority_pem() }
    }

    /// Puts another certificate in the place of this one; answers the new authority.
    fn replace(&self) -> String {
        let certificate = LoopbackCertificate::new();
        certificate.write_to(self.directory.path());
        certificate.authority_pem()
    }

    /// Names and values of the settings.
    fn settings(&self) -> [(&'static str, String); 2] {
        let path = |name: &str| self.directory.path().join(name).to_str().unwrap().to_owned();
        [("SERVER__TLS_CERT_FILE", path("tls.crt")), ("SERVER__TLS_KEY_FILE", path("tls.key"))]
    }

    fn builder(&self) -> TestAppBuilder {
        let settings = self.settings().into_iter();
        settings.fold(TestApp::builder(), |builder, (name, value)| builder.set(name, value))
    }

    fn client(&self, port: u16, http2: bool) -> Client {
        client(port, &self.authority, http2)
    }
}

fn client(port: u16, authority: &str, http2: bool) -> Client {
    let token = token("moderator", &format!("{READ} {DECIDE}"), Some("*"));
    Client::over_tls(format!("https://localhost:{port}"), Some(token), authority, http2)
}

#[tokio::test]
async fn callers_use_either_version_of_http_over_tls() {
    let identity = Identity::new();
    let app = identity.builder().spawn().await;
    for (http2, version) in [(false, Version::HTTP_11), (true, Version::HTTP_2)] {
        let caller = identity.client(app.app.api_address().port(), http2);
        let (group, open) = app.group_with_requests(3);
        let listed = caller.list(&group).await;
        assert_eq!((listed.status, listed.version), (200, version));
        assert_eq!(listed.json()["join_requests"].as_array().unwrap().len(), 3);
        let path = format!("/v1/groups/{group}/join-requests");
        let head = caller.send(Method::HEAD, &path, &[], "").await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        // The times in two answers may differ by a digit.
        assert!(head.header("content-length").parse::<usize>().unwrap().abs_diff(listed.text.len()) < 10);
        let headers = [("content-type", "application/json"), ("x-request-id", "the-callers-own")];
        let body = serde_json::json!({ "join_request_ids": open }).to_string();
        let approved = caller.send(Method::POST, &format!("{path}/approve"), &headers, body).await;
        assert_eq!((approved.status, approved.version), (200, version));
        assert_eq!(approved.outcomes(), ["approved"; 3]);
        assert_eq!(approved.header("x-request-id"), "the-callers-own");
        caller.get("/v1/nothing").await.expect_problem(404, "not_found");
        assert_eq!(caller.get("/docs/swagger-ui-bundle.js").await.status, 200);
    }
}

#[tokio::test]
async fn many_requests_share_one_connection_of_http_2() {
    let identity = Identity::new();
    let app = identity.builder().set("LIMITS__CALLER_BURST", "1000").spawn().await;
    let caller = identity.client(app.app.api_address().port(), true);
    let (group, _) = app.group_with_requests(1);
    let lists = futures_util::future::join_all((0..300).map(|_| caller.list(&group))).await;
    assert!(lists.iter().all(|answer| answer.status == 200), "{lists:#?}");
}

#[tokio::test]
async fn nothing_is_served_without_tls_where_tls_is_asked_for() {
    let identity = Identity::new();
    let app = identity.builder().spawn().await;
    let mut connection = RawConnection::open(app.app.api_address()).await;
    connection.send(b"GET /openapi.json HTTP/1.1\r\nHost: gateway\r\n\r\n").await;
    let rest = connection.rest().await;
    assert!(!rest.starts_with("HTTP"), "{rest:?}");
}

#[tokio::test]
async fn a_body_that_does_not_come_ends_its_request_and_not_the_connection() {
    let identity = Identity::new();
    let app = identity.builder().set("SERVER__REQUEST_DEADLINE", "2s").spawn().await;
    let caller = identity.client(app.app.api_address().port(), true);
    let (group, _) = app.group_with_requests(1);
    let path = format!("/v1/groups/{group}/join-requests/approve");
    let headers = [("content-type", "application/json")];
    let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let answer = caller.send(Method::POST, &path, &headers, reqwest::Body::wrap_stream(never)).await;
    answer.expect_problem(408, "request_timeout");
    assert_eq!(caller.list(&group).await.status, 200);
}

#[tokio::test]
async fn a_head_larger_than_any_honest_one_is_refused_on_http_2() {
    let identity = Identity::new();
    let app = identity.builder().spawn().await;
    let caller = identity.client(app.app.api_address().port(), true);
    let (group, _) = app.group_with_requests(1);
    let path = format!("/v1/groups/{group}/join-requests");
    let long = "a".repeat(60 * 1024);
    let answer = caller.send(Method::GET, &path, &[("x-long", &long)], "").await;
    answer.expect_problem(431, "headers_too_large");
    let longer = "a".repeat(70 * 1024);
    assert_eq!(caller.send(Method::GET, &path, &[("x-long", &longer)], "").await.status, 431);
    assert_eq!(caller.list(&group).await.status, 200);
}

/// A program that serves over TLS in front of this upstream.
async fn program(identity: &Identity, upstream: &str) -> Process {
    let mut variables = settings_for(upstream);
    for (name, value) in identity.settings() {
        set(&mut variables, name, value);
    }
    Process::start(&[], variables).await
}

async fn reloads(process: &Process, setting: &str, result: &str) -> bool {
    let exposition = process.operator().get("/metrics").await.text;
    let line = format!(r#"joingate_config_reloads_total{{result="{result}",what="server.{setting}"}} 1"#);
    exposition.lines().any(|found| found == line)
}

#[tokio::test]
async fn a_new_certificate_is_for_new_connections_and_a_broken_one_for_none() {
    let identity = Identity::new();
    let mut process = program(&identity, "http://127.0.0.1:9").await;
    let port = process.api.port();
    let old = identity.client(port, true);
    assert_eq!(old.get("/v1/quota").await.status, 200);

    let authority = identity.replace();
    process.hang_up();
    process.log.next_with(r#""setting":"server.tls_cert_file""#).await;
    process.log.next_with(r#""setting":"server.tls_key_file""#).await;
    assert!(
        reloads(&process, "tls_cert_file", "taken").await && reloads(&process, "tls_key_file", "taken").await
    );
    assert_eq!(client(port, &authority, true).get("/v1/quota").await.status, 200);
    assert_eq!(old.get("/v1/quota").await.status, 200, "a connection from before");

    std::fs::write(identity.directory.path().join("tls.key"), "no key at all").unwrap();
    process.hang_up();
    let line = process.log.next_with("the new certificate cannot be taken").await;
    assert!(line.contains("it holds no unencrypted private key in PEM form"), "{line}");
    process.log.next_with("the new settings are refused as a whole").await;
    assert!(reloads(&process, "tls_key_file", "refused").await);
    assert_eq!(client(port, &authority, false).get("/v1/quota").await.status, 200);
    process.stop().await;
}

#[tokio::test]
async fn what_is_in_flight_on_http_2_is_finished_and_an_idle_connection_holds_up_nothing() {
    let gate = Arc::new(Semaphore::new(0));
    let Reply::Bytes(page) = Reply::json(200, EMPTY_PAGE) else { panic!("a whole answer") };
    let upstream = RawUpstream::answering([Reply::Gated(Arc::clone(&gate), page)]).await;
    let identity = Identity::new();
    let process = program(&identity, upstream.base_url()).await;
    let (busy, idle) = (identity.client(process.api.port(), true), identity.client(process.api.port(), true));
    assert_eq!(idle.get("/v1/quota").await.status, 200);
    let stop = async {
        upstream.has_received(1).await;
        process.terminate();
        gate.add_permits(1);
        Instant::now()
    };
    let (answer, started) = tokio::join!(busy.list("120363000000000001"), stop);
    assert_eq!((answer.status, answer.version), (200, Version::HTTP_2), "{answer:?}");
    assert_eq!(process.ended().await.code, Some(0));
    assert!(started.elapsed() < Duration::from_secs(15), "an idle connection was waited for");
}

const NOWHERE: &str = "120363000000000001";

#[tokio::test]
async fn calls_of_graph_go_through_a_tunnel_of_the_proxy_that_is_set() {
    let tunnel = Reply::with_headers(200, "", "");
    let proxy = RawUpstream::answering([tunnel, Reply::json(200, EMPTY_PAGE)]).await;
    let url = proxy.base_url().replace("http://", "http://gateway:only-for-the-proxy@");
    let app = TestApp::builder().against("http://127.0.0.1:9").set("GRAPH__PROXY_URL", url).spawn().await;
    let answer = app.reader().list(NOWHERE).await;
    assert_eq!((answer.status, answer.json()["join_requests"].clone()), (200, serde_json::json!([])));
    let [tunnel, request] = proxy.requests().try_into().unwrap();
    assert!(tunnel.starts_with("CONNECT 127.0.0.1:9 HTTP/1.1\r\n"), "{tunnel}");
    // `gateway:only-for-the-proxy`
    let password = "\r\nproxy-authorization: basic z2f0zxdhetpvbmx5lwzvci10agutchjvehk=\r\n";
    assert!(tunnel.to_lowercase().contains(password), "{tunnel}");
    assert!(request.starts_with(&format!("GET /v23.0/{NOWHERE}/join_requests")), "{request}");
    assert!(!request.to_lowercase().contains("proxy-authorization"), "{request}");
}

#[tokio::test]
async fn graph_gets_nothing_without_a_certificate_that_is_trusted() {
    let (upstream, authority) = Issuer::with_tls(&[]).await;
    upstream.answers(Reply::json(200, EMPTY_PAGE));
    let base = upstream.url.trim_end_matches("/keys").to_owned();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, &authority).unwrap();
    let file = file.to_str().unwrap();
    let trusting = TestApp::builder().against(&base).set("GRAPH__CA_FILE", file).spawn().await;
    assert_eq!(trusting.reader().list(NOWHERE).await.status, 200);
    assert_eq!(upstream.requests().len(), 1);
    let (_, stranger) = Issuer::with_tls(&[]).await;
    let other = directory.path().join("other.pem");
    std::fs::write(&other, stranger).unwrap();
    for ca_file in [None, other.to_str()] {
        let builder = TestApp::builder().against(&base);
        let builder = match ca_file {
            Some(path) => builder.set("GRAPH__CA_FILE", path),
            None => builder,
        };
        let answer = builder.spawn().await.moderator().approve(NOWHERE, &["request-1"]).await;
        assert_eq!(answer.expect_problem(503, "upstream_unavailable")["executed"], "no");
    }
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test]
async fn a_proxy_on_the_way_to_tls_sees_neither_token_nor_path_and_what_it_refuses_was_not_sent() {
    let refusal = || Reply::json(407, "{}");
    let proxy = RawUpstream::answering((0..20).map(|_| refusal())).await;
    let app = TestApp::builder()
        .against("https://graph.test.invalid")
        .set("GRAPH__PROXY_URL", proxy.base_url())
        .spawn()
        .await;
    let answer = app.moderator().approve(NOWHERE, &["request-1"]).await;
    assert_eq!(answer.expect_problem(503, "upstream_unavailable")["executed"], "no");
    let requests = proxy.requests();
    assert!(!requests.is_empty());
    for request in requests {
        assert!(request.starts_with("CONNECT graph.test.invalid:443 HTTP/1.1\r\n"), "{request}");
        let seen = request.to_lowercase();
        assert!(!seen.contains("bearer") && !seen.contains(NOWHERE), "{request}");
    }
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_not_used() {
    let (proxy, upstream) =
        tokio::join!(RawUpstream::answering([]), RawUpstream::answering([Reply::json(200, EMPTY_PAGE)]),);
    let mut variables = settings_for(upstream.base_url());
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        variables.push((name.to_owned(), proxy.base_url().to_owned()));
    }
    let process = Process::start(&[], variables).await;
    let reader = process.caller(Some(token("reader", READ, Some("*"))));
    assert_eq!(reader.list(NOWHERE).await.status, 200);
    assert!(proxy.requests().is_empty());
    process.stop().await;
}
