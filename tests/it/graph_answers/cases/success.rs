//! Answers that mean success, and some that only look like it.

use serde_json::{Value, json};

use crate::graph_answers::bodies::{answer, documented, documented_and, error, request};
use crate::graph_answers::case::{Asked, Case, FOREIGN, HIDDEN, IDS, case};

pub(in crate::graph_answers) fn all() -> Vec<Case> {
    let cases = [documented_forms(), fields_of_a_request(), not_a_success()];
    cases.into_iter().flatten().collect()
}

fn documented_forms() -> Vec<Case> {
    let wrapped = |asked| documented_and(asked, &json!({ "new": { "deep": [1, null] }, "success": true }));
    vec![
        case("200 as documented", |asked| answer(200, &documented(asked))).fine(),
        case("200 with members that nobody knows", move |asked| answer(200, &wrapped(asked))).fine(),
        case("200 without `paging`, without `messaging_product`", |asked| {
            let mut body = documented(asked);
            body.as_object_mut().unwrap().retain(|name, _| name != "paging" && name != "messaging_product");
            answer(200, &body)
        })
        .fine(),
        case("200 with `error` null", |asked| answer(200, &documented_and(asked, &json!({ "error": null }))))
            .fine(),
        Case::each("201, 202, 206 with the documented body", &[201, 202, 206], |status, asked| {
            answer(status, &documented(asked))
        })
        .list("502 `upstream_bad_response`, 3 calls")
        .decide("200: both as asked"),
        Case::each("400, 404 with the documented body", &[400, 404], |status, asked| {
            answer(status, &documented(asked))
        })
        .list("502 `upstream_bad_response`, 3 calls")
        .decide("200: both as asked"),
        Case::each("500, 503 with the documented body", &[500, 503], |status, asked| {
            answer(status, &documented(asked))
        })
        .list("503 `upstream_unavailable`, 3 calls, `Retry-After: 5`")
        .decide("200: both as asked"),
        case("200 with `error` (code 190) beside the documented body", |asked| {
            answer(200, &documented_and(asked, &error(190)))
        })
        .list("503 `upstream_credential_invalid`, `Retry-After: 5`")
        .decide("200: both as asked"),
    ]
}

/// A list with two entries: one as documented, one of the case.
fn listed(entry: &Value) -> Value {
    let mut entry = entry.clone();
    entry["join_request_id"] = IDS[1].into();
    json!({ "data": [request(IDS[0]), entry] })
}

fn field(answer_text: &str, entry: Value, expected: &'static str) -> Case {
    case(answer_text, move |_| answer(200, &listed(&entry))).list(expected)
}

fn fields_of_a_request() -> Vec<Case> {
    let (phone, time) = ("15550100002", 1_755_548_877);
    let field_of = |name: &str, value: Value| {
        let mut entry = json!({ "wa_id": phone, "creation_timestamp": time });
        entry[name] = value;
        entry
    };
    let time_is = |value: Value| field_of("creation_timestamp", value);
    let no_time = "200: 2 requests, no `requested_at`";
    let no_phone = "200: 2 requests, no `wa_id`";
    let username = json!({ "user_id": "US.1555010", "username": "somebody", "creation_timestamp": time });
    let parent = json!({ "wa_id": phone, "creation_timestamp": time, "parent_user_id": "US.ENT.1555010" });
    vec![
        field("`creation_timestamp` as text", time_is("1755548877".into()), "200: 2 requests"),
        field("`creation_timestamp` missing", json!({ "wa_id": phone }), no_time),
        field("`creation_timestamp` no whole number", time_is("soon".into()), no_time),
        field("`creation_timestamp` in milliseconds", time_is(1_755_548_877_000_i64.into()), no_time),
        field("`wa_id` missing", json!({ "creation_timestamp": time }), no_phone),
        field("`wa_id` empty text", field_of("wa_id", "".into()), no_phone),
        field("`wa_id` a number", field_of("wa_id", 15_550_100_002_i64.into()), no_phone),
        field(
            "somebody known by username only",
            username,
            "200: 2 requests, no `wa_id`, with `user_id`, with `username`",
        ),
        field("`parent_user_id`", parent, "200: 2 requests, with `parent_user_id`"),
        case("an entry without `join_request_id`", |_| {
            answer(200, &json!({ "data": [request(IDS[0]), { "wa_id": HIDDEN }] }))
        })
        .list("200: 1 request"),
        case("an entry whose id is no base64 text", |_| {
            answer(200, &json!({ "data": [request(IDS[0]), request("../hidden-from-callers"), request("")] }))
        })
        .list("200: 1 request"),
        case("an entry that is no object", |_| {
            answer(200, &json!({ "data": [request(IDS[0]), null, "YQ==", 7, []] }))
        })
        .list("200: 1 request"),
        case("the same id twice", |_| answer(200, &json!({ "data": [request("YQ=="), request("YQ==")] })))
            .list("200: 1 request"),
        case("an empty list", |_| answer(200, &json!({ "data": [] }))).list("200: 0 requests"),
    ]
}

fn not_a_success() -> Vec<Case> {
    let other_question = |asked| match asked {
        Asked::List => documented(Asked::Approve),
        Asked::Approve | Asked::Reject => documented(Asked::List),
    };
    vec![
        case("200 with only `request_id`", |_| answer(200, &json!({ "request_id": FOREIGN }))).nonsense(),
        case("200 with only `success: true`", |_| answer(200, &json!({ "success": true }))).nonsense(),
        case("200 with `{}`", |_| answer(200, &json!({}))).nonsense(),
        case("200 with the answer to another question", move |asked| answer(200, &other_question(asked)))
            .nonsense(),
        case("`data` or the lists in another form than a list", |asked| {
            let name = format!("{}_join_requests", asked.done());
            answer(200, &json!({ "data": { "0": request(IDS[0]) }, name: { "0": IDS[0] } }))
        })
        .or(|asked| answer(200, &json!({ "data": null, format!("{}_join_requests", asked.done()): null })))
        .or(|asked| {
            answer(200, &json!({ "data": "YQ==", format!("{}_join_requests", asked.done()): "YQ==" }))
        })
        .nonsense(),
    ]
}
