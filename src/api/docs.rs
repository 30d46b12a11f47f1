//! Pages for people: the docs page, which needs no network, and a page for every problem.

use actix_web::http::header::{CONTENT_TYPE, ContentEncoding, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa_swagger_ui::Config;

use super::problem::{ProblemCode, Raised};
use super::state::Api;

/// Swagger UI on the OpenAPI document. No validator badge: it would call a foreign server.
pub(super) fn docs_config() -> Config<'static> {
    Config::from("/openapi.json").validator_url("none").try_it_out_enabled(true)
}

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
    response.content_type(file.content_type);
    if file.gzpipped {
        response.insert_header(ContentEncoding::Gzip);
    }
    Ok(response.body(file.bytes.into_owned()))
}

/// The page's files are addressed relative to `/docs/`.
pub(super) async fn to_docs_page() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// What a problem means and what to do about it.
pub(super) async fn problem_page(request: HttpRequest, api: web::Data<Api>) -> Result<HttpResponse, Raised> {
    let code = ProblemCode::from_name(request.match_info().get("code").unwrap_or_default());
    let row = code.ok_or(Raised::from(ProblemCode::NotFound))?.problem_type();
    let status = row.status.map_or_else(|| "only of single ids".to_owned(), |status| status.to_string());
    let retry =
        if row.retryable { "The same request may succeed later." } else { "Repeating it will not help." };
    let docs = if api.docs { "<p><a href=\"/docs/\">API documentation</a></p>" } else { "" };
    // Everything here comes from the table; nothing needs escaping but its own quotes and code marks.
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{name}</title>\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:3em auto;padding:0 1em}}</style>\
         <h1>{title}</h1><p><code>{name}</code>, HTTP status: {status}, fault: {fault}</p>\
         <p>{advice}</p><p>{retry}</p>{docs}</html>\n",
        name = row.name,
        title = row.title,
        fault = row.fault.as_str(),
        advice = row.advice,
    );
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/html; charset=utf-8")).body(page))
}
