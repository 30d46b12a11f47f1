//! Inbound HTTP: routes, one file per operation, the problem table, the OpenAPI document, the docs and the admin port.
//!
//! Everything under `/v1` passes admission (token, caller limit) before it reaches a handler.

mod admin;
mod docs;
mod extract;
mod join_requests;
mod middleware;
mod openapi;
mod problem;
mod problem_pages;
mod quota;
mod routes;
mod state;
mod tables;

pub use admin::{Readiness, admin_routes};
pub use middleware::observe;
pub use openapi::openapi_document;
pub use problem::{PROBLEMS, ProblemCode, ProblemType};
pub use routes::api_routes;
pub use state::{Api, ApiParts};
pub use tables::{graph_codes_table, problems_table};
