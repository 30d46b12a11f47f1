//! What a caller gets, in the words of the document.

use serde_json::Value;

use super::case::Asked;
use crate::support::Answer;

/// An answer of the gateway after so many calls of Graph.
pub(super) fn seen(asked: Asked, answer: &Answer, calls: usize) -> String {
    let mut words = match (answer.status, asked) {
        (200, Asked::List) => listed(&answer.json()),
        (200 | 207, Asked::Approve | Asked::Reject) => vec![decided(answer, asked)],
        (status, _) => vec![format!("{status} `{}`", answer.header("x-error-code"))],
    };
    if calls != 1 {
        words.push(format!("{calls} calls"));
    }
    if !answer.header("retry-after").is_empty() {
        words.push(format!("`Retry-After: {}`", answer.header("retry-after")));
    }
    words.join(", ")
}

/// `200: 2 requests`, and which fields differ from what Graph documents.
fn listed(body: &Value) -> Vec<String> {
    let requests = body["join_requests"].as_array().unwrap();
    let number = match requests.len() {
        1 => "200: 1 request".to_owned(),
        number => format!("200: {number} requests"),
    };
    let any = |name: &str| requests.iter().any(|request| !request[name].is_null());
    let all = |name: &str| requests.iter().all(|request| !request[name].is_null());
    let missing = ["wa_id", "requested_at"].into_iter().filter(|name| !all(name));
    let more = ["user_id", "parent_user_id", "username"].into_iter().filter(|name| any(name));
    let cut = (!body["next_page_token"].is_null()).then(|| "`next_page_token`".to_owned());
    let missing = missing.map(|name| format!("no `{name}`"));
    let more = more.map(|name| format!("with `{name}`"));
    [number].into_iter().chain(missing).chain(more).chain(cut).collect()
}

/// `207: as asked, failed (group_full)`
fn decided(answer: &Answer, asked: Asked) -> String {
    let body = answer.json();
    let results = body["results"].as_array().unwrap();
    let words = results.iter().map(|item| {
        let outcome = item["outcome"].as_str().unwrap();
        let outcome = if outcome == asked.done() { "as asked" } else { outcome };
        let code = item["problem"]["code"].as_str();
        let code = code.filter(|_| matches!(outcome, "failed" | "not_sent"));
        code.map_or_else(|| outcome.to_owned(), |code| format!("{outcome} (`{code}`)"))
    });
    let words = words.collect::<Vec<_>>();
    let words = if words[0] == words[1] { format!("both {}", words[0]) } else { words.join(", ") };
    format!("{}: {words}", answer.status)
}
