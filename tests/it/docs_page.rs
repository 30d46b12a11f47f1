//! The pages for people: Swagger UI in a real browser, and the page of each problem.

use joingate::api::PROBLEMS;
use reqwest::Method;
use serde_json::Value;

use crate::support::{Client, TestApp, run_program};

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
    for file in ["/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/openapi.json"] {
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
    assert_eq!((answer.status, answer.header("location")), (308, "/docs/"));
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

#[tokio::test]
async fn every_problem_has_a_page() {
    let client = TestApp::spawn().await.anonymous();
    for row in PROBLEMS {
        let path = format!("/problems/{}", row.name);
        expect_file(&client, &path, "text/html; charset=utf-8").await;
        let page = client.get(&path).await.text;
        for text in [row.name, row.title, row.advice] {
            assert!(page.contains(text), "{path} does not say {text}: {page}");
        }
    }
}
