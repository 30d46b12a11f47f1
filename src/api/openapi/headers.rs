//! The header fields of requests and answers: what each says, and where it may stand.

use serde_json::{Value, json};
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Components, Ref, RefOr, Required, Response, Schema};

/// An answer, as far as it decides about its header fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) of: Of,
    pub(super) status: u16,
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    List,
    Decision,
    Quota,
    ProblemPage,
}

impl Kind {
    fn is_problem(self) -> bool {
        self.status >= 400
    }

    /// What calls Graph.
    fn is_of_a_group(self) -> bool {
        matches!(self.of, Of::List | Of::Decision)
    }
}

/// One header field of answers.
struct Field {
    name: &'static str,
    /// Inclusive bounds if it is a whole number.
    whole: Option<(u32, u32)>,
    text: &'static str,
    example: &'static str,
    /// Which answers may have it.
    on: fn(Kind) -> bool,
}

#[rustfmt::skip] // Two lines each, as a table is read.
const FIELDS: &[Field] = &[
    Field { name: "Age", whole: Some((0, u32::MAX)), example: "1", on: |kind| kind.of == Of::List && !kind.is_problem(),
        text: "Only of a copy: whole seconds since its reading began (RFC 9111)." },
    Field { name: "Cache-Control", whole: None, example: "no-store", on: |_| true,
        text: "`private, no-cache` on a list, `public, max-age=300` on a problem's page, else `no-store`." },
    Field { name: "Content-Security-Policy", whole: None, example: "default-src 'none'", on: |kind| kind.of == Of::ProblemPage && !kind.is_problem(),
        text: "HTML only: nothing but the page's own style sheet is used." },
    Field { name: "ETag", whole: None, example: "W/\"0123456789abcdef\"", on: |kind| kind.of == Of::List && !kind.is_problem(),
        text: "Names these open requests, whenever and by whichever replica they were read: for `If-None-Match`." },
    Field { name: "Idempotency-Replayed", whole: None, example: "true", on: |kind| kind.of == Of::Decision && !kind.is_problem(),
        text: "`true` when everything comes from the record of the Idempotency-Key and Graph was not called; else absent." },
    Field { name: "RateLimit", whole: None, example: "\"caller\";r=58;t=1", on: |kind| kind.of != Of::ProblemPage,
        text: "What is left of the caller's quota: `r` units, the whole burst again in `t` seconds (draft-ietf-httpapi-ratelimit-headers). Absent before the caller is known." },
    Field { name: "RateLimit-Policy", whole: None, example: "\"caller\";q=600;w=60", on: |kind| kind.of != Of::ProblemPage,
        text: "The caller's quota: `q` units in `w` seconds." },
    Field { name: "Retry-After", whole: Some((1, 3600)), example: "5", on: |kind| matches!((kind.of, kind.status), (Of::Decision, 207 | 409) | (Of::List | Of::Decision, 502 | 504) | (_, 429 | 503)),
        text: "Whole seconds to wait. Always on 429 and 503 and on 409 while the same decision is under way; on 207 when an id was not sent or may succeed later; on 502 and 504 when Graph asked for it." },
    Field { name: "Server-Timing", whole: None, example: "queue;dur=0.2, graph;dur=112.0", on: |kind| kind.is_of_a_group(),
        text: "Milliseconds spent waiting for turns and limits, and for Graph." },
    Field { name: "Vary", whole: None, example: "Accept", on: |kind| kind.of == Of::ProblemPage && !kind.is_problem(),
        text: "The answer depends on `Accept`." },
    Field { name: "WWW-Authenticate", whole: None, example: "Bearer realm=\"joingate\", error=\"invalid_token\"", on: |kind| matches!(kind.status, 401 | 403),
        text: "What is needed (RFC 6750): which scope, or what is wrong with the token." },
    Field { name: "X-Content-Type-Options", whole: None, example: "nosniff", on: |_| true,
        text: "Always `nosniff`." },
    Field { name: "X-Error-Code", whole: None, example: "group_not_found", on: |kind| kind.is_problem(),
        text: "The problem's code, as in the body." },
    Field { name: "X-Request-Id", whole: None, example: "0197f6a0-5d54-7c5e-b3a1-0123456789ab", on: |_| true,
        text: "The request's id: the caller's if it was valid, else one made here. It finds the request in the gateway's log." },
    Field { name: "X-Upstream-Attempts", whole: Some((0, u32::MAX)), example: "1", on: |kind| kind.is_of_a_group(),
        text: "Calls that were sent to Graph for this request." },
    Field { name: "traceparent", whole: None, example: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", on: |_| true,
        text: "The request's trace (W3C Trace Context): the caller's, or a new one." },
];

/// Puts every field among the components.
pub(super) fn describe(components: &mut Components) {
    for field in FIELDS {
        components.headers.insert(field.name.to_owned(), RefOr::T(field.header()));
    }
    for parameter in request_fields() {
        components.parameters.insert(parameter.name.clone(), RefOr::T(parameter));
    }
}

impl Field {
    fn header(&self) -> Header {
        let schema = match self.whole {
            Some((least, most)) => {
                ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(Some(most))
            }
            None => ObjectBuilder::new().schema_type(Type::String),
        };
        let example = match self.whole {
            Some(_) => self.example.parse().map_or(Value::Null, |number: u32| json!(number)),
            None => json!(self.example),
        };
        let mut header =
            HeaderBuilder::new().schema(Some(schema.build())).description(Some(self.text)).build();
        header.example = Some(example);
        header
    }
}

/// Names the fields that an answer may have.
pub(super) fn add_fields(response: &mut Response, kind: Kind) {
    for field in FIELDS.iter().filter(|field| (field.on)(kind)) {
        let place = Ref::new(format!("#/components/headers/{}", field.name));
        response.headers.insert(field.name.to_owned(), RefOr::Ref(place));
    }
}

/// What every request may carry. What is wrong with one of these never refuses a request, so none has a pattern.
fn request_fields() -> [Parameter; 3] {
    let field = |name: &str, text: &str, example: &str| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(text))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
            .example(Some(json!(example)))
            .build()
    };
    [
        field(
            "X-Request-Id",
            "The request's id, if you have one: 1 to 128 letters, digits and `-_.`; anything else is replaced by a new one. It stands in the log, so put nothing personal in it.",
            "checkout-4711",
        ),
        field(
            "traceparent",
            "The trace that the request belongs to (W3C Trace Context); an invalid one is replaced by a new one.",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        field(
            "Prefer",
            "`wait=N` (RFC 7240): how many seconds you will wait; it never lengthens the gateway's own deadline.",
            "wait=5",
        ),
    ]
}

/// Lets an operation have the fields of every request. What may be left out of a request can still not be null there.
pub(super) fn add_request_fields(operation: &mut Operation) {
    let parameters = operation.parameters.get_or_insert_default();
    for parameter in &mut *parameters {
        if let RefOr::T(Parameter { schema: Some(RefOr::T(Schema::Object(schema))), .. }) = parameter {
            schema.schema_type = Type::String.into();
        }
    }
    for parameter in request_fields() {
        parameters.push(RefOr::Ref(Ref::new(format!("#/components/parameters/{}", parameter.name))));
    }
}
