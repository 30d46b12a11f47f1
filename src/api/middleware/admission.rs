//! Admission: a valid token and a unit of the caller's quota, before any handler under `/v1`.

use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError, web};
use jiff::Timestamp;

use crate::api::problem::{ProblemCode, Raised};
use crate::api::state::Api;
use crate::auth::{AuthFailure, Verified, bearer_token};
use crate::limits::CallerQuota;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Lets a request through if its token is valid and its caller has a unit left.
pub(crate) async fn admit(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(api) = request.app_data::<web::Data<Api>>().cloned() else {
        return Ok(request.into_response(Raised::from(ProblemCode::Internal).error_response()));
    };
    let verified = match verify(&api, request.headers()) {
        Ok(verified) => verified,
        Err(failure) => {
            api.parts.metrics.auth_failed(failure.reason());
            return Ok(request.into_response(challenge(failure).error_response()));
        }
    };
    let (quota, mut response) = match api.parts.callers.admit(&verified.caller) {
        Ok(quota) => {
            request.extensions_mut().insert(verified);
            (quota, next.call(request).await?.map_into_boxed_body())
        }
        Err(exceeded) => {
            let raised = Raised::from(ProblemCode::QuotaExceeded).retry_after(Some(exceeded.retry_after));
            (exceeded.quota, request.into_response(raised.error_response()))
        }
    };
    // A decision uses further units; its handler has left the later state here.
    let later = response.request().extensions().get::<CallerQuota>().copied();
    state_quota(response.headers_mut(), &later.unwrap_or(quota));
    Ok(response)
}

fn verify(api: &Api, headers: &HeaderMap) -> Result<Arc<Verified>, AuthFailure> {
    let mut fields = headers.get_all(AUTHORIZATION);
    let field = fields.next().ok_or(AuthFailure::NoToken)?;
    if fields.next().is_some() {
        return Err(AuthFailure::RepeatedHeader);
    }
    api.parts.verifier.verify(bearer_token(field.as_bytes())?, Timestamp::now())
}

/// RFC 6750 §3: what is needed, and if something was offered, what was wrong with it.
fn challenge(failure: AuthFailure) -> Raised {
    let error = failure.error_code().map_or_else(String::new, |code| {
        format!(r#", error="{code}", error_description="{}""#, failure.description())
    });
    Raised::from(ProblemCode::Unauthorized)
        .detail(failure.description())
        .header(WWW_AUTHENTICATE, format!(r#"Bearer realm="joingate"{error}"#))
}

/// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): the quota in force and what is left.
fn state_quota(headers: &mut HeaderMap, quota: &CallerQuota) {
    let policy = format!(r#""caller";q={};w={}"#, quota.rate.count, quota.rate.per.as_secs());
    let state = format!(r#""caller";r={};t={}"#, quota.remaining, quota.reset_seconds);
    for (name, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, state)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
}
