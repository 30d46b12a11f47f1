//! Graph's usage headers: how much of the quota is used, in whole percent, and how long until it is free again.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>.

use std::time::Duration;

use crate::json::{self, Object, Value};

const MEASURES: [&str; 3] = ["call_count", "total_time", "total_cputime"];
/// A longer header is not looked at.
const MAX_HEADER: usize = 16 * 1024;

/// What the usage headers of one answer say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// The highest share of each measure in each header.
    pub shares: Vec<Share>,
    /// The longest time until access is regained; `None` when none is stated.
    pub regain: Option<Duration>,
    /// Headers that could not be read.
    pub unreadable: u32,
}

/// How much of one quota is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// `app` or `business`.
    pub header: &'static str,
    /// `call_count`, `total_time` or `total_cputime`.
    pub measure: &'static str,
    /// In percent, never negative; above 100 when a quota is overdrawn.
    pub percent: f64,
}

/// Reads the values of `X-App-Usage` and `X-Business-Use-Case-Usage`. What cannot be read is counted and harmless.
pub fn read_usage(app: Option<&[u8]>, business: Option<&[u8]>) -> Usage {
    let mut usage = Usage::default();
    if let Some(bytes) = app {
        match object(bytes) {
            Some(entry) => usage.take("app", &[&entry]),
            None => usage.unreadable += 1,
        }
    }
    if let Some(bytes) = business {
        match object(bytes) {
            Some(object) => {
                // A list by the documentation; one entry alone says the same. Meta's own sample repeats a name: all of them count.
                let lists =
                    object.values().map(|entry| entry.as_array().unwrap_or(std::slice::from_ref(entry)));
                let stated = lists.flatten().map(Value::as_object).collect::<Vec<_>>();
                usage.unreadable += u32::from(stated.iter().any(Option::is_none));
                let entries = stated.into_iter().flatten().collect::<Vec<_>>();
                usage.take("business", &entries);
                usage.regain = regain(&entries);
            }
            None => usage.unreadable += 1,
        }
    }
    usage
}

impl Usage {
    /// What two fields of one answer say together: the higher share of each, and the longer time.
    pub(super) fn and(mut self, other: Self) -> Self {
        for share in other.shares {
            let same = |known: &&mut Share| (known.header, known.measure) == (share.header, share.measure);
            match self.shares.iter_mut().find(same) {
                Some(known) => known.percent = known.percent.max(share.percent),
                None => self.shares.push(share),
            }
        }
        self.regain = self.regain.max(other.regain);
        self.unreadable = self.unreadable.saturating_add(other.unreadable);
        self
    }

    fn take(&mut self, header: &'static str, entries: &[&Object<'_>]) {
        for measure in MEASURES {
            let percents = entries.iter().filter_map(|entry| number(entry.get(measure)?));
            if let Some(percent) = percents.reduce(f64::max) {
                self.shares.push(Share { header, measure, percent });
            }
        }
    }
}

fn object(bytes: &[u8]) -> Option<Object<'_>> {
    (bytes.len() <= MAX_HEADER).then(|| json::repeating_object(bytes))?
}

/// The longest `estimated_time_to_regain_access`, which is in minutes.
fn regain(entries: &[&Object<'_>]) -> Option<Duration> {
    let stated = entries.iter().filter_map(|entry| number(entry.get("estimated_time_to_regain_access")?));
    // More than can be counted is still a wait.
    let wait = Duration::try_from_secs_f64(stated.reduce(f64::max)? * 60.0).unwrap_or(Duration::MAX);
    (!wait.is_zero()).then_some(wait)
}

/// A number that is not negative, written as a number or as text.
fn number(value: &Value<'_>) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_key_hides_nothing() {
        let value = br#"{"1":[{"type":"whatsapp","call_count":95,"estimated_time_to_regain_access":3}],
            "1":[{"type":"whatsapp_business_management","call_count":10}]}"#;
        let usage = read_usage(None, Some(value));
        assert_eq!(usage.regain, Some(Duration::from_mins(3)));
        assert_eq!(usage.shares, [Share { header: "business", measure: "call_count", percent: 95.0 }]);
    }

    #[test]
    fn of_several_fields_the_highest_counts() {
        let field = |minutes: u32, percent: u32| {
            let text =
                format!(r#"{{"1":{{"call_count":{percent},"estimated_time_to_regain_access":{minutes}}}}}"#);
            read_usage(None, Some(text.as_bytes()))
        };
        let usage = field(0, 90).and(field(10, 40)).and(read_usage(Some(b"{}"), None));
        assert_eq!((usage.regain, usage.unreadable), (Some(Duration::from_mins(10)), 0));
        assert_eq!(usage.shares, [Share { header: "business", measure: "call_count", percent: 90.0 }]);
        assert_eq!(read_usage(None, Some(br#"{"1":7}"#)).unreadable, 1);
    }

    #[test]
    fn numbers_may_be_text_and_may_overdraw() {
        let value = br#"{"call_count":"101","total_time":250,"total_cputime":-1}"#;
        let percents =
            read_usage(Some(value), None).shares.iter().map(|share| share.percent).collect::<Vec<_>>();
        assert_eq!(percents, [101.0, 250.0]);
    }

    #[test]
    fn headers_that_are_not_objects_are_counted_and_harmless() {
        for value in ["{broken", "[]", "1", ""] {
            let usage = read_usage(Some(value.as_bytes()), Some(value.as_bytes()));
            assert_eq!(usage, Usage { unreadable: 2, ..Usage::default() }, "{value}");
        }
        assert_eq!(read_usage(None, Some(&vec![b' '; MAX_HEADER + 1])).unreadable, 1);
    }
}
