//! What follows from a problem's row and from the table of Graph's codes, for those who read about it.

use super::{ProblemCode, ProblemType, class_item_problem, class_problem};
use crate::moderation::{CODES, CodeRow};

/// What a code of Graph's refuses when it leads to a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applies {
    /// A whole call.
    Call,
    /// One id of a decision.
    OneId,
    /// Either.
    Both,
}

impl Applies {
    /// The word in answers.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::OneId => "one_id",
            Self::Both => "call_or_one_id",
        }
    }
}

/// Graph's codes that lead to a problem.
pub(crate) fn graph_codes(code: ProblemCode) -> Vec<(&'static CodeRow, Applies)> {
    let found = CODES.iter().filter_map(|row| {
        let applies = match (class_problem(row.class) == code, class_item_problem(row.class) == code) {
            (true, true) => Applies::Both,
            (true, false) => Applies::Call,
            (false, true) => Applies::OneId,
            (false, false) => return None,
        };
        Some((row, applies))
    });
    found.collect()
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
