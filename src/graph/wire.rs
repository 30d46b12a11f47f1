//! Graph's JSON, read tolerantly: numbers as text, missing fields, `error_data` in any form, lists on any status.
//! Its shapes end here.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::json;

use super::page::{Cursor, Page};
use super::refusal::NamedError;
use super::shape::{Asked, Differences};
use super::token::TokenState;
use crate::domain::{Action, JoinRequest, JoinRequestId};
use crate::json::{self, NotAnObject, Object, Value};

/// Longest trace id, phone number or name taken over, in bytes.
const MAX_TEXT: usize = 256;
/// Scopes of a token taken over; Meta has some dozens in all.
const MOST_SCOPES: usize = 100;

/// An answer that is a JSON object.
#[derive(Debug)]
pub(super) struct Body<'j>(Object<'j>);

/// What Graph said about single ids.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// The ids listed as done. Only plain text counts, as documented: anything else may mean anything.
    pub(super) done: Vec<String>,
    /// The ids listed as refused, with every error of each.
    pub(super) failed: HashMap<String, Vec<NamedError>>,
    /// The ids listed as done by the other verb, which nobody asked for.
    pub(super) contrary: Vec<String>,
    /// Entries that name no id.
    pub(super) nameless: usize,
}

impl Lists {
    /// Whether the lists tell of an error with this code themselves.
    pub(super) fn tell(&self, error: &NamedError) -> bool {
        self.failed.values().flatten().any(|listed| listed.code == error.code)
    }
}

impl<'j> Body<'j> {
    /// Reads bytes. They may be no JSON object: an edge answering HTML, an empty or cut body.
    pub(super) fn parse(bytes: &'j [u8]) -> Result<Self, NotAnObject> {
        json::object(bytes).map(Self)
    }

    /// Whether it has a member that such an answer has, readable or not.
    pub(super) fn speaks_of(&self, asked: Asked) -> bool {
        asked.members().iter().any(|member| self.0.contains_key(member.name))
    }

    /// Tells where it differs from what is known of such answers.
    pub(super) fn compare(&self, asked: Asked, differences: &mut Differences) {
        differences.look(&self.0, asked);
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

    /// What is said of a token; `None` when it is not.
    pub(super) fn token(&self) -> Option<TokenState> {
        let data = self.0.get("data")?.as_object()?;
        let scopes = data.get("scopes").and_then(Value::as_array).into_iter().flatten();
        let scopes = scopes.filter_map(Value::as_str).filter(|scope| is_plain(scope)).take(MOST_SCOPES);
        let scopes = scopes.map(str::to_owned).collect();
        // Zero: never.
        let expires_at = data.get("expires_at").and_then(number).filter(|second| *second > 0);
        Some(TokenState {
            valid: data.get("is_valid")?.as_bool()?,
            expires_at: expires_at.and_then(|second| Timestamp::from_second(second).ok()),
            scopes,
        })
    }

    /// The lists of a decision; `None` when there is none at all.
    pub(super) fn lists(&self, action: Action) -> Option<Lists> {
        let contrary = match action {
            Action::Approve => Action::Reject,
            Action::Reject => Action::Approve,
        };
        let (done, failed) = (self.list(Asked::done(action)), self.list("failed_join_requests"));
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
                Some((id, errors)) => lists.failed.entry(id).or_default().extend(errors),
                None => lists.nameless += 1,
            }
        }
        let contrary = self.list(Asked::done(contrary)).into_iter().flatten().filter_map(Value::as_str);
        lists.contrary = contrary.map(str::to_owned).collect();
        Some(lists)
    }

    fn list(&self, name: &str) -> Option<&[Value<'j>]> {
        self.0.get(name)?.as_array()
    }

    /// The `errors` beside the lists. They repeat what the lists say of single ids, or speak of the call.
    pub(super) fn errors_beside(&self) -> impl Iterator<Item = NamedError> {
        self.list("errors").into_iter().flatten().filter_map(Value::as_object).map(named_error)
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
        Some(Page { requests, unreadable, next, next_without_cursor, date: None })
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

/// An id that was refused, and why. One that stands there as plain text is refused without a reason.
fn failed_entry(entry: &Value<'_>) -> Option<(String, Vec<NamedError>)> {
    if let Some(id) = entry.as_str() {
        return Some((id.to_owned(), Vec::new()));
    }
    let id = entry.get("join_request_id")?.as_str()?.to_owned();
    let errors = entry.get("errors").and_then(Value::as_array).into_iter().flatten();
    Some((id, errors.map(|error| error.as_object().map(named_error).unwrap_or_default()).collect()))
}

fn named_error(error: &Object<'_>) -> NamedError {
    let trace = error.get("fbtrace_id").and_then(Value::as_str).filter(|id| is_trace_id(id));
    NamedError {
        code: error.get("code").and_then(number).and_then(|code| u32::try_from(code).ok()),
        subcode: error.get("error_subcode").and_then(number).and_then(|code| u32::try_from(code).ok()),
        fbtrace_id: trace.map(str::to_owned),
        // In any form but a plain no it may mean yes, and yes promises less.
        is_transient: !matches!(error.get("is_transient"), None | Some(Value::Null | Value::Bool(false))),
        asks_for_less: error.get("message").and_then(Value::as_str).is_some_and(asks_for_less),
    }
}

fn join_request(entry: &Value<'_>) -> Option<JoinRequest> {
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

/// "Please reduce the amount of data you're asking for, then retry your request": the one text of Graph's that is read,
/// since the same code 1 means anything else too.
fn asks_for_less(message: &str) -> bool {
    message.contains("reduce the amount of data")
}

/// A whole number, written as a number or as text: Meta's documents show both.
fn number(value: &Value<'_>) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Short visible ASCII, safe to show and to log.
fn is_plain(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"')
}

/// In the form of Graph's trace ids, `AbCdEf123…`: too short for a token or an id of a request, and no number of anybody's.
fn is_trace_id(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (1..=32).contains(&text.len()) && plain && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole_number(json: &serde_json::Value) -> Option<i64> {
        number(&serde_json::from_str(&json.to_string()).unwrap())
    }

    proptest! {
        #[test]
        fn a_whole_number_is_read_as_a_number_and_as_text(whole in any::<i64>()) {
            prop_assert_eq!(whole_number(&json!(whole)), Some(whole));
            prop_assert_eq!(whole_number(&json!(whole.to_string())), Some(whole));
        }

        #[test]
        fn nothing_else_is_a_whole_number(text in "\\PC{0,20}", float in any::<f64>()) {
            let whole = text.trim().parse::<i64>().ok();
            prop_assert_eq!(whole_number(&json!(text)), whole);
            prop_assert_eq!(whole_number(&json!(float)), None);
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        let deep = format!("{{\"data\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Body::parse(deep.as_bytes()).is_err());
    }
}
