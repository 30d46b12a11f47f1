//! `Retry-After` and the usage headers.

use serde_json::json;

use crate::graph_answers::bodies::{answer_with, documented, error};
use crate::graph_answers::case::{Case, case};

pub(in crate::graph_answers) fn all() -> Vec<Case> {
    let cases = [retry_after(), usage(), harmless()];
    cases.into_iter().flatten().collect()
}

fn throttled(what: &str, headers: &str, wait: &'static str) -> Case {
    let headers = headers.to_owned();
    case(what, move |_| answer_with(400, &headers, &error(80007))).list(wait).decide(wait)
}

const ONE_SECOND: &str = "503 `upstream_rate_limited`, `Retry-After: 1`";
const ONE_MINUTE: &str = "503 `upstream_rate_limited`, `Retry-After: 60`";
const TWO_MINUTES: &str = "503 `upstream_rate_limited`, `Retry-After: 120`";
const ONE_HOUR: &str = "503 `upstream_rate_limited`, `Retry-After: 3600`";

fn retry_after() -> Vec<Case> {
    let unreadable = ["-5", "+5", "1.5", "soon", "", "0x10", "5, 6", "Thu, 32 Foo 2044 99:00:00 GMT"];
    let mut others = throttled("`Retry-After` over, zero or unreadable", "Retry-After: 0\r\n", ONE_SECOND)
        .or(|_| answer_with(400, "Retry-After: Thu, 01 Jan 1970 00:02:00 GMT\r\n", &error(80007)));
    for value in unreadable {
        let header = format!("Retry-After: {value}\r\n");
        others = others.or(move |_| answer_with(400, &header, &error(80007)));
    }
    let date = "Retry-After: Fri, 06 Nov 2099 08:49:37 GMT\r\n";
    vec![
        throttled("`Retry-After: 60`", "Retry-After: 60\r\n", ONE_MINUTE),
        throttled("`Retry-After` twice, 60 and 5", "Retry-After: 60\r\nRetry-After: 5\r\n", ONE_MINUTE)
            .or(|_| answer_with(400, "Retry-After: 5\r\nRetry-After: 60\r\n", &error(80007))),
        throttled("`Retry-After` as a date, or of more seconds than an hour has", date, ONE_HOUR)
            .or(|_| answer_with(400, "Retry-After: 99999999999999999999999\r\n", &error(80007))),
        others,
        case("`Retry-After: 600` with 503 and error 2", |_| {
            answer_with(503, "Retry-After: 600\r\n", &error(2))
        })
        .list("503 `upstream_unavailable`, `Retry-After: 600`")
        .decide("207: both unknown"),
    ]
}

fn business(value: &str) -> String {
    format!("X-Business-Use-Case-Usage: {value}\r\n")
}

fn usage() -> Vec<Case> {
    let entry =
        |minutes: &str| format!(r#"{{"call_count":100,"estimated_time_to_regain_access":{minutes}}}"#);
    let (one, two) = (entry("1"), entry("2"));
    let two_types = business(&format!(r#"{{"15550100":[{one},{two}],"15550101":[{one}]}}"#));
    let same_key = business(&format!(r#"{{"15550100":[{two}],"15550100":[{one}]}}"#));
    let text = business(&format!(r#"{{"15550100":[{}]}}"#, entry("\"2\"")));
    let both = format!("Retry-After: 60\r\n{two_types}");
    let overdrawn = business(r#"{"15550100":[{"call_count":250,"total_time":"101"}]}"#);
    let flat = "X-App-Usage: {\"call_count\":250,\"total_time\":25,\"total_cputime\":25}\r\n";
    vec![
        throttled(
            "`X-Business-Use-Case-Usage` with 2 minutes in one of several types",
            &two_types,
            TWO_MINUTES,
        ),
        throttled("… in the first of two members with the same key", &same_key, TWO_MINUTES),
        throttled("… as text", &text, TWO_MINUTES),
        throttled("… beside `Retry-After: 60`", &both, TWO_MINUTES),
        throttled("usage over 100 without a time, or `X-App-Usage` alone", &overdrawn, ONE_SECOND)
            .or(move |_| answer_with(400, flat, &error(80007))),
    ]
}

/// Usage headers of every form beside a documented answer.
fn harmless() -> Vec<Case> {
    let long = "7".repeat(20_000);
    let values = [
        "{broken",
        "[]",
        "1",
        "null",
        "",
        r#"{"1":7}"#,
        r#"{"1":[7,null,{}]}"#,
        r#"{"1":[{"call_count":-1}]}"#,
        "\u{e4}",
        &long,
        r#"{"1":[{"call_count":1e999}]}"#,
        r#"{"1":[{"estimated_time_to_regain_access":1e300}]}"#,
        r#"{"call_count":"100%"}"#,
        r#"{"call_count":100,"call_count":1}"#,
    ];
    let mut all =
        case("usage headers that are malformed, long, lack fields, beside the documented answer", |asked| {
            answer_with(200, "Retry-After: 600\r\n", &documented(asked))
        });
    for value in values {
        let headers = format!("X-App-Usage: {value}\r\n{}", business(value));
        all = all.or(move |asked| answer_with(200, &headers, &documented(asked)));
    }
    let maxed =
        business(&json!({ "1": [{ "call_count": 100, "estimated_time_to_regain_access": 9 }] }).to_string());
    let used_up = case("usage at 100 beside the documented answer", move |asked| {
        answer_with(200, &maxed, &documented(asked))
    });
    vec![all.fine(), used_up.fine()]
}
