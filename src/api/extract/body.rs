//! The JSON body of a decision: bounded in size and time, an object, without fields that are not there.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::mime::{self, Mime};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use crate::api::problem::{ProblemCode, Raised};
use crate::domain::Deadline;

/// How long a body may take to arrive, if the deadline is later. The HTTP library bounds only the head.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A parsed body.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> JsonBody<T> {
    /// Reads and parses the body of at most `max_body` bytes.
    pub(crate) async fn read(
        request: &HttpRequest,
        payload: Payload,
        max_body: usize,
        deadline: Deadline,
    ) -> Result<Self, Raised> {
        check_type(request)?;
        check_length(request, max_body)?;
        let reading = tokio::time::timeout_at(
            deadline.capped(BODY_TIMEOUT).at().into(),
            read_bounded(payload, max_body),
        );
        let bytes = reading.await.map_err(|_elapsed| Raised::from(ProblemCode::RequestTimeout))??;
        parse(&bytes).map(Self)
    }
}

fn check_type(request: &HttpRequest) -> Result<(), Raised> {
    let text =
        |name| request.headers().get_all(name).map(|value| value.to_str().unwrap_or("?")).collect::<Vec<_>>();
    let is_json = matches!(text(CONTENT_TYPE).as_slice(), [one] if is_utf8_json(one));
    let is_plain = matches!(text(CONTENT_ENCODING).as_slice(), [] | ["identity"]);
    if is_json && is_plain { Ok(()) } else { Err(ProblemCode::UnsupportedMediaType.into()) }
}

/// RFC 8259 §8.1: JSON is UTF-8. A body labelled otherwise would be read as something else than was written.
fn is_utf8_json(content_type: &str) -> bool {
    content_type.parse::<Mime>().is_ok_and(|kind| {
        kind.essence_str() == mime::APPLICATION_JSON.essence_str()
            && kind.params().all(|(name, value)| name != mime::CHARSET || value == mime::UTF_8)
    })
}

/// Refuses a body that says itself that it is too large, before any of it is read. The parser lets no length pass
/// that is not a number.
fn check_length(request: &HttpRequest, max_body: usize) -> Result<(), Raised> {
    let stated =
        request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if stated.is_some_and(|stated| stated > max_body as u64) { Err(too_large(max_body)) } else { Ok(()) }
}

fn too_large(max_body: usize) -> Raised {
    Raised::from(ProblemCode::PayloadTooLarge).detail(format!("The body may have {max_body} bytes."))
}

async fn read_bounded(mut payload: Payload, max_body: usize) -> Result<Bytes, Raised> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_broken| {
            Raised::from(ProblemCode::InvalidRequest)
                .detail("The body ended early, or its chunks make no sense.")
        })?;
        if body.len() + chunk.len() > max_body {
            return Err(too_large(max_body));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Raised> {
    let invalid = || Raised::from(ProblemCode::InvalidRequest);
    // A list would be taken for a struct, field by field.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(invalid().detail("The body must be a JSON object."));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| invalid().at_pointer(pointer(error.path()), without_values(error.inner())))?;
    let end = deserializer.end();
    end.map_err(|_trailing| invalid().detail("Something follows the JSON object."))?;
    Ok(value)
}

/// The place of a parse error as a JSON pointer.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let segment = |segment: &Segment| match segment {
        Segment::Seq { index } => index.to_string(),
        Segment::Map { key } if is_name(key) => key.clone(),
        Segment::Enum { variant } => variant.clone(),
        Segment::Map { .. } | Segment::Unknown => "?".to_owned(),
    };
    path.iter().flat_map(|part| ["/".to_owned(), segment(part)]).collect()
}

/// Whether a member's name is one that somebody would choose: no phone number, and no id, which has 40 letters or more.
fn is_name(key: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    key.len() <= 32 && key.bytes().all(rest) && !key.starts_with(|first: char| first.is_ascii_digit())
}

/// The parser's message without what it quotes of the body: an id of a person in a wrong place would stand in the answer,
/// and then in the caller's log.
fn without_values(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let Some((found, expected)) = message.rsplit_once(", expected ") else { return message };
    let found = if found.starts_with("unknown field") { "unknown member" } else { "wrong type or value" };
    format!("{found}, expected {expected}")
}
