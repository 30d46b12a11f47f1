//! What the gate says to a call that wants to go.

use std::time::Duration;

use super::gcra::Pace;
use super::pause::PauseReason;

/// Why a call was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Nothing is sent for longer than the request may wait.
    Paused {
        /// What is left of it.
        retry_after: Duration,
        /// Why.
        reason: PauseReason,
    },
    /// Our own limit towards Graph is used up for longer than the request may wait.
    Limited {
        /// When there is room again, as far as known.
        retry_after: Duration,
    },
    /// The deadline passed while waiting.
    DeadlinePassed,
    /// No decision is sent: whoever runs the gateway has said so.
    ReadOnly,
    /// Nobody knows what other replicas have sent, and `store.on_failure` is `deny`.
    StoreUnavailable,
}

/// What the first in line can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send.
    Go,
    /// Look again after that; what it is held by if it cannot wait so long.
    After(Duration, Held),
    /// Wait to be called; what it is held by until then.
    Wait(Held),
    /// Go away.
    Never(Held),
    /// Ask the other replicas whether this pace allows it; nobody else does meanwhile.
    Ask(Pace),
    /// Its group alone is paused: wait for that, and then again in line.
    GroupPaused,
}
