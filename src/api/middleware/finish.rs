//! The last touch to every answer: a raised problem gets its body, and every answer the request id and the trace.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};

use crate::api::extract::RequestContext;
use crate::api::problem::{ProblemBody, ProblemCode, Raised};
use crate::limits::Spent;
use crate::telemetry::{Fault, Route};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const X_ERROR_CODE: HeaderName = HeaderName::from_static("x-error-code");
const X_UPSTREAM_ATTEMPTS: HeaderName = HeaderName::from_static("x-upstream-attempts");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// What an answer came to, for the log and the metrics.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub(super) fault: Fault,
    pub(super) problem: Option<&'static str>,
}

/// Writes the body of a raised problem and the fields that every answer has.
pub(super) fn finish(
    mut response: ServiceResponse<BoxBody>,
    context: &RequestContext,
    route: Route,
    public_url: Option<&str>,
) -> (ServiceResponse<BoxBody>, Ending) {
    let raised = response.response_mut().extensions_mut().remove::<Raised>();
    let stated = response.response().extensions().get::<Fault>().copied();
    let mut ending = Ending { fault: stated.unwrap_or(Fault::None), problem: None };
    if let Some(mut raised) = raised {
        let row = raised.code.problem_type();
        ending = Ending { fault: row.fault, problem: Some(row.name) };
        if matches!(route, Route::Approve | Route::Reject) {
            // None ends in a problem once it was sent, except when the gateway fails. Of earlier calls with the same key only
            // the handler can know; without its word they may have left a record.
            let keyed = response.request().headers().contains_key("idempotency-key");
            let failed = row.status.is_some_and(|status| status >= 500);
            let unknown = raised.code == ProblemCode::Internal || keyed && failed;
            raised.executed.get_or_insert(if unknown { "unknown" } else { "no" });
        }
        let body = ProblemBody::of_answer(raised, public_url, &context.request_id);
        let json = serde_json::to_vec(&body).unwrap_or_default();
        response = response.map_body(|_head, _empty| BoxBody::new(json));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_ERROR_CODE, HeaderValue::from_static(row.name));
    }
    if matches!(route, Route::List | Route::Approve | Route::Reject) {
        state_times(&mut response);
    }
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(request_id) = HeaderValue::from_str(&context.request_id) {
        headers.insert(X_REQUEST_ID, request_id);
    }
    if let Ok(trace) = HeaderValue::try_from(context.trace.to_string()) {
        headers.insert(TRACEPARENT, trace);
    }
    (response, ending)
}

/// Where the time of the request went: `Server-Timing` in milliseconds, and how many calls were sent.
fn state_times(response: &mut ServiceResponse<BoxBody>) {
    let spent = response.response().extensions().get::<Spent>().copied().unwrap_or_default();
    let milliseconds = |time: std::time::Duration| time.as_secs_f64() * 1_000.0;
    let timing =
        format!("queue;dur={:.1}, graph;dur={:.1}", milliseconds(spent.queue), milliseconds(spent.graph));
    let headers = response.headers_mut();
    if let Ok(timing) = HeaderValue::from_str(&timing) {
        headers.insert(SERVER_TIMING, timing);
    }
    headers.insert(X_UPSTREAM_ATTEMPTS, HeaderValue::from(spent.attempts));
}
