//! `[telemetry]`: what is written down and how.

use std::path::PathBuf;

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
        Self {
            audit,
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
