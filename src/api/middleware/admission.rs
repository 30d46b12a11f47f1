//! Admission: a valid token and a unit of the caller's quota, before any handler under `/v1`.

use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError, web};
use jiff::Timestamp;
use tracing::{Instrument, Span};

use crate::api::extract::RequestContext;
use crate::api::problem::{ProblemCode, Raised, not_admitted};
use crate::api::state::Api;
use crate::auth::{AuthFailure, Verified, bearer_token};
use crate::domain::Deadline;
use crate::limits::{CallerQuota, NotAdmitted};
use crate::telemetry::spans;

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
    let (quota, mut response) = match check(&api, &request).instrument(spans::admission()).await {
        Ok(quota) => (Some(quota), next.call(request).await?.map_into_boxed_body()),
        Err((raised, quota)) => (quota, request.into_response(raised.error_response())),
    };
    let Some(quota) = quota else { return Ok(response) };
    // A decision uses further units; its handler has left the later state here.
    let later = response.request().extensions().get::<CallerQuota>().copied();
    state_quota(response.headers_mut(), &later.unwrap_or(quota));
    Ok(response)
}

/// Both checks, for whatever comes after to rely on. A refusal states the quota if there is one to state.
async fn check(api: &Api, request: &ServiceRequest) -> Result<CallerQuota, (Raised, Option<CallerQuota>)> {
    let failed = |raised: Raised, quota| {
        spans::failed(&Span::current(), raised.code.problem_type().name);
        (raised, quota)
    };
    let verified = identify(api, request).await.map_err(|raised| failed(raised, None))?;
    let deadline = request.extensions().get::<RequestContext>().map(|context| context.deadline);
    let deadline = deadline.unwrap_or_else(|| Deadline::after(api.request_deadline));
    let admitted = api.parts.callers.admit(&verified.caller, deadline).await;
    let quota = admitted.map_err(|refused| {
        let quota = match &refused {
            NotAdmitted::QuotaExceeded(exceeded) => Some(exceeded.quota),
            NotAdmitted::StoreUnavailable => None,
        };
        failed(not_admitted(&refused), quota)
    })?;
    let mut extensions = request.extensions_mut();
    extensions.insert(verified);
    extensions.insert(quota);
    Ok(quota)
}

/// Whose request it is. A token that has passed before is not held up by what else comes from its address.
async fn identify(api: &Api, request: &ServiceRequest) -> Result<Arc<Verified>, Raised> {
    let (verifier, strangers, now) = (&api.parts.verifier, &api.parts.strangers, Timestamp::now());
    let token = token(request.headers());
    if let Some(verified) = token.as_ref().ok().and_then(|token| verifier.recall(token, now)) {
        return Ok(verified);
    }
    // The connection's own: what fields say of it anybody can write.
    let address = request.peer_addr().map(|peer| peer.ip());
    if let Some(wait) = address.and_then(|address| strangers.admit(address).err()) {
        return Err(Raised::from(ProblemCode::AuthThrottled).retry_after(Some(wait)));
    }
    let verified = match token {
        Ok(token) => verifier.verify_asking(token, now).await,
        Err(failure) => Err(failure),
    };
    verified.map_err(|failure| {
        api.parts.metrics.auth_failed(failure.reason());
        if failure == AuthFailure::NoKeys {
            // Nobody's fault but the issuer's, or the network's.
            return Raised::from(ProblemCode::AuthUnavailable);
        }
        if let Some(address) = address {
            strangers.failed(address);
        }
        challenge(failure)
    })
}

fn token(headers: &HeaderMap) -> Result<&str, AuthFailure> {
    let mut fields = headers.get_all(AUTHORIZATION);
    let field = fields.next().ok_or(AuthFailure::NoToken)?;
    if fields.next().is_some() {
        return Err(AuthFailure::RepeatedHeader);
    }
    bearer_token(field.as_bytes())
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use sfv::{BareItem, List, ListEntry, Parser};

    use super::*;
    use crate::config::Rate;

    /// The only member of a list: its name and its parameters, all whole numbers.
    fn only_member(headers: &HeaderMap, name: HeaderName) -> (String, Vec<(String, i64)>) {
        let list: List = Parser::new(headers.get(name).unwrap().as_bytes()).parse().unwrap();
        let [ListEntry::Item(item)] = list.as_slice() else { panic!("not one item: {list:?}") };
        let number = |value: &BareItem| i64::from(value.as_integer().unwrap());
        let parameters = item.params.iter().map(|(name, value)| (name.to_string(), number(value)));
        (item.bare_item.as_string().unwrap().as_str().to_owned(), parameters.collect())
    }

    proptest! {
        /// RFC 9651 and draft-ietf-httpapi-ratelimit-headers, for all that the settings allow: the slowest rate is one
        /// unit an hour, the largest burst 100,000.
        #[test]
        fn the_quota_is_stated_in_structured_fields(
            (count, minutes) in (any::<u32>(), 0_u32..=60),
            (burst, remaining) in (1_u32..=100_000, any::<u32>()),
            reset_seconds in 0_u64..=360_000_000,
        ) {
            let per = Duration::from_secs(if minutes == 0 { 1 } else { u64::from(minutes) * 60 });
            let mut headers = HeaderMap::new();
            let quota = CallerQuota { rate: Rate { count, per }, burst, remaining, reset_seconds };
            state_quota(&mut headers, &quota);
            let named = |parameters: [(&str, u64); 2]| {
                let parameters = parameters.map(|(name, value)| (name.to_owned(), i64::try_from(value).unwrap()));
                ("caller".to_owned(), parameters.to_vec())
            };
            let policy = named([("q", count.into()), ("w", per.as_secs())]);
            prop_assert_eq!(only_member(&headers, RATE_LIMIT_POLICY), policy);
            let state = named([("r", remaining.into()), ("t", reset_seconds)]);
            prop_assert_eq!(only_member(&headers, RATE_LIMIT), state);
        }
    }
}
