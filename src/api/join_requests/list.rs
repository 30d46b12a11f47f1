//! `GET /v1/groups/{group_id}/join-requests`

use actix_web::http::header::{
    AGE, CACHE_CONTROL, ContentType, ETAG, EntityTag, Header, HeaderValue, IfNoneMatch, TryIntoHeaderValue,
};
use actix_web::{HttpRequest, HttpResponse, web};

use super::ListAnswer;
use crate::api::extract::{Visitor, accepted_age, group_id, page_token};
use crate::api::problem::{ProblemCode, Raised, list_problem};
use crate::api::state::Api;
use crate::domain::{GroupId, Scope};
use crate::limits::{Budget, Priority};
use crate::moderation::{Served, Wanted};

/// Bytes that a request usually takes when written down, and what is around them all. More is made room for as it comes.
const ROOM: usize = 256;

/// Lists a group's open join requests.
///
/// The list is complete and of one version: the gateway walks Graph's pages itself. Callers who ask at the same time
/// share one walk, which begins after all of them have asked. `HEAD` answers the same without the body.
#[utoipa::path(
    get,
    path = "/v1/groups/{group_id}/join-requests",
    operation_id = "list_join_requests",
    tag = "join requests",
    params(
        ("group_id" = String, Path, description = "The group's id, as Meta gave it.", min_length = 1, max_length = 256, pattern = "^[A-Za-z0-9_=-]+$", example = "Y2FwaV9ncm91cDoxNTU1MDEwMDAwMA"),
        ("page_token" = Option<String>, Query, description = "The `next_page_token` of an earlier answer.", min_length = 1, max_length = 2048, example = "ZmlmdHkgcmVxdWVzdHMgd2VyZSBzaG93bg"),
        ("Cache-Control" = Option<String>, Header, description = "`max-age=N` accepts a copy whose reading began up to N seconds ago; it is never older than the group's last decision through the gateway. Without it the answer is read anew.", example = "max-age=2"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of an earlier answer: when the open requests are still the same, the answer is 304.", example = "W/\"0123456789abcdef\""),
    ),
    responses(
        (status = 200, description = "The open requests.", body = ListAnswer<'_>),
        (status = 304, description = "The open requests are those of `If-None-Match`."),
    ),
    security(("internal_token" = ["join_requests:read"])),
)]
pub(crate) async fn list(request: HttpRequest, api: web::Data<Api>) -> Result<HttpResponse, Raised> {
    let visitor = Visitor::of(&request)?;
    let group = group_id(&request)?;
    // Before anything is shared.
    visitor.may(Scope::Read, &group)?;
    let page_token = page_token(request.query_string())?;
    let accepted_age = accepted_age(request.headers());
    let wanted = match &page_token {
        Some(token) => Wanted::Behind(token),
        None => accepted_age.map_or(Wanted::Fresh, Wanted::NoOlderThan),
    };
    let mut budget = Budget::new(Priority::Read, visitor.context.deadline, api.parts.pacing.max_wait());
    let listed = api.parts.lister.list(&group, wanted, &mut budget).await;
    let served = listed.map_err(|error| list_problem(&error).after_spending(budget.spent))?;
    let mut response = answer(&request, &group, &served)?;
    response.extensions_mut().insert(budget.spent);
    Ok(response)
}

fn answer(request: &HttpRequest, group: &GroupId, served: &Served) -> Result<HttpResponse, Raised> {
    let tag = EntityTag::new_weak(served.listing.fingerprint.clone());
    let unchanged = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(&tag)),
        Err(_unreadable) => false,
    };
    let mut response = if unchanged {
        HttpResponse::NotModified().finish()
    } else {
        let written = served.listing.written(|listing| {
            let mut json = Vec::with_capacity(ROOM * (1 + listing.requests.len()));
            let answer = serde_json::to_writer(&mut json, &ListAnswer::new(group, listing));
            answer.map(|()| json.into_boxed_slice().into()).unwrap_or_default()
        });
        // Never: plain texts and times can always be written.
        if written.is_empty() {
            return Err(ProblemCode::Internal.into());
        }
        HttpResponse::Ok().content_type(ContentType::json()).body(written)
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = tag.try_into_value() {
        headers.insert(ETAG, tag);
    }
    if served.is_copy {
        headers.insert(AGE, HeaderValue::from(served.listing.age().as_secs()));
    }
    Ok(response)
}
