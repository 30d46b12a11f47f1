//! The control API: [`Control`](crate::Control) as JSON under `/_sandbox`, for tools that are not
//! written in Rust. It asks for no token: listen on a loopback address only.

mod groups;
mod refusal;
mod trouble;

use actix_web::{HttpResponse, web};
use serde_json::json;

use self::refusal::Refusal;

/// Largest body of an instruction.
const MAX_INSTRUCTION: usize = 1024 * 1024;

/// Every route, for people and for the index.
pub(crate) const ROUTES: &[(&str, &str)] = &[
    ("GET /_sandbox/groups", "list groups"),
    ("POST /_sandbox/groups", "create a group"),
    ("PUT /_sandbox/groups/{group_id}/suspended", "suspend a group or lift it"),
    ("GET /_sandbox/groups/{group_id}/requests", "list open requests"),
    ("POST /_sandbox/groups/{group_id}/requests", "open a request"),
    ("POST /_sandbox/groups/{group_id}/withdrawals", "withdraw a request"),
    ("POST /_sandbox/groups/{group_id}/failures", "make decisions about one request fail"),
    ("POST /_sandbox/seed", "create the demonstration groups"),
    ("GET /_sandbox/calls", "read every Graph call received"),
    ("DELETE /_sandbox/calls", "forget them"),
    ("GET /_sandbox/effects", "read every join request that was really decided"),
    ("DELETE /_sandbox/effects", "forget them"),
    ("PUT /_sandbox/throttle", "refuse the next calls for their number"),
    ("PUT /_sandbox/usage", "set the usage headers"),
    ("GET /_sandbox/faults", "list the orders of faults that wait"),
    ("POST /_sandbox/faults", "order a fault for some calls to come"),
    ("DELETE /_sandbox/faults", "cancel all orders and the throttle"),
    ("DELETE /_sandbox/faults/{order}", "cancel one order"),
    ("GET /_sandbox/held", "list decisions that wait to be carried out"),
    ("POST /_sandbox/held/release", "carry them out"),
    ("PUT /_sandbox/chance", "begin all chance anew from a seed"),
    ("PUT /_sandbox/clock", "put Graph's clock before or behind the machine's"),
    ("PUT /_sandbox/token", "accept another token"),
    ("DELETE /_sandbox/token", "revoke the token"),
];

/// Adds the control API to the server.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let json = web::JsonConfig::default()
        .limit(MAX_INSTRUCTION)
        .error_handler(|error, _| Refusal::Malformed(error.to_string()).into());
    config.service(
        web::scope("/_sandbox")
            .app_data(json)
            .service(web::resource("").get(index))
            .service(web::resource("/groups").get(groups::list).post(groups::create))
            .service(web::resource("/groups/{group}/suspended").put(groups::suspend))
            .service(web::resource("/groups/{group}/requests").get(groups::requests).post(groups::open))
            .service(web::resource("/groups/{group}/withdrawals").post(groups::withdraw))
            .service(web::resource("/groups/{group}/failures").post(groups::fail_item))
            .service(web::resource("/seed").post(groups::seed))
            .service(web::resource("/calls").get(trouble::calls).delete(trouble::clear_calls))
            .service(web::resource("/throttle").put(trouble::throttle))
            .service(web::resource("/usage").put(trouble::usage))
            .service(
                web::resource("/faults")
                    .get(trouble::orders)
                    .post(trouble::order)
                    .delete(trouble::clear_faults),
            )
            .service(web::resource("/faults/{order}").delete(trouble::cancel))
            .service(web::resource("/effects").get(trouble::effects).delete(trouble::clear_effects))
            .service(web::resource("/held").get(trouble::held))
            .service(web::resource("/held/release").post(trouble::release))
            .service(web::resource("/chance").put(trouble::seed))
            .service(web::resource("/clock").put(trouble::clock))
            .service(web::resource("/token").put(trouble::token).delete(trouble::revoke))
            .default_service(web::to(unknown)),
    );
}

async fn index() -> HttpResponse {
    let routes: Vec<_> = ROUTES.iter().map(|(route, does)| json!({"route": route, "does": does})).collect();
    HttpResponse::Ok().json(json!({"routes": routes}))
}

async fn unknown() -> Result<HttpResponse, Refusal> {
    Err(Refusal::UnknownRoute)
}
