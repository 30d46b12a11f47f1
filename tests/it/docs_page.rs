//! The pages for people: Swagger UI in a real browser, and the page of each problem.

use joingate::api::PROBLEMS;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, TestApp, document, run_program};

/// What keeps the browser from calling anybody of its own accord, as far as it lets itself be kept.
const BROWSER: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    // Time runs ahead until the page is at rest, so nothing depends on the speed of the machine.
    "--virtual-time-budget=20000",
    "--dump-dom",
];

/// The page after its scripts have run, and the address of everything that it asked for.
async fn open_in_browser(url: &str, origin: &str) -> (String, Vec<String>) {
    let profile = tempfile::tempdir().unwrap();
    let log = profile.path().join("net.json");
    let own = [
        format!("--user-data-dir={}", profile.path().display()),
        format!("--log-net-log={}", log.display()),
        url.to_owned(),
    ];
    let arguments = BROWSER.iter().copied().chain(own.iter().map(String::as_str));
    let arguments = arguments.collect::<Vec<_>>();
    let output = run_program("chromium", "chromium", &arguments, "").await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let log = serde_json::from_slice::<Value>(&std::fs::read(log).unwrap()).unwrap();
    let events = log["events"].as_array().unwrap();
    let of_the_page =
        events.iter().map(|event| &event["params"]).filter(|params| params["initiator"] == origin);
    let asked = of_the_page.filter_map(|params| params["url"].as_str().map(str::to_owned));
    (String::from_utf8(output.stdout).unwrap(), asked.collect())
}

#[tokio::test]
async fn the_docs_page_shows_every_operation_without_a_network() {
    let app = TestApp::spawn().await;
    let (page, asked) = open_in_browser(&format!("{}/docs/", app.url()), &app.url()).await;
    for (method, path, summary) in [
        ("GET", "/v1/groups/{group_id}/join-requests", "Lists a group's open join requests."),
        ("POST", "/v1/groups/{group_id}/join-requests/approve", "Approves join requests."),
        ("POST", "/v1/groups/{group_id}/join-requests/reject", "Rejects join requests."),
    ] {
        assert!(page.contains(&format!("opblock-summary-method\">{method}<")), "{page}");
        assert!(page.contains(&format!("data-path=\"{path}\"")), "{path} is not shown: {page}");
        assert!(page.contains(&format!(">{summary}<")), "{summary} is not shown: {page}");
    }
    for file in ["/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/openapi.json"] {
        assert!(asked.contains(&format!("{}{file}", app.url())), "{file} was not asked for: {asked:?}");
    }
    let own = format!("{}/", app.url());
    let foreign = asked.iter().filter(|url| !url.starts_with(&own));
    assert_eq!(foreign.collect::<Vec<_>>(), Vec::<&String>::new());
}

async fn expect_file(client: &Client, path: &str, content_type: &str) {
    let answer = client.get(path).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, content_type), "{path}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    assert_ne!(answer.header("x-request-id"), "", "{path}");
}

#[tokio::test]
async fn every_file_of_the_page_has_its_content_type() {
    let client = TestApp::spawn().await.anonymous();
    let answer = client.get("/docs").await;
    assert_eq!((answer.status, answer.header("location")), (308, "docs/"));
    for (path, content_type) in [
        ("/docs/", "text/html"),
        ("/docs/index.html", "text/html"),
        ("/docs/index.css", "text/css"),
        ("/docs/swagger-ui.css", "text/css"),
        ("/docs/swagger-ui-bundle.js", "text/javascript"),
        ("/docs/swagger-ui-standalone-preset.js", "text/javascript"),
        ("/docs/swagger-initializer.js", "text/javascript"),
        ("/openapi.json", "application/json"),
    ] {
        expect_file(&client, path, content_type).await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_below_the_docs_too() {
    let client = TestApp::spawn().await.anonymous();
    for path in ["/docs/nothing.js", "/docs/..%2fCargo.toml", "/problems/", "/problems/nothing"] {
        client.get(path).await.expect_problem(404, "not_found");
    }
    for path in ["/docs", "/docs/", "/docs/index.css", "/openapi.json", "/problems/gone"] {
        let answer = client.send(Method::POST, path, &[], "").await;
        answer.expect_problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), "GET", "{path}");
    }
}

