//! Bodies as Graph writes them.

use serde_json::{Value, json};

use super::case::{Asked, HIDDEN, IDS};
use crate::support::Reply;

/// The headers of a usual answer.
pub(super) const JSON: &str = "Content-Type: application/json; charset=UTF-8\r\n";

/// One open request with everything that Graph documents.
pub(super) fn request(id: &str) -> Value {
    json!({ "join_request_id": id, "wa_id": "15550100001", "creation_timestamp": 1_755_548_877 })
}

/// What Graph's documentation shows, as the answer to each question.
pub(super) fn documented(asked: Asked) -> Value {
    match asked {
        Asked::List => json!({
            "data": IDS.map(request),
            "paging": { "cursors": { "before": "b", "after": "a" } }
        }),
        Asked::Approve => json!({ "messaging_product": "whatsapp", "approved_join_requests": IDS }),
        Asked::Reject => json!({ "messaging_product": "whatsapp", "rejected_join_requests": IDS }),
    }
}

/// A documented answer with further members.
pub(super) fn documented_and(asked: Asked, more: &Value) -> Value {
    let mut body = documented(asked);
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    body
}

/// The lists of a decision: done in the list of the verb, and refused.
pub(super) fn lists(asked: Asked, done: &Value, failed: &Value) -> Value {
    let name = format!("{}_join_requests", asked.done());
    json!({ "messaging_product": "whatsapp", name: done, "failed_join_requests": failed })
}

/// A list with one id done and the other refused with this error.
pub(super) fn one_failed(asked: Asked, error: &Value) -> Value {
    let failed = json!([{ "join_request_id": IDS[1], "errors": [error] }]);
    lists(asked, &json!([IDS[0]]), &failed)
}

/// An error of a whole call, with a message and a title that quote what nobody may see.
pub(super) fn error(code: impl Into<Value>) -> Value {
    error_and(code, &json!({}))
}

/// The same with further members.
pub(super) fn error_and(code: impl Into<Value>, more: &Value) -> Value {
    let mut error = json!({
        "message": HIDDEN, "type": "OAuthException", "code": code.into(), "error_user_title": HIDDEN,
        "fbtrace_id": "Atrace"
    });
    error.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "error": error })
}

pub(super) fn answer(status: u16, body: &Value) -> Reply {
    Reply::json(status, &body.to_string())
}

/// An answer with header lines beside the content type, each ended by CRLF.
pub(super) fn answer_with(status: u16, headers: &str, body: &Value) -> Reply {
    Reply::with_headers(status, &format!("{JSON}{headers}"), &body.to_string())
}
