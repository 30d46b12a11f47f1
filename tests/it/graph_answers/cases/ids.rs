//! Lists that name some ids and not others.

use serde_json::{Value, json};

use crate::graph_answers::bodies::{answer, answer_with, documented_and, error, lists, one_failed};
use crate::graph_answers::case::{Asked, Case, FOREIGN, IDS, case};

pub(in crate::graph_answers) fn all() -> Vec<Case> {
    let cases = [partly(), refused_ids(), unclear_ids(), beside()];
    cases.into_iter().flatten().collect()
}

/// One id done, the other refused with this error, in an answer of this status.
fn partly() -> Vec<Case> {
    let not_addable =
        json!({ "code": 131_203, "title": "t", "message": "m", "error_data": { "details": "d" } });
    let (with_error, alone) = (not_addable.clone(), not_addable);
    vec![
        Case::each(
            "200, 206, 400, 403, 500, 503 with one refused id (131203)",
            &[200, 206, 400, 403, 500, 503],
            move |status, asked| answer(status, &one_failed(asked, &alone)),
        )
        .decide("207: as asked, failed (`user_not_addable`)"),
        Case::each("the same beside `error` 131201 or 139100", &[200, 206, 400], {
            let with_error = with_error.clone();
            move |status, asked| {
                let mut body = one_failed(asked, &with_error);
                body["error"] = error(if status == 400 { 139_100 } else { 131_201 })["error"].clone();
                answer(status, &body)
            }
        })
        .decide("207: as asked, failed (`user_not_addable`)"),
        Case::each("the same beside top-level `errors`", &[200, 206, 400], move |status, asked| {
            let mut body = one_failed(asked, &with_error);
            body["errors"] = json!([with_error]);
            answer(status, &body)
        })
        .decide("207: as asked, failed (`user_not_addable`)"),
        case("206 or 400 with `error` 131201 and no list", |_| answer(206, &error(131_201)))
            .or(|_| answer(400, &error(131_201)))
            .list("502 `upstream_bad_response`")
            .decide("207: both unknown"),
        Case::each("206 with both ids done, 400 with nothing but the list", &[206, 400], |status, asked| {
            answer(status, &lists(asked, &json!(IDS), &json!([])))
        })
        .decide("200: both as asked"),
    ]
}

fn refused(what: &str, error: Value, expected: &'static str) -> Case {
    case(what, move |asked| answer(200, &one_failed(asked, &error))).decide(expected)
}

fn refused_ids() -> Vec<Case> {
    let failed = |failed: Value| move |asked| answer(200, &lists(asked, &json!([IDS[0]]), &failed));
    let id = IDS[1];
    vec![
        refused(
            "one id refused with 131204",
            json!({ "code": 131_204 }),
            "207: as asked, failed (`group_full`)",
        ),
        refused("… with 131213", json!({ "code": 131_213 }), "207: as asked, gone"),
        refused(
            "… with the code as text, `error_data` as JSON text",
            json!({ "code": "131203", "error_data": "{\"details\":\"d\"}" }),
            "207: as asked, failed (`user_not_addable`)",
        ),
        refused(
            "… with 190",
            json!({ "code": 190 }),
            "207: as asked, failed (`upstream_credential_invalid`), `Retry-After: 5`",
        ),
        refused(
            "… with a code that nobody knows",
            json!({ "code": 999_999 }),
            "207: as asked, failed (`upstream_rejected`)",
        ),
        case("… without a reason", failed(json!([{ "join_request_id": id }])))
            .or(failed(json!([{ "join_request_id": id, "errors": [] }])))
            .or(failed(json!([{ "join_request_id": id, "errors": {} }])))
            .or(failed(json!([{ "join_request_id": id, "errors": ["m"] }])))
            .or(failed(json!([id])))
            .decide("207: as asked, failed (`upstream_rejected`)"),
        case("… with a quota (131208) and `Retry-After: 300`", |asked| {
            answer_with(200, "Retry-After: 300\r\n", &one_failed(asked, &json!({ "code": 131_208 })))
        })
        .decide("207: as asked, failed (`upstream_rate_limited`), `Retry-After: 300`"),
        case(
            "… twice, for two reasons",
            failed(json!([
                { "join_request_id": id, "errors": [{ "code": 131_203 }] },
                { "join_request_id": id, "errors": [{ "code": 131_204 }] }
            ])),
        )
        .or(failed(json!([{ "join_request_id": id, "errors": [{ "code": 131_203 }, { "code": 131_204 }] }])))
        .decide("207: as asked, failed (`user_not_addable`)"),
        case("both refused, nothing in the list of the verb", |asked| {
            let failed = IDS.map(|id| json!({ "join_request_id": id, "errors": [{ "code": 131_204 }] }));
            answer(200, &lists(asked, &json!([]), &json!(failed)))
        })
        .or(|_| {
            let failed = IDS.map(|id| json!({ "join_request_id": id, "errors": [{ "code": 131_204 }] }));
            answer(400, &json!({ "failed_join_requests": failed }))
        })
        .decide("207: both failed (`group_full`)"),
    ]
}

