//! A table of the document, from what was seen.

use super::case::Case;

/// What the caller got for one case.
pub(super) struct Row<'c> {
    pub(super) case: &'c Case,
    /// For each question of [`Asked::ALL`](super::case::Asked::ALL); `None` where it was not asked.
    pub(super) seen: [Option<String>; 3],
}

pub(super) fn table(rows: &[Row<'_>]) -> String {
    let lines = rows.iter().map(line).collect::<String>();
    format!("\n| Graph answers | list | approve, reject |\n|---|---|---|\n{lines}")
}

fn line(row: &Row<'_>) -> String {
    let [list, approve, reject] = row.seen.each_ref().map(|seen| seen.as_deref().unwrap_or("–"));
    let decisions =
        if approve == reject { approve.to_owned() } else { format!("approve: {approve}; reject: {reject}") };
    format!("| {} | {list} | {decisions} |\n", row.case.answer)
}
