//! Reads one section after the other: takes each value, checks it, and remembers what took effect.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::entries::{Entries, Entry};
use super::problem::{SettingProblem, SettingProblems};
use super::secret::Secret;
use super::section::Section;

/// One setting as it took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Dotted key.
    pub key: String,
    /// What values are allowed, in words.
    pub form: String,
    /// The value when nothing is set; empty when there is none.
    pub default: String,
    /// What the setting does.
    pub doc: &'static str,
    /// The value in force; `(set)` for secrets; empty when not set.
    pub value: String,
    /// The file, the environment variable, or `default`.
    pub source: String,
    /// Whether an environment variable says so.
    pub from_environment: bool,
}

impl Effective {
    /// Whether a change in the settings file takes effect while running, as long as no environment variable overrides it.
    pub fn is_live(&self) -> bool {
        matches!(self.key.as_str(), "graph.read_only" | "telemetry.level") || self.key.starts_with("limits.")
    }
}

/// Walks over all entries once; every entry not asked for is unknown.
pub(super) struct Reader<'e> {
    pub(super) entries: &'e Entries,
    pub(super) used: BTreeSet<String>,
    pub(super) problems: Vec<SettingProblem>,
    pub(super) effective: Vec<Effective>,
    pub(super) secrets: Vec<Arc<Secret>>,
}

impl<'e> Reader<'e> {
    pub(super) fn new(entries: &'e Entries, problems: Vec<SettingProblem>) -> Self {
        Self { entries, used: BTreeSet::new(), problems, effective: Vec::new(), secrets: Vec::new() }
    }

    pub(super) fn section(&mut self, prefix: &str) -> Section<'_, 'e> {
        Section { reader: self, prefix: prefix.to_owned() }
    }

    /// The entry of a key, marked as known.
    pub(super) fn take(&mut self, key: &str) -> Option<&'e Entry> {
        self.used.insert(key.to_owned());
        self.entries.0.get(key)
    }

    pub(super) fn refuse(&mut self, key: &str, source: &str, message: impl Into<String>) {
        let problem =
            SettingProblem { key: key.to_owned(), source: source.to_owned(), message: message.into() };
        self.problems.push(problem);
    }

    /// Where a key and those below it came from.
    pub(super) fn sources_of(&self, prefix: &str) -> String {
        let below = |key: &String| {
            key.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let entries = self.entries.0.iter().filter(|(key, _)| below(key));
        let sources = entries.map(|(_, entry)| entry.source.as_str()).collect::<BTreeSet<_>>();
        if sources.is_empty() {
            return "not set".to_owned();
        }
        sources.into_iter().collect::<Vec<_>>().join(", ")
    }

    /// The segments that follow a prefix, such as the names of the issuers.
    pub(super) fn names_below(&self, prefix: &str) -> BTreeSet<String> {
        let below = self.entries.0.keys().filter_map(|key| key.strip_prefix(prefix)?.strip_prefix('.'));
        below.filter_map(|rest| rest.split_once('.').map(|(name, _)| name.to_owned())).collect()
    }

    /// The places of a list of tables, in order.
    pub(super) fn places_below(&self, prefix: &str) -> Vec<String> {
        let mut places = self.names_below(prefix).into_iter().collect::<Vec<_>>();
        places.sort_by_key(|place| (place.len(), place.clone()));
        places
    }

    /// All problems, unknown keys among them, or what took effect.
    pub(super) fn finish(mut self) -> Result<(Vec<Effective>, Vec<Arc<Secret>>), SettingProblems> {
        let is_known_section = |key: &str, entry: &Entry| {
            let inside = |known: &String| known.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
            entry.value.is_table() && self.used.iter().any(inside)
        };
        let unknown =
            |(key, entry): &(&String, &Entry)| !self.used.contains(*key) && !is_known_section(key, entry);
        for (key, entry) in self.entries.0.iter().filter(unknown) {
            let nearest = self.used.iter().min_by_key(|known| strsim::levenshtein(known, key));
            let hint = nearest
                .filter(|known| strsim::levenshtein(known, key) <= 4)
                .map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
            let message = format!("there is no such setting{hint}");
            self.problems.push(SettingProblem { key: key.clone(), source: entry.source.clone(), message });
        }
        if self.problems.is_empty() {
            Ok((self.effective, self.secrets))
        } else {
            Err(SettingProblems(self.problems))
        }
    }
}
