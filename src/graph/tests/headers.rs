//! Header fields: whatever they say, they harm nothing and stay in bounds.

use std::time::{Duration, SystemTime};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::graph::{Usage, read_usage, retry_after};

/// A usage header: any bytes, or nearly what Graph sends.
fn usage_header() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[-+0-9.e ]{0,6}".prop_map(Value::from),
        Just(Value::Null),
    ];
    let entry = (number.clone(), number.clone(), number).prop_map(|(calls, time, minutes)| {
        json!({ "call_count": calls, "total_time": time, "estimated_time_to_regain_access": minutes })
    });
    let nested = vec(("[0-9]{0,3}", vec(entry.clone(), 0..3)), 0..4).prop_map(|members| {
        let members = members.iter().map(|(key, entries)| format!("{key:?}:{}", json!(entries)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(",")).into_bytes()
    });
    prop_oneof![
        vec(any::<u8>(), 0..100),
        entry.prop_map(|entry| entry.to_string().into_bytes()),
        nested.clone(),
        (nested, any::<prop::sample::Index>()).prop_map(|(mut bytes, at)| {
            bytes.truncate(at.index(bytes.len()));
            bytes
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn usage_is_a_few_shares_in_percent(app in option::of(usage_header()), business in option::of(usage_header())) {
        let Usage { shares, unreadable, .. } = read_usage(app.as_deref(), business.as_deref());
        prop_assert!(shares.iter().all(|share| share.percent.is_finite() && share.percent >= 0.0));
        for header in ["app", "business"] {
            let measures = shares.iter().filter(|share| share.header == header).map(|share| share.measure);
            let measures = measures.collect::<Vec<_>>();
            let mut once = measures.clone();
            once.dedup();
            prop_assert_eq!(measures, once, "each measure once");
        }
        prop_assert!(unreadable <= u32::from(app.is_some()) + u32::from(business.is_some()));
    }

    #[test]
    fn any_bytes_are_a_wait_or_none(value in vec(any::<u8>(), 0..40)) {
        retry_after(&value, SystemTime::now());
    }

    #[test]
    fn any_digits_are_a_wait(digits in "[0-9]{1,40}", spaces in " {0,2}") {
        let value = format!("{spaces}{digits}{spaces}");
        let expected = Duration::from_secs(digits.parse().unwrap_or(u64::MAX));
        prop_assert_eq!(retry_after(value.as_bytes(), SystemTime::now()), Some(expected));
    }
}
