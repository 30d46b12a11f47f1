//! The tables of metrics for the documentation.

use super::Metrics;
use super::builder::{Buckets, Described};

/// Every metric of the gateway as a Markdown table, in the order of their names.
pub fn metrics_table(metrics: &Metrics) -> String {
    let mut rows = metrics
        .descriptions
        .iter()
        .map(|Described { kind, metric, .. }| {
            let labels = metric.variable_labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>();
            format!("| `{}` | {kind} | {} | {} |\n", metric.fq_name, labels.join(", "), metric.help)
        })
        .collect::<Vec<_>>();
    rows.sort();
    format!("| metric | type | labels | meaning |\n|---|---|---|---|\n{}", rows.concat())
}

/// The buckets of every histogram and the reasons for them, as a Markdown table.
pub fn buckets_table(metrics: &Metrics) -> String {
    let mut rows = metrics
        .descriptions
        .iter()
        .filter_map(|described| {
            let Buckets { bounds, why } = described.buckets?;
            let bounds = bounds.iter().map(ToString::to_string).collect::<Vec<_>>();
            Some(format!("| `{}` | {} | {why} |\n", described.metric.fq_name, bounds.join(", ")))
        })
        .collect::<Vec<_>>();
    rows.sort();
    format!("| histogram | upper bounds in seconds | why |\n|---|---|---|\n{}", rows.concat())
}
