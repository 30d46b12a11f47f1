//! Header fields about time: `Retry-After` in either form of RFC 9110 §10.2.3, and `Date` (§6.6.1).

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// The wait that a field value asks for, as seconds or as a date; `None` when it is neither or already over.
pub fn retry_after(value: &[u8], now: SystemTime) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits {
        // More seconds than can be counted are still a wait.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    httpdate::parse_http_date(text).ok()?.duration_since(now).ok()
}

/// When the answer was made, by the clock of whoever made it; to the second.
pub(super) fn date(value: &[u8]) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(std::str::from_utf8(value).ok()?).ok()?;
    Timestamp::try_from(date).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read() {
        let read = |value: &str| retry_after(value.as_bytes(), SystemTime::UNIX_EPOCH);
        assert_eq!(read("60"), Some(Duration::from_mins(1)));
        assert_eq!(read("Thu, 01 Jan 1970 00:02:00 GMT"), Some(Duration::from_mins(2)));
        assert_eq!(read("99999999999999999999999"), Some(Duration::from_secs(u64::MAX)));
        for value in ["soon", "-1", "+1", "1.5", ""] {
            assert_eq!(read(value), None, "{value:?}");
        }
        let later = SystemTime::UNIX_EPOCH + Duration::from_mins(3);
        assert_eq!(retry_after(b"Thu, 01 Jan 1970 00:02:00 GMT", later), None);
    }
}
