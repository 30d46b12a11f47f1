//! How Graph is disposed: tokens, styles, quotas, latency, clock and chance.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::Control;
use crate::control_http::{Answer, done};
use crate::world::latency::Latency;
use crate::world::quota::{QuotaView, Quotas};
use crate::world::styles::Styles;
use crate::world::token::{TokenSpec, TokenView};
use crate::world::usage::Usage;

/// The known tokens, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenList {
    tokens: Vec<TokenView>,
}

/// Names one token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneToken {
    token: String,
}

/// How far Graph's clock is off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockSetting {
    /// Seconds before the machine's clock, or below 0 behind it; ten years at most.
    offset_s: i64,
}

/// Where chance begins.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChanceSetting {
    seed: u64,
}

/// List the known tokens and what each is worth
#[utoipa::path(get, path = "/_sandbox/tokens", responses((status = 200, description = "Oldest first.", body = TokenList)))]
pub(crate) async fn tokens(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(TokenList { tokens: control.tokens() })
}

/// Accept one more token, or an old one anew
#[utoipa::path(post, path = "/_sandbox/tokens", responses((status = 204, description = "Accepted.")))]
pub(crate) async fn add_token(control: Data<Control>, spec: Json<TokenSpec>) -> Answer {
    control.add_token(spec.into_inner()).map(done).map_err(Into::into)
}

/// Revoke one token
#[utoipa::path(post, path = "/_sandbox/tokens/revocations", responses((status = 204, description = "Revoked.")))]
pub(crate) async fn revoke(control: Data<Control>, token: Json<OneToken>) -> Answer {
    control.revoke(&token.token).map(done).map_err(Into::into)
}

/// Accept this token and no other
#[utoipa::path(put, path = "/_sandbox/token", responses((status = 204, description = "Accepted, with both scopes.")))]
pub(crate) async fn set_token(control: Data<Control>, token: Json<OneToken>) -> HttpResponse {
    control.set_token(&token.token);
    done(())
}

/// Revoke every token
#[utoipa::path(delete, path = "/_sandbox/token", responses((status = 204, description = "Revoked.")))]
pub(crate) async fn revoke_all(control: Data<Control>) -> HttpResponse {
    control.revoke_token();
    done(())
}

/// Read how answers look
#[utoipa::path(get, path = "/_sandbox/styles", responses((status = 200, description = "In force.", body = Styles)))]
pub(crate) async fn styles(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(control.styles())
}

/// Set how answers look; what is left out has its default
#[utoipa::path(put, path = "/_sandbox/styles", responses((status = 204, description = "Set.")))]
pub(crate) async fn set_styles(control: Data<Control>, styles: Json<Styles>) -> HttpResponse {
    control.set_styles(*styles);
    done(())
}

/// Read the quotas and their use
#[utoipa::path(get, path = "/_sandbox/quota", responses((status = 200, description = "In force, used and refused.", body = QuotaView)))]
pub(crate) async fn quota(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(control.quota())
}

/// Set the quotas; their use begins anew
#[utoipa::path(put, path = "/_sandbox/quota", responses((status = 204, description = "Set.")))]
pub(crate) async fn set_quota(control: Data<Control>, quotas: Json<Quotas>) -> Answer {
    control.set_quotas(*quotas).map(done).map_err(Into::into)
}

/// Set what the usage headers report
#[utoipa::path(put, path = "/_sandbox/usage", responses((status = 204, description = "Set.")))]
pub(crate) async fn usage(control: Data<Control>, usage: Json<Usage>) -> HttpResponse {
    control.set_usage(usage.app_percent, usage.business_percent, usage.regain_minutes);
    done(())
}

/// Read the latency of answers
#[utoipa::path(get, path = "/_sandbox/latency", responses((status = 200, description = "In force.", body = Latency)))]
pub(crate) async fn latency(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(control.latency())
}

/// Set the latency of answers
#[utoipa::path(put, path = "/_sandbox/latency", responses((status = 204, description = "Set.")))]
pub(crate) async fn set_latency(control: Data<Control>, latency: Json<Latency>) -> Answer {
    control.set_latency(*latency).map(done).map_err(Into::into)
}

/// Put Graph's clock before or behind the machine's
#[utoipa::path(put, path = "/_sandbox/clock", responses((status = 204, description = "Set.")))]
pub(crate) async fn clock(control: Data<Control>, clock: Json<ClockSetting>) -> Answer {
    control.set_clock_offset(clock.offset_s).map(done).map_err(Into::into)
}

/// Begin all chance anew from a seed
#[utoipa::path(put, path = "/_sandbox/chance", responses((status = 204, description = "The same calls have the same faults and latencies again.")))]
pub(crate) async fn chance(control: Data<Control>, chance: Json<ChanceSetting>) -> HttpResponse {
    control.set_seed(chance.seed);
    done(())
}
