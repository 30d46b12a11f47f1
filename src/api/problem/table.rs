//! The one table of problems: it feeds answers, the OpenAPI document, the README and the page of each problem.

use super::ProblemCode as Code;
use crate::moderation::Actor;
use crate::telemetry::Fault;

/// A kind of problem.
#[derive(Debug)]
pub struct ProblemType {
    /// Which one.
    pub code: Code,
    /// Its name in answers: the member `code` and the end of `type`.
    pub name: &'static str,
    /// The HTTP status; `None` for problems of single ids.
    pub status: Option<u16>,
    /// Whose doing it is.
    pub fault: Fault,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Who has to do something about it.
    pub actor: Actor,
    /// A short, unchanging summary.
    pub title: &'static str,
    /// What the caller should do.
    pub advice: &'static str,
}

const fn row(
    (code, name): (Code, &'static str),
    status: u16,
    fault: Fault,
    retryable: bool,
    actor: Actor,
    (title, advice): (&'static str, &'static str),
) -> ProblemType {
    let status = if status == 0 { None } else { Some(status) };
    ProblemType { code, name, status, fault, retryable, actor, title, advice }
}

/// The status of problems that belong to one id of a decision, never to a whole answer.
const ITEM: u16 = 0;
const NO: bool = false;
const YES: bool = true;
use Actor::{Caller as App, Operator, Person, Time};
use Fault::{Caller, Gateway, None as Nobody, Upstream};

/// What stands in for a row that is missing; no row is.
pub(super) const INTERNAL: ProblemType = row(
    (Code::Internal, "internal"),
    500,
    Gateway,
    NO,
    Operator,
    (
        "Something failed inside the gateway",
        "Report the request id to whoever runs the gateway. What a decision did is not known: list the group to see.",
    ),
);

/// Every problem, in the order of the codes.
#[rustfmt::skip] // One row a line pair, as a table is read.
pub const PROBLEMS: &[ProblemType] = &[
    row((Code::InvalidRequest, "invalid_request"), 400, Caller, NO, App,
        ("The request is not valid", "Correct what `errors` and `detail` name.")),
    row((Code::IdempotencyKeyRequired, "idempotency_key_required"), 400, Caller, NO, App,
        ("The decision needs an Idempotency-Key", "Send an `Idempotency-Key` that is new for every decision and the same for its repeats.")),
    row((Code::Unauthorized, "unauthorized"), 401, Caller, NO, App,
        ("No valid internal token", "Send `Authorization: Bearer` with a token that the gateway accepts; `WWW-Authenticate` says what is wrong.")),
    row((Code::ForbiddenScope, "forbidden_scope"), 403, Caller, NO, App,
        ("The token lacks the scope", "Ask for a token with the scope that `WWW-Authenticate` names.")),
    row((Code::ForbiddenGroup, "forbidden_group"), 403, Caller, NO, App,
        ("The token does not cover this group", "Ask for a token whose `groups` contain the group.")),
    row((Code::NotFound, "not_found"), 404, Caller, NO, App,
        ("There is nothing at this address", "Check the path against the OpenAPI document.")),
    row((Code::GroupNotFound, "group_not_found"), 404, Caller, NO, App,
        ("No such group", "Check the group id. Graph does not tell an unknown group from one that the account may not see.")),
    row((Code::MethodNotAllowed, "method_not_allowed"), 405, Caller, NO, App,
        ("The method is not allowed here", "Use a method that `Allow` names.")),
    row((Code::RequestTimeout, "request_timeout"), 408, Caller, YES, App,
        ("The request body did not arrive in time", "Send the whole body within 10 seconds.")),
    row((Code::IdempotencyInProgress, "idempotency_in_progress"), 409, Caller, YES, Time,
        ("The same decision is under way", "Wait as long as `Retry-After` says, then send it again with the same Idempotency-Key.")),
    row((Code::GroupSuspended, "group_suspended"), 409, Upstream, NO, Operator,
        ("The group is suspended", "Whoever owns the Meta account must settle it with Meta.")),
    row((Code::PageTokenExpired, "page_token_expired"), 410, Caller, NO, App,
        ("The page token is not valid any more", "Start again without `page_token`: the list has changed, or the token is of another group or gateway.")),
    row((Code::PayloadTooLarge, "payload_too_large"), 413, Caller, NO, App,
        ("The request body is too large", "Send fewer ids in one call.")),
    row((Code::TooManyIds, "too_many_ids"), 413, Caller, NO, App,
        ("Too many ids in one decision", "Split the ids over several calls.")),
    row((Code::UriTooLong, "uri_too_long"), 414, Caller, NO, App,
        ("The URI is too long", "No address of this API needs more than 8 KiB.")),
    row((Code::UnsupportedMediaType, "unsupported_media_type"), 415, Caller, NO, App,
        ("The body is not JSON", "Send `Content-Type: application/json` and no `Content-Encoding`.")),
    row((Code::IdempotencyKeyReused, "idempotency_key_reused"), 422, Caller, NO, App,
        ("The Idempotency-Key belongs to another decision", "Use a new key for every decision; a repeat has the same verb and the same ids in the same order.")),
    row((Code::QuotaExceeded, "quota_exceeded"), 429, Caller, YES, Time,
        ("The caller's own quota is used up", "Wait as long as `Retry-After` says; `RateLimit` tells what is left.")),
    row((Code::AuthThrottled, "auth_throttled"), 429, Caller, YES, App,
        ("Too many tokens from this address did not pass", "Wait as long as `Retry-After` says, and send a valid token. One that has passed before is not held up.")),
    row((Code::HeadersTooLarge, "headers_too_large"), 431, Caller, NO, App,
        ("The header fields are too large", "Send less than 32 KiB of header fields.")),
    INTERNAL,
    row((Code::UpstreamError, "upstream_error"), 502, Upstream, NO, Operator,
        ("Graph cannot answer this as a whole", "The group's list is too long or keeps leading in circles; whoever runs the gateway can raise `graph.max_pages`.")),
    row((Code::UpstreamBadResponse, "upstream_bad_response"), 502, Upstream, YES, Time,
        ("Graph's answer makes no sense", "Try again later.")),
    row((Code::UpstreamRejected, "upstream_rejected"), 502, Upstream, NO, Operator,
        ("Graph refuses the call", "See `upstream.code`. The gateway and Graph disagree; report it to whoever runs the gateway.")),
    row((Code::UpstreamForbidden, "upstream_forbidden"), 502, Upstream, NO, Operator,
        ("Meta does not permit this to our account", "Whoever runs the gateway must settle it with Meta; see `upstream.code`.")),
    row((Code::UpstreamRateLimited, "upstream_rate_limited"), 503, Upstream, YES, Time,
        ("Meta's quota is used up", "Wait as long as `Retry-After` says. It is not the caller's quota.")),
    row((Code::UpstreamCredentialInvalid, "upstream_credential_invalid"), 503, Upstream, YES, Operator,
        ("Meta refuses the gateway's own token", "Whoever runs the gateway must renew the token. It is not the caller's.")),
    row((Code::UpstreamUnavailable, "upstream_unavailable"), 503, Upstream, YES, Time,
        ("Graph cannot be reached or is in trouble", "Try again later.")),
    row((Code::AuthUnavailable, "auth_unavailable"), 503, Gateway, YES, Time,
        ("The keys of the token's issuer are not known", "Wait as long as `Retry-After` says. Nothing is known to be wrong with the token.")),
    row((Code::Overloaded, "overloaded"), 503, Gateway, YES, Time,
        ("The gateway has too much to do", "Wait as long as `Retry-After` says.")),
    row((Code::StoreUnavailable, "store_unavailable"), 503, Gateway, YES, Time,
        ("The gateway's store cannot be reached", "Nothing was sent. Send the same request again, with the same Idempotency-Key.")),
    row((Code::AuditUnavailable, "audit_unavailable"), 503, Gateway, YES, Operator,
        ("The audit log cannot be written", "Nothing was sent. Whoever runs the gateway must look where its audit log goes.")),
    row((Code::DeadlineExceeded, "deadline_exceeded"), 503, Gateway, YES, Time,
        ("The deadline passed while waiting in the gateway", "Wait as long as `Retry-After` says.")),
    row((Code::DecisionsDisabled, "decisions_disabled"), 503, Gateway, YES, Operator,
        ("Decisions are switched off", "Whoever runs the gateway has set `graph.read_only`; lists and dry runs go on. Try again later.")),
    row((Code::UpstreamTimeout, "upstream_timeout"), 504, Upstream, YES, Time,
        ("Graph did not answer in time", "Try again later.")),
    row((Code::GroupFull, "group_full"), ITEM, Nobody, NO, App,
        ("The group has no room", "Nobody can join until somebody leaves.")),
    row((Code::Gone, "gone"), ITEM, Nobody, NO, Time,
        ("The request is not open any more", "It was withdrawn, decided by somebody, or never made; Graph does not say which. Nothing is left to do.")),
    row((Code::UserNotAddable, "user_not_addable"), ITEM, Nobody, NO, Person,
        ("The person cannot be added", "The person has not accepted WhatsApp's current terms.")),
    row((Code::OutcomeUnknown, "outcome_unknown"), ITEM, Upstream, NO, App,
        ("It was sent, and no answer can be relied on", "Send it again with the same Idempotency-Key, unless `observed` is `reopened`. Without a key list the group first: the decision may have been carried out.")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_stand_in_the_order_of_the_codes() {
        for (index, row) in PROBLEMS.iter().enumerate() {
            assert_eq!(row.code as usize, index, "{}", row.name);
        }
        assert_eq!(PROBLEMS.last().map(|row| row.code), Some(Code::OutcomeUnknown));
    }

    #[test]
    fn metas_quota_and_token_are_never_the_callers_fault() {
        for code in [Code::UpstreamRateLimited, Code::UpstreamCredentialInvalid, Code::UpstreamForbidden] {
            let row = code.problem_type();
            assert_eq!(row.fault, Upstream);
            assert!(row.status.is_some_and(|status| status >= 500), "{}", row.name);
        }
    }
}
