//! W3C Trace Context (Recommendation of 2021-11-23): which trace a request belongs to.

use std::fmt;

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

impl TraceContext {
    /// Goes on with the trace that the caller's `traceparent` names, or starts one that is not sampled when there is
    /// none or it is not valid (§3.2.2.3 wants exactly that).
    pub fn continuing(traceparent: Option<&[u8]>) -> Self {
        let (trace_id, flags) = traceparent.and_then(parse).unwrap_or_else(|| (Uuid::now_v7().as_u128(), 0));
        // The half with the random bits; never zero, since it holds the variant's bit.
        let (_, span_id) = Uuid::now_v7().as_u64_pair();
        Self { trace_id, span_id, flags }
    }

    /// The trace's id, for logs: 32 lower-case hexadecimal digits.
    pub fn trace_id(&self) -> impl fmt::Display {
        TraceId(self.trace_id)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace_id, span_id, flags } = self;
        write!(formatter, "00-{trace_id:032x}-{span_id:016x}-{flags:02x}")
    }
}

struct TraceId(u128);

impl fmt::Display for TraceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

/// The trace and its flags. `version-trace-parent-flags`, in lower case; a version of the future may have more after
/// another `-` (§4.3), `ff` is none, and ids of zeros only are not valid.
fn parse(value: &[u8]) -> Option<(u128, u8)> {
    let (known, more) = value.split_at_checked(55)?;
    let known = std::str::from_utf8(known).ok()?;
    let mut parts = known.split('-');
    let [version, trace_id, parent_id, flags] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
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
    u64::from_str_radix(parent_id, 16).ok().filter(|id| *id != 0)?;
    let flags = u8::from_str_radix(flags, 16).ok()?;
    Some((trace_id, flags & SAMPLED))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn continued(value: &str) -> bool {
        TraceContext::continuing(Some(value.as_bytes())).trace_id().to_string() == TRACE
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
            let [first, second] = [(); 2].map(|()| TraceContext::continuing(Some(value.as_bytes())));
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
            let written = TraceContext::continuing(Some(&value)).to_string();
            prop_assert!(parse(written.as_bytes()).is_some(), "{written}");
        }
    }
}
