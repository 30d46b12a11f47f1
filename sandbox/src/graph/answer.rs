//! What goes back over the wire.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::Value;

use crate::graph::error::GraphError;
use crate::world::styles::Styles;
use crate::world::usage::Usage;

/// What a call achieved; it may hold an `error` all the same.
pub(crate) struct Success {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl From<Value> for Success {
    fn from(body: Value) -> Self {
        Self { status: 200, body }
    }
}

/// What every answer tells, whatever the call was.
pub(crate) struct Common<'a> {
    pub(crate) date: String,
    pub(crate) trace: &'a str,
    pub(crate) version: &'a str,
    pub(crate) usage: Usage,
    pub(crate) styles: Styles,
}

/// A finished answer.
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// An answer of Graph, with the headers every one of them has.
    pub(crate) fn of(result: Result<Success, GraphError>, common: Common<'_>) -> Self {
        let Common { date, trace, version, usage, styles } = common;
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
            Ok(success) => (success.status, success.body),
            Err(error) => {
                headers.push(("www-authenticate", error.challenge()));
                headers.extend(error.retry_after_s.map(|seconds| ("retry-after", seconds.to_string())));
                (error.status, error.body(trace, styles))
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
