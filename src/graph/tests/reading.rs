//! The readers, held against a reading of the same bytes that shares no code with them.

use proptest::prelude::*;
use serde_json::Value;

use super::bodies::{IDS, body, status, with_a_repeated_member};
use crate::domain::{Action, JoinRequestId};
use crate::graph::{Answer, Differences, GraphError, ItemReply, read_decision, read_page};
use crate::telemetry::Drift;

fn ids() -> Vec<JoinRequestId> {
    IDS.iter().map(|id| JoinRequestId::parse(id).unwrap()).collect()
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![Just(Action::Approve), Just(Action::Reject)]
}

/// The answer as any JSON reader has it.
fn value(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// Whether a list of this name has the id as plain text.
fn names(value: &Value, list: &str, id: &str) -> bool {
    value[list].as_array().is_some_and(|entries| entries.iter().any(|entry| entry == id))
}

fn refuses(value: &Value, id: &str) -> bool {
    let named = |entry: &Value| entry["join_request_id"] == id || entry == id;
    value["failed_join_requests"].as_array().is_some_and(|entries| entries.iter().any(named))
}

/// What Graph says of one id, by the lists alone.
fn expected(value: &Value, action: Action, id: &str) -> &'static str {
    let (done, contrary) = match action {
        Action::Approve => ("approved_join_requests", "rejected_join_requests"),
        Action::Reject => ("rejected_join_requests", "approved_join_requests"),
    };
    match (names(value, done, id), refuses(value, id), names(value, contrary, id)) {
        (true, false, false) => "done",
        (false, true, false) => "refused",
        _ => "unclear",
    }
}

const fn word(reply: &ItemReply) -> &'static str {
    match reply {
        ItemReply::Done => "done",
        ItemReply::Refused(_) => "refused",
        ItemReply::Unclear => "unclear",
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_decision_says_of_each_id_what_the_lists_say(status in status(), body in body(), action in action()) {
        let answer = Answer { status, body, wait: None, date: None };
        let value = value(&answer);
        match read_decision(&answer, (action, &ids()), &mut Differences::default()) {
            Ok(read) => {
                prop_assert!(!(300..400).contains(&status));
                let words = read.replies.iter().map(word).collect::<Vec<_>>();
                prop_assert_eq!(words, IDS.map(|id| expected(&value, action, id)).to_vec(), "{}", value);
            }
            Err(error) if error.surely_not_executed() => {
                prop_assert!(!(300..400).contains(&status));
                prop_assert!(!value["error"].is_null(), "not executed, says nobody: {}", value);
                let listed = IDS.iter().any(|id| expected(&value, action, id) == "done");
                prop_assert!(!listed, "not executed, and listed as done: {}", value);
            }
            Err(_) => (),
        }
    }

    #[test]
    fn a_page_is_read_only_from_a_plain_success(status in status(), body in body()) {
        let answer = Answer { status, body, wait: None, date: None };
        let value = value(&answer);
        if let Ok(page) = read_page(&answer, &mut Differences::default()) {
            prop_assert_eq!(status, 200);
            prop_assert!(value["error"].is_null(), "{}", value);
            let data = value["data"].as_array().unwrap();
            prop_assert_eq!(page.requests.len() + page.unreadable, data.len());
            let ids = data.iter().filter_map(|entry| JoinRequestId::parse(entry["join_request_id"].as_str()?).ok());
            prop_assert!(page.requests.iter().map(|request| request.id.clone()).eq(ids), "{}", value);
            let goes_on = !value["paging"]["next"].is_null();
            prop_assert_eq!(page.next.is_some() || page.next_without_cursor, goes_on, "{}", value);
        }
    }

    #[test]
    fn a_member_that_stands_twice_hides_nothing(status in status(), body in with_a_repeated_member(), action in action()) {
        let answer = Answer { status, body, wait: None, date: None };
        prop_assert!(read_page(&answer, &mut Differences::default()).is_err());
        let error = read_decision(&answer, (action, &ids()), &mut Differences::default()).unwrap_err();
        prop_assert!(!error.surely_not_executed());
        if !(300..400).contains(&status) && status != 429 {
            let drift = Some(Drift::RepeatedMember);
            prop_assert_eq!(error, GraphError::Unreadable { http_status: status, drift });
        }
    }
}
