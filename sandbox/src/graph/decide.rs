//! `POST` approves and `DELETE` rejects: each id on its own, in the caller's order.

use serde_json::{Value, json};

use crate::graph::body;
use crate::graph::call::Call;
use crate::graph::error::{self, GraphError};
use crate::world::group::{Group, Verb};

/// The lists of what was done and what was not; the lists of trouble only when there is some.
pub(crate) fn answer(group: &mut Group, verb: Verb, call: &Call) -> Result<Value, GraphError> {
    let ids = body::join_requests(call)?;
    let mut done = Vec::new();
    let mut failed = Vec::new();
    let mut codes = Vec::new();
    for id in ids {
        match group.decide(verb, &id) {
            Ok(()) => done.push(id),
            Err(code) => {
                failed.push(json!({"join_request_id": id, "errors": [error::item(code)]}));
                if !codes.contains(&code) {
                    codes.push(code);
                }
            }
        }
    }
    let list = match verb {
        Verb::Approve => "approved_join_requests",
        Verb::Reject => "rejected_join_requests",
    };
    let mut answer = json!({"messaging_product": "whatsapp", list: done});
    if let Some(fields) = answer.as_object_mut()
        && !failed.is_empty()
    {
        fields.insert("failed_join_requests".to_owned(), Value::Array(failed));
        fields.insert("errors".to_owned(), codes.into_iter().map(error::item).collect());
    }
    Ok(answer)
}
