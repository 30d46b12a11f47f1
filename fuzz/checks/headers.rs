//! Header fields of Graph's answers.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use joingate::graph::read_usage;
use joingate::telemetry::spans;

/// The bytes are taken for either usage header and for both: shares are finite and never negative, each measure comes
/// once, and what cannot be read is counted.
pub fn usage_headers(bytes: &[u8]) {
    for (app, business) in [(Some(bytes), None), (None, Some(bytes)), (Some(bytes), Some(bytes))] {
        let usage = read_usage(app, business);
        let given = [(app, "app"), (business, "business")];
        let given = given.into_iter().filter(|(value, _)| value.is_some()).map(|(_, name)| name);
        let given = given.collect::<HashSet<_>>();
        let mut seen = HashSet::new();
        for share in &usage.shares {
            assert!(share.percent.is_finite() && share.percent >= 0.0, "{share:?}");
            assert!(given.contains(share.header), "{share:?}");
            assert!(["call_count", "total_time", "total_cputime"].contains(&share.measure), "{share:?}");
            assert!(seen.insert((share.header, share.measure)), "{share:?} comes twice");
        }
        // A header of several entries may be read in part: its shares count, and it is counted as unreadable, once.
        let whole = seen.iter().filter(|(header, _)| *header == "app").count().min(1);
        assert!(whole + usage.unreadable as usize <= given.len());
        assert!(usage.regain.is_none_or(|wait| wait > Duration::ZERO && business.is_some()));
    }
}

/// The bytes are taken for a `Retry-After`, read at two moments a minute apart: seconds are what they say at any time,
/// and a date comes nearer and is then over.
pub fn retry_after(bytes: &[u8]) {
    const MINUTE: Duration = Duration::from_mins(1);
    let now = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
    let (first, later) =
        (joingate::graph::retry_after(bytes, now), joingate::graph::retry_after(bytes, now + MINUTE));
    let text = std::str::from_utf8(bytes).unwrap_or_default().trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than can be counted is still a wait.
        let seconds = text.parse().unwrap_or(u64::MAX);
        assert_eq!((first, later), (Some(Duration::from_secs(seconds)), first));
    } else {
        assert_eq!(later, first.and_then(|wait| wait.checked_sub(MINUTE)));
        // A date has four digits for the year.
        assert!(first.is_none_or(|wait| wait < Duration::from_hours(24 * 366 * 8000)));
    }
}

/// The bytes are taken for a `traceparent`: its trace goes on exactly if the field is valid, and what is written is in the
/// form of version 00 with a place of its own.
pub fn traceparent(bytes: &[u8]) {
    let [first, second] = [(); 2].map(|()| spans::request("GET", None, Some(bytes), "1").1.to_string());
    for written in [&first, &second] {
        assert!(is_version_00(written.as_bytes()), "{written}");
    }
    assert_ne!(first, second);
    if is_version_00(bytes) {
        let given = std::str::from_utf8(bytes).unwrap();
        assert_eq!(first.split('-').nth(1), given.split('-').nth(1));
        assert_ne!(first.split('-').nth(2), given.split('-').nth(2));
    } else if bytes.starts_with(b"00-") {
        assert_ne!(first.split('-').nth(1), second.split('-').nth(1), "it is not valid, and goes on");
    }
}

fn is_version_00(value: &[u8]) -> bool {
    let hex = |range: std::ops::Range<usize>| {
        value
            .get(range)
            .is_some_and(|part| part.iter().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte)))
    };
    let not_zero = |range: std::ops::Range<usize>| value[range].iter().any(|byte| *byte != b'0');
    value.len() == 55
        && value.starts_with(b"00-")
        && (value[35], value[52]) == (b'-', b'-')
        && hex(3..35)
        && hex(36..52)
        && hex(53..55)
        && not_zero(3..35)
        && not_zero(36..52)
}
