//! What each operation may answer: the problems of the table, and the header fields of every answer.

use std::collections::BTreeMap;

use utoipa::openapi::example::Example;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, ResponseBuilder};

use super::examples;
use super::headers::{self, Kind, Of};
use crate::api::problem::{PROBLEMS, ProblemCode as Code, ProblemType};

/// What every operation under `/v1` may answer instead.
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
/// What the page of a problem may answer instead.
const PAGES: &[Code] = &[
    Code::InvalidRequest,
    Code::NotFound,
    Code::UriTooLong,
    Code::HeadersTooLarge,
    Code::Internal,
    Code::Overloaded,
];

type Examples = BTreeMap<String, RefOr<Example>>;

/// Completes every operation.
pub(super) fn describe(document: &mut Document) {
    let mut examples = Examples::new();
    for (path, item) in &mut document.paths.paths {
        let of = match path.as_str() {
            "/v1/quota" => Of::Quota,
            "/problems/{code}" => Of::ProblemPage,
            path if path.ends_with("/join-requests") => Of::List,
            _ => Of::Decision,
        };
        for operation in item.get.iter_mut().chain(&mut item.post) {
            headers::add_request_fields(operation);
            add_problems(operation, of, &mut examples);
            for (status, response) in &mut operation.responses.responses {
                if let (RefOr::T(response), Ok(status)) = (response, status.parse()) {
                    headers::add_fields(response, Kind { of, status });
                    examples::add_success(response, of, status);
                }
            }
        }
    }
    document.components.get_or_insert_default().examples = examples;
}

fn codes(of: Of) -> Vec<Code> {
    match of {
        Of::List => [EVERYWHERE, GROUPS, LISTS].concat(),
        Of::Decision => [EVERYWHERE, GROUPS, DECISIONS].concat(),
        Of::Quota => EVERYWHERE.to_vec(),
        Of::ProblemPage => PAGES.to_vec(),
    }
}

/// Adds one response for every status, with an example of every code that it may carry.
fn add_problems(operation: &mut Operation, of: Of, examples: &mut Examples) {
    let codes = codes(of);
    for row in PROBLEMS.iter().filter(|row| codes.contains(&row.code)) {
        let Some(status) = row.status else { continue };
        let of_status = PROBLEMS.iter().filter(|row| codes.contains(&row.code) && row.status == Some(status));
        let of_status = of_status.collect::<Vec<_>>();
        let lines = of_status.iter().map(|row| format!("`{}`: {}.", row.name, row.title)).collect::<Vec<_>>();
        let response = ResponseBuilder::new()
            .description(lines.join(" "))
            .content("application/problem+json", problem_content(&of_status, of, examples));
        operation.responses.responses.insert(status.to_string(), RefOr::T(response.build()));
    }
}

fn problem_content(rows: &[&ProblemType], of: Of, examples: &mut Examples) -> Content {
    let mut content = Content::new(Some(Ref::from_schema_name("Problem")));
    for row in rows {
        let (name, example) = examples::problem(row, of);
        let place = Ref::new(format!("#/components/examples/{name}"));
        examples.insert(name, RefOr::T(example));
        content.examples.insert(row.name.to_owned(), RefOr::Ref(place));
    }
    content
}
