//! Everything that a client may send wrongly: each is a problem that says so, and nothing reaches Graph.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use joingate::cli::token::{SigningKey, TokenContents, mint_token};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::raw_client::exchange;
use crate::support::{
    AUDIENCE, Answer, Client, DECIDE, ISSUER, READ, RawUpstream, Reply, SECRET, TestApp, token,
};

const GROUP: &str = "Y2FwaTox";
const LIST: &str = "/v1/groups/Y2FwaTox/join-requests";
const APPROVE: &str = "/v1/groups/Y2FwaTox/join-requests/approve";
const REJECT: &str = "/v1/groups/Y2FwaTox/join-requests/reject";
const JSON: (&str, &str) = ("content-type", "application/json");
const BODY: &str = r#"{"join_request_ids":["YQ=="]}"#;

/// A gateway in front of a Graph that must not be called.
struct Refusing {
    app: TestApp,
    graph: RawUpstream,
}

impl Refusing {
    async fn spawn() -> Self {
        let graph = RawUpstream::answering([]).await;
        let app =
            TestApp::builder().against(graph.base_url()).set("LIMITS__CALLER_BURST", "10000").spawn().await;
        Self { app, graph }
    }

    /// Posts a body as JSON.
    async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.app.moderator().send(Method::POST, path, &[JSON], body).await
    }

    /// Sends a head (without its last empty line) and a body, with the moderator's token.
    async fn raw(&self, head: &str, body: &[u8]) -> Answer {
        let token = moderator();
        let head = format!("{head}\r\nHost: gateway\r\nAuthorization: Bearer {token}\r\n\r\n");
        exchange(self.app.app.api_address(), &[head.as_bytes(), body].concat()).await
    }

    /// Sends these bytes.
    async fn bytes(&self, bytes: impl AsRef<[u8]>) -> Answer {
        exchange(self.app.app.api_address(), bytes.as_ref()).await
    }

    #[track_caller]
    fn nothing_was_sent(&self) {
        assert_eq!(self.graph.requests(), [""; 0]);
    }
}

fn moderator() -> String {
    token("moderator", &format!("{READ} {DECIDE}"), Some("*"))
}

/// A problem with all that every problem has; `executed` where it belongs to a decision.
#[track_caller]
fn expect(answer: &Answer, status: u16, code: &str, executed: Option<&str>) -> Value {
    let body = answer.expect_problem(status, code);
    assert_eq!(body["type"], format!("/problems/{code}"));
    assert_eq!(body["status"], status);
    assert!(body["title"].as_str().is_some_and(|title| !title.is_empty()));
    let request_id = answer.header("x-request-id");
    assert!(!request_id.is_empty());
    assert_eq!(body["instance"], format!("urn:joingate:request:{request_id}"));
    assert_eq!(body.get("executed").and_then(Value::as_str), executed, "{body}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "no-store");
    body
}

/// The problem of a decision: surely nothing was executed.
#[track_caller]
fn expect_write(answer: &Answer, status: u16, code: &str) -> Value {
    expect(answer, status, code, Some("no"))
}

/// The problem of anything else.
#[track_caller]
fn expect_read(answer: &Answer, status: u16, code: &str) -> Value {
    expect(answer, status, code, None)
}

fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().map_or(&[][..], Vec::as_slice);
    errors.iter().filter_map(|error| error["pointer"].as_str()).collect()
}

