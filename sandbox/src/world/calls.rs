//! The record of every Graph call received, newest last.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;

/// Calls kept; the oldest are dropped first.
pub const MAX_CALLS: usize = 10_000;
/// Bytes of a body that are kept in the record.
pub const MAX_RECORDED_BODY: usize = 64 * 1024;

/// One call as it reached the sandbox, with its secrets struck out.
#[derive(Debug, Clone, Serialize)]
pub struct RecordedCall {
    /// Counts up from 1 over the life of the sandbox.
    pub sequence: u64,
    /// When the whole request had been read.
    pub received_at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Path as sent, not decoded.
    pub path: String,
    /// Query as sent, not decoded; tokens and proofs read `[redacted]`.
    pub query: String,
    /// Header names in lower case with their values; the token reads `[redacted]`.
    pub headers: Vec<(String, String)>,
    /// Body as text, cut after [`MAX_RECORDED_BODY`] bytes.
    pub body: String,
    /// Status answered; none until the answer is made.
    pub status: Option<u16>,
}

impl RecordedCall {
    /// The first value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The last [`MAX_CALLS`] calls.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    calls: VecDeque<RecordedCall>,
    last: u64,
}

impl CallLog {
    /// Keeps a call and gives the number under which it is closed.
    pub(crate) fn open(&mut self, mut call: RecordedCall) -> u64 {
        self.last += 1;
        call.sequence = self.last;
        if self.calls.len() == MAX_CALLS {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
        self.last
    }

    /// Notes what was answered.
    pub(crate) fn close(&mut self, sequence: u64, status: u16) {
        if let Some(call) = self.calls.iter_mut().rev().find(|call| call.sequence == sequence) {
            call.status = Some(status);
        }
    }

    pub(crate) fn all(&self) -> Vec<RecordedCall> {
        self.calls.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.calls.clear();
    }
}
