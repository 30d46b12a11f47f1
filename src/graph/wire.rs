//! Graph's JSON, read tolerantly: numbers as text, missing fields, `error_data` in any form, lists on any status.
//! Its shapes end here.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::page::{Cursor, Page};
use super::refusal::NamedError;
use crate::domain::{Action, JoinRequest, JoinRequestId};

/// Longest trace id, phone number or name taken over, in bytes.
const MAX_TEXT: usize = 256;

/// An answer that is a JSON object.
#[derive(Debug)]
pub(super) struct Body(Map<String, Value>);

/// What Graph said about single ids.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// The ids listed as done. Only plain text counts, as documented: anything else may mean anything.
    pub(super) done: Vec<String>,
    /// The ids listed as refused, with the first error of each.
    pub(super) failed: HashMap<String, NamedError>,
    /// Entries that name no id.
    pub(super) nameless: usize,
}

impl Body {
    /// Reads bytes; `None` when they are not a JSON object (an edge answering HTML, an empty or cut body).
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(object)) => Some(Self(object)),
            Ok(_) | Err(_) => None,
        }
    }

    /// The `error` object. Its presence means failure whatever the HTTP status.
    pub(super) fn error(&self) -> Option<NamedError> {
        match self.0.get("error")? {
            Value::Null => None,
            Value::Object(error) => Some(named_error(error)),
            // An error in a form of its own is an error all the same.
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Some(NamedError::default())
            }
        }
    }

    /// The lists of a decision; `None` when there is none at all.
    pub(super) fn lists(&self, action: Action) -> Option<Lists> {
        let done_name = match action {
            Action::Approve => "approved_join_requests",
            Action::Reject => "rejected_join_requests",
        };
        let done = self.0.get(done_name).and_then(Value::as_array);
        let failed = self.0.get("failed_join_requests").and_then(Value::as_array);
        if done.is_none() && failed.is_none() {
            return None;
        }
        let mut lists = Lists::default();
        for entry in done.into_iter().flatten() {
            match entry.as_str() {
                Some(id) => lists.done.push(id.to_owned()),
                None => lists.nameless += 1,
            }
        }
        for entry in failed.into_iter().flatten() {
            match failed_entry(entry) {
                Some((id, error)) => drop(lists.failed.insert(id, error)),
                None => lists.nameless += 1,
            }
        }
        Some(lists)
    }

    /// One page of open requests; `None` when there is no `data` list.
    pub(super) fn page(&self) -> Option<Page> {
        let entries = self.0.get("data")?.as_array()?;
        let requests = entries.iter().filter_map(join_request).collect::<Vec<_>>();
        let unreadable = entries.len() - requests.len();
        let (next, next_without_cursor) = match self.next() {
            Next::None => (None, false),
            Next::Cursor(cursor) => (Some(cursor), false),
            Next::Unusable => (None, true),
        };
        Some(Page { requests, unreadable, next, next_without_cursor })
    }

    /// Where the next page starts. The end is the absence of `paging.next`; the cursor alone says nothing. The URL
    /// itself is never used: it may hold a token.
    fn next(&self) -> Next {
        let paging = self.0.get("paging").and_then(Value::as_object);
        let next = match paging.and_then(|paging| paging.get("next")) {
            None | Some(Value::Null) => return Next::None,
            // In any other form it still says that this is not the end.
            Some(next) => next.as_str().unwrap_or_default(),
        };
        let stated = paging
            .and_then(|paging| paging.get("cursors"))
            .and_then(|cursors| cursors.get("after"))
            .and_then(Value::as_str)
            .and_then(Cursor::parse);
        let from_url = || {
            let url = url::Url::parse(next).ok()?;
            let after = url.query_pairs().find(|(name, _)| name == "after")?.1;
            Cursor::parse(&after)
        };
        stated.or_else(from_url).map_or(Next::Unusable, Next::Cursor)
    }
}

enum Next {
    None,
    Cursor(Cursor),
    /// There is a next page and no way to ask for it.
    Unusable,
}

/// The body of approve and reject.
pub(super) fn decision_body(ids: &[JoinRequestId]) -> Vec<u8> {
    let ids = ids.iter().map(JoinRequestId::as_str).collect::<Vec<_>>();
    json!({ "messaging_product": "whatsapp", "join_requests": ids }).to_string().into_bytes()
}

fn failed_entry(entry: &Value) -> Option<(String, NamedError)> {
    let id = entry.get("join_request_id")?.as_str()?.to_owned();
    let first = entry.get("errors").and_then(Value::as_array).and_then(|errors| errors.first());
    let error = first.and_then(Value::as_object).map(named_error).unwrap_or_default();
    Some((id, error))
}

fn named_error(error: &Map<String, Value>) -> NamedError {
    let trace = error.get("fbtrace_id").and_then(Value::as_str).filter(|id| is_plain(id));
    NamedError {
        code: error.get("code").and_then(number).and_then(|code| u32::try_from(code).ok()),
        subcode: error.get("error_subcode").and_then(number).and_then(|code| u32::try_from(code).ok()),
        fbtrace_id: trace.map(str::to_owned),
        is_transient: error.get("is_transient").and_then(Value::as_bool).unwrap_or(false),
    }
}

fn join_request(entry: &Value) -> Option<JoinRequest> {
    let text = |name: &str| {
        let text = entry.get(name)?.as_str()?;
        (1..=MAX_TEXT).contains(&text.len()).then(|| text.to_owned())
    };
    let seconds = entry.get("creation_timestamp").and_then(number);
    Some(JoinRequest {
        id: JoinRequestId::parse(entry.get("join_request_id")?.as_str()?).ok()?,
        wa_id: text("wa_id"),
        user_id: text("user_id"),
        parent_user_id: text("parent_user_id"),
        username: text("username"),
        requested_at: seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()),
    })
}

/// A whole number, written as a number or as text: Meta's documents show both.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Short visible ASCII, safe to show and to log.
fn is_plain(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// JSON that is nearly what Graph sends, with anything in any place.
    fn nearly_an_answer() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[A-Za-z0-9=]{0,8}".prop_map(Value::from),
        ];
        let name = prop::sample::select(vec![
            "approved_join_requests",
            "rejected_join_requests",
            "failed_join_requests",
            "join_request_id",
            "errors",
            "error",
            "code",
            "data",
            "paging",
            "next",
            "cursors",
            "after",
            "creation_timestamp",
        ]);
        leaf.prop_recursive(5, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(body) = Body::parse(&bytes) {
                body.error();
                body.page();
                body.lists(Action::Approve);
            }
        }

        #[test]
        fn nothing_is_done_that_the_list_of_its_verb_does_not_name(answer in nearly_an_answer()) {
            let bytes = answer.to_string().into_bytes();
            let Some(body) = Body::parse(&bytes) else { return Ok(()) };
            body.error();
            body.page();
            for (action, name) in [(Action::Approve, "approved_join_requests"), (Action::Reject, "rejected_join_requests")] {
                let stated = answer.get(name).map(Value::to_string).unwrap_or_default();
                for id in body.lists(action).map(|lists| lists.done).unwrap_or_default() {
                    let quoted = Value::from(id).to_string();
                    prop_assert!(stated.contains(&quoted), "{} is not in {}", quoted, stated);
                }
            }
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        let deep = format!("{{\"data\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Body::parse(deep.as_bytes()).is_none());
    }
}