#[tokio::test]
async fn unknown_paths_are_not_found_and_below_v1_only_for_callers() {
    let gateway = Refusing::spawn().await;
    let (caller, anonymous) = (gateway.app.moderator(), gateway.app.anonymous());
    for path in [
        "/v1/",
        "/v1/groups",
        "/v1/groups/Y2FwaTox",
        "/v1/groups/Y2FwaTox/join-requests/",
        "/v1/groups/Y2FwaTox/join-requests/ban",
        "/v1/groups/Y2FwaTox/join-requests/approve/more",
        "/v1/groups//join-requests",
        "/v1//groups/Y2FwaTox/join-requests",
        "/v1/Groups/Y2FwaTox/join-requests",
    ] {
        expect_read(&caller.get(path).await, 404, "not_found");
        expect_read(&anonymous.get(path).await, 401, "unauthorized");
    }
    for path in
        ["/", "/v2/groups", "/v11", "/readyz", "/metrics", "/problems", "/problems/none", "/problems/"]
    {
        expect_read(&anonymous.get(path).await, 404, "not_found");
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn other_methods_are_told_which_are_allowed() {
    let gateway = Refusing::spawn().await;
    let caller = gateway.app.moderator();
    let brew = Method::from_bytes(b"BREW").unwrap();
    for (path, allowed, executed) in [
        (LIST, "GET, HEAD", None),
        (APPROVE, "POST", Some("no")),
        (REJECT, "POST", Some("no")),
        ("/openapi.json", "GET", None),
        ("/problems/not_found", "GET", None),
    ] {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
            Method::OPTIONS,
            Method::TRACE,
            brew.clone(),
        ] {
            if allowed.contains(method.as_str()) {
                continue;
            }
            let answer = caller.send(method, path, &[JSON], "").await;
            expect(&answer, 405, "method_not_allowed", executed);
            assert_eq!(answer.header("allow"), allowed);
        }
    }
    let answer = caller.send(Method::HEAD, APPROVE, &[], "").await;
    assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
    let answer = gateway.app.anonymous().send(Method::DELETE, LIST, &[], "").await;
    expect_read(&answer, 401, "unauthorized");
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn the_head_of_a_list_has_no_body() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(1);
    let listed = app.reader().list(&group).await;
    let path = format!("/v1/groups/{group}/join-requests");
    let head = app.reader().send(Method::HEAD, &path, &[], "").await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.header("content-type"), listed.header("content-type"));
    // Not compared with the list's own: `as_of` has as many digits as its moment needs.
    assert!(head.header("content-length").parse::<usize>().unwrap() > listed.text.len() / 2);
}

