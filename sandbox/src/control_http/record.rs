//! What was received, what was done, and what still waits to be done.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use crate::control::Control;
use crate::control_http::done;
use crate::world::calls::RecordedCall;
use crate::world::executions::{Execution, HeldDecision};

/// Calls of Graph, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct CallList {
    calls: Vec<RecordedCall>,
}

/// Executions, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct EffectList {
    effects: Vec<Execution>,
}

/// Decisions that wait, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeldList {
    held: Vec<HeldDecision>,
}

/// What was released.
#[derive(Serialize, ToSchema)]
pub(crate) struct Released {
    /// How many decisions.
    released: usize,
}

/// Read every call of Graph received
///
/// With its body, its time, the fault it met and the status answered; tokens are struck out.
#[utoipa::path(get, path = "/_sandbox/calls", responses((status = 200, description = "The last 10000.", body = CallList)))]
pub(crate) async fn calls(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(CallList { calls: control.calls() })
}

/// Forget the calls
#[utoipa::path(delete, path = "/_sandbox/calls", responses((status = 204, description = "Forgotten.")))]
pub(crate) async fn clear_calls(control: Data<Control>) -> HttpResponse {
    control.clear_calls();
    done(())
}

/// Read every join request that was really decided
///
/// Whatever the caller was told: one entry for each request that was taken off a list by a decision.
#[utoipa::path(get, path = "/_sandbox/effects", responses((status = 200, description = "The last 100000.", body = EffectList)))]
pub(crate) async fn effects(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(EffectList { effects: control.effects() })
}

/// Forget the effects
#[utoipa::path(delete, path = "/_sandbox/effects", responses((status = 204, description = "Forgotten.")))]
pub(crate) async fn clear_effects(control: Data<Control>) -> HttpResponse {
    control.clear_effects();
    done(())
}

/// List decisions that were promised and wait
#[utoipa::path(get, path = "/_sandbox/held", responses((status = 200, description = "Held and late ones.", body = HeldList)))]
pub(crate) async fn held(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(HeldList { held: control.held() })
}

/// Carry out every decision that waits
#[utoipa::path(post, path = "/_sandbox/held/release", responses((status = 200, description = "Carried out, in the order of the calls.", body = Released)))]
pub(crate) async fn release(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(Released { released: control.release() })
}
