//! How a call of Graph can fail.

use std::time::Duration;

use super::codes::ErrorClass;
use super::refusal::Refusal;
use crate::limits::Held;
use crate::telemetry::Drift;

/// Why a call of Graph brought no answer of the kind asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GraphError {
    /// Held back by our own limits or a pause; nothing was sent.
    Held(Held),
    /// No connection; nothing was sent.
    NotConnected,
    /// No whole answer in time, after sending.
    TimedOut,
    /// The connection broke after sending.
    Broken,
    /// An answer that makes no sense: not JSON, too large, a redirect, none of the documented forms.
    Unreadable {
        /// Its HTTP status.
        http_status: u16,
        /// Where it differs from Graph's documentation, if that is worth counting.
        drift: Option<Drift>,
    },
    /// Graph named an error.
    Refused(Refusal),
}

/// What a call shows of Graph's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Good,
    Bad,
    /// Nothing: it was not sent, or Graph only slowed us down.
    Unknown,
}

impl GraphError {
    /// What a call that ended so shows of Graph's health. A refusal is an answer.
    pub(super) const fn health(&self) -> Health {
        match self {
            Self::Held(_) => Health::Unknown,
            Self::NotConnected | Self::TimedOut | Self::Broken | Self::Unreadable { .. } => Health::Bad,
            Self::Refused(refusal) => match refusal.class {
                ErrorClass::Transient | ErrorClass::Unclear => Health::Bad,
                ErrorClass::Throttle | ErrorClass::Maintenance => Health::Unknown,
                ErrorClass::Credential
                | ErrorClass::Permission
                | ErrorClass::GroupNotFound
                | ErrorClass::GroupSuspended
                | ErrorClass::GroupFull
                | ErrorClass::UserNotAddable
                | ErrorClass::RequestGone
                | ErrorClass::CursorExpired
                | ErrorClass::Partial
                | ErrorClass::Rejected => Health::Good,
            },
        }
    }

    /// Whether Graph surely executed nothing of the call.
    pub const fn surely_not_executed(&self) -> bool {
        match self {
            Self::Held(_) | Self::NotConnected => true,
            Self::TimedOut | Self::Broken | Self::Unreadable { .. } => false,
            Self::Refused(refusal) => refusal.not_executed,
        }
    }

    /// Whether a read that ended so may be sent again.
    pub(super) const fn read_repeatable(&self) -> bool {
        match self {
            Self::Held(_) => false,
            Self::NotConnected | Self::TimedOut | Self::Broken | Self::Unreadable { .. } => true,
            Self::Refused(refusal) => refusal.class.read_repeatable(),
        }
    }

    /// A fixed word for the metric label `reason`.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Held(_) => "held",
            Self::NotConnected => "not_connected",
            Self::TimedOut => "timed_out",
            Self::Broken => "broken",
            Self::Unreadable { .. } => "unreadable",
            Self::Refused(refusal) => refusal.class.as_str(),
        }
    }

    /// Graph's own words on this error, if it named one.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Held(_) | Self::NotConnected | Self::TimedOut | Self::Broken | Self::Unreadable { .. } => {
                None
            }
        }
    }

    /// How long the caller should wait before trying again, as far as known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Held(Held::Paused { retry_after, .. } | Held::Limited { retry_after }) => {
                Some(*retry_after)
            }
            Self::Held(Held::DeadlinePassed | Held::ReadOnly | Held::StoreUnavailable)
            | Self::NotConnected
            | Self::TimedOut
            | Self::Broken
            | Self::Unreadable { .. } => None,
            Self::Refused(refusal) => refusal.wait,
        }
    }
}
