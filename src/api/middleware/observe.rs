//! The outermost middleware: request id, bounds of the head, the number of requests served at once, metrics, one log
//! line, and the body of every problem.

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError, web};
use tracing::Instrument;

use super::account::Account;
use super::context::{check_head, route_of};
use super::finish::finish;
use crate::api::admin::Readiness;
use crate::api::extract::RequestContext;
use crate::api::problem::{ProblemCode, Raised};
use crate::api::state::Api;
use crate::domain::Deadline;
use crate::limits::Spent;
use crate::telemetry::{LimitName, known_method};

/// Serves a request and answers for what became of it.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(api) = request.app_data::<web::Data<Api>>().cloned() else {
        return Ok(request.into_response(Raised::from(ProblemCode::Internal).error_response()));
    };
    // The path as the router reads it: `%61pprove` is `approve`.
    let pattern = request.resource_map().match_pattern(request.match_info().as_str());
    let (route, method) = (route_of(pattern.as_deref()), known_method(request.method().as_str()));
    let deadline = Deadline::after(api.request_deadline);
    let (context, span) = RequestContext::begin(request.headers(), (method, pattern.as_deref()), deadline);
    request.extensions_mut().insert(context.clone());
    let account = Account::open(&api.parts.metrics, (&context, &span), route, method);
    let readiness = request.app_data::<web::Data<Readiness>>().cloned();
    let response = serve(&api, request, next).instrument(span).await?;
    let (mut response, ending) = finish(response, &context, route, api.public_url.as_deref());
    if readiness.is_some_and(|readiness| !readiness.is_up()) {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    let spent = response.response().extensions().get::<Spent>().copied().unwrap_or_default();
    account.close(response.status().as_u16(), ending, spent);
    Ok(response)
}

async fn serve(
    api: &Api,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Err(raised) = check_head(&request) {
        return Ok(request.into_response(raised.error_response()));
    }
    let Ok(_slot) = api.slots.try_acquire() else {
        api.parts.metrics.limited(LimitName::InFlight, "full");
        let raised = Raised::from(ProblemCode::Overloaded).retry_after(Some(Duration::from_secs(1)));
        return Ok(request.into_response(raised.error_response()));
    };
    // Handlers, extractors and the middleware below answer problems as responses, never as errors.
    Ok(next.call(request).await?.map_into_boxed_body())
}
