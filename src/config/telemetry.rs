//! `[telemetry]`: what is written down and how.

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

/// `[telemetry]`
#[derive(Clone, Copy, Debug)]
pub struct TelemetrySettings {
    /// The form of log lines on stderr.
    pub log: LogFormat,
    /// The least severe level that is logged.
    pub level: LogLevel,
    /// Whether audit events carry ids in clear (true) or as keyed hashes.
    pub audit_clear_ids: bool,
}

impl TelemetrySettings {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        Self {
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
