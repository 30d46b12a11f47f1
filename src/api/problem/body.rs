//! A problem as it stands in an answer.

use serde::Serialize;
use utoipa::ToSchema;

use super::Raised;
use crate::moderation::Refusal;

/// A problem (RFC 9457), of a whole answer or of one id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem, examples(json!({
    "type": "/problems/group_not_found", "title": "No such group", "status": 404, "code": "group_not_found",
    "retryable": false, "request_id": "0197f6a0-5d54-7c5e-b3a1-0123456789ab",
    "instance": "urn:joingate:request:0197f6a0-5d54-7c5e-b3a1-0123456789ab",
    "upstream": { "code": 131_041, "http_status": 400 }
})))]
pub(crate) struct ProblemBody {
    /// Address of the page that explains the problem; absolute if the gateway knows its own address.
    #[schema(format = "uri-reference")]
    #[serde(rename = "type")]
    pub kind: String,
    /// Short summary, the same for every problem of this type.
    pub title: &'static str,
    /// The HTTP status; absent for problems of single ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 400, maximum = 599)]
    pub status: Option<u16>,
    /// What is wrong in this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
    /// Names this occurrence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    pub instance: Option<String>,
    /// The problem's code. May gain values.
    pub code: &'static str,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Decisions only: `no` (surely nothing was executed) or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^(no|unknown)$")]
    pub executed: Option<&'static str>,
    /// The id of the request, as in `X-Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub request_id: Option<String>,
    /// The id of the decision, as in the audit log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uuid")]
    pub decision_id: Option<String>,
    /// What Graph said, if it said anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub upstream: Option<UpstreamBody>,
    /// The places in the request that are wrong, at most 20.
    #[schema(max_items = 20)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// Graph's own words, without its texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Upstream)]
pub(crate) struct UpstreamBody {
    /// Graph's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<u32>,
    /// Graph's error subcode.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub subcode: Option<u32>,
    /// The HTTP status of Graph's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 100, maximum = 599)]
    pub http_status: Option<u16>,
    /// Graph's trace id, for talking to Meta. It expires quickly.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub fbtrace_id: Option<String>,
}

impl From<&Refusal> for UpstreamBody {
    fn from(refusal: &Refusal) -> Self {
        Self {
            code: refusal.code,
            subcode: refusal.subcode,
            http_status: Some(refusal.http_status),
            fbtrace_id: refusal.fbtrace_id.clone(),
        }
    }
}

/// One place in the request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Where in the body (a JSON pointer, RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pointer: Option<String>,
    /// Which path, query or header field.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub parameter: Option<&'static str>,
    /// What is wrong with it.
    pub detail: String,
}

impl ProblemBody {
    /// A problem of one id.
    pub(crate) fn of_item(raised: Raised, public_url: Option<&str>) -> Self {
        Self::new(raised, public_url, None)
    }

    /// The problem as a whole answer.
    pub(crate) fn of_answer(raised: Raised, public_url: Option<&str>, request_id: &str) -> Self {
        Self::new(raised, public_url, Some(request_id))
    }

    fn new(raised: Raised, public_url: Option<&str>, request_id: Option<&str>) -> Self {
        let raised = raised.into_parts();
        let row = raised.code.problem_type();
        Self {
            kind: raised.code.uri(public_url),
            title: row.title,
            status: request_id.and(row.status),
            detail: raised.detail.map(std::borrow::Cow::into_owned),
            instance: request_id.map(|id| format!("urn:joingate:request:{id}")),
            code: row.name,
            retryable: row.retryable,
            executed: raised.executed,
            request_id: request_id.map(str::to_owned),
            decision_id: raised.decision_id.map(|id| id.to_string()),
            upstream: raised.upstream,
            errors: raised.errors,
        }
    }
}
