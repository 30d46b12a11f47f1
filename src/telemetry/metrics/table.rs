//! The table of metrics for the documentation.

use super::Metrics;

/// Every metric of the gateway as a Markdown table, in the order of their names.
pub fn metrics_table(metrics: &Metrics) -> String {
    let mut rows = metrics
        .descriptions
        .iter()
        .map(|description| {
            let labels =
                description.variable_labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>();
            format!("| `{}` | {} | {} |\n", description.fq_name, labels.join(", "), description.help)
        })
        .collect::<Vec<_>>();
    rows.sort();
    format!("| metric | labels | meaning |\n|---|---|---|\n{}", rows.concat())
}