#[tokio::test]
async fn a_body_must_be_one_json_object() {
    let gateway = Refusing::spawn().await;
    let deep = format!("{{\"join_request_ids\":{}", "[".repeat(20_000));
    let bodies: [&[u8]; 15] = [
        b"",
        b"   ",
        b"null",
        b"\"YQ==\"",
        b"[\"YQ==\"]",
        b"[[\"YQ==\"]]",
        br#"[["YQ=="],null,null,false]"#,
        b"{",
        br#"{"join_request_ids":["YQ=="],}"#,
        br"{'join_request_ids':['YQ==']}",
        br#"{"join_request_ids":["YQ=="]} {}"#,
        b"\xef\xbb\xbf{\"join_request_ids\":[\"YQ==\"]}",
        b"{\"join_request_ids\":[\"\xff\"]}",
        b"join_request_ids=YQ%3D%3D",
        deep.as_bytes(),
    ];
    for body in bodies {
        for path in [APPROVE, REJECT] {
            let answer = gateway.post(path, body.to_vec()).await;
            expect_write(&answer, 400, "invalid_request");
        }
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn wrong_members_are_named_by_json_pointers() {
    let gateway = Refusing::spawn().await;
    let ids = json!(["YQ=="]);
    for (body, pointer) in [
        (json!({}), ""),
        (json!({ "ids": ids }), "/ids"),
        (json!({ "join_request_ids": ids, "a/b~c": 1 }), "/a~1b~0c"),
        (json!({ "join_request_ids": ids, "Reason": "x" }), "/Reason"),
        (json!({ "join_request_ids": "YQ==" }), "/join_request_ids"),
        (json!({ "join_request_ids": null }), "/join_request_ids"),
        (json!({ "join_request_ids": {} }), "/join_request_ids"),
        (json!({ "join_request_ids": ["YQ==", 5] }), "/join_request_ids/1"),
        (json!({ "join_request_ids": [null] }), "/join_request_ids/0"),
        (json!({ "join_request_ids": [["YQ=="]] }), "/join_request_ids/0"),
        (json!({ "join_request_ids": ids, "reason": 5 }), "/reason"),
        (json!({ "join_request_ids": ids, "on_behalf_of": {} }), "/on_behalf_of"),
        (json!({ "join_request_ids": ids, "dry_run": "true" }), "/dry_run"),
        (json!({ "join_request_ids": ids, "dry_run": null }), "/dry_run"),
        (json!({ "join_request_ids": [] }), "/join_request_ids"),
        (json!({ "join_request_ids": ids, "reason": "ü".repeat(257) }), "/reason"),
        (json!({ "join_request_ids": ids, "on_behalf_of": "x".repeat(257) }), "/on_behalf_of"),
    ] {
        for path in [APPROVE, REJECT] {
            let answer = gateway.post(path, body.to_string()).await;
            let problem = expect_write(&answer, 400, "invalid_request");
            assert_eq!(pointers(&problem), [pointer], "{body} {problem}");
        }
    }
    let twice = r#"{"join_request_ids":["YQ=="],"join_request_ids":["Yg=="]}"#;
    expect_write(&gateway.post(APPROVE, twice).await, 400, "invalid_request");
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn every_invalid_id_is_pointed_at_up_to_twenty() {
    let gateway = Refusing::spawn().await;
    let ids = ["YQ==", "", "a b", "YQ==", "../x", "a?b", "ä", "a\u{0}", &"a".repeat(513), &"a".repeat(512)];
    let answer = gateway.post(APPROVE, json!({ "join_request_ids": ids }).to_string()).await;
    let problem = expect_write(&answer, 400, "invalid_request");
    let expected = [1, 2, 4, 5, 6, 7, 8].map(|index| format!("/join_request_ids/{index}"));
    assert_eq!(pointers(&problem), expected);
    assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("1 to 512 characters"));
    let many = json!({ "join_request_ids": vec!["!"; 100] });
    let answer = gateway.post(REJECT, many.to_string()).await;
    assert_eq!(pointers(&expect_write(&answer, 400, "invalid_request")).len(), 20);
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn repeated_ids_count_towards_the_most_that_one_decision_may_have() {
    let graph = RawUpstream::answering([]).await;
    let app = TestApp::builder().against(graph.base_url()).set("SERVER__MAX_IDS", "3").spawn().await;
    let answer = app.moderator().approve(GROUP, &["YQ=="; 4]).await;
    let problem = expect_write(&answer, 413, "too_many_ids");
    assert_eq!(pointers(&problem), ["/join_request_ids"]);
    assert_eq!(graph.requests(), [""; 0]);
}

#[tokio::test]
async fn a_body_may_be_as_large_as_the_setting_says_and_no_larger() {
    let gateway = Refusing::spawn().await;
    let largest = format!("{BODY}{}", " ".repeat(64 * 1024 - BODY.len()));
    let larger = format!("{largest} ");
    let head =
        |path: &str, more: &str| format!("POST {path} HTTP/1.1\r\nContent-Type: application/json\r\n{more}");
    let chunked = |body: &str| format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for path in [APPROVE, REJECT] {
        let sized = head(path, &format!("Content-Length: {}", larger.len()));
        expect_write(&gateway.raw(&sized, larger.as_bytes()).await, 413, "payload_too_large");
        let streamed = head(path, "Transfer-Encoding: chunked");
        let answer = gateway.raw(&streamed, chunked(&larger).as_bytes()).await;
        expect_write(&answer, 413, "payload_too_large");
    }
    gateway.nothing_was_sent();
    // As large as allowed: it goes on to Graph, which this time is not there to answer well.
    let sized = head(APPROVE, &format!("Content-Length: {}", largest.len()));
    assert_eq!(gateway.raw(&sized, largest.as_bytes()).await.status, 207);
}

#[tokio::test]
async fn only_plain_json_is_taken() {
    let gateway = Refusing::spawn().await;
    let caller = gateway.app.moderator();
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "application/jsonx")],
        &[("content-type", "application/vnd.api+json")],
        &[("content-type", "application/json, application/json")],
        &[("content-type", "")],
        &[JSON, JSON],
        &[JSON, ("content-type", "text/plain")],
        &[JSON, ("content-encoding", "gzip")],
        &[JSON, ("content-encoding", "br")],
        &[JSON, ("content-encoding", "identity"), ("content-encoding", "gzip")],
    ] {
        for path in [APPROVE, REJECT] {
            let answer = caller.send(Method::POST, path, headers, BODY).await;
            expect_write(&answer, 415, "unsupported_media_type");
        }
    }
    gateway.nothing_was_sent();
    for kind in ["application/json; charset=utf-8", "Application/JSON"] {
        let headers = [("content-type", kind), ("content-encoding", "identity")];
        assert_eq!(caller.send(Method::POST, APPROVE, &headers, BODY).await.status, 207, "{kind}");
    }
}

