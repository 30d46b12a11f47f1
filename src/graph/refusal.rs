//! One error as Graph named it, with its class settled.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::codes::{ErrorClass, lookup};

/// An error object of Graph, of a whole call or of one id. Graph's own texts are left behind: they are in the
/// language of the account and may quote ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Graph's code; `None` when it had none that could be read.
    pub code: Option<u32>,
    /// Graph's subcode. Documented as not returned, and seen all the same.
    pub subcode: Option<u32>,
    /// The HTTP status of the answer.
    pub http_status: u16,
    /// Graph's trace id; it expires quickly.
    pub fbtrace_id: Option<String>,
    /// What kind of refusal it is.
    pub class: ErrorClass,
    /// How long to wait, as far as Graph asked for it.
    #[serde(skip)]
    pub wait: Option<Duration>,
    /// Whether Graph surely executed nothing of what it refused so: a known code that says as much, or an unknown one
    /// with a status of 400 to 428 except 408. A bare 429 pauses us and proves nothing.
    pub not_executed: bool,
    /// Whether Graph would answer a smaller page: code 1 with HTTP 500 and a text of its own.
    pub asks_for_less: bool,
}

/// The parts of an error object that matter, as read from the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NamedError {
    pub(super) code: Option<u32>,
    pub(super) subcode: Option<u32>,
    pub(super) fbtrace_id: Option<String>,
    pub(super) is_transient: bool,
    pub(super) asks_for_less: bool,
}

impl Refusal {
    /// Classes the error of a whole call: by its code, else by `is_transient`, else by the HTTP status. An unknown
    /// code is an explicit refusal only with 400 to 428 except 408.
    pub(super) fn of_call(error: NamedError, http_status: u16, wait: Option<Duration>) -> Self {
        let known = class_of(&error);
        let class = known.unwrap_or(match http_status {
            _ if error.is_transient => ErrorClass::Transient,
            429 => ErrorClass::Throttle,
            500..=599 => ErrorClass::Transient,
            400..=407 | 409..=428 => ErrorClass::Rejected,
            _ => ErrorClass::Unclear,
        });
        let explicit = known.is_some() || class == ErrorClass::Rejected;
        Self::new(error, http_status, wait, class, explicit && class.surely_not_executed())
    }

    /// Classes what one id was refused with: of several errors the first, unless one leaves open whether the id was
    /// executed.
    pub(super) fn of_item(errors: Vec<NamedError>, http_status: u16, wait: Option<Duration>) -> Self {
        let open = errors.iter().position(|error| !class_of_item(error).surely_not_executed());
        let error = errors.into_iter().nth(open.unwrap_or(0)).unwrap_or_default();
        let class = class_of_item(&error);
        // The wait of the answer is the wait of the items that a quota refused.
        let wait = wait.filter(|_| class == ErrorClass::Throttle);
        Self::new(error, http_status, wait, class, class.surely_not_executed())
    }

    fn new(
        error: NamedError,
        http_status: u16,
        wait: Option<Duration>,
        class: ErrorClass,
        not_executed: bool,
    ) -> Self {
        let asks_for_less = error.asks_for_less && error.code == Some(1) && http_status == 500;
        let NamedError { code, subcode, fbtrace_id, .. } = error;
        Self { code, subcode, http_status, fbtrace_id, class, wait, not_executed, asks_for_less }
    }

    /// Whether the refusal of a whole call may be about single ids without naming them: then the others may still be
    /// decided.
    pub const fn may_mean_single_ids(&self) -> bool {
        match self.class {
            ErrorClass::GroupFull | ErrorClass::RequestGone => self.not_executed,
            // An invalid parameter, or duplicates.
            ErrorClass::Rejected => self.not_executed && matches!(self.code, Some(100 | 131_202)),
            ErrorClass::Transient
            | ErrorClass::Throttle
            | ErrorClass::Maintenance
            | ErrorClass::Credential
            | ErrorClass::Permission
            | ErrorClass::GroupNotFound
            | ErrorClass::GroupSuspended
            | ErrorClass::UserNotAddable
            | ErrorClass::CursorExpired
            | ErrorClass::Partial
            | ErrorClass::Unclear => false,
        }
    }

    /// The value of the metric label `code`: only codes of the table, so that Graph cannot grow the label.
    pub(super) fn code_label(&self) -> String {
        let known = self.code.filter(|code| lookup(*code, self.subcode).is_some());
        known.map_or_else(|| "other".to_owned(), |code| code.to_string())
    }
}

/// Graph lists the id as refused, so an unknown code is a refusal too.
fn class_of_item(error: &NamedError) -> ErrorClass {
    let unknown = if error.is_transient { ErrorClass::Transient } else { ErrorClass::Rejected };
    class_of(error).unwrap_or(unknown)
}

fn class_of(error: &NamedError) -> Option<ErrorClass> {
    error.code.and_then(|code| lookup(code, error.subcode)).map(|row| row.class)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(code: Option<u32>, is_transient: bool, http_status: u16) -> ErrorClass {
        Refusal::of_call(NamedError { code, is_transient, ..NamedError::default() }, http_status, None).class
    }

    #[test]
    fn the_code_decides_before_the_status() {
        assert_eq!(class(Some(3), false, 500), ErrorClass::Permission);
        assert_eq!(class(Some(4), false, 400), ErrorClass::Throttle);
        assert_eq!(class(Some(190), false, 400), ErrorClass::Credential);
        assert_eq!(class(Some(100), true, 500), ErrorClass::Rejected);
    }

    #[test]
    fn an_unknown_code_is_a_refusal_only_where_the_status_says_so() {
        for (is_transient, status, expected) in [
            (false, 400, ErrorClass::Rejected),
            (true, 400, ErrorClass::Transient),
            (false, 408, ErrorClass::Unclear),
            (false, 428, ErrorClass::Rejected),
            (false, 429, ErrorClass::Throttle),
            (false, 430, ErrorClass::Unclear),
            (false, 200, ErrorClass::Unclear),
            (false, 302, ErrorClass::Unclear),
            (false, 503, ErrorClass::Transient),
        ] {
            assert_eq!(class(Some(999_999), is_transient, status), expected, "{status}");
            assert_eq!(class(None, is_transient, status), expected, "{status} without a code");
        }
    }

    #[test]
    fn a_bare_429_proves_nothing() {
        let not_executed = |code, http_status| {
            Refusal::of_call(NamedError { code, ..NamedError::default() }, http_status, None).not_executed
        };
        assert!(!not_executed(None, 429));
        assert!(!not_executed(Some(987_654), 429));
        assert!(not_executed(Some(131_208), 429));
        assert!(not_executed(Some(987_654), 400));
    }
}
