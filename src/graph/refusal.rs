//! One error as Graph named it, with its class settled.

use std::time::Duration;

use super::codes::{ErrorClass, lookup};

/// An error object of Graph, of a whole call or of one id. Graph's own texts are left behind: they are in the
/// language of the account and may quote ids.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// How long Graph asked us to wait.
    pub wait: Option<Duration>,
}

/// The parts of an error object that matter, as read from the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NamedError {
    pub(super) code: Option<u32>,
    pub(super) subcode: Option<u32>,
    pub(super) fbtrace_id: Option<String>,
    pub(super) is_transient: bool,
}

impl Refusal {
    /// Classes the error of a whole call: by its code, else by `is_transient`, else by the HTTP status. An unknown
    /// code is an explicit refusal only with 400 to 428 except 408.
    pub(super) fn of_call(error: NamedError, http_status: u16) -> Self {
        let known = error.code.and_then(|code| lookup(code, error.subcode)).map(|row| row.class);
        let class = known.unwrap_or(match http_status {
            _ if error.is_transient => ErrorClass::Transient,
            429 => ErrorClass::Throttle,
            500..=599 => ErrorClass::Transient,
            400..=407 | 409..=428 => ErrorClass::Rejected,
            _ => ErrorClass::Unclear,
        });
        Self::new(error, http_status, class)
    }

    /// Classes the error of one id. Graph lists the id as refused, so an unknown code is a refusal too.
    pub(super) fn of_item(error: NamedError, http_status: u16) -> Self {
        let known = error.code.and_then(|code| lookup(code, error.subcode)).map(|row| row.class);
        let unknown = if error.is_transient { ErrorClass::Transient } else { ErrorClass::Rejected };
        Self::new(error, http_status, known.unwrap_or(unknown))
    }

    fn new(error: NamedError, http_status: u16, class: ErrorClass) -> Self {
        let NamedError { code, subcode, fbtrace_id, .. } = error;
        Self { code, subcode, http_status, fbtrace_id, class, wait: None }
    }

    /// The value of the metric label `code`: only codes of the table, so that Graph cannot grow the label.
    pub(super) fn code_label(&self) -> String {
        let known = self.code.filter(|code| lookup(*code, self.subcode).is_some());
        known.map_or_else(|| "other".to_owned(), |code| code.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(code: Option<u32>, is_transient: bool, http_status: u16) -> ErrorClass {
        Refusal::of_call(NamedError { code, is_transient, ..NamedError::default() }, http_status).class
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
}