#[tokio::test]
async fn no_group_id_leads_to_another_object_of_graph() {
    let gateway = Refusing::spawn().await;
    let long = "a".repeat(257);
    for group in [
        "%2e%2e",
        "..",
        ".",
        "%2E",
        "a%2Fb",
        "%2f",
        "a%5Cb",
        "%00",
        "a%00",
        "a%20b",
        "a+b",
        "a.b",
        "a:b",
        "a;b",
        "a@b",
        "%C3%A4",
        "%ff",
        "%",
        "%zz",
        "a%3Fb",
        "a%23b",
        "%252e%252e",
        "me,other",
        &long,
    ] {
        for (method, verb) in [("GET", ""), ("POST", "/approve"), ("POST", "/reject")] {
            let head = format!(
                "{method} /v1/groups/{group}/join-requests{verb} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}",
                BODY.len()
            );
            let answer = gateway.raw(&head, BODY.as_bytes()).await;
            let executed = (method == "POST").then_some("no");
            let problem = expect(&answer, 400, "invalid_request", executed);
            assert_eq!(problem["errors"][0]["parameter"], "group_id", "{group}");
        }
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_list_has_one_query_field_and_a_decision_has_none() {
    let gateway = Refusing::spawn().await;
    let caller = gateway.app.moderator();
    let long = format!("page_token={}", "a".repeat(2049));
    for query in [
        "limit=5",
        "page_token",
        "page_token=",
        "page_token=a&page_token=a",
        "page_token=a&limit=5",
        "Page_token=a",
        "page%5Ftoken=a&x",
        "access_token=a",
        "after=a",
        "=",
        &long,
    ] {
        let answer = caller.get(&format!("{LIST}?{query}")).await;
        expect_read(&answer, 400, "invalid_request");
    }
    for token in ["a", "%00", "%ff", "not+base64", &"A".repeat(2048)] {
        let answer = caller.get(&format!("{LIST}?page_token={token}")).await;
        expect_read(&answer, 410, "page_token_expired");
    }
    for path in [APPROVE, REJECT] {
        for query in ["dry_run=true", "page_token=a", "x"] {
            let answer = gateway.post(&format!("{path}?{query}"), BODY).await;
            expect_write(&answer, 400, "invalid_request");
        }
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn an_idempotency_key_is_refused_and_not_ignored() {
    let gateway = Refusing::spawn().await;
    let headers = [JSON, ("idempotency-key", "k")];
    for path in [APPROVE, REJECT] {
        let answer = gateway.app.moderator().send(Method::POST, path, &headers, BODY).await;
        let problem = expect_write(&answer, 400, "invalid_request");
        assert_eq!(problem["errors"][0]["parameter"], "Idempotency-Key");
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn heads_larger_than_any_honest_one_are_refused() {
    let gateway = Refusing::spawn().await;
    let query = "a".repeat(8 * 1024);
    let answer = gateway.raw(&format!("GET {LIST}?page_token={query} HTTP/1.1"), b"").await;
    expect_read(&answer, 414, "uri_too_long");
    let answer = gateway.raw(&format!("POST {APPROVE}?{query} HTTP/1.1"), b"").await;
    expect_write(&answer, 414, "uri_too_long");
    let field = "a".repeat(32 * 1024);
    let answer = gateway.raw(&format!("GET {LIST} HTTP/1.1\r\nX-Large: {field}"), b"").await;
    expect_read(&answer, 431, "headers_too_large");
    let fields = format!("\r\nX: {}", "a".repeat(600)).repeat(60);
    let answer = gateway.raw(&format!("POST {REJECT} HTTP/1.1{fields}"), b"").await;
    expect_write(&answer, 431, "headers_too_large");
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_body_that_never_arrives_is_waited_for_ten_seconds() {
    let gateway = Refusing::spawn().await;
    let head = format!("POST {APPROVE} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100");
    let answer = gateway.raw(&head, b"{\"join_request_ids\":").await;
    expect_write(&answer, 408, "request_timeout");
    gateway.nothing_was_sent();
}

/// A token of the tests' issuer that has expired well before the leeway.
fn expired_token() -> String {
    let key = SigningKey::from_bytes(SECRET.as_bytes(), None).unwrap();
    let contents = TokenContents {
        issuer: ISSUER,
        audience: AUDIENCE,
        subject: "late",
        scope: READ,
        groups: Some("*"),
        ttl: Duration::from_mins(1),
        kid: None,
        issued_at: Timestamp::now() - SignedDuration::from_mins(10),
    };
    mint_token(&key, &contents).unwrap()
}

#[tokio::test]
async fn a_request_without_a_valid_token_is_challenged() {
    let gateway = Refusing::spawn().await;
    let anonymous = gateway.app.anonymous();
    let valid = moderator();
    let (bearer, expired) = (format!("Bearer {valid}"), format!("Bearer {}", expired_token()));
    let content = valid.rsplit_once('.').unwrap().0;
    let unsigned = format!("Bearer {content}.");
    let foreign = format!("Bearer {content}.{}", expired.rsplit_once('.').unwrap().1);
    let large = format!("Bearer {}", "a".repeat(8193));
    let cases: [(&[&str], &str); 13] = [
        (&[], ""),
        (&["Basic dTpw"], ""),
        (&["Token abc"], ""),
        (&[&valid], ""),
        (&["Bearer"], "The Authorization header must be Bearer and one token."),
        (&["Bearer a b"], "The Authorization header must be Bearer and one token."),
        (
            &["Bearer abc"],
            "The token is not a signed JWT in compact form, with each header and claim member given once.",
        ),
        (
            &["Bearer a.b.c"],
            "The token is not a signed JWT in compact form, with each header and claim member given once.",
        ),
        (
            &[&unsigned],
            "The token is not a signed JWT in compact form, with each header and claim member given once.",
        ),
        (&[&foreign], "The signature of the token is not valid."),
        (&[&large], "The token is longer than 8192 bytes."),
        (&[&expired], "The token has expired."),
        (&[&bearer, &bearer], "The Authorization header must occur once."),
    ];
    for (fields, description) in cases {
        let mut headers = vec![JSON];
        headers.extend(fields.iter().map(|field| ("authorization", *field)));
        let challenge = if description.is_empty() {
            r#"Bearer realm="joingate""#.to_owned()
        } else {
            format!(r#"Bearer realm="joingate", error="invalid_token", error_description="{description}""#)
        };
        let listed = anonymous.send(Method::GET, LIST, &headers, "").await;
        expect_read(&listed, 401, "unauthorized");
        let approved = anonymous.send(Method::POST, APPROVE, &headers, BODY).await;
        expect_write(&approved, 401, "unauthorized");
        for answer in [listed, approved] {
            assert_eq!(answer.header("www-authenticate"), challenge, "{fields:?}");
            assert!(!answer.text.contains(&valid), "{}", answer.text);
        }
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_caller_without_the_right_is_told_which_scope_it_needs() {
    let gateway = Refusing::spawn().await;
    let reader = gateway.app.reader();
    let answer = reader.reject(GROUP, &["YQ=="]).await;
    expect_write(&answer, 403, "forbidden_scope");
    let challenge = format!(r#"Bearer realm="joingate", error="insufficient_scope", scope="{DECIDE}""#);
    assert_eq!(answer.header("www-authenticate"), challenge);
    let decider = gateway.app.caller("decider", DECIDE, Some("*"));
    expect_read(&decider.list(GROUP).await, 403, "forbidden_scope");
    let elsewhere = gateway.app.caller("elsewhere", &format!("{READ} {DECIDE}"), Some("b3RoZXI"));
    expect_read(&elsewhere.list(GROUP).await, 403, "forbidden_group");
    expect_write(&elsewhere.approve(GROUP, &["YQ=="]).await, 403, "forbidden_group");
    let nowhere = gateway.app.caller("nowhere", READ, None);
    expect_read(&nowhere.list(GROUP).await, 403, "forbidden_group");
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_valid_request_id_is_kept_and_any_other_replaced() {
    let gateway = Refusing::spawn().await;
    let anonymous = gateway.app.anonymous();
    let longest = "a".repeat(128);
    for id in ["7f3a", "A-b_c.1", &longest] {
        let answer = anonymous.send(Method::GET, LIST, &[("x-request-id", id)], "").await;
        assert_eq!(expect_read(&answer, 401, "unauthorized")["request_id"], id);
    }
    let long = "a".repeat(129);
    for id in ["", "a b", "a\tb", "<b>", "ä", "a/b", "a\"b", &long] {
        let answer = anonymous.send(Method::GET, "/v1/none", &[("x-request-id", id)], "").await;
        let problem = expect_read(&answer, 401, "unauthorized");
        let made = problem["request_id"].as_str().unwrap();
        assert!(uuid::Uuid::parse_str(made).is_ok(), "{made}");
    }
}

#[tokio::test]
async fn a_public_url_makes_problem_types_absolute() {
    let app = TestApp::builder().set("SERVER__PUBLIC_URL", "https://joingate.test.invalid/in/").spawn().await;
    let base = "https://joingate.test.invalid/in/problems";
    let problem = app.anonymous().list(GROUP).await.expect_problem(401, "unauthorized");
    assert_eq!(problem["type"], format!("{base}/unauthorized"));
    let (group, _) = app.group_with_requests(0);
    let answer = app.moderator().approve(&group, &["bm9ib2R5"]).await.json();
    assert_eq!(answer["results"][0]["problem"]["type"], format!("{base}/gone"));
}

/// What the HTTP parser itself refuses: the status is pinned here, and there is no body.
#[track_caller]
fn expect_bare(answer: &Answer, status: u16, sent: &str) {
    let sent = sent.chars().take(200).collect::<String>();
    assert_eq!((answer.status, answer.text.as_str()), (status, ""), "{sent:?}");
    assert_eq!(answer.header("connection"), "close", "{sent:?}");
    assert_eq!(answer.header("content-type"), "");
}

#[tokio::test]
async fn what_is_no_http_1_is_refused_with_a_bare_400() {
    let gateway = Refusing::spawn().await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: gateway\r\n\r\n", "a".repeat(65_534));
    for bytes in [
        "garbage\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\r\n\r\n",
        "GE(T / HTTP/1.1\r\nHost: gateway\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: gateway\r\n\r\n",
        "GET /a\u{1} HTTP/1.1\r\nHost: gateway\r\n\r\n",
        "GET /\u{e4} HTTP/1.1\r\nHost: gateway\r\n\r\n",
        &long,
        "GET /\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: gateway\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: gateway\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        expect_bare(&gateway.bytes(bytes).await, 400, bytes);
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn malformed_header_fields_are_refused_with_a_bare_400() {
    let gateway = Refusing::spawn().await;
    for fields in [
        "",
        "Host: gateway\r\nHost: other\r\n",
        "Host: gateway\r\nno colon\r\n",
        "Host: gateway\r\n: no name\r\n",
        "Host: gateway\r\nX-Space : a\r\n",
        "Host: gateway\r\nX-Folded: a\r\n b\r\n",
        "Host: gateway\r\nX-Zero: a\u{0}b\r\n",
        "Host: gateway\r\nX-Return: a\rb\r\n",
    ] {
        let sent = format!("GET {LIST} HTTP/1.1\r\n{fields}\r\n");
        expect_bare(&gateway.bytes(&sent).await, 400, &sent);
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn unclear_lengths_of_bodies_are_refused_with_a_bare_400() {
    let gateway = Refusing::spawn().await;
    let head = |version: &str| {
        let token = moderator();
        format!(
            "POST {APPROVE} HTTP/{version}\r\nHost: gateway\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        )
    };
    for (version, fields) in [
        ("1.1", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        ("1.1", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
        ("1.1", "Content-Length: 29\r\nContent-Length: 29\r\n"),
        ("1.1", "Content-Length: 28\r\nContent-Length: 29\r\n"),
        ("1.1", "Content-Length: 29, 29\r\n"),
        ("1.1", "Content-Length: -1\r\n"),
        ("1.1", "Content-Length: +29\r\n"),
        ("1.1", "Content-Length: many\r\n"),
        ("1.1", "Content-Length: 99999999999999999999\r\n"),
        ("1.1", "Transfer-Encoding: gzip\r\n"),
        ("1.1", "Transfer-Encoding: xchunked\r\n"),
        ("1.1", "Transfer-Encoding: gzip, chunked\r\n"),
        ("1.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        ("1.0", "Transfer-Encoding: chunked\r\n"),
    ] {
        // No body follows: nothing is left unread, so that no reset can hide the answer.
        let sent = format!("{}{fields}\r\n", head(version));
        expect_bare(&gateway.bytes(&sent).await, 400, fields);
    }
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn heads_beyond_the_parsers_own_bounds_are_refused_with_a_bare_431() {
    let gateway = Refusing::spawn().await;
    let get = format!("GET {LIST} HTTP/1.1\r\nHost: gateway\r\n");
    let many = (0..97).map(|_| "X: a\r\n").collect::<String>();
    // Exactly as much as the parser takes before it gives up.
    let unended = format!("{get}X: {}", "a".repeat(128 * 1024 - get.len() - 3));
    for sent in [format!("{get}{many}\r\n"), unended] {
        expect_bare(&gateway.bytes(&sent).await, 431, &sent);
    }
    let most = (0..95).map(|_| "X: a\r\n").collect::<String>();
    let answer = gateway.bytes(format!("{get}{most}\r\n")).await;
    expect_read(&answer, 401, "unauthorized");
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_head_that_does_not_end_is_waited_for_ten_seconds() {
    let gateway = Refusing::spawn().await;
    let (silent, slow) = tokio::join!(gateway.bytes(""), gateway.bytes(format!("GET {LIST} HTTP/1.1\r\nHo")));
    for answer in [silent, slow] {
        expect_bare(&answer, 408, "a part of a head");
    }
}

#[tokio::test]
async fn a_body_in_broken_chunks_is_a_problem() {
    let gateway = Refusing::spawn().await;
    let head =
        format!("POST {APPROVE} HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked");
    for body in ["zz\r\nab\r\n0\r\n\r\n", "fffffffffffffffff\r\nab\r\n0\r\n\r\n", "-1\r\n\r\n"] {
        let answer = gateway.raw(&head, body.as_bytes()).await;
        expect_write(&answer, 400, "invalid_request");
    }
    let answer = gateway.raw(&head.replace("\r\nTransfer-Encoding: chunked", ""), b"").await;
    expect_write(&answer, 400, "invalid_request");
    gateway.nothing_was_sent();
}

#[tokio::test]
async fn a_refused_request_leaves_the_connection_in_order() {
    let gateway = Refusing::spawn().await;
    let address = gateway.app.app.api_address();
    // The second request must not be read out of the first one's body.
    let smuggled = format!("GET {LIST} HTTP/1.1\r\nHost: gateway\r\n\r\n");
    let head =
        format!("POST {APPROVE} HTTP/1.1\r\nHost: gateway\r\nContent-Length: {}\r\n\r\n", smuggled.len());
    let last = "GET /none HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n";
    let answers =
        crate::support::raw_client::exchange_all(address, format!("{head}{smuggled}{last}").as_bytes()).await;
    let statuses = answers.lines().filter(|line| line.starts_with("HTTP/1.1 ")).collect::<Vec<_>>();
    assert!(statuses[0].starts_with("HTTP/1.1 401 "), "{answers}");
    assert!(
        statuses.len() == 1 || statuses.len() == 2 && statuses[1].starts_with("HTTP/1.1 404 "),
        "{answers}"
    );
}

#[tokio::test]
async fn a_client_that_is_refused_is_not_remembered_as_somebody() {
    let gateway = Refusing::spawn().await;
    let answer = Client::new(gateway.app.url(), Some("garbage".to_owned())).list(GROUP).await;
    expect_read(&answer, 401, "unauthorized");
    assert_eq!(answer.header("ratelimit"), "");
    assert_eq!(gateway.app.metric(&["joingate_auth_failures_total", r#"reason="malformed""#]).await, 1);
}

#[tokio::test]
async fn a_problem_says_how_often_graph_was_called_for_it() {
    let refusal = r#"{"error":{"code":131041}}"#;
    let graph = RawUpstream::answering([Reply::json(400, refusal), Reply::json(400, refusal)]).await;
    let app = TestApp::builder().against(graph.base_url()).spawn().await;
    let listed = app.moderator().list(GROUP).await;
    let dry_run = json!({ "join_request_ids": ["YQ=="], "dry_run": true });
    let tried = app.moderator().decide("reject", GROUP, &dry_run).await;
    expect_read(&listed, 404, "group_not_found");
    expect_write(&tried, 404, "group_not_found");
    for answer in [listed, tried] {
        assert_eq!(answer.header("x-upstream-attempts"), "1");
    }
}

#[tokio::test]
async fn an_encoded_path_is_the_same_route() {
    let app = TestApp::spawn().await;
    let (group, _) = app.group_with_requests(0);
    let path = format!("/v1/groups/{group}/join%2drequests/%61pprove");
    let headers = [("content-type", "application/json")];
    let answer = app.moderator().send(Method::POST, &path, &headers, r#"{"join_request_ids":[]}"#).await;
    assert_eq!(answer.expect_problem(400, "invalid_request")["executed"], "no");
    assert_eq!(app.metric(&["joingate_http_requests_total{", r#"route="approve""#]).await, 1);
}
