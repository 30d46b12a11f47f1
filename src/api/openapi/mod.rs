//! The OpenAPI document, generated from the handlers, the problem table and the table of header fields.

mod answers;
mod examples;
mod headers;

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, RefOr, Schema, Server};
use utoipa::{Modify, OpenApi};

use super::join_requests::{DecisionAnswer, ListAnswer, approve, list, reject};
use super::problem::{PROBLEMS, ProblemBody, ProblemCode, Raised};
use super::problem_pages::{self, ProblemTypeBody};
use super::quota::{self, QuotaAnswer};
use super::state::Api;
use crate::moderation::{Observed, Outcome};
use crate::telemetry::Circuit;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Joingate",
        description = "One door between a company's applications and the WhatsApp Groups join requests of Meta's Graph API.\n\nA decision answers 200 when every id ended as asked and 207 when any did not; each id has its own outcome. A 4xx or 5xx of a decision means that surely nothing was executed, unless its `executed` says `unknown`.\n\nWithin `v1` answers may gain fields, and `outcome`, `observed`, `code` and `circuit` may gain values: they are strings with the values known today in `x-extensible-enum`. Treat an outcome that you do not know as `unknown`.",
        contact(name = "Whoever runs this gateway"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "The gateway that serves this document.")),
    paths(list::list, approve::approve, reject::reject, quota::quota, problem_pages::problem_page),
    components(schemas(ListAnswer<'_>, DecisionAnswer, QuotaAnswer, ProblemBody, ProblemTypeBody)),
    tags(
        (name = "join requests", description = "List, approve and reject requests to join a group."),
        (name = "problems", description = "What each problem means."),
        (name = "quota", description = "What is left of the caller's quota and of Meta's."),
    ),
    modifiers(&Security, &Answers, &KnownValues)
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
        document.servers = Some(vec![Server::new(url)]);
    }
    HttpResponse::Ok().json(document)
}

/// `GET /docs/openapi.json`: the same for the docs page, which takes an example of a parameter for its value. What may be left out is
/// left out there, and calls go to where the page came from, whatever else the gateway is called.
pub(super) async fn serve_to_docs(document: web::Data<Document>) -> Result<HttpResponse, Raised> {
    let mut document = Document::clone(&document);
    document.servers = Some(vec![Server::new("..")]);
    // As JSON: the type does not let go of an example.
    let mut json = serde_json::to_value(document).map_err(|_never| Raised::from(ProblemCode::Internal))?;
    leave_out_optional_examples(&mut json);
    Ok(HttpResponse::Ok().json(json))
}

fn leave_out_optional_examples(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.contains_key("in") && members.get("required") != Some(&Value::Bool(true)) {
                members.remove("example");
            }
            members.values_mut().for_each(leave_out_optional_examples);
        }
        Value::Array(values) => values.iter_mut().for_each(leave_out_optional_examples),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").description(Some(
            "An internal token of an issuer that the gateway is set up for. Its claim `scope` holds `join_requests:read` to list and \
             `join_requests:decide` to approve and reject (each operation names the one it needs); its claim `groups` names the groups, \
             or is `\"*\"`.",
        ));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("internal_token", SecurityScheme::Http(scheme.build()));
    }
}

struct Answers;

impl Modify for Answers {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        headers::describe(components);
        answers::describe(document);
    }
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
