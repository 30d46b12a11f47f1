//! What shall go wrong.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::Control;
use crate::control_http::{Answer, done};
use crate::world::faults::{FaultOrder, FaultOrderView};

/// Orders that wait, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderList {
    orders: Vec<FaultOrderView>,
}

/// An order that was taken.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderTaken {
    /// By which it is cancelled.
    id: u64,
}

/// A limit that is reached for the next calls.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThrottleOrder {
    /// The code of the refusal, such as 4, 80007, 130429 or 131208.
    code: i64,
    /// How many calls with a valid token are refused; 0 lifts the throttle.
    calls: usize,
    /// Minutes until there is access again, for the usage header.
    #[serde(default)]
    regain_minutes: Option<u32>,
}

/// List the orders of faults that wait
#[utoipa::path(get, path = "/_sandbox/faults", responses((status = 200, description = "Oldest first.", body = OrderList)))]
pub(crate) async fn list(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(OrderList { orders: control.fault_orders() })
}

/// Order a fault for some calls to come
///
/// Orders are looked at from the oldest to the newest; a call meets the first that matches.
#[utoipa::path(post, path = "/_sandbox/faults", responses((status = 201, description = "Taken.", body = OrderTaken)))]
pub(crate) async fn order(control: Data<Control>, order: Json<FaultOrder>) -> Answer {
    let id = control.order_fault(order.into_inner())?;
    Ok(HttpResponse::Created().json(OrderTaken { id }))
}

/// Cancel every order and the throttle
#[utoipa::path(delete, path = "/_sandbox/faults", responses((status = 204, description = "Cancelled.")))]
pub(crate) async fn clear(control: Data<Control>) -> HttpResponse {
    control.clear_faults();
    done(())
}

/// Cancel one order
#[utoipa::path(delete, path = "/_sandbox/faults/{order}", params(("order" = u64, Path)), responses((status = 204, description = "Cancelled.")))]
pub(crate) async fn cancel(control: Data<Control>, order: Path<u64>) -> Answer {
    control.cancel_fault(*order).map(done).map_err(Into::into)
}

/// Refuse the next calls as over a limit
#[utoipa::path(put, path = "/_sandbox/throttle", responses((status = 204, description = "Set.")))]
pub(crate) async fn throttle(control: Data<Control>, order: Json<ThrottleOrder>) -> HttpResponse {
    control.throttle(order.code, order.calls, order.regain_minutes);
    done(())
}
