//! Bodies that Graph answers with, each under several statuses.

use std::time::Duration;

use joingate::domain::{Action, JoinRequestId};
use joingate::graph::{
    Answer, Cursor, Differences, GraphError, ItemReply, Refusal, read_decision, read_page, read_token,
};
use serde_json::Value;

/// Plain and partial success, a redirect, refusals, a bare quota and trouble.
const STATUSES: [u16; 7] = [200, 206, 302, 400, 408, 429, 500];

/// The ids that were sent, in this order.
const SENT: [&str; 4] = ["request-1", "request-2", "request-3", "request-4"];

/// What the headers asked for.
const WAIT: Duration = Duration::from_mins(1);

/// The bytes are taken for a page of open requests: it counts only in a plain success, every entry is accounted for,
/// and an end is only what says so.
pub fn list_page(body: &[u8]) {
    for status in STATUSES {
        let page = match read_page(&answer(status, body), &mut Differences::default()) {
            Ok(page) => page,
            Err(error) => {
                check_error(&error, status);
                continue;
            }
        };
        let stated = serde_json::from_slice::<Value>(body).unwrap();
        assert!(status == 200 && !names_error(&stated));
        let entries = stated["data"].as_array().unwrap();
        assert_eq!(page.requests.len() + page.unreadable, entries.len());
        let mut ids = entries.iter().filter_map(|entry| entry["join_request_id"].as_str());
        for request in &page.requests {
            assert!(ids.any(|id| id == request.id.as_str()), "not in the list, or not in its order");
            let texts = [&request.wa_id, &request.user_id, &request.parent_user_id, &request.username];
            assert!(texts.into_iter().flatten().all(|text| (1..=256).contains(&text.len())));
        }
        assert_eq!(page.next.is_some() || page.next_without_cursor, !stated["paging"]["next"].is_null());
        if let Some(cursor) = page.next {
            assert!(!page.next_without_cursor);
            assert_eq!(Cursor::parse(cursor.as_str()).as_ref(), Some(&cursor));
        }
    }
}

/// The bytes are taken for what `debug_token` says: a token holds only where a plain success says so, and its end and its
/// scopes are those that are told.
pub fn token_state(body: &[u8]) {
    for status in STATUSES {
        let state = match read_token(&answer(status, body), &mut Differences::default()) {
            Ok(state) => state,
            Err(error) => {
                check_error(&error, status);
                continue;
            }
        };
        let stated = serde_json::from_slice::<Value>(body).unwrap();
        assert!(status == 200 && !names_error(&stated));
        assert_eq!(stated["data"]["is_valid"], state.valid);
        assert!(state.expires_at.is_none_or(|end| end.as_second() > 0));
        let told = stated["data"]["scopes"].as_array().map_or(&[][..], Vec::as_slice);
        assert!(state.scopes.iter().all(|scope| told.iter().any(|told| told == scope)));
    }
}

/// The bytes are taken for the answer to a decision: one reply for each id sent, in order, and none is done unless the
/// list of its verb names it and no other does.
pub fn decision(body: &[u8]) {
    let sent = SENT.map(|id| JoinRequestId::parse(id).unwrap());
    let [approved, rejected] = ["approved_join_requests", "rejected_join_requests"];
    let verbs = [(Action::Approve, approved, rejected), (Action::Reject, rejected, approved)];
    for (status, (action, list, other_list)) in
        STATUSES.into_iter().flat_map(|status| verbs.map(|verb| (status, verb)))
    {
        let read = match read_decision(&answer(status, body), (action, &sent), &mut Differences::default()) {
            Ok(read) => read,
            Err(error) => {
                check_error(&error, status);
                continue;
            }
        };
        assert_ne!(status, 302);
        let stated = serde_json::from_slice::<Value>(body).unwrap();
        let has = |list: &str, names: &dyn Fn(&Value) -> bool| {
            stated[list].as_array().is_some_and(|entries| entries.iter().any(names))
        };
        assert_eq!(read.replies.len(), SENT.len());
        for (id, reply) in SENT.into_iter().zip(&read.replies) {
            let done = has(list, &|entry| entry == id);
            let refused = has("failed_join_requests", &|entry| entry == id || entry["join_request_id"] == id);
            let contrary = has(other_list, &|entry| entry == id);
            match reply {
                ItemReply::Done => assert!(done && !refused && !contrary),
                ItemReply::Refused(refusal) => {
                    assert!(refused && !done && !contrary);
                    check_refusal(refusal, status);
                }
                ItemReply::Unclear => assert!(contrary || done == refused),
            }
        }
        let beside = names_error(&stated) || has("errors", &Value::is_object);
        assert!(beside || read.beside.is_none());
        assert!(read.beside.is_some() || !names_error(&stated));
        read.beside.iter().for_each(|refusal| check_refusal(refusal, status));
        assert!(read.drift.len() <= SENT.len() + 1);
    }
}

fn answer(status: u16, body: &[u8]) -> Answer {
    Answer { status, body: body.to_vec(), wait: Some(WAIT), date: None }
}

fn names_error(body: &Value) -> bool {
    !body["error"].is_null()
}

/// Bytes can only be unreadable or name an error, and only a quota needs no bytes.
fn check_error(error: &GraphError, status: u16) {
    match error {
        GraphError::Unreadable { http_status, .. } => assert_eq!(*http_status, status),
        GraphError::Refused(refusal) => {
            check_refusal(refusal, status);
            let readable = !(300..400).contains(&status);
            assert!(readable, "a redirect came from who knows where");
            // An explicit refusal, or a code that says so: nothing else proves that nothing was executed.
            let explicit = matches!(status, 400..=407 | 409..=428);
            assert!(!refusal.not_executed || explicit || refusal.code.is_some());
        }
        GraphError::Held(_) | GraphError::NotConnected | GraphError::TimedOut | GraphError::Broken => {
            panic!("{error:?} out of bytes")
        }
    }
}

fn check_refusal(refusal: &Refusal, status: u16) {
    assert_eq!(refusal.http_status, status);
    assert!(matches!(refusal.wait, None | Some(WAIT)));
    assert!(!refusal.not_executed || refusal.class.surely_not_executed());
    let loggable = |id: &String| {
        id.len() <= 32 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    assert!(refusal.fbtrace_id.iter().all(loggable));
}