fn unclear_ids() -> Vec<Case> {
    let transient = |more: Value| move |asked| answer(200, &one_failed(asked, &more));
    let done = |done: Value| move |asked| answer(200, &lists(asked, &done, &json!([])));
    let (one, other) = (IDS[0], IDS[1]);
    let verbs = |asked, wanted: Value, unwanted: Value| {
        let (approved, rejected) =
            if asked == Asked::Reject { (unwanted, wanted) } else { (wanted, unwanted) };
        answer(200, &json!({ "approved_join_requests": approved, "rejected_join_requests": rejected }))
    };
    let half = "207: as asked, unknown";
    vec![
        case("one id not named", done(json!([one]))).decide(half),
        case("a foreign id in place of one", done(json!([one, FOREIGN]))).decide(half),
        case("an id twice in one list", done(json!([one, one, other, other]))).decide("200: both as asked"),
        case("a foreign id beside both", done(json!([one, other, FOREIGN]))).decide("200: both as asked"),
        case("only foreign ids", done(json!([FOREIGN]))).or(done(json!([]))).decide("207: both unknown"),
        case(
            "ids as objects, numbers, in other case or with spaces",
            done(json!([{ "join_request_id": one }, 7])),
        )
        .or(done(json!(["yq==", " Yg=="])))
        .or(done(json!([[one, other]])))
        .decide("207: both unknown"),
        case("one id in both lists", |asked| {
            let failed = json!([{ "join_request_id": IDS[1], "errors": [{ "code": 131_203 }] }]);
            answer(200, &lists(asked, &json!(IDS), &failed))
        })
        .or(|asked| answer(200, &lists(asked, &json!(IDS), &json!([IDS[1]]))))
        .decide(half),
        case("both ids in the list of the other verb", move |asked| {
            let other =
                if asked == Asked::Reject { "approved_join_requests" } else { "rejected_join_requests" };
            answer(200, &json!({ other: IDS }))
        })
        .or(move |asked| verbs(asked, json!([]), json!(IDS)))
        .decide("207: both unknown"),
        case("one id in the lists of both verbs", move |asked| verbs(asked, json!(IDS), json!([IDS[1]])))
            .decide(half),
        case("one id refused with 131000, 131201, `is_transient`", transient(json!({ "code": 131_000 })))
            .or(transient(json!({ "code": 131_201 })))
            .or(transient(json!({ "code": 999_999, "is_transient": true })))
            .decide(half),
        case("one id refused with 131203 and with 131000", |asked| {
            let errors = json!([{ "code": 131_203 }, { "code": 131_000 }]);
            let failed = json!([{ "join_request_id": IDS[1], "errors": errors }]);
            answer(200, &lists(asked, &json!([IDS[0]]), &failed))
        })
        .decide(half),
    ]
}

/// What stands beside the lists takes nothing back, and still counts for the calls that would follow.
fn beside() -> Vec<Case> {
    let next_call = |what: &str, more: Value| {
        let both =
            case(what, move |asked| answer_with(200, "Retry-After: 120\r\n", &documented_and(asked, &more)));
        both.with("GRAPH__IDS_PER_CALL", "1")
            .decide("207: as asked, not_sent (`upstream_rate_limited`), `Retry-After: 120`")
    };
    vec![
        next_call("one id a call: the first done, beside `error` 131208 with a wait", error(131_208)),
        next_call(
            "one id a call: the first done, beside `errors` with 131208 and a wait",
            json!({ "errors": [{ "code": 131_208 }] }),
        ),
        case("nothing but top-level `errors`", |_| answer(200, &json!({ "errors": [{ "code": 131_203 }] })))
            .or(|_| answer(400, &json!({ "errors": [{ "code": 190 }] })))
            .nonsense(),
    ]
}