#[tokio::test]
async fn docs_that_are_switched_off_are_not_there() {
    let app = TestApp::builder().set("SERVER__DOCS", "false").spawn().await;
    for path in ["/docs", "/docs/", "/docs/index.html", "/openapi.json"] {
        app.anonymous().get(path).await.expect_problem(404, "not_found");
    }
    let answer = app.anonymous().get("/problems/gone").await;
    assert_eq!(answer.status, 200, "problems name their page whether the docs are served or not");
}

/// What a page shows, without its marks.
fn text_of(page: &str) -> String {
    let parts = page.split('<').map(|part| part.split_once('>').map_or(part, |(_mark, text)| text));
    parts.collect()
}

#[tokio::test]
async fn every_problem_has_a_page() {
    let client = TestApp::spawn().await.anonymous();
    for row in PROBLEMS {
        let path = format!("/problems/{}", row.name);
        expect_file(&client, &path, "text/html; charset=utf-8").await;
        let page = client.get(&path).await.text;
        let text = text_of(&page);
        for part in [
            row.name,
            row.title,
            &row.advice.replace('`', ""),
            row.actor.as_str(),
            "executed?",
            "send it again?",
        ] {
            assert!(text.contains(part), "{path} does not say {part}: {text}");
        }
        let foreign = page.split('<').skip(1).filter(|mark| {
            let name = mark.split([' ', '>']).next().unwrap().trim_start_matches('/');
            !"!doctype html meta title style h1 p code dl dt dd table tr th td a"
                .split(' ')
                .any(|known| known == name)
        });
        assert_eq!(foreign.collect::<Vec<_>>(), Vec::<&str>::new(), "{path}: something was taken for HTML");
        assert!(!page.contains('&'), "{path}");
    }
}

#[tokio::test]
async fn a_page_of_a_problem_is_json_for_programs() {
    let (document, client) = (document(), TestApp::spawn().await.anonymous());
    let operations = document.operations();
    let page = operations.iter().find(|operation| operation.name() == "get_problem_type").unwrap();
    for row in PROBLEMS {
        let path = format!("/problems/{}", row.name);
        let answer = client.send(Method::GET, &path, &[("accept", "application/json")], "").await;
        document.check_answer(page, &answer);
        let body = answer.json();
        assert_eq!((answer.status, &body["type"]), (200, &json!(path)));
        assert_eq!(body["status"], json!(row.status));
    }
    let codes = |body: &Value| {
        let codes = body["graph_codes"].as_array().unwrap().iter();
        codes.map(|code| (code["first"].as_u64().unwrap(), code["refuses"].clone())).collect::<Vec<_>>()
    };
    let answer = client.send(Method::GET, "/problems/gone", &[("accept", "application/json")], "").await;
    assert_eq!(codes(&answer.json()), [(131_213, json!(["decision", "one_id"]))]);
    assert_eq!(answer.json()["executed"], "Not by this call.");
    let answer =
        client.send(Method::GET, "/problems/group_suspended", &[("accept", "application/json")], "").await;
    assert_eq!(codes(&answer.json()), [(131_207, json!(["list", "decision", "one_id"]))]);
}

#[tokio::test]
async fn accept_decides_between_page_and_json() {
    let client = TestApp::spawn().await.anonymous();
    for (accept, content_type) in [
        ("*/*", "text/html; charset=utf-8"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json", "application/json"),
        ("application/problem+json, application/json;q=0.9", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("application/json;q=0.5, text/html", "text/html; charset=utf-8"),
        ("image/png", "text/html; charset=utf-8"),
        ("", "text/html; charset=utf-8"),
        ("\u{1}", "text/html; charset=utf-8"),
    ] {
        let headers = &[("accept", accept)][..usize::from(accept != "\u{1}")];
        let answer = client.send(Method::GET, "/problems/gone", headers, "").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, content_type), "{accept}");
        assert_eq!(
            (answer.header("vary"), answer.header("cache-control")),
            ("Accept", "public, max-age=300")
        );
    }
}

#[tokio::test]
async fn pages_for_people_let_nothing_foreign_in() {
    let client = TestApp::spawn().await.anonymous();
    for path in ["/docs/", "/docs/index.html", "/docs/swagger-ui-bundle.js", "/problems/gone"] {
        let answer = client.get(path).await;
        let policy = answer.header("content-security-policy");
        let rules = policy.split("; ").collect::<Vec<_>>();
        for rule in ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]
        {
            assert!(rules.contains(&rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
    }
}
