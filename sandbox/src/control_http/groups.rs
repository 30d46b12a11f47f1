//! Groups and their requests.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::Control;
use crate::control::seed::SeededGroup;
use crate::control::spec::{GroupSpec, GroupView, RequestSpec, RequestView};
use crate::control_http::{Answer, done};

/// Every group, in order of id.
#[derive(Serialize, ToSchema)]
pub(crate) struct GroupList {
    groups: Vec<GroupView>,
}

/// A group that was created.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedGroup {
    id: String,
}

/// The demonstration groups.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeededGroups {
    groups: Vec<SeededGroup>,
}

/// Open requests, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestList {
    requests: Vec<RequestView>,
}

/// Names one request.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneRequest {
    join_request_id: String,
}

/// The failure of one request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemFailure {
    join_request_id: String,
    /// Graph's code, such as 131000; 131203 stops approvals only.
    code: i64,
}

/// Whether a group is suspended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Suspension {
    suspended: bool,
}

/// List groups
#[utoipa::path(get, path = "/_sandbox/groups", responses((status = 200, description = "Every group.", body = GroupList)))]
pub(crate) async fn list(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(GroupList { groups: control.groups() })
}

/// Create a group
#[utoipa::path(post, path = "/_sandbox/groups", responses((status = 201, description = "Created.", body = CreatedGroup)))]
pub(crate) async fn create(control: Data<Control>, spec: Json<GroupSpec>) -> Answer {
    let id = control.create_group(spec.into_inner())?;
    Ok(HttpResponse::Created().json(CreatedGroup { id }))
}

/// Delete a group with its requests
#[utoipa::path(delete, path = "/_sandbox/groups/{group_id}", params(("group_id" = String, Path)), responses((status = 204, description = "Deleted.")))]
pub(crate) async fn delete(control: Data<Control>, group: Path<String>) -> Answer {
    control.delete_group(&group).map(done).map_err(Into::into)
}

/// Suspend a group or lift the suspension
#[utoipa::path(put, path = "/_sandbox/groups/{group_id}/suspended", params(("group_id" = String, Path)), responses((status = 204, description = "Done.")))]
pub(crate) async fn suspend(control: Data<Control>, group: Path<String>, body: Json<Suspension>) -> Answer {
    control.set_suspended(&group, body.suspended).map(done).map_err(Into::into)
}

/// List the open requests of a group
#[utoipa::path(get, path = "/_sandbox/groups/{group_id}/requests", params(("group_id" = String, Path)), responses((status = 200, description = "Oldest first.", body = RequestList)))]
pub(crate) async fn requests(control: Data<Control>, group: Path<String>) -> Answer {
    Ok(HttpResponse::Ok().json(RequestList { requests: control.requests(&group)? }))
}

/// Open a request
///
/// The same person has the same id in a group, however often they ask.
#[utoipa::path(post, path = "/_sandbox/groups/{group_id}/requests", params(("group_id" = String, Path)), responses((status = 201, description = "Open.", body = OneRequest)))]
pub(crate) async fn open(control: Data<Control>, group: Path<String>, spec: Json<RequestSpec>) -> Answer {
    let join_request_id = control.add_request(&group, spec.into_inner())?;
    Ok(HttpResponse::Created().json(OneRequest { join_request_id }))
}

/// Withdraw a request, as the person who asked may do
#[utoipa::path(post, path = "/_sandbox/groups/{group_id}/withdrawals", params(("group_id" = String, Path)), responses((status = 204, description = "Withdrawn.")))]
pub(crate) async fn withdraw(control: Data<Control>, group: Path<String>, body: Json<OneRequest>) -> Answer {
    control.withdraw(&group, &body.join_request_id).map(done).map_err(Into::into)
}

/// Make decisions about one request fail
#[utoipa::path(post, path = "/_sandbox/groups/{group_id}/failures", params(("group_id" = String, Path)), responses((status = 204, description = "Ordered.")))]
pub(crate) async fn fail_item(
    control: Data<Control>,
    group: Path<String>,
    body: Json<ItemFailure>,
) -> Answer {
    control.fail_item(&group, &body.join_request_id, body.code).map(done).map_err(Into::into)
}

/// Create the three demonstration groups
#[utoipa::path(post, path = "/_sandbox/seed", responses((status = 201, description = "Created.", body = SeededGroups)))]
pub(crate) async fn seed(control: Data<Control>) -> Answer {
    Ok(HttpResponse::Created().json(SeededGroups { groups: control.seed_demo()? }))
}
