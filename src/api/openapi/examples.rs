//! An example of every problem, made as the gateway makes its answers, and of what is no problem.

use jiff::Timestamp;
use serde_json::{Value, json};
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::{RefOr, Response};

use super::headers::Of;
use crate::api::join_requests::DecisionAnswer;
use crate::api::problem::{ProblemBody, ProblemCode, ProblemType, Raised, UpstreamBody, graph_codes};
use crate::domain::{Action, DecisionId, GroupId, JoinRequestId};
use crate::moderation::{ErrorClass, GraphError, Item, Observed, Outcome, Refusal, Stopped};

const REQUEST: &str = "0197f6a0-5d54-7c5e-b3a1-0123456789ab";

fn example(summary: &str, value: Value) -> Example {
    ExampleBuilder::new().summary(summary).value(Some(value)).build()
}

/// A problem as the whole answer, and the name of the example. Decisions have their own, since their problems say whether
/// anything was executed; what is wrong with a request depends on what it may have.
pub(super) fn problem(row: &ProblemType, of: Of) -> (String, Example) {
    let mut raised = raised(row.code);
    if row.code == ProblemCode::InvalidRequest {
        raised = match of {
            Of::Decision => {
                raised.at_pointer("/join_request_ids", "name at least one id; an empty list is never \"all\"")
            }
            Of::List => raised.at_parameter("group_id", "has a character that no id has"),
            Of::Quota | Of::ProblemPage => {
                raised.at_parameter("Host", "must be a host, with or without a port")
            }
        };
    }
    let mut name = row.name.to_owned();
    if of == Of::Decision {
        raised = raised.for_earlier_calls(false);
        name.push_str(".decision");
    } else if of != Of::List && row.code == ProblemCode::InvalidRequest {
        name.push_str(".other");
    }
    (name, example(row.title, json!(ProblemBody::of_answer(raised, None, REQUEST))))
}

/// The problem, by the first of Graph's codes that lead to it, if one does.
fn raised(code: ProblemCode) -> Raised {
    let mut raised = Raised::from(code);
    raised.upstream = graph_codes(code).first().map(|(found, _)| UpstreamBody {
        code: Some(*found.codes.start()),
        subcode: found.subcode,
        http_status: Some(400),
        fbtrace_id: None,
    });
    raised
}

/// Adds examples to what is no problem.
pub(super) fn add_success(response: &mut Response, of: Of, status: u16) {
    let (summary, outcomes) = match (of, status) {
        (Of::Decision, 200) => ("every id as asked", vec![Outcome::Decided(Action::Approve)]),
        (Of::Decision, 207) => ("one id of each kind", mixed()),
        _ => return,
    };
    let found = example(summary, json!(decision(outcomes)));
    for content in response.content.values_mut() {
        if let RefOr::T(content) = content {
            content.examples.insert("decision".to_owned(), RefOr::T(found.clone()));
        }
    }
}

/// What an approval came to; every id is made up.
fn decision(outcomes: Vec<Outcome>) -> Option<DecisionAnswer> {
    let group = GroupId::parse("Y2FwaV9ncm91cDoxNTU1MDEwMDAwMA").ok()?;
    let items = outcomes.into_iter().enumerate().map(|(index, outcome)| {
        let id = JoinRequestId::parse(&format!("bWFkZS11cCBpZCBvZiBhIHJlcXVlc3Q{index}")).ok()?;
        Some(Item { id, outcome })
    });
    let items = items.collect::<Option<Vec<_>>>()?;
    let answer = DecisionAnswer::new(DecisionId::generate(), &group, Action::Approve, &items, None);
    Some(DecisionAnswer { decision_id: REQUEST.to_owned(), ..answer })
}

/// Every outcome of an approval but that of a dry run, and every problem that only single ids have.
fn mixed() -> Vec<Outcome> {
    let refusal = |class, code, http_status| Refusal {
        code: Some(code),
        subcode: None,
        http_status,
        fbtrace_id: None,
        class,
        wait: None,
        not_executed: true,
        asks_for_less: false,
    };
    vec![
        Outcome::Decided(Action::Approve),
        Outcome::Already { action: Action::Approve, at: Timestamp::constant(1_755_548_990, 0) },
        Outcome::Gone(None),
        Outcome::Failed(refusal(ErrorClass::GroupFull, 131_204, 200)),
        Outcome::Failed(refusal(ErrorClass::UserNotAddable, 131_203, 200)),
        Outcome::NotSent(Stopped::Graph(GraphError::Refused(refusal(ErrorClass::Throttle, 80_007, 400)))),
        Outcome::Unknown { refusal: None, observed: Observed::NotOpen },
    ]
}
