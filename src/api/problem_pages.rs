//! The page of every problem, for people (HTML) and programs (JSON), from the one table.

use std::sync::LazyLock;

use actix_web::http::header::{
    Accept, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, Header, HeaderValue, VARY,
};
use actix_web::{HttpRequest, HttpResponse, web};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{ProblemCode, ProblemType, Raised, executed, graph_codes, repeat};
use super::state::Api;

/// What a problem means.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProblemType, examples(json!(ProblemTypeBody::new(ProblemCode::GroupFull.problem_type(), None))))]
pub(super) struct ProblemTypeBody {
    /// The problem's address, as in answers.
    #[serde(rename = "type")]
    kind: String,
    /// The problem's code.
    #[schema(examples("group_full"))]
    code: &'static str,
    /// What happened, in a few words.
    title: &'static str,
    /// The HTTP status; null for problems of single ids.
    #[schema(required, minimum = 400, maximum = 599)]
    status: Option<u16>,
    /// Whose doing it is: `none`, `caller`, `upstream` (Graph) or `gateway`.
    fault: &'static str,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// Whether a decision that ended so may have been executed, in words.
    executed: &'static str,
    /// Whether it may be sent again, in words.
    repeat: &'static str,
    /// Who has to do something: `caller`, `operator`, `the person`, or `nobody (wait)`.
    who_acts: &'static str,
    /// What to do.
    advice: &'static str,
    /// Graph's error codes that lead here.
    graph_codes: Vec<GraphCodeBody>,
}

/// A code of Graph's, or a range of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GraphCode)]
struct GraphCodeBody {
    /// The first code.
    first: u32,
    /// The last code, the same as the first if it is one.
    last: u32,
    /// Only with this subcode, if not null.
    #[schema(required)]
    subcode: Option<u32>,
    /// What it means.
    meaning: &'static str,
    /// What it refuses when it leads here: a `list`, a whole `decision`, `one_id` of a decision.
    refuses: Vec<&'static str>,
}

impl ProblemTypeBody {
    fn new(row: &ProblemType, public_url: Option<&str>) -> Self {
        let codes = graph_codes(row.code).into_iter().map(|(code, refuses)| GraphCodeBody {
            first: *code.codes.start(),
            last: *code.codes.end(),
            subcode: code.subcode,
            meaning: code.meaning,
            refuses,
        });
        Self {
            kind: row.code.uri(public_url),
            code: row.name,
            title: row.title,
            status: row.status,
            fault: row.fault.as_str(),
            retryable: row.retryable,
            executed: executed(row),
            repeat: repeat(row),
            who_acts: row.actor.as_str(),
            advice: row.advice,
            graph_codes: codes.collect(),
        }
    }
}

/// Explains a problem.
///
/// The address is the `type` of every problem. HTML for people, JSON if `Accept` prefers it.
#[utoipa::path(
    get,
    path = "/problems/{code}",
    operation_id = "get_problem_type",
    tag = "problems",
    params(("code" = String, Path, description = "The problem's code.", min_length = 1, max_length = 64, pattern = "^[a-z_]+$", example = "group_full")),
    responses((status = 200, description = "What the problem means and what to do.", content(
        (ProblemTypeBody = "application/json"),
        (String = "text/html"),
    ))),
    security(()),
)]
pub(super) async fn problem_page(request: HttpRequest, api: web::Data<Api>) -> Result<HttpResponse, Raised> {
    let code = ProblemCode::from_name(request.match_info().get("code").unwrap_or_default());
    let row = code.ok_or(Raised::from(ProblemCode::NotFound))?.problem_type();
    let body = ProblemTypeBody::new(row, api.public_url.as_deref());
    let mut response = if prefers_json(&request) {
        HttpResponse::Ok().json(body)
    } else {
        let mut response = HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .body(page(&body, api.docs));
        if let Ok(policy) = HeaderValue::from_str(&POLICY) {
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(response)
}

/// Whether `Accept` (RFC 9110 §12.5.1) names JSON before HTML. Who accepts anything is shown the page.
fn prefers_json(request: &HttpRequest) -> bool {
    let ranked = Accept::parse(request).map(|accept| accept.ranked()).unwrap_or_default();
    let known = ranked.iter().map(actix_web::mime::Mime::essence_str);
    let first = known.into_iter().find(|name| JSON.contains(name) || HTML.contains(name));
    first.is_some_and(|name| JSON.contains(&name))
}

const JSON: [&str; 3] = ["application/json", "application/problem+json", "application/*"];
const HTML: [&str; 4] = ["text/html", "application/xhtml+xml", "text/*", "*/*"];

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:44em;margin:3em auto;padding:0 1em;color:#1b1f24;background:#fff}\
    dt{font-weight:600;margin-top:1em}dd{margin:0}table{border-collapse:collapse}td,th{text-align:left;padding:.2em 1em .2em 0;vertical-align:top}\
    @media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#16181b}a{color:#8ab4f8}}";

/// Nothing but the style sheet above, which is named by its hash.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// Everything in it comes from the tables, which have no character that HTML takes for its own; a test looks.
fn page(body: &ProblemTypeBody, with_docs: bool) -> String {
    let status = body
        .status
        .map_or_else(|| "none: it belongs to one id of a decision".to_owned(), |it| it.to_string());
    let docs = if with_docs { "<p><a href=\"../docs/\">API documentation</a></p>" } else { "" };
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{code}: {title}</title><style>{STYLE}</style>\
         <h1>{title}</h1><p><code>{code}</code>, HTTP status {status}, fault: {fault}</p><p>{advice}</p>\
         <dl><dt>Was anything executed?</dt><dd>{executed}</dd><dt>May I send it again?</dt><dd>{repeat}</dd>\
         <dt>Who must act?</dt><dd>{who_acts}</dd>{graph}</dl>{docs}</html>\n",
        code = body.code,
        title = body.title,
        fault = body.fault,
        advice = marked(body.advice),
        executed = marked(body.executed),
        repeat = body.repeat,
        who_acts = body.who_acts,
        graph = graph(&body.graph_codes),
    )
}

/// Words between backquotes as code.
fn marked(text: &str) -> String {
    let mut parts = text.split('`');
    let mut marked = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        marked.push_str(if index % 2 == 0 { "<code>" } else { "</code>" });
        marked.push_str(part);
    }
    marked
}

fn graph(codes: &[GraphCodeBody]) -> String {
    if codes.is_empty() {
        return String::new();
    }
    let rows = codes.iter().map(|code| {
        let range = if code.first == code.last {
            code.first.to_string()
        } else {
            format!("{}–{}", code.first, code.last)
        };
        let subcode = code.subcode.map(|subcode| format!(", subcode {subcode}")).unwrap_or_default();
        format!(
            "<tr><td>{range}{subcode}</td><td>{}</td><td>{}</td></tr>",
            code.meaning,
            code.refuses.join(", ").replace('_', " ")
        )
    });
    format!(
        "<dt>Which codes of Graph lead here?</dt><dd><table><tr><th>code</th><th>meaning</th><th>refuses</th></tr>{}</table></dd>",
        rows.collect::<String>()
    )
}
