//! One call as it was received.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use actix_web::web::{Bytes, Query};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use crate::world::calls::{MAX_RECORDED_BODY, RecordedCall};
use crate::world::faults::MetFault;
use crate::world::verb::Verb;

/// Query parameters that are never recorded.
const SECRET_PARAMETERS: [&str; 3] = ["access_token", "appsecret_proof", "input_token"];

/// A call with its body read.
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) headers: HeaderMap,
    /// The body, or nothing when it broke off or was too large.
    pub(crate) body: Option<Bytes>,
    /// Its number in the record.
    pub(crate) sequence: u64,
    /// What goes wrong with it.
    pub(crate) met: MetFault,
    /// How long its answer takes.
    pub(crate) latency: Duration,
    path: String,
    raw_query: String,
    query: Vec<(String, String)>,
}

impl Call {
    pub(crate) fn read(request: &HttpRequest, body: Option<Bytes>) -> Self {
        let raw_query = request.query_string().to_owned();
        let query = Query::from_query(&raw_query).map(Query::into_inner).unwrap_or_default();
        Self {
            method: request.method().as_str().to_owned(),
            headers: request.headers().clone(),
            body,
            sequence: 0,
            met: MetFault::default(),
            latency: Duration::ZERO,
            path: request.uri().path().to_owned(),
            raw_query,
            query,
        }
    }

    /// The path as sent.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The segments of the path, decoded one by one.
    pub(crate) fn segments(&self) -> Vec<String> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        path.split('/').map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect()
    }

    /// The group and the verb of a call of the join request edge.
    pub(crate) fn subject(&self) -> (Option<String>, Option<Verb>) {
        let segments = self.segments();
        let [_, group, edge] = segments.as_slice() else { return (None, None) };
        if edge != "join_requests" {
            return (None, None);
        }
        let verb = match self.method.as_str() {
            "GET" => Some(Verb::List),
            "POST" => Some(Verb::Approve),
            "DELETE" => Some(Verb::Reject),
            _ => None,
        };
        (Some(group.clone()), verb)
    }

    /// The first value of a query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The only value of a header; nothing when it is absent, repeated or not text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name);
        let value = values.next()?;
        if values.next().is_some() { None } else { value.to_str().ok() }
    }

    /// What is kept of the call.
    pub(crate) fn record(&self) -> RecordedCall {
        let body = self.body.as_deref().unwrap_or_default();
        let kept = String::from_utf8_lossy(body.get(..MAX_RECORDED_BODY).unwrap_or(body));
        // A form may carry the token where Graph would take it.
        let form = self.header("content-type").is_some_and(|kind| kind.contains("form"));
        RecordedCall {
            sequence: 0,
            received_at: Timestamp::now(),
            method: self.method.clone(),
            path: self.path.clone(),
            query: redact_query(&self.raw_query),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| {
                    let value = String::from_utf8_lossy(value.as_bytes());
                    (name.as_str().to_owned(), redact_header(name.as_str(), &value))
                })
                .collect(),
            body: if form { redact_query(&kept) } else { kept.into_owned() },
            status: None,
            fault_order: self.met.order,
            fault: self.met.order.map(|_| Arc::clone(&self.met.fault)),
        }
    }
}

fn redact_query(query: &str) -> String {
    let part = |part: &str| match part.split_once('=') {
        Some((key, _)) if is_secret(key) => format!("{key}=[redacted]"),
        _ => part.to_owned(),
    };
    query.split('&').map(part).collect::<Vec<_>>().join("&")
}

/// By its name as it is understood, however it is written.
fn is_secret(key: &str) -> bool {
    let name = percent_decode_str(key).decode_utf8_lossy();
    SECRET_PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

fn redact_header(name: &str, value: &str) -> String {
    if name != "authorization" {
        return value.to_owned();
    }
    match value.split_once(' ') {
        Some((scheme @ ("Bearer" | "bearer" | "Basic" | "OAuth"), _)) => format!("{scheme} [redacted]"),
        Some(_) | None => "[redacted]".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{redact_header, redact_query};

    #[test]
    fn secrets_are_struck_out_and_the_rest_is_kept() {
        assert_eq!(
            redact_query("limit=2&access_token=abc&after=x"),
            "limit=2&access_token=[redacted]&after=x"
        );
        assert_eq!(redact_query("access%5Ftoken=abc"), "access%5Ftoken=[redacted]");
        assert_eq!(redact_header("authorization", "abc def"), "[redacted]");
        assert_eq!(redact_query(""), "");
        assert_eq!(redact_header("authorization", "Bearer abc"), "Bearer [redacted]");
        assert_eq!(redact_header("authorization", "abc"), "[redacted]");
        assert_eq!(redact_header("accept", "a b"), "a b");
    }
}
