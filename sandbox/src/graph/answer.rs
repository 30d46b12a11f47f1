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
    pub(crate) fn of(
        result: Result<Value, GraphError>,
        date: String,
        trace: &str,
        version: &str,
        usage: Usage,
    ) -> Self {
        let mut headers = vec![
            ("date", date),
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

    /// The answer that stands in its place when something in front of Graph speaks up.
    pub(crate) fn replaced_by(self, status: u16, body: &str, content_type: &str) -> Self {
        let mut headers = self.headers;
        headers.retain(|(name, _)| *name == "date");
        headers.push(("content-type", content_type.to_owned()));
        Self { status, headers, body: body.as_bytes().to_vec() }
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The head as bytes, for an answer that the HTTP library would not write.
    pub(crate) fn head(&self, content_length: usize) -> Vec<u8> {
        let reason = StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason.unwrap_or_default());
        for (name, value) in &self.headers {
            head.extend([*name, ": ", value, "\r\n"]);
        }
        let length = content_length.to_string();
        head.extend(["content-length: ", &length, "\r\nconnection: close\r\n\r\n"]);
        head.into_bytes()
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
