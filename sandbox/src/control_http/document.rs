//! The OpenAPI document of the control API, and the index that is taken from it.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, ResponseBuilder, Schema};
use utoipa::{Modify, OpenApi, ToSchema};

use super::refusal::RefusalBody;
use super::{document, faults, groups, record, settings};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Joingate sandbox: control API",
        description = "Arranges a simulated Graph: groups and requests, tokens, styles, quotas and faults; shows what was received and what was really done. It asks for no token: keep it on a loopback address."
    ),
    paths(
        document::index, document::serve,
        groups::list, groups::create, groups::delete, groups::suspend, groups::requests, groups::open,
        groups::withdraw, groups::fail_item, groups::seed,
        record::calls, record::clear_calls, record::effects, record::clear_effects,
        record::held, record::release,
        faults::list, faults::order, faults::clear, faults::cancel, faults::throttle,
        settings::tokens, settings::add_token, settings::revoke, settings::set_token, settings::revoke_all,
        settings::styles, settings::set_styles, settings::quota, settings::set_quota, settings::usage,
        settings::latency, settings::set_latency, settings::clock, settings::chance,
    ),
    components(schemas(RefusalBody)),
    modifiers(&Refusals, &ClosedVariants)
)]
struct Generated;

/// The OpenAPI document of the control API as pretty JSON, as it is committed in `sandbox/openapi.json`.
pub fn control_openapi() -> String {
    // The document is plain data: writing it cannot fail.
    document().to_pretty_json().unwrap_or_default() + "\n"
}

pub(crate) fn document() -> Document {
    Generated::openapi()
}

/// Any instruction may be refused.
struct Refusals;

impl Modify for Refusals {
    fn modify(&self, document: &mut Document) {
        for item in document.paths.paths.values_mut() {
            for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.delete] {
                let Some(operation) = operation else { continue };
                let content = Content::new(Some(Ref::from_schema_name("RefusalBody")));
                let refused = ResponseBuilder::new()
                    .description("Refused: nothing was changed.")
                    .content("application/json", content);
                operation.responses.responses.insert("default".to_owned(), RefOr::T(refused.build()));
            }
        }
    }
}

/// Unknown fields are refused in the variants of enums, too; the generator says so of structures only.
struct ClosedVariants;

impl Modify for ClosedVariants {
    fn modify(&self, document: &mut Document) {
        let Some(components) = &mut document.components else { return };
        for schema in ["Effect", "AnswerFault", "Latency"] {
            if let Some(RefOr::T(Schema::OneOf(variants))) = components.schemas.get_mut(schema) {
                variants.items.iter_mut().for_each(close);
            }
        }
    }
}

fn close(schema: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::Object(object)) = schema
        && !object.properties.is_empty()
    {
        object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        object.properties.values_mut().for_each(close);
    }
}

/// Every operation of a document: method, path, and the operation itself.
pub(crate) fn operations(document: &Document) -> Vec<(&'static str, &str, &Operation)> {
    let of_item = |(path, item)| {
        let (path, item): (&String, &utoipa::openapi::PathItem) = (path, item);
        let methods =
            [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)];
        methods.into_iter().filter_map(move |(method, operation)| {
            operation.as_ref().map(|operation| (method, path.as_str(), operation))
        })
    };
    document.paths.paths.iter().flat_map(of_item).collect()
}

/// Every route.
#[derive(Serialize, ToSchema)]
pub(crate) struct Index {
    routes: Vec<IndexEntry>,
}

/// One route.
#[derive(Serialize, ToSchema)]
struct IndexEntry {
    /// Method and path.
    route: String,
    /// What it does.
    does: String,
}

/// List the routes
#[utoipa::path(get, path = "/_sandbox", responses((status = 200, description = "Every route.", body = Index)))]
pub(crate) async fn index() -> HttpResponse {
    let entry = |(method, path, operation): (&str, &str, &Operation)| IndexEntry {
        route: format!("{method} {path}"),
        does: operation.summary.clone().unwrap_or_default(),
    };
    HttpResponse::Ok().json(Index { routes: operations(&document()).into_iter().map(entry).collect() })
}

/// Read this document
#[utoipa::path(get, path = "/_sandbox/openapi.json", responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/json")))]
pub(crate) async fn serve() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(control_openapi())
}
