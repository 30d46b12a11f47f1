//! The codes of all problems.

use super::table::{PROBLEMS, ProblemType};

/// A kind of problem. The order is the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table says what each means")]
pub enum ProblemCode {
    InvalidRequest,
    IdempotencyKeyRequired,
    Unauthorized,
    ForbiddenScope,
    ForbiddenGroup,
    NotFound,
    GroupNotFound,
    MethodNotAllowed,
    RequestTimeout,
    IdempotencyInProgress,
    GroupSuspended,
    PageTokenExpired,
    PayloadTooLarge,
    TooManyIds,
    UriTooLong,
    UnsupportedMediaType,
    IdempotencyKeyReused,
    QuotaExceeded,
    AuthThrottled,
    HeadersTooLarge,
    Internal,
    UpstreamError,
    UpstreamBadResponse,
    UpstreamRejected,
    UpstreamForbidden,
    UpstreamRateLimited,
    UpstreamCredentialInvalid,
    UpstreamUnavailable,
    AuthUnavailable,
    Overloaded,
    StoreUnavailable,
    AuditUnavailable,
    DeadlineExceeded,
    DecisionsDisabled,
    UpstreamTimeout,
    GroupFull,
    Gone,
    UserNotAddable,
    OutcomeUnknown,
}

impl ProblemCode {
    /// Everything the table says about it.
    pub fn problem_type(self) -> &'static ProblemType {
        // A test holds the order of the table to the order of the codes, so the lookup never misses.
        PROBLEMS.get(self as usize).unwrap_or(&super::table::INTERNAL)
    }

    /// The address of its page: absolute if the gateway knows its own address.
    pub(crate) fn uri(self, public_url: Option<&str>) -> String {
        format!("{}/problems/{}", public_url.unwrap_or_default(), self.problem_type().name)
    }

    /// The code of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        PROBLEMS.iter().find(|row| row.name == name).map(|row| row.code)
    }
}
