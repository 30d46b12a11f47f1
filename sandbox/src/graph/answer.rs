//! What goes back over the wire.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::Value;

use crate::graph::error::GraphError;
use crate::world::usage::Usage;

/// A finished answer.
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// An answer of Graph, with the headers every one of them has.
    pub(crate) fn of(result: Result<Value, GraphError>, trace: &str, version: &str, usage: Usage) -> Self {
        let mut headers = vec![
            ("content-type", "application/json; charset=UTF-8".to_owned()),
            ("facebook-api-version", version.to_owned()),
            ("x-fb-trace-id", trace.to_owned()),
            ("x-fb-request-id", trace.chars().rev().collect()),
            ("cache-control", "private, no-store".to_owned()),
        ];
        headers.extend(usage.headers());
        let (status, body) = match result {
            Ok(body) => (200, body),
            Err(error) => {
                headers.push(("www-authenticate", error.challenge()));
                (error.status, error.body(trace))
            }
        };
        Self { status, headers, body: body.to_string().into_bytes() }
    }

    /// An answer that something in front of Graph might give.
    pub(crate) fn raw(status: u16, body: Vec<u8>, content_type: String) -> Self {
        Self { status, headers: vec![("content-type", content_type)], body }
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn into_response(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        for header in self.headers {
            response.insert_header(header);
        }
        response.body(self.body)
    }
}
