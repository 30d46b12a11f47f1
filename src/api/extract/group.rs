//! The group in the path.

use actix_web::HttpRequest;

use crate::api::problem::{ProblemCode, Raised};
use crate::domain::GroupId;

/// The validated `{group_id}` of the path. The router has decoded it, so `%2e%2e` arrives as dots and is refused.
pub(crate) fn group_id(request: &HttpRequest) -> Result<GroupId, Raised> {
    let text = request.match_info().get("group_id").unwrap_or_default();
    GroupId::parse(text).map_err(|invalid| {
        Raised::from(ProblemCode::InvalidRequest).at_parameter("group_id", invalid.to_string())
    })
}
