//! What is settled about a request before anything else looks at it.

use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderMap;

use crate::api::extract::RequestContext;
use crate::api::problem::{ProblemCode, Raised};
use crate::domain::Deadline;
use crate::telemetry::Route;

/// Longest address served, in bytes.
const MAX_URI: usize = 8 * 1024;
/// Most bytes of header fields, names and values.
const MAX_HEADERS: usize = 32 * 1024;

impl RequestContext {
    /// Takes the caller's `X-Request-Id` if it is 1 to 128 characters of letters, digits and `-_.`; else makes one.
    pub(super) fn of(headers: &HeaderMap, deadline: Deadline) -> Self {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let given = headers.get("x-request-id").and_then(|value| value.to_str().ok());
        let valid = given.filter(|id| (1..=128).contains(&id.len()) && id.bytes().all(plain));
        let request_id = valid.map_or_else(|| uuid::Uuid::now_v7().to_string().into(), Arc::from);
        Self { request_id, deadline }
    }
}

/// Refuses heads that are larger than any honest one.
pub(super) fn check_head(request: &ServiceRequest) -> Result<(), Raised> {
    let uri = request.uri().path_and_query().map_or(0, |text| text.as_str().len());
    if uri > MAX_URI {
        return Err(ProblemCode::UriTooLong.into());
    }
    let fields =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
    if fields > MAX_HEADERS { Err(ProblemCode::HeadersTooLarge.into()) } else { Ok(()) }
}

/// The route of a request, by its pattern.
pub(super) fn route_of(pattern: Option<&str>) -> Route {
    match pattern {
        Some("/v1/groups/{group_id}/join-requests") => Route::List,
        Some("/v1/groups/{group_id}/join-requests/approve") => Route::Approve,
        Some("/v1/groups/{group_id}/join-requests/reject") => Route::Reject,
        Some("/openapi.json" | "/docs" | "/docs/{path:.*}" | "/problems/{code}") => Route::Docs,
        Some(_) | None => Route::Unmatched,
    }
}
