//! `GET /v1/groups/{group_id}/join-requests`

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use super::ListAnswer;
use crate::api::extract::{Visitor, group_id, page_token};
use crate::api::problem::{Raised, list_problem};
use crate::api::state::Api;
use crate::domain::Scope;
use crate::limits::Budget;

/// Lists a group's open join requests.
///
/// The list is complete and of one version: the gateway walks Graph's pages itself.
#[utoipa::path(
    get,
    path = "/v1/groups/{group_id}/join-requests",
    operation_id = "list_join_requests",
    tag = "join requests",
    params(
        ("group_id" = String, Path, description = "The group's id, as Meta gave it.", min_length = 1, max_length = 256, pattern = "^[A-Za-z0-9_=-]+$", example = "Y2FwaV9ncm91cDoxNTU1MDEwMDAwMA"),
        ("page_token" = Option<String>, Query, description = "The `next_page_token` of an earlier answer.", min_length = 1, max_length = 2048),
    ),
    responses((status = 200, description = "The open requests.", body = ListAnswer)),
    security(("internal_token" = ["join_requests:read"])),
)]
pub(crate) async fn list(request: HttpRequest, api: web::Data<Api>) -> Result<HttpResponse, Raised> {
    let visitor = Visitor::of(&request)?;
    let group = group_id(&request)?;
    visitor.may(Scope::Read, &group)?;
    let page_token = page_token(request.query_string())?;
    let mut budget = Budget::new(visitor.context.deadline, api.max_wait);
    let listed = api.parts.lister.list(&group, page_token.as_deref(), &mut budget).await;
    let listing = listed.map_err(|error| list_problem(&error).after_spending(budget.spent))?;
    let mut response = HttpResponse::Ok().json(ListAnswer::new(&group, listing));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response.extensions_mut().insert(budget.spent);
    Ok(response)
}
