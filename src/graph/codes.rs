//! What each of Graph's error codes means for this edge. The one table: class, who must act, and by the class
//! whether a read is repeated and whether a write surely was not executed.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/groups/error-codes> and
//! <https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes>.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// What kind of refusal an error is. Everything else follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Passing trouble at Meta. A read may be repeated; what became of a write is unknown.
    Transient,
    /// A quota of Meta's is used up; not executed.
    Throttle,
    /// The account or number is being moved; not executed, minutes.
    Maintenance,
    /// Meta refuses our token; not executed.
    Credential,
    /// Our account, app or number may not do this; not executed.
    Permission,
    /// No such group, or none that we may see; not executed.
    GroupNotFound,
    /// The group is suspended; not executed.
    GroupSuspended,
    /// The group has no room.
    GroupFull,
    /// The person cannot be added.
    UserNotAddable,
    /// No such open request: withdrawn, decided, or never made. Graph does not say which.
    RequestGone,
    /// The list changed under the cursor: start again.
    CursorExpired,
    /// Some ids were refused; the lists tell which.
    Partial,
    /// Graph refuses the call as we made it.
    Rejected,
    /// A code we do not know, in an answer that does not say whether anything was executed.
    Unclear,
}

impl ErrorClass {
    /// Every class there is.
    pub const ALL: [Self; 14] = [
        Self::Transient,
        Self::Throttle,
        Self::Maintenance,
        Self::Credential,
        Self::Permission,
        Self::GroupNotFound,
        Self::GroupSuspended,
        Self::GroupFull,
        Self::UserNotAddable,
        Self::RequestGone,
        Self::CursorExpired,
        Self::Partial,
        Self::Rejected,
        Self::Unclear,
    ];

    /// The value of the metric label `class`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Throttle => "throttle",
            Self::Maintenance => "maintenance",
            Self::Credential => "credential",
            Self::Permission => "permission",
            Self::GroupNotFound => "group_not_found",
            Self::GroupSuspended => "group_suspended",
            Self::GroupFull => "group_full",
            Self::UserNotAddable => "user_not_addable",
            Self::RequestGone => "request_gone",
            Self::CursorExpired => "cursor_expired",
            Self::Partial => "partial",
            Self::Rejected => "rejected",
            Self::Unclear => "unclear",
        }
    }

    /// Whether Graph surely executed nothing of a call that it refused as a whole with such an error.
    pub const fn surely_not_executed(self) -> bool {
        !matches!(self, Self::Transient | Self::Partial | Self::Unclear)
    }

    /// Whether the same call may well succeed later.
    pub const fn passes(self) -> bool {
        matches!(
            self,
            Self::Transient
                | Self::Throttle
                | Self::Maintenance
                | Self::Credential
                | Self::CursorExpired
                | Self::Unclear
        )
    }

    /// Whether a read that ended so may be sent again.
    pub const fn read_repeatable(self) -> bool {
        matches!(self, Self::Transient | Self::Unclear)
    }
}

/// Who has to do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Nobody: waiting helps.
    Time,
    /// The application that called.
    Caller,
    /// Whoever runs the gateway and owns the Meta account.
    Operator,
    /// The person who asked to join.
    Person,
}

impl Actor {
    /// The word in the documentation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Time => "nobody (wait)",
            Self::Caller => "caller",
            Self::Operator => "operator",
            Self::Person => "the person",
        }
    }
}

/// One row: a code (or a range of them), what it means, its class and who acts.
#[derive(Clone, Debug)]
pub struct CodeRow {
    /// The codes.
    pub codes: RangeInclusive<u32>,
    /// Only with this subcode.
    pub subcode: Option<u32>,
    /// What kind of refusal it is.
    pub class: ErrorClass,
    /// Who acts.
    pub actor: Actor,
    /// What it means.
    pub meaning: &'static str,
}

const fn row(code: u32, class: ErrorClass, actor: Actor, meaning: &'static str) -> CodeRow {
    CodeRow { codes: code..=code, subcode: None, class, actor, meaning }
}

use Actor::{Caller, Operator, Person, Time};
use ErrorClass::{
    Credential, CursorExpired, GroupFull, GroupNotFound, GroupSuspended, Maintenance, Partial, Permission,
    Rejected, RequestGone, Throttle, Transient, UserNotAddable,
};

