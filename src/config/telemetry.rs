//! `[telemetry]`: what is written down and how.

use std::path::PathBuf;

use url::Url;

use super::section::{Choice, Section};

/// The form of log lines on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

impl Choice for LogFormat {
    const WORDS: &'static [(&'static str, Self)] = &[("json", Self::Json), ("pretty", Self::Pretty)];
}

/// The least severe level that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Failures that need somebody.
    Error,
    /// What may become one.
    Warn,
    /// One line a request.
    Info,
    /// What the gateway does inside.
    Debug,
}

impl LogLevel {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

impl Choice for LogLevel {
    const WORDS: &'static [(&'static str, Self)] =
        &[("error", Self::Error), ("warn", Self::Warn), ("info", Self::Info), ("debug", Self::Debug)];
}

/// Where audit events go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditTarget {
    /// With whatever reads stdout.
    Stdout,
    /// Appended to a file.
    File(PathBuf),
}

/// What becomes of a decision whose intent cannot be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnAuditFailure {
    /// It is refused, and nothing is sent.
    Refuse,
    /// It is made, and the loss is counted.
    Count,
}

impl Choice for OnAuditFailure {
    const WORDS: &'static [(&'static str, Self)] = &[("refuse", Self::Refuse), ("count", Self::Count)];
}

/// Where traces go.
#[derive(Clone, Debug)]
pub struct OtlpSettings {
    /// The collector; `/v1/traces` is below it.
    pub endpoint: Url,
    /// The share of new traces that is recorded, 0 to 1. A trace that comes with a request goes on as its caller decided.
    pub sample: f32,
}

impl OtlpSettings {
    /// Where traces are posted to (OTLP 1.x, "OTLP/HTTP Request").
    pub fn traces_url(&self) -> String {
        format!("{}/v1/traces", self.endpoint.as_str().trim_end_matches('/'))
    }
}

/// `[telemetry]`
#[derive(Clone, Debug)]
pub struct TelemetrySettings {
    /// The form of log lines on stderr.
    pub log: LogFormat,
    /// The least severe level that is logged.
    pub level: LogLevel,
    /// Whether audit events carry ids in clear (true) or as keyed hashes.
    pub audit_clear_ids: bool,
    /// Where audit events go.
    pub audit: AuditTarget,
    /// What becomes of a decision whose intent cannot be written down.
    pub audit_on_failure: OnAuditFailure,
    /// Where traces go, if anywhere.
    pub otlp: Option<OtlpSettings>,
}

impl TelemetrySettings {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        let audit = section.text(
            "audit",
            Some("stdout"),
            "Where audit events go: `stdout`, or the path of a file that they are appended to; one that was moved or removed is made anew.",
        );
        let audit = match audit.as_deref() {
            None | Some("stdout") => AuditTarget::Stdout,
            Some(path) => AuditTarget::File(PathBuf::from(path)),
        };
        let otlp_endpoint = section.parsed(
            "otlp_endpoint",
            None,
            "an http or https URL without user, query or fragment",
            is_collector,
            "The OpenTelemetry collector that gets traces, by OTLP over HTTP (protobuf) at `/v1/traces` below this; without it there are none. Headers that it asks for go into the environment's `OTEL_EXPORTER_OTLP_HEADERS`, what traces say of the place into `OTEL_RESOURCE_ATTRIBUTES`.",
        );
        let sample = section.share(
            "trace_sample",
            0.0,
            0.1,
            "The share of traces that is recorded, of those that begin here. A `traceparent` says whether its trace is.",
        );
        Self {
            audit,
            otlp: otlp_endpoint.map(|endpoint| OtlpSettings { endpoint, sample }),
            audit_on_failure: section.choice(
                "audit_on_failure",
                OnAuditFailure::Refuse,
                "When a decision cannot be written into the audit log before it is sent: it is refused with 503 `audit_unavailable`, or made and the loss counted.",
            ),
            log: section.choice("log", LogFormat::Json, "The form of log lines on stderr."),
            level: section.choice("level", LogLevel::Info, "The least severe level that is logged."),
            audit_clear_ids: section.flag(
                "audit_clear_ids",
                false,
                "Whether audit events carry group and join request ids in clear or as keyed hashes.",
            ),
        }
    }
}

fn is_collector(url: &Url) -> bool {
    let plain = url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    matches!(url.scheme(), "http" | "https") && url.has_host() && plain && anonymous
}
