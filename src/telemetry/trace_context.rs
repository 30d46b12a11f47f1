//! W3C Trace Context (Recommendation of 2021-11-23): which trace a request belongs to.

use std::fmt;

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use uuid::Uuid;

/// The trace of one request and the gateway's own place in it. Written as the value of `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

/// Only this flag is known (§3.2.2.5); others are not passed on.
const SAMPLED: u8 = 1;

/// Where the caller is in its trace: what a valid `traceparent` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

impl TraceContext {
    /// Goes on with the caller's trace, or starts one that is not sampled when there is none or it is not valid (§3.2.2.3
    /// wants exactly that). For as long as nothing is sent to a collector.
    pub(super) fn continuing(parent: Option<Parent>) -> Self {
        let (trace_id, flags) =
            parent.map_or_else(|| (Uuid::now_v7().as_u128(), 0), |parent| (parent.trace_id, parent.flags));
        // The half with the random bits; never zero, since it holds the variant's bit.
        let (_, span_id) = Uuid::now_v7().as_u64_pair();
        Self { trace_id, span_id, flags }
    }

    /// The trace's id, for logs: 32 lower-case hexadecimal digits.
    pub fn trace_id(&self) -> impl fmt::Display {
        Hexadecimal(self.trace_id)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace_id, span_id, flags } = self;
        write!(formatter, "00-{trace_id:032x}-{span_id:016x}-{flags:02x}")
    }
}

struct Hexadecimal(u128);

impl fmt::Display for Hexadecimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

impl From<&SpanContext> for TraceContext {
    fn from(context: &SpanContext) -> Self {
        Self {
            trace_id: u128::from_be_bytes(context.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(context.span_id().to_bytes()),
            flags: context.trace_flags().to_u8() & SAMPLED,
        }
    }
}

impl From<Parent> for SpanContext {
    fn from(parent: Parent) -> Self {
        let (trace_id, span_id) = (TraceId::from(parent.trace_id), SpanId::from(parent.span_id));
        Self::new(trace_id, span_id, TraceFlags::new(parent.flags), true, TraceState::default())
    }
}

impl Parent {
    /// `version-trace-parent-flags`, in lower case; a version of the future may have more after another `-` (§4.3), `ff` is
    /// none, and ids of zeros only are not valid.
    pub(super) fn parse(traceparent: &[u8]) -> Option<Self> {
        let (known, more) = traceparent.split_at_checked(55)?;
        let known = std::str::from_utf8(known).ok()?;
        let mut parts = known.split('-');
        let [version, trace_id, parent_id, flags] =
            [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        let ends = match version {
            "00" => more.is_empty(),
            "ff" => false,
            _ => more.first().is_none_or(|byte| *byte == b'-'),
        };
        let lengths = [version, trace_id, parent_id, flags].map(str::len) == [2, 32, 16, 2];
        let digits = known.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
        if !(ends && lengths && digits && parts.next().is_none()) {
            return None;
        }
        let trace_id = u128::from_str_radix(trace_id, 16).ok().filter(|id| *id != 0)?;
        let span_id = u64::from_str_radix(parent_id, 16).ok().filter(|id| *id != 0)?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self { trace_id, span_id, flags: flags & SAMPLED })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn continued(value: &str) -> bool {
        TraceContext::continuing(Parent::parse(value.as_bytes())).trace_id().to_string() == TRACE
    }

    #[test]
    fn a_valid_trace_goes_on_with_a_place_of_our_own() {
        for (value, flags) in [
            (format!("00-{TRACE}-00f067aa0ba902b7-01"), "01"),
            (format!("00-{TRACE}-00f067aa0ba902b7-00"), "00"),
            (format!("00-{TRACE}-00f067aa0ba902b7-ff"), "01"),
            (format!("cc-{TRACE}-00f067aa0ba902b7-01"), "01"),
            (format!("cc-{TRACE}-00f067aa0ba902b7-01-what-the-future-brings"), "01"),
        ] {
            let [first, second] = [(); 2].map(|()| TraceContext::continuing(Parent::parse(value.as_bytes())));
            assert!(continued(&value), "{value}");
            assert_ne!(first, second);
            let written = first.to_string();
            assert!(written.starts_with(&format!("00-{TRACE}-")) && written.ends_with(flags), "{written}");
            assert!(!written.contains("00f067aa0ba902b7"), "{written}");
        }
    }

    #[test]
    fn another_trace_is_started_for_what_is_not_valid() {
        for value in [
            String::new(),
            TRACE.to_owned(),
            format!("00-{TRACE}-00f067aa0ba902b7-0"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-"),
            format!("00-{TRACE}-00f067aa0ba902b7-01\n"),
            format!("cc-{TRACE}-00f067aa0ba902b7-01.more"),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-00F067aa0ba902b7-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{TRACE}+00f067aa0ba902b7-01"),
            format!("+0-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}0-0f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b\u{e9}-01"),
        ] {
            assert!(!continued(&value), "{value}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_what_is_written_is_valid(value in proptest::collection::vec(any::<u8>(), 0..80)) {
            let written = TraceContext::continuing(Parent::parse(&value)).to_string();
            prop_assert!(Parent::parse(written.as_bytes()).is_some(), "{written}");
        }
    }
}
