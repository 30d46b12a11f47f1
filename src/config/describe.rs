//! The table of all settings, made by reading empty settings.

use std::fmt::Write;

use super::Sections;
use super::auth::{GrantSettings, IssuerSettings};
use super::entries::Entries;
use super::limits::CallerLimitSettings;
use super::reader::Reader;

/// Every setting as a Markdown table, in the order of the sections.
pub fn settings_table() -> String {
    let entries = Entries::default();
    let mut reader = Reader::new(&entries, Vec::new());
    Sections::read(&mut reader);
    IssuerSettings::read(&mut reader.section("auth"), "<name>");
    GrantSettings::read(&mut reader.section("auth.issuers.<name>"), "<n>");
    CallerLimitSettings::read(&mut reader.section("limits"), "<n>");
    let mut table = "| key | default | allowed | meaning |\n|---|---|---|---|\n".to_owned();
    let mut rows = reader.effective;
    // What stands in lists is read last; it belongs behind the rest of its section.
    rows.sort_by_key(|row| {
        ["server", "auth", "graph", "limits", "reads", "store", "idempotency", "telemetry"]
            .map(|section| !row.key.starts_with(section))
    });
    for row in rows {
        let default = if row.default.is_empty() { "–".to_owned() } else { format!("`{}`", row.default) };
        // Writing to a String cannot fail.
        let written = writeln!(table, "| `{}` | {default} | {} | {} |", row.key, row.form, row.doc);
        debug_assert!(written.is_ok());
    }
    table
}
