//! Graph's usage headers: how much of the quota is used, in whole percent, and how long until it is free again.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>.

use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::telemetry::Metrics;

const MEASURES: [&str; 3] = ["call_count", "total_time", "total_cputime"];
/// A longer header is not looked at.
const MAX_HEADER: usize = 16 * 1024;

/// Reads both headers, shows them as metrics, and answers the longest wait until access is regained.
pub(super) fn read<'h>(header: impl Fn(&str) -> Option<&'h [u8]>, metrics: &Metrics) -> Option<Duration> {
    let bounded = |name| header(name).filter(|bytes| bytes.len() <= MAX_HEADER);
    if let Some(bytes) = bounded("x-app-usage") {
        app_usage(bytes, metrics);
    }
    business_usage(bounded("x-business-use-case-usage")?, metrics)
}

fn app_usage(bytes: &[u8], metrics: &Metrics) {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(usage) => show_highest("app", &[&usage], metrics),
        Err(_not_json) => metrics.graph_drifted("usage_header"),
    }
}

fn business_usage(bytes: &[u8], metrics: &Metrics) -> Option<Duration> {
    let Ok(Entries(entries)) = serde_json::from_slice(bytes) else {
        metrics.graph_drifted("usage_header");
        return None;
    };
    let entries = entries.iter().filter_map(Value::as_array).flatten().collect::<Vec<_>>();
    show_highest("business", &entries, metrics);
    let minutes =
        entries.iter().filter_map(|entry| entry.get("estimated_time_to_regain_access")?.as_u64()).max()?;
    (minutes > 0).then(|| Duration::from_secs(minutes.saturating_mul(60)))
}

fn show_highest(header: &'static str, entries: &[&Value], metrics: &Metrics) {
    for measure in MEASURES {
        let highest = entries.iter().filter_map(|entry| entry.get(measure)?.as_f64()).reduce(f64::max);
        if let Some(percent) = highest {
            metrics.graph_usage(header, measure, percent);
        }
    }
}

/// The values of an object, all of them: Meta's own sample repeats a key, and a map would drop one.
struct Entries(Vec<Value>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AllValues;
        impl<'de> Visitor<'de> for AllValues {
            type Value = Entries;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut values = Vec::new();
                while let Some((_, value)) = map.next_entry::<String, Value>()? {
                    values.push(value);
                }
                Ok(Entries(values))
            }
        }
        deserializer.deserialize_map(AllValues)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(name: &'static str, value: &str) -> (Option<Duration>, String) {
        let metrics = Metrics::new("v23.0").unwrap();
        let wait = read(|asked| (asked == name).then_some(value.as_bytes()), &metrics);
        (wait, metrics.exposition())
    }

    #[test]
    fn a_repeated_key_hides_nothing() {
        let value = r#"{"1":[{"type":"whatsapp","call_count":95,"estimated_time_to_regain_access":3}],
            "1":[{"type":"whatsapp_business_management","call_count":10}]}"#
            .replace('\n', "");
        let (wait, exposition) = read_one("x-business-use-case-usage", &value);
        assert_eq!(wait, Some(Duration::from_mins(3)));
        assert!(exposition.contains(
            r#"joingate_graph_usage_percent{account="default",header="business",measure="call_count"} 95"#
        ));
    }

    #[test]
    fn headers_that_are_not_json_are_counted_and_harmless() {
        let (wait, exposition) = read_one("x-app-usage", "{broken");
        assert_eq!(wait, None);
        assert!(
            exposition
                .contains(r#"joingate_graph_schema_drift_total{account="default",kind="usage_header"} 1"#)
        );
    }
}
