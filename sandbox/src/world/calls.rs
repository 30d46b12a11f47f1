//! The record of every Graph call received, newest last.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::world::faults::Fault;

/// Calls kept; the oldest are dropped first.
pub const MAX_CALLS: usize = 10_000;
/// Bytes of a body that are kept in the record.
pub const MAX_RECORDED_BODY: usize = 64 * 1024;

/// One call as it reached the sandbox, with its secrets struck out.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordedCall {
    /// Counts up from 1 over the life of the sandbox.
    pub sequence: u64,
    /// When the whole request had been read.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Path as sent, not decoded.
    pub path: String,
    /// Query as sent, not decoded; tokens and proofs read `[redacted]`.
    pub query: String,
    /// Header names in lower case with their values; the token reads `[redacted]`.
    pub headers: Vec<(String, String)>,
    /// Body as text, cut after 64 KiB.
    pub body: String,
    /// Status answered; none until the answer is made, and for good when none was sent.
    pub status: Option<u16>,
    /// Number of the order whose fault the call met.
    pub fault_order: Option<u64>,
    /// The fault it met.
    #[schema(value_type = Option<Fault>)]
    pub fault: Option<Arc<Fault>>,
}

impl RecordedCall {
    /// The first value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{CallLog, MAX_CALLS, RecordedCall};

    fn call() -> RecordedCall {
        RecordedCall {
            sequence: 0,
            received_at: Timestamp::UNIX_EPOCH,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            headers: Vec::new(),
            body: String::new(),
            status: None,
            fault_order: None,
            fault: None,
        }
    }

    #[test]
    fn the_oldest_call_makes_room_for_the_newest() {
        let mut log = CallLog::default();
        for _ in 0..MAX_CALLS + 2 {
            log.open(call());
        }
        log.close(1, 200);
        log.close(3, 201);
        let calls = log.all();
        assert_eq!(calls.len(), MAX_CALLS);
        assert_eq!((calls[0].sequence, calls[0].status), (3, Some(201)));
    }
}
