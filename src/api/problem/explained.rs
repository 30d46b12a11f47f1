//! What follows from a problem's row and from the table of Graph's codes, for those who read about it.

use super::{ProblemCode, ProblemType, class_item_problem, class_problem, item_problem};
use crate::moderation::{CODES, CodeRow, ErrorClass, GraphError, Outcome, Refusal};

/// Graph's codes that lead to a problem, and what each refuses then: a `list`, a whole `decision` on one id, or `one_id` of several.
pub(crate) fn graph_codes(code: ProblemCode) -> Vec<(&'static CodeRow, Vec<&'static str>)> {
    let found = CODES.iter().map(|row| {
        let of = [
            ("list", class_problem(row.class)),
            ("decision", decision_problem(row.class)),
            ("one_id", class_item_problem(row.class)),
        ];
        (
            row,
            of.into_iter()
                .filter(|(_, problem)| *problem == code)
                .map(|(refused, _)| refused)
                .collect::<Vec<_>>(),
        )
    });
    found.filter(|(_, refused)| !refused.is_empty()).collect()
}

/// What the id comes to when Graph refuses a call about it as a whole.
fn decision_problem(class: ErrorClass) -> ProblemCode {
    let refusal = Refusal {
        code: None,
        subcode: None,
        http_status: 400,
        fbtrace_id: None,
        class,
        wait: None,
        not_executed: class.surely_not_executed(),
        asks_for_less: false,
    };
    let outcome = Outcome::of_failed_call(&GraphError::Refused(refusal), 1);
    item_problem(&outcome).map_or(ProblemCode::OutcomeUnknown, |raised| raised.code)
}

/// Whether it may be sent again.
pub(crate) fn repeat(row: &ProblemType) -> &'static str {
    if matches!(row.code, ProblemCode::Internal | ProblemCode::OutcomeUnknown) {
        "With the same Idempotency-Key, yes. Without one, list the group first: the decision may have been carried out."
    } else if row.retryable {
        "Yes, later: the same request may succeed. A decision with the same Idempotency-Key."
    } else {
        "No, the same request will not help."
    }
}

/// Whether a decision that ended in this problem may have been executed.
pub(crate) fn executed(row: &ProblemType) -> &'static str {
    match (row.code, row.status) {
        (ProblemCode::Internal, _) => "Not known: `executed` of the answer says `unknown`.",
        (ProblemCode::IdempotencyInProgress, _) => {
            "Not known yet: the first call with this Idempotency-Key still runs."
        }
        (ProblemCode::OutcomeUnknown, _) => {
            "Not known: `observed` tells what a look at the group showed afterwards."
        }
        (ProblemCode::Gone, _) => "Not by this call.",
        (_, Some(status)) if status >= 500 => {
            "No, nothing. Only an earlier call with the same Idempotency-Key may have: then `executed` says `unknown`."
        }
        (_, Some(_)) => "No, nothing.",
        (_, None) => "No, not for this id.",
    }
}
