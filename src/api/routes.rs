//! The one table of routes.

use actix_web::http::header::{ALLOW, HeaderName};
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, Resource, web};

use super::join_requests::{approve::approve, list::list, reject::reject};
use super::middleware::admit;
use super::problem::{ProblemCode, Raised};
use super::quota::quota;
use super::{docs, openapi, problem_pages};

/// Every route of the API. What is under `/v1` passes admission, unknown paths included.
pub fn api_routes(config: &mut web::ServiceConfig, with_docs: bool) {
    config.service(
        web::scope("/v1")
            .wrap(from_fn(admit))
            .service(
                only("GET, HEAD", web::resource("/groups/{group_id}/join-requests"))
                    .route(web::get().to(list))
                    .route(web::head().to(list)),
            )
            .service(
                only("POST", web::resource("/groups/{group_id}/join-requests/approve"))
                    .route(web::post().to(approve)),
            )
            .service(
                only("POST", web::resource("/groups/{group_id}/join-requests/reject"))
                    .route(web::post().to(reject)),
            )
            .service(only("GET", web::resource("/quota")).route(web::get().to(quota)))
            .default_service(web::to(not_found)),
    );
    config.service(
        only("GET", web::resource("/problems/{code}")).route(web::get().to(problem_pages::problem_page)),
    );
    if with_docs {
        config.service(only("GET", web::resource("/openapi.json")).route(web::get().to(openapi::serve)));
        config.service(only("GET", web::resource("/docs")).route(web::get().to(docs::to_docs_page)));
        config.service(
            only("GET", web::resource("/docs/openapi.json")).route(web::get().to(openapi::serve_to_docs)),
        );
        let files = only("GET", web::resource("/docs/{path:.*}")).route(web::get().to(docs::docs_file));
        config.service(files.app_data(web::Data::new(docs::docs_config())));
    }
    config.default_service(web::to(not_found));
}

/// Answers every other method with 405 and the methods allowed. (Macro routes would answer 404.)
fn only(allowed: &'static str, resource: Resource) -> Resource {
    resource.default_service(web::to(move || async move {
        let name: HeaderName = ALLOW;
        Err::<HttpResponse, _>(Raised::from(ProblemCode::MethodNotAllowed).header(name, allowed))
    }))
}

async fn not_found() -> Result<HttpResponse, Raised> {
    Err(ProblemCode::NotFound.into())
}
