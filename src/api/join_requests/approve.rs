//! `POST /v1/groups/{group_id}/join-requests/approve`

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, web};

use super::decide::decide;
use super::{DecisionAnswer, DecisionInput};
use crate::api::problem::Raised;
use crate::api::state::Api;
use crate::domain::Action;

/// Approves join requests.
///
/// 200 when every id ended as asked, 207 when any did not; a 4xx or 5xx means that surely nothing was executed,
/// unless its `executed` says `unknown`.
#[utoipa::path(
    post,
    path = "/v1/groups/{group_id}/join-requests/approve",
    operation_id = "approve_join_requests",
    tag = "join requests",
    params(
        ("group_id" = String, Path, description = "The group's id, as Meta gave it.", min_length = 1, max_length = 256, pattern = "^[A-Za-z0-9_=-]+$", example = "Y2FwaV9ncm91cDoxNTU1MDEwMDAwMA"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe: a new key for every decision, the same for its repeats. 1 to 255 visible ASCII characters, bare or in quotes.", min_length = 1, max_length = 512, pattern = "^([!#-~]{1,255}|\"([ !#-\\[\\]-~]|\\\\[\"\\\\]){1,255}\")$", example = "order-4711-approve-1"),
    ),
    request_body = DecisionInput,
    responses(
        (status = 200, description = "Every id ended as asked.", body = DecisionAnswer),
        (status = 207, description = "At least one id did not end as asked.", body = DecisionAnswer),
    ),
    security(("internal_token" = ["join_requests:decide"])),
)]
pub(crate) async fn approve(
    request: HttpRequest,
    payload: Payload,
    api: web::Data<Api>,
) -> Result<HttpResponse, Raised> {
    decide(Action::Approve, &request, payload, &api).await
}
