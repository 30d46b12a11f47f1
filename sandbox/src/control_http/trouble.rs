//! Instructions about the calls: what was received, and what shall go wrong.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use serde::Deserialize;
use serde_json::json;

use crate::control::Control;
use crate::control_http::refusal::Refusal;
use crate::world::faults::FaultOrder;
use crate::world::usage::Usage;

type Answer = Result<HttpResponse, Refusal>;

/// A limit to be reached.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThrottleOrder {
    code: i64,
    calls: usize,
    regain_minutes: Option<u32>,
}

/// A place where chance begins.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedOrder {
    seed: u64,
}

/// How far Graph's clock is off.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockOrder {
    offset_s: i64,
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

pub(crate) async fn effects(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"effects": control.effects()}))
}

pub(crate) async fn clear_effects(control: Data<Control>) -> HttpResponse {
    control.clear_effects();
    HttpResponse::NoContent().finish()
}

pub(crate) async fn order(control: Data<Control>, order: Json<FaultOrder>) -> Answer {
    let id = control.order_fault(order.into_inner())?;
    Ok(HttpResponse::Created().json(json!({"id": id})))
}

pub(crate) async fn orders(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"orders": control.fault_orders()}))
}

pub(crate) async fn cancel(control: Data<Control>, order: Path<u64>) -> Answer {
    control.cancel_fault(*order)?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) async fn held(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"held": control.held()}))
}

pub(crate) async fn release(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"released": control.release()}))
}

pub(crate) async fn seed(control: Data<Control>, order: Json<SeedOrder>) -> HttpResponse {
    control.set_seed(order.seed);
    HttpResponse::NoContent().finish()
}

pub(crate) async fn clock(control: Data<Control>, order: Json<ClockOrder>) -> Answer {
    control.set_clock_offset(order.offset_s)?;
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
