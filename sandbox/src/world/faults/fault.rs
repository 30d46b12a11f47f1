//! One fault: when the call starts, what it does, and what its caller sees. The three are independent.

use std::time::Duration;

use actix_web::http::header::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// Longest wait of a fault: a delay, a late effect, a stall, a dripping answer.
pub const MAX_WAIT: Duration = Duration::from_mins(10);
/// Largest body of an [`AnswerFault::Error`], in bytes.
pub const MAX_FAULT_BODY: usize = 4 * 1024 * 1024;

/// What goes wrong with one call. The default is that nothing does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// Milliseconds before the call is looked at, even if its caller has gone by then; at most 10 minutes.
    pub delay_ms: u64,
    /// What a decision does. Means nothing for a read.
    pub effect: Effect,
    /// What the caller sees.
    pub answer: AnswerFault,
}

/// What a decision does to the group. The answer speaks of the ids that the effect covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// Every id is decided before the answer.
    #[default]
    Now,
    /// Nothing is done, and the lists of the answer are empty.
    Never,
    /// Only the first half of the ids is decided, rounded down; the answer does not mention the others.
    Half,
    /// The answer promises every id, and the group changes later, whether or not the caller is still there.
    Late {
        /// Milliseconds from the promise to the change; at most 10 minutes.
        after_ms: u64,
    },
    /// As `late`, but held until it is released.
    WhenReleased,
}

/// What the caller sees of the answer that the call has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AnswerFault {
    /// The answer as it is.
    #[default]
    Normal,
    /// Another answer in its place, such as one of an edge in front of Graph.
    Error {
        /// HTTP status, 200 to 599.
        status: u16,
        /// The body, sent as it is; at most 4 MiB.
        body: String,
        /// Value of `Content-Type`.
        content_type: String,
    },
    /// The connection is reset (TCP RST) without an answer.
    Reset,
    /// The connection is closed (TCP FIN) without an answer.
    Close,
    /// Nothing comes until the caller goes away, or until 10 minutes are over.
    Stall,
    /// The head with the right `Content-Length`, the beginning of the body, then the end of the connection.
    Truncated {
        /// Bytes of the body that are sent, less than it has; half of it when absent.
        #[serde(default)]
        bytes: Option<usize>,
    },
    /// The whole answer, its body in little pieces.
    Drip {
        /// Bytes of a piece, at least 1.
        bytes: usize,
        /// Milliseconds before each piece. After 10 minutes in all the connection is closed.
        every_ms: u64,
    },
    /// The whole body under a `Content-Length` that is not its own, then the end of the connection.
    WrongLength(Length),
}

/// How a `Content-Length` lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// Half of the body's length.
    Shorter,
    /// Twice the body's length.
    Longer,
}

impl Fault {
    /// Nothing wrong but a wait before the call is looked at.
    pub fn delay(millis: u64) -> Self {
        Self { delay_ms: millis, ..Self::default() }
    }

    /// The call is executed, and this is what its caller sees.
    pub fn answer(answer: AnswerFault) -> Self {
        Self { answer, ..Self::default() }
    }

    /// The page of an edge in front of Graph; add [`Self::never`] for a call that did not get through.
    pub fn html(status: u16) -> Self {
        Self::body(status, "<html><body>Sorry, something went wrong.</body></html>", "text/html")
    }

    /// An error of Graph under any status.
    pub fn graph_error(status: u16, code: i64) -> Self {
        let message = format!("(#{code}) An error that was ordered");
        let error = json!({"message": message, "type": "OAuthException", "code": code});
        Self::body(status, json!({ "error": error }).to_string(), "application/json; charset=UTF-8")
    }

    /// Any body under any status.
    pub fn body(status: u16, body: impl Into<String>, content_type: &str) -> Self {
        Self::answer(AnswerFault::Error { status, body: body.into(), content_type: content_type.to_owned() })
    }

    /// The same answer with another effect.
    #[must_use]
    pub fn with_effect(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }

    /// The same answer, and nothing is done.
    #[must_use]
    pub fn never(self) -> Self {
        self.with_effect(Effect::Never)
    }

    /// Whether every value lies within its bounds.
    pub(crate) fn is_within_bounds(&self) -> bool {
        let wait = |millis: u64| Duration::from_millis(millis) <= MAX_WAIT;
        let effect = match self.effect {
            Effect::Late { after_ms } => wait(after_ms),
            Effect::Now | Effect::Never | Effect::Half | Effect::WhenReleased => true,
        };
        let answer = match &self.answer {
            AnswerFault::Error { status, body, content_type } => {
                (200..=599).contains(status)
                    && body.len() <= MAX_FAULT_BODY
                    && HeaderValue::from_str(content_type).is_ok()
            }
            AnswerFault::Drip { bytes, every_ms } => *bytes > 0 && wait(*every_ms),
            AnswerFault::Normal
            | AnswerFault::Reset
            | AnswerFault::Close
            | AnswerFault::Stall
            | AnswerFault::Truncated { .. }
            | AnswerFault::WrongLength(_) => true,
        };
        wait(self.delay_ms) && effect && answer
    }
}

impl AnswerFault {
    /// Whether the caller gets a proper HTTP answer.
    pub(crate) fn is_proper(&self) -> bool {
        matches!(self, Self::Normal | Self::Error { .. })
    }

    /// Whether any of the answer is sent.
    pub(crate) fn is_sent(&self) -> bool {
        !matches!(self, Self::Reset | Self::Close | Self::Stall)
    }
}

impl Effect {
    /// The ids that are decided, now or later.
    pub(crate) fn covered(self, ids: &[String]) -> &[String] {
        let count = match self {
            Self::Now | Self::Late { .. } | Self::WhenReleased => ids.len(),
            Self::Half => ids.len() / 2,
            Self::Never => 0,
        };
        ids.get(..count).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Effect;

    #[test]
    fn half_of_the_ids_is_rounded_down() {
        let ids: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(Effect::Half.covered(&ids), &ids[..1]);
        assert_eq!(Effect::Half.covered(&ids[..2]), &ids[..1]);
        assert!(Effect::Half.covered(&ids[..1]).is_empty());
        assert_eq!(Effect::WhenReleased.covered(&ids), ids);
        assert!(Effect::Never.covered(&ids).is_empty());
    }
}
