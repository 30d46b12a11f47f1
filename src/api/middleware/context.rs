//! What is settled about a request before anything else looks at it.

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HOST, HeaderMap, HeaderValue};
use actix_web::http::uri::Authority;
use tracing::Span;

use crate::api::extract::RequestContext;
use crate::api::problem::{ProblemCode, Raised};
use crate::domain::Deadline;
use crate::telemetry::{Route, spans};

/// Longest address served, in bytes.
const MAX_URI: usize = 8 * 1024;
/// Most bytes of header fields, names and values.
const MAX_HEADERS: usize = 32 * 1024;

impl RequestContext {
    /// Takes the caller's `X-Request-Id` if there is one, of 1 to 128 letters, digits and `-_.`; else makes one. The span is
    /// what everything on behalf of the request happens in.
    pub(super) fn begin(
        headers: &HeaderMap,
        (method, pattern): (&'static str, Option<&str>),
        deadline: Deadline,
    ) -> (Self, Span) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let given = only(headers, "x-request-id").and_then(|value| value.to_str().ok());
        let valid = given.filter(|id| (1..=128).contains(&id.len()) && id.bytes().all(plain));
        let request_id = valid.map_or_else(|| uuid::Uuid::now_v7().to_string().into(), Arc::from);
        let deadline = preferred_wait(headers).map_or(deadline, |wait| deadline.capped(wait));
        let traceparent = only(headers, "traceparent").map(HeaderValue::as_bytes);
        let (span, trace) = spans::request(method, pattern, traceparent, &request_id);
        (Self { request_id, trace, deadline }, span)
    }
}

/// A field's value. Of two, nobody could tell which the caller will look for.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h HeaderValue> {
    let mut fields = headers.get_all(name);
    fields.next().filter(|_| fields.next().is_none())
}

/// `Prefer: wait=N` (RFC 7240 §4.3): how long the caller will wait, in seconds. The first one counts; what cannot be
/// read is ignored, as every preference may be.
fn preferred_wait(headers: &HeaderMap) -> Option<Duration> {
    let fields = headers.get_all("prefer").filter_map(|value| value.to_str().ok());
    let mut preferences = fields.flat_map(|field| field.split(','));
    let wait = preferences.find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"'))
    });
    wait?.parse().ok().map(Duration::from_secs)
}

/// Refuses heads that are larger than any honest one, or name a `Host` that can be none.
pub(super) fn check_head(request: &ServiceRequest) -> Result<(), Raised> {
    let uri = request.uri().path_and_query().map_or(0, |text| text.as_str().len());
    if uri > MAX_URI {
        return Err(ProblemCode::UriTooLong.into());
    }
    let fields =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
    if fields > MAX_HEADERS {
        return Err(ProblemCode::HeadersTooLarge.into());
    }
    if !request.headers().get(HOST).is_none_or(is_host) {
        let raised = Raised::from(ProblemCode::InvalidRequest);
        return Err(raised.at_parameter("Host", "must be a host, with or without a port"));
    }
    Ok(())
}

/// RFC 9112 §3.2: a host with or without a port, or nothing. That there is one field, the parser has seen to.
fn is_host(value: &HeaderValue) -> bool {
    let plain = |host: Authority| match host.port() {
        Some(port) => host.as_str().len() == host.host().len() + 1 + port.as_str().len(),
        None => host.as_str() == host.host(),
    };
    value.is_empty() || Authority::try_from(value.as_bytes()).is_ok_and(plain)
}

/// The route of a request, by its pattern.
pub(super) fn route_of(pattern: Option<&str>) -> Route {
    match pattern {
        Some("/v1/groups/{group_id}/join-requests") => Route::List,
        Some("/v1/groups/{group_id}/join-requests/approve") => Route::Approve,
        Some("/v1/groups/{group_id}/join-requests/reject") => Route::Reject,
        Some("/v1/quota") => Route::Quota,
        Some("/openapi.json" | "/docs" | "/docs/{path:.*}" | "/problems/{code}") => Route::Docs,
        Some(_) | None => Route::Unmatched,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::http::header::HeaderName;
    use proptest::prelude::*;

    use super::*;

    /// Mostly one field, mostly almost an id.
    fn fields() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let bytes = prop_oneof![
            "[A-Za-z0-9._-]{0,140}".prop_map(String::into_bytes),
            "[ -~]{0,20}".prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..20),
        ];
        prop_oneof![4 => prop::collection::vec(bytes.clone(), 1), 1 => prop::collection::vec(bytes, 0..3)]
    }

    proptest! {
        #[test]
        fn whatever_is_given_the_request_id_is_a_plain_one(fields in fields()) {
            let values = fields.iter().filter_map(|bytes| HeaderValue::from_bytes(bytes).ok()).collect::<Vec<_>>();
            let mut headers = HeaderMap::new();
            for value in &values {
                headers.append(HeaderName::from_static("x-request-id"), value.clone());
            }
            let begun = RequestContext::begin(&headers, ("GET", None), Deadline::after(Duration::ZERO));
            let id = begun.0.request_id;
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            prop_assert!((1..=128).contains(&id.len()) && id.bytes().all(plain), "{id}");
            let echoed = values.len() == 1 && values[0].as_bytes() == id.as_bytes();
            prop_assert!(echoed || uuid::Uuid::parse_str(&id).is_ok_and(|id| id.get_version_num() == 7), "{id}");
        }
    }
}
