//! The docs page: Swagger UI on the OpenAPI document, which needs no network.

use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentEncoding, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa_swagger_ui::Config;

use super::problem::{ProblemCode, Raised};

/// Swagger UI on the OpenAPI document. No validator badge: it would call a foreign server. No bar on top either: it has a style of
/// its own, which the policy stops.
pub(super) fn docs_config() -> Config<'static> {
    Config::from("openapi.json").use_base_layout().validator_url("none").try_it_out_enabled(true)
}

/// Scripts and styles of the gateway itself, and calls to it; `data:` are the icons in the style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the docs page; all are compiled in.
pub(super) async fn docs_file(
    request: HttpRequest,
    config: web::Data<Config<'static>>,
) -> Result<HttpResponse, Raised> {
    let path = request.match_info().get("path").unwrap_or_default();
    let file = utoipa_swagger_ui::serve(path, config.into_inner())
        .map_err(|_unreadable| Raised::from(ProblemCode::Internal))?
        .ok_or(Raised::from(ProblemCode::NotFound))?;
    let mut response = HttpResponse::Ok();
    response.content_type(file.content_type).insert_header((CONTENT_SECURITY_POLICY, POLICY));
    if file.gzpipped {
        response.insert_header(ContentEncoding::Gzip);
    }
    Ok(response.body(file.bytes.into_owned()))
}

/// The page's files are addressed relative to it, wherever a proxy has put it.
pub(super) async fn to_docs_page() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "docs/")).finish()
}