/// The table. A row with a subcode stands before the row of the bare code.
pub const CODES: &[CodeRow] = &[
    row(0, Credential, Operator, "token expired or invalidated"),
    row(1, Transient, Time, "unknown error; a bad request or an outage"),
    row(2, Transient, Time, "temporary downtime or overload"),
    row(3, Permission, Operator, "capability or permission missing; a 5xx that is not repeated"),
    row(4, Throttle, Time, "app call limit"),
    row(10, Permission, Operator, "permission missing or removed, or not eligible for the API"),
    row(17, Throttle, Time, "user token call limit"),
    row(32, Throttle, Time, "page call limit"),
    row(33, Permission, Operator, "the phone number does not exist any more"),
    CodeRow {
        codes: 100..=100,
        subcode: Some(33),
        class: GroupNotFound,
        actor: Caller,
        meaning: "the group does not exist or our account may not see it",
    },
    row(100, Rejected, Caller, "invalid parameter"),
    row(102, Credential, Operator, "API session"),
    row(104, Credential, Operator, "no access token in the call"),
    row(190, Credential, Operator, "token expired, revoked or invalid"),
    CodeRow {
        codes: 200..=299,
        subcode: None,
        class: Permission,
        actor: Operator,
        meaning: "permission or asset access missing",
    },
    row(341, Throttle, Time, "application limit reached"),
    row(368, Permission, Operator, "account restricted for a policy violation"),
    row(613, Throttle, Time, "custom call limit"),
    row(803, GroupNotFound, Caller, "unknown object"),
    row(80007, Throttle, Time, "account rate limit"),
    row(80008, Throttle, Time, "account rate limit"),
    row(130_429, Throttle, Time, "throughput limit"),
    row(131_000, Transient, Time, "something went wrong"),
    row(131_005, Permission, Operator, "access denied"),
    row(131_008, Rejected, Caller, "parameter missing"),
    row(131_009, Rejected, Caller, "parameter value invalid"),
    row(131_016, Transient, Time, "service unavailable"),
    row(131_020, Rejected, Caller, "not possible for this group"),
    row(131_031, Permission, Operator, "account locked"),
    row(131_041, GroupNotFound, Caller, "the group does not exist or we are not a member"),
    row(131_048, Throttle, Operator, "spam rate limit"),
    row(131_056, Throttle, Time, "pair rate limit"),
    row(131_057, Maintenance, Time, "account in maintenance"),
    row(131_059, CursorExpired, Time, "cursor expired; start again from the first page"),
    row(131_201, Partial, Caller, "partly succeeded; the lists tell"),
    row(131_202, Rejected, Caller, "duplicates in the list of ids"),
    row(131_203, UserNotAddable, Person, "the person has not accepted the current terms"),
    row(131_204, GroupFull, Caller, "the group has no room"),
    row(131_207, GroupSuspended, Operator, "the group is suspended"),
    row(131_208, Throttle, Time, "too many group operations from this phone number"),
    CodeRow {
        codes: 131_209..=131_212,
        subcode: None,
        class: Rejected,
        actor: Caller,
        meaning: "not possible for this group",
    },
    row(131_213, RequestGone, Caller, "no such open join request: withdrawn, decided or never made"),
    row(131_214, Rejected, Caller, "not possible for this group"),
    row(131_215, Permission, Operator, "the phone number is not eligible for groups"),
    row(133_004, Transient, Time, "server temporarily unavailable"),
    row(133_010, Permission, Operator, "the phone number is not registered"),
    row(135_000, Rejected, Caller, "generic user error"),
    row(2_494_100, Maintenance, Time, "phone number in maintenance"),
];

/// The row of a code.
pub(super) fn lookup(code: u32, subcode: Option<u32>) -> Option<&'static CodeRow> {
    CODES.iter().find(|row| row.codes.contains(&code) && (row.subcode.is_none() || row.subcode == subcode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_can_be_reached() {
        for row in CODES {
            for code in [*row.codes.start(), *row.codes.end()] {
                let found = lookup(code, row.subcode).unwrap();
                assert_eq!(found.meaning, row.meaning, "code {code} is hidden by an earlier row");
            }
        }
    }

    #[test]
    fn a_subcode_that_is_not_in_the_table_falls_back_to_the_code() {
        assert_eq!(lookup(100, Some(33)).unwrap().class, GroupNotFound);
        assert_eq!(lookup(100, Some(34)).unwrap().class, Rejected);
        assert_eq!(lookup(190, Some(463)).unwrap().class, Credential);
    }
}
