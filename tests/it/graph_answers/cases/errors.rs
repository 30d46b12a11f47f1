//! The error object in forms that Meta documents elsewhere, that were seen, or that nobody expects.

use serde_json::{Value, json};

use crate::graph_answers::bodies::{answer, answer_with, error_and};
use crate::graph_answers::case::{Case, HIDDEN, case};

pub(in crate::graph_answers) fn all() -> Vec<Case> {
    let cases = [known(), unnamed()];
    cases.into_iter().flatten().collect()
}

/// Error 131041 with something unusual about it.
fn known() -> Vec<Case> {
    let bare = |error: Value| move |_| answer(400, &json!({ "error": error }));
    let with = |more: Value| move |_| answer(400, &error_and(131_041, &more));
    let object = json!({ "error_data": { "messaging_product": "whatsapp", "details": HIDDEN } });
    let authenticate =
        format!("WWW-Authenticate: OAuth \"Facebook Platform\" \"invalid_request\" \"{HIDDEN}\"\r\n");
    let cookie = format!("Set-Cookie: a={HIDDEN}\r\nX-Fb-Debug: {HIDDEN}\r\n");
    let all = case("`error_data` as an object, as JSON text, as plain text, as a list", with(object))
        .or(with(json!({ "error_data": format!("{{\"details\":\"{HIDDEN}\"}}") })))
        .or(with(json!({ "error_data": HIDDEN })))
        .or(with(json!({ "error_data": [HIDDEN] })));
    let cases = [
        all,
        case("only the code", bare(json!({ "code": 131_041 }))),
        case("the code as text", bare(json!({ "code": "131041" }))).or(bare(json!({ "code": " 131041 " }))),
        case("`fbtrace_id` that is long, no text, or would break a header", with(json!({ "fbtrace_id": 7 })))
            .or(with(json!({ "fbtrace_id": "a\r\nX-A: b" })))
            .or(with(json!({ "fbtrace_id": "a".repeat(10_000) }))),
        case("subcode as text, negative, huge", with(json!({ "error_subcode": "33" })))
            .or(with(json!({ "error_subcode": -1 })))
            .or(with(json!({ "error_subcode": 1e30 }))),
        case("header fields that tell of the token: `WWW-Authenticate`, `Set-Cookie`", move |_| {
            answer_with(400, &authenticate, &error_and(131_041, &json!({})))
        })
        .or(move |_| answer_with(400, &cookie, &error_and(131_041, &json!({})))),
    ];
    let found = "404 `group_not_found`";
    cases.into_iter().map(|case| case.list(found).decide(found)).collect()
}

/// An error whose code cannot be read: the status decides, as for a code that nobody knows.
fn unnamed() -> Vec<Case> {
    let codes = [
        json!(-1),
        json!(-190),
        json!(1e30),
        json!(190.5),
        json!(4_294_967_486_u64),
        json!("190x"),
        json!(true),
    ];
    let mut by_code =
        Case::each("`code` negative, huge, with a fraction, no number, missing, with 400", &[], |_, _| {
            answer(400, &json!({}))
        })
        .or(|_| answer(400, &json!({ "error": { "message": HIDDEN } })))
        .or(|_| answer(400, &json!({ "error": {} })));
    for code in codes {
        by_code = by_code.or(move |_| answer(400, &json!({ "error": { "code": code } })));
    }
    let other_forms = |what: &str, status| {
        let other = |error: Value| move |_| answer(status, &json!({ "error": error }));
        case(what, other(json!(HIDDEN)))
            .or(other(json!([{ "code": 190 }])))
            .or(other(json!(true)))
            .or(other(json!(false)))
            .or(other(json!(190)))
    };
    let rejected = "502 `upstream_rejected`";
    vec![
        by_code.list(rejected).decide("207: both failed (`upstream_rejected`)"),
        other_forms("`error` as text, list, number, `true` or `false`, with 400", 400)
            .list(rejected)
            .decide("207: both failed (`upstream_rejected`)"),
        other_forms("… with 200", 200).nonsense(),
        other_forms("… with 500", 500).down(),
        case("`error` null and nothing else, with 200 or 400", |_| answer(200, &json!({ "error": null })))
            .or(|_| answer(400, &json!({ "error": null })))
            .nonsense(),
    ]
}
