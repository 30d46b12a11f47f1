//! Instructions about groups and their requests.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use serde::Deserialize;
use serde_json::json;

use crate::control::Control;
use crate::control::spec::{GroupSpec, RequestSpec};
use crate::control_http::refusal::Refusal;

type Answer = Result<HttpResponse, Refusal>;

/// Names one request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneRequest {
    join_request_id: String,
}

/// Orders the failure of one request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemFailure {
    join_request_id: String,
    code: i64,
}

/// Sets the suspension of a group.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Suspension {
    suspended: bool,
}

pub(crate) async fn list(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"groups": control.groups()}))
}

pub(crate) async fn create(control: Data<Control>, spec: Json<GroupSpec>) -> Answer {
    let id = control.create_group(spec.into_inner())?;
    Ok(HttpResponse::Created().json(json!({"id": id})))
}

pub(crate) async fn suspend(control: Data<Control>, group: Path<String>, body: Json<Suspension>) -> Answer {
    control.set_suspended(&group, body.suspended)?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) async fn requests(control: Data<Control>, group: Path<String>) -> Answer {
    Ok(HttpResponse::Ok().json(json!({"requests": control.requests(&group)?})))
}

pub(crate) async fn open(control: Data<Control>, group: Path<String>, spec: Json<RequestSpec>) -> Answer {
    let id = control.add_request(&group, spec.into_inner())?;
    Ok(HttpResponse::Created().json(json!({"join_request_id": id})))
}

pub(crate) async fn withdraw(control: Data<Control>, group: Path<String>, body: Json<OneRequest>) -> Answer {
    control.withdraw(&group, &body.join_request_id)?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) async fn fail_item(
    control: Data<Control>,
    group: Path<String>,
    body: Json<ItemFailure>,
) -> Answer {
    control.fail_item(&group, &body.join_request_id, body.code)?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) async fn seed(control: Data<Control>) -> Answer {
    Ok(HttpResponse::Created().json(json!({"groups": control.seed_demo()?})))
}
