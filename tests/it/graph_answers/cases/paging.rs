//! Pages of a list.

use serde_json::{Value, json};

use crate::graph_answers::bodies::{answer, error, request};
use crate::graph_answers::case::{Case, HIDDEN, case, walk};
use crate::support::Reply;

pub(in crate::graph_answers) fn all() -> Vec<Case> {
    let cases = [complete(), cut_off(), changing()];
    cases.into_iter().flatten().collect()
}

fn page(ids: &[&str], paging: &Value) -> Reply {
    let data = ids.iter().map(|id| request(id)).collect::<Vec<_>>();
    answer(200, &json!({ "data": data, "paging": paging }))
}

/// The address of a next page as Graph writes it, with a token in it.
fn next(query: &str) -> String {
    format!("https://graph.invalid/v23.0/x/join_requests?access_token={HIDDEN}{query}")
}

/// A page that is followed by the page at `after`.
fn followed(ids: &[&str], after: &str) -> Reply {
    page(ids, &json!({ "cursors": { "before": "b", "after": after }, "next": next("") }))
}

fn end(ids: &[&str]) -> Reply {
    page(ids, &json!({ "cursors": { "before": "b", "after": "z" } }))
}

fn one_page(what: &str, paging: Value, expected: &'static str) -> Case {
    walk(what, move |_| vec![page(&["YQ=="], &paging), end(&["Yg=="])]).list(expected)
}

fn complete() -> Vec<Case> {
    let two = "200: 2 requests, 2 calls";
    let one = "200: 1 request";
    vec![
        one_page(
            "`next` and `after`, then the end",
            json!({ "cursors": { "after": "c1" }, "next": next("") }),
            two,
        ),
        one_page("`next` without `cursors`, `after` in its query", json!({ "next": next("&after=c1") }), two),
        one_page(
            "`next` in another form than text, with `after`",
            json!({ "cursors": { "after": "c1" }, "next": true }),
            two,
        ),
        one_page("`after` without `next`", json!({ "cursors": { "after": "c1" } }), one),
        one_page("`next` null", json!({ "cursors": { "after": "c1" }, "next": null }), one),
        case("`paging` null, a list, text", |_| page(&["YQ=="], &json!(null)))
            .or(|_| page(&["YQ=="], &json!([])))
            .or(|_| page(&["YQ=="], &json!("c1")))
            .list(one),
        walk("an empty page with `next`", |_| {
            vec![followed(&["YQ=="], "c1"), followed(&[], "c2"), end(&["Yg=="])]
        })
        .list("200: 2 requests, 3 calls"),
        walk("the same id on two pages", |_| vec![followed(&["YQ=="], "c1"), end(&["YQ==", "Yg=="])])
            .list(two),
    ]
}

fn cut_off() -> Vec<Case> {
    let nowhere = |paging: Value| move |_| page(&["YQ=="], &paging);
    let cursor = |after: Value| json!({ "cursors": { "after": after }, "next": next("") });
    vec![
        case(
            "`next` and no cursor anywhere, as text, as no address, empty",
            nowhere(json!({ "next": next("") })),
        )
        .or(nowhere(json!({ "next": "soon" })))
        .or(nowhere(json!({ "next": "" })))
        .or(nowhere(json!({ "next": next("&before=c1"), "cursors": {} })))
        .list("502 `upstream_error`"),
        case(
            "a cursor that is too long, has spaces, is empty or no text",
            nowhere(cursor(json!("c".repeat(2000)))),
        )
        .or(nowhere(cursor(json!("c 1"))))
        .or(nowhere(cursor(json!(""))))
        .or(nowhere(cursor(json!(7))))
        .list("502 `upstream_error`"),
        walk("pages that lead to themselves", |_| vec![followed(&["YQ=="], "c1"); 6])
            .list("502 `upstream_error`, 2 calls"),
        walk("pages that lead in a circle of two", |_| {
            let (one, two) = (followed(&["YQ=="], "c1"), followed(&["Yg=="], "c2"));
            vec![one.clone(), two.clone(), one, two]
        })
        .list("502 `upstream_error`, 3 calls"),
        walk("the second page refused (190)", |_| vec![followed(&["YQ=="], "c1"), answer(401, &error(190))])
            .list("503 `upstream_credential_invalid`, 2 calls, `Retry-After: 5`"),
        walk("the second page broken twice, then there", |_| {
            vec![followed(&["YQ=="], "c1"), Reply::Close, Reply::Close, end(&["Yg=="])]
        })
        .list("200: 2 requests, 4 calls"),
        walk("the second page with 206", |_| {
            let cut = answer(206, &json!({ "data": [request("Yg==")] }));
            vec![followed(&["YQ=="], "c1"), cut.clone(), cut.clone(), cut]
        })
        .list("502 `upstream_bad_response`, 4 calls"),
        walk("more pages than `graph.max_pages`", |_| {
            vec![followed(&["YQ=="], "c1"), followed(&["Yg=="], "c2")]
        })
        .with("GRAPH__MAX_PAGES", "2")
        .list("200: 2 requests, `next_page_token`, 2 calls"),
    ]
}

fn changing() -> Vec<Case> {
    let expired = || answer(400, &error(131_059));
    vec![
        walk("131059 at the second page, then a whole list", move |_| {
            vec![followed(&["YQ=="], "c1"), expired(), followed(&["Yg=="], "c2"), end(&["Yw=="])]
        })
        .list("200: 2 requests, 4 calls"),
        walk("131059 at the second page, twice", move |_| {
            vec![followed(&["YQ=="], "c1"), expired(), followed(&["Yg=="], "c2"), expired()]
        })
        .list("503 `upstream_unavailable`, 4 calls, `Retry-After: 5`"),
        walk("131059 behind a `page_token`", move |_| vec![followed(&["YQ=="], "c1"), expired()])
            .resumed()
            .list("410 `page_token_expired`"),
        walk("a whole rest behind a `page_token`", move |_| vec![followed(&["YQ=="], "c1"), end(&["Yg=="])])
            .resumed()
            .list("200: 1 request"),
        walk("131059 at the first page, then a whole list", move |_| vec![expired(), end(&["YQ=="])])
            .list("200: 1 request, 2 calls"),
    ]
}
