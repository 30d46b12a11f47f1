//! A collector of traces: an OTLP receiver over HTTP that keeps what it is sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::{Span, SpanFlags};
use prost::Message;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::store::state::eventually;

/// What one exporter posted.
struct Posted {
    authorization: Option<String>,
    body: Vec<u8>,
}

#[derive(Default)]
struct Shelf {
    posted: Mutex<Vec<Posted>>,
    /// What it answers with, in place of 200.
    refusal: Mutex<Option<u16>>,
}

/// A running collector.
pub(crate) struct Collector {
    shelf: Arc<Shelf>,
    /// Each answer takes one and gives it back.
    gate: Arc<Semaphore>,
    url: String,
    serving: JoinHandle<std::io::Result<()>>,
}

/// A span, in words that a test can compare.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub trace: String,
    pub id: String,
    pub parent: String,
    /// Whether the parent is said to be in another process.
    pub remote: bool,
    pub name: String,
    pub kind: &'static str,
    pub failed: bool,
    pub attributes: BTreeMap<String, String>,
    pub links: Vec<(String, String)>,
    pub from: u64,
    pub to: u64,
    pub events: usize,
}

impl Collector {
    /// Within a runtime.
    pub(crate) fn start() -> Self {
        let (shelf, gate) = (Arc::<Shelf>::default(), Arc::new(Semaphore::new(1)));
        let state = web::Data::new((Arc::clone(&shelf), Arc::clone(&gate)));
        let app = move || {
            let app = App::new().app_data(state.clone()).app_data(web::PayloadConfig::new(16 << 20));
            app.route("/v1/traces", web::post().to(take))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        #[expect(clippy::disallowed_methods, reason = "ended with the collector, when it is dropped")]
        let serving = tokio::spawn(server.run());
        Self { shelf, gate, url, serving }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// From now on it answers with this status, or takes what comes.
    pub(crate) fn refuse(&self, status: Option<u16>) {
        *self.shelf.refusal.lock().unwrap() = status;
    }

    /// It answers nothing until it may go on.
    pub(crate) fn hold(&self) {
        self.gate.forget_permits(1);
    }

    /// How many batches were posted.
    pub(crate) fn batches(&self) -> usize {
        self.shelf.posted.lock().unwrap().len()
    }

    /// What the exporter gave as `Authorization`, once for each batch.
    pub(crate) fn authorizations(&self) -> Vec<Option<String>> {
        self.shelf.posted.lock().unwrap().iter().map(|posted| posted.authorization.clone()).collect()
    }

    /// All that was sent, as bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.shelf.posted.lock().unwrap().iter().flat_map(|posted| posted.body.clone()).collect()
    }

    /// All that was sent, in Rust's words.
    pub(crate) fn text(&self) -> String {
        format!("{:?}", self.requests())
    }

    /// The attributes of whoever sends.
    pub(crate) fn resources(&self) -> Vec<BTreeMap<String, String>> {
        let resources = self.requests().into_iter().flat_map(|request| request.resource_spans);
        resources.filter_map(|spans| Some(attributes(&spans.resource?.attributes))).collect()
    }

    /// Every span so far, by the time that it began.
    pub(crate) fn spans(&self) -> Vec<Received> {
        let resources = self.requests().into_iter().flat_map(|request| request.resource_spans);
        let spans = resources.flat_map(|spans| spans.scope_spans).flat_map(|spans| spans.spans);
        let mut spans = spans.map(|span| Received::of(&span)).collect::<Vec<_>>();
        spans.sort_by_key(|span| span.from);
        spans
    }

    /// The spans of a trace, once one is there that nothing here is the parent of.
    pub(crate) async fn trace(&self, trace: &str) -> Vec<Received> {
        let whole = async || {
            let spans = self.spans().into_iter().filter(|span| span.trace == trace).collect::<Vec<_>>();
            spans.iter().any(|span| span.kind == "server").then_some(spans)
        };
        eventually("the trace", whole).await
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let posted = self.shelf.posted.lock().unwrap();
        posted.iter().map(|posted| ExportTraceServiceRequest::decode(&posted.body[..]).unwrap()).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(
    state: web::Data<(Arc<Shelf>, Arc<Semaphore>)>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let (shelf, gate) = &**state;
    assert_eq!(request.headers().get("content-type").unwrap(), "application/x-protobuf");
    let authorization = request.headers().get("authorization");
    let authorization = authorization.map(|value| value.to_str().unwrap().to_owned());
    let refusal = *shelf.refusal.lock().unwrap();
    shelf.posted.lock().unwrap().push(Posted { authorization, body: body.to_vec() });
    let _turn = gate.acquire().await.unwrap();
    match refusal {
        Some(status) => HttpResponse::build(status.try_into().unwrap()).body("no"),
        None => HttpResponse::Ok()
            .content_type("application/x-protobuf")
            .body(ExportTraceServiceResponse::default().encode_to_vec()),
    }
}

impl Received {
    fn of(span: &Span) -> Self {
        let remote = SpanFlags::ContextIsRemoteMask as u32;
        Self {
            trace: hex::encode(&span.trace_id),
            id: hex::encode(&span.span_id),
            parent: hex::encode(&span.parent_span_id),
            remote: span.flags & remote != 0,
            name: span.name.clone(),
            kind: match span.kind {
                1 => "internal",
                2 => "server",
                3 => "client",
                _ => "other",
            },
            failed: span.status.as_ref().is_some_and(|status| status.code == 2),
            attributes: attributes(&span.attributes),
            links: span
                .links
                .iter()
                .map(|link| (hex::encode(&link.trace_id), hex::encode(&link.span_id)))
                .collect(),
            from: span.start_time_unix_nano,
            to: span.end_time_unix_nano,
            events: span.events.len(),
        }
    }

    pub(crate) fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

fn attributes(attributes: &[opentelemetry_proto::tonic::common::v1::KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::StringValueStrindex(_)
        | Value::BoolValue(_)
        | Value::DoubleValue(_)
        | Value::ArrayValue(_)
        | Value::KvlistValue(_)
        | Value::BytesValue(_) => format!("{value:?}"),
    };
    let read = |attribute: &opentelemetry_proto::tonic::common::v1::KeyValue| {
        let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
        (attribute.key.clone(), value.map_or_else(String::new, text))
    };
    attributes.iter().map(read).collect()
}
