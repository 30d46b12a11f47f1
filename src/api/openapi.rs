//! The OpenAPI document, generated from the handlers and the problem table.

use actix_web::{HttpResponse, web};
use serde_json::json;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, ResponseBuilder, Schema};
use utoipa::{Modify, OpenApi};

use super::join_requests::{DecisionAnswer, ListAnswer, approve, list, reject};
use super::problem::{PROBLEMS, ProblemBody, ProblemCode as Code};
use super::quota::{self, QuotaAnswer};
use super::state::Api;
use crate::moderation::{Observed, Outcome};
use crate::telemetry::Circuit;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Joingate",
        description = "One door between a company's applications and the WhatsApp Groups join requests of Meta's Graph API.\n\nA decision answers 200 when every id ended as asked and 207 when any did not; each id has its own outcome. A 4xx or 5xx of a decision means that surely nothing was executed, unless its `executed` says `unknown`."
    ),
    paths(list::list, approve::approve, reject::reject, quota::quota),
    components(schemas(ListAnswer, DecisionAnswer, QuotaAnswer, ProblemBody)),
    tags(
        (name = "join requests", description = "List, approve and reject requests to join a group."),
        (name = "quota", description = "What is left of the caller's quota and of Meta's."),
    ),
    modifiers(&Security, &Problems, &KnownValues)
)]
struct Generated;

/// The document as this version of the gateway serves it.
pub fn openapi_document() -> Document {
    Generated::openapi()
}

/// `GET /openapi.json`
pub(super) async fn serve(document: web::Data<Document>, api: web::Data<Api>) -> HttpResponse {
    let mut document = Document::clone(&document);
    if let Some(url) = &api.public_url {
        document.servers = Some(vec![utoipa::openapi::Server::new(url)]);
    }
    HttpResponse::Ok().json(document)
}

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("An internal token of an issuer that the gateway is set up for."));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("internal_token", SecurityScheme::Http(scheme.build()));
    }
}

/// What every operation may answer instead.
const EVERYWHERE: &[Code] = &[
    Code::InvalidRequest,
    Code::Unauthorized,
    Code::UriTooLong,
    Code::QuotaExceeded,
    Code::AuthThrottled,
    Code::HeadersTooLarge,
    Code::Internal,
    Code::AuthUnavailable,
    Code::Overloaded,
    Code::StoreUnavailable,
];
/// What every operation on a group may answer.
const GROUPS: &[Code] = &[
    Code::ForbiddenScope,
    Code::ForbiddenGroup,
    Code::GroupNotFound,
    Code::GroupSuspended,
    Code::UpstreamError,
    Code::UpstreamBadResponse,
    Code::UpstreamRejected,
    Code::UpstreamForbidden,
    Code::UpstreamRateLimited,
    Code::UpstreamCredentialInvalid,
    Code::UpstreamUnavailable,
    Code::DeadlineExceeded,
    Code::UpstreamTimeout,
];
/// What only a list may answer.
const LISTS: &[Code] = &[Code::PageTokenExpired];
/// What only a decision may answer.
const DECISIONS: &[Code] = &[
    Code::IdempotencyKeyRequired,
    Code::RequestTimeout,
    Code::IdempotencyInProgress,
    Code::PayloadTooLarge,
    Code::TooManyIds,
    Code::UnsupportedMediaType,
    Code::IdempotencyKeyReused,
    Code::AuditUnavailable,
    Code::DecisionsDisabled,
];

struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut Document) {
        for (path, item) in &mut document.paths.paths {
            let common =
                if path.contains("{group_id}") { [EVERYWHERE, GROUPS].concat() } else { EVERYWHERE.to_vec() };
            let lists = if path.ends_with("/join-requests") { LISTS } else { &[] };
            if let Some(operation) = &mut item.get {
                add_problems(operation, &[&common, lists].concat());
            }
            if let Some(operation) = &mut item.post {
                add_problems(operation, &[&common, DECISIONS].concat());
            }
        }
    }
}

/// Adds one response for every status, naming the codes that it may carry.
fn add_problems(operation: &mut Operation, codes: &[Code]) {
    for row in PROBLEMS.iter().filter(|row| codes.contains(&row.code)) {
        let Some(status) = row.status else { continue };
        let of_status =
            PROBLEMS.iter().filter(|other| codes.contains(&other.code) && other.status == Some(status));
        let lines = of_status.map(|row| format!("`{}`: {}.", row.name, row.title)).collect::<Vec<_>>();
        let content = Content::new(Some(Ref::from_schema_name("Problem")));
        let mut response =
            ResponseBuilder::new().description(lines.join(" ")).content("application/problem+json", content);
        for (name, text) in answer_headers(status) {
            response = response.header(name, HeaderBuilder::new().description(Some(text)).build());
        }
        operation.responses.responses.insert(status.to_string(), RefOr::T(response.build()));
    }
}

fn answer_headers(status: u16) -> Vec<(&'static str, &'static str)> {
    let mut headers = vec![
        ("X-Request-Id", "The id of the request."),
        ("traceparent", "The request's trace (W3C Trace Context): the caller's, or a new one."),
        ("X-Error-Code", "The problem's code."),
    ];
    match status {
        401 | 403 => headers.push(("WWW-Authenticate", "What is needed (RFC 6750).")),
        409 | 429 | 503 => headers.push(("Retry-After", "Whole seconds to wait, 1 to 3600.")),
        _ => (),
    }
    headers
}

struct KnownValues;

impl Modify for KnownValues {
    fn modify(&self, document: &mut Document) {
        let codes = PROBLEMS.iter().map(|row| row.name).collect::<Vec<_>>();
        extensible(document, "DecisionResult", "outcome", &Outcome::WORDS);
        extensible(document, "DecisionResult", "observed", &Observed::WORDS);
        extensible(document, "Problem", "code", &codes);
        extensible(document, "GraphQuota", "circuit", &Circuit::ALL.map(Circuit::as_str));
    }
}

/// Lists the values of today. Clients must expect further ones, so it is no `enum`.
fn extensible(document: &mut Document, schema: &str, property: &str, values: &[&str]) {
    let schemas = document.components.as_mut().map(|components| &mut components.schemas);
    let schema = schemas.and_then(|schemas| schemas.get_mut(schema));
    if let Some(RefOr::T(Schema::Object(object))) = schema
        && let Some(RefOr::T(Schema::Object(property))) = object.properties.get_mut(property)
    {
        let known = Extensions::builder().add("x-extensible-enum", json!(values)).build();
        property.extensions.get_or_insert_default().merge(known);
    }
}
