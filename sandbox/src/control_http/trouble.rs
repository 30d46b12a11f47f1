//! Instructions about the calls: what was received, and what shall go wrong.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use serde::Deserialize;
use serde_json::json;

use crate::control::Control;
use crate::control_http::refusal::Refusal;
use crate::world::faults::FaultSpec;
use crate::world::usage::Usage;

/// A limit to be reached.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThrottleOrder {
    code: i64,
    calls: usize,
    regain_minutes: Option<u32>,
}

/// A fault for the next calls.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultOrder {
    calls: usize,
    fault: FaultSpec,
}

/// Another token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenOrder {
    token: String,
}

pub(crate) async fn calls(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"calls": control.calls()}))
}

pub(crate) async fn clear_calls(control: Data<Control>) -> HttpResponse {
    control.clear_calls();
    HttpResponse::NoContent().finish()
}

pub(crate) async fn throttle(control: Data<Control>, order: Json<ThrottleOrder>) -> HttpResponse {
    control.throttle(order.code, order.calls, order.regain_minutes);
    HttpResponse::NoContent().finish()
}

pub(crate) async fn usage(control: Data<Control>, usage: Json<Usage>) -> HttpResponse {
    control.set_usage(usage.app_percent, usage.business_percent, usage.regain_minutes);
    HttpResponse::NoContent().finish()
}

pub(crate) async fn fault(control: Data<Control>, order: Json<FaultOrder>) -> Result<HttpResponse, Refusal> {
    let FaultOrder { calls, fault } = order.into_inner();
    control.fail_next(calls, fault)?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) async fn clear_faults(control: Data<Control>) -> HttpResponse {
    control.clear_faults();
    HttpResponse::NoContent().finish()
}

pub(crate) async fn token(control: Data<Control>, order: Json<TokenOrder>) -> HttpResponse {
    control.set_token(&order.token);
    HttpResponse::NoContent().finish()
}

pub(crate) async fn revoke(control: Data<Control>) -> HttpResponse {
    control.revoke_token();
    HttpResponse::NoContent().finish()
}
