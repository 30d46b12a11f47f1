//! What the documentation shows of the program's tables is what the program has.

use std::path::Path;

use joingate::api::{graph_codes_table, problems_table};
use joingate::auth::AuthFailure;
use joingate::config::settings_table;
use joingate::telemetry::{Metrics, buckets_table, metrics_table};

/// Whether what is generated is to be written, not compared.
pub(crate) fn regenerating() -> bool {
    std::env::var_os("JOINGATE_REGENERATE").is_some()
}

/// Compares what stands between two markers of a file, or writes it when `JOINGATE_REGENERATE` is set.
pub(crate) fn compare(file: &str, marker: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {marker} -->"), format!("<!-- /{marker} -->"));
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{file} has no {begin}"));
    let (shown, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{file} has no {end}"));
    if regenerating() {
        std::fs::write(&path, format!("{before}{begin}{expected}{end}{after}")).unwrap();
    } else if shown != expected {
        panic!(
            "{file} differs from the program at `{marker}`; write it anew with `JOINGATE_REGENERATE=1 cargo test --test it -- generated graph_answers fault_outcomes kubernetes --test-threads 1`"
        );
    }
}

#[test]
fn the_tables_of_the_documentation_are_those_of_the_program() {
    let metrics = Metrics::new("v23.0").unwrap();
    let reasons = AuthFailure::ALL.map(|failure| format!("`{}`", failure.reason())).join(", ");
    compare("README.md", "settings", &format!("\n{}", settings_table()));
    compare("README.md", "problems", &format!("\n{}", problems_table()));
    compare("README.md", "metrics", &format!("\n{}", metrics_table(&metrics)));
    compare("README.md", "buckets", &format!("\n{}", buckets_table(&metrics)));
    compare("README.md", "reasons", &reasons);
    compare("docs/graph-errors.md", "codes", &format!("\n{}", graph_codes_table()));
}
