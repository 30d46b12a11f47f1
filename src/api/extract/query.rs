//! The query of a list.

use url::form_urlencoded;

use crate::api::problem::{ProblemCode, Raised};
use crate::moderation::MAX_PAGE_TOKEN;

/// The only query field there is, `page_token`, at most once.
pub(crate) fn page_token(query: &str) -> Result<Option<String>, Raised> {
    let refuse =
        |detail: &'static str| Raised::from(ProblemCode::InvalidRequest).at_parameter("page_token", detail);
    let mut token = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name != "page_token" {
            return Err(
                Raised::from(ProblemCode::InvalidRequest).detail("The only query field is `page_token`.")
            );
        }
        if token.replace(value.into_owned()).is_some() {
            return Err(refuse("may be given once"));
        }
    }
    match token {
        Some(token) if token.is_empty() || token.len() > MAX_PAGE_TOKEN => {
            Err(refuse("is 1 to 2048 bytes, as an earlier answer gave it"))
        }
        token => Ok(token),
    }
}
