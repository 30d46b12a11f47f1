//! Gathers raw values from the TOML file and the environment into one flat table of dotted keys.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::problem::SettingProblem;

/// Largest settings file read.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
const PREFIX: &str = "JOINGATE_";

/// The environment variables that concern the settings.
#[derive(Clone, Default)]
pub struct Environment {
    config_file: Option<PathBuf>,
    /// Name and value; values may be secrets.
    settings: Vec<(String, String)>,
}

/// A source of settings could not be read at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error("cannot read it: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("larger than 1 MiB")]
    TooLarge,
    // The parser's own text is left out: it quotes the line, which may hold a secret.
    #[error("not valid TOML near line {0}")]
    NotToml(usize),
}

impl Environment {
    /// The variables of this process that start with `JOINGATE_`, except
    /// the links that Kubernetes sets in every pod beside a service named `joingate…`.
    pub fn of_process() -> Self {
        Self::from_pairs(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        }))
    }

    /// The same from given pairs.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in pairs {
            if name == "JOINGATE_CONFIG" {
                environment.config_file = Some(PathBuf::from(value));
            } else if name.starts_with(PREFIX) && !is_kubernetes_service_link(&name) {
                environment.settings.push((name, value));
            }
        }
        environment
    }

    /// The settings file that `JOINGATE_CONFIG` names.
    pub fn config_file(&self) -> Option<&Path> {
        self.config_file.as_deref()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.settings.iter().map(|(name, _)| name)).finish()
    }
}

/// `JOINGATE_SERVICE_HOST`, `JOINGATE_ADMIN_SERVICE_PORT_HTTP`, `JOINGATE_PORT_80_TCP_ADDR` and the like.
fn is_kubernetes_service_link(name: &str) -> bool {
    if name.contains("__") {
        return false;
    }
    let protocols = ["_TCP", "_UDP", "_SCTP"];
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT")
        || name.contains("_PORT_") && protocols.iter().any(|protocol| name.contains(protocol))
}

/// A raw value and where it came from.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) value: toml::Value,
    pub(super) source: String,
    /// Environment values are text and are parsed more leniently: `true`, `5` and comma-separated lists.
    pub(super) from_environment: bool,
}

/// All raw values by dotted key; tables inside arrays have their index as a segment.
#[derive(Debug, Default)]
pub(super) struct Entries(pub(super) BTreeMap<String, Entry>);

impl Entries {
    pub(super) fn gather(file: Option<&Path>, environment: &Environment) -> (Self, Vec<SettingProblem>) {
        let mut entries = Self::default();
        let mut problems = Vec::new();
        if let Some(path) = file {
            let source = path.display().to_string();
            match read_toml(path) {
                Ok(table) => entries.flatten("", toml::Value::Table(table), &source),
                Err(error) => problems.push(SettingProblem {
                    key: "the settings file".to_owned(),
                    source,
                    message: error.to_string(),
                }),
            }
        }
        for (name, text) in &environment.settings {
            let key = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase().replace("__", ".");
            let entry = Entry {
                value: toml::Value::String(text.clone()),
                source: name.clone(),
                from_environment: true,
            };
            entries.0.insert(key, entry);
        }
        (entries, problems)
    }

    fn flatten(&mut self, key: &str, value: toml::Value, source: &str) {
        let under = |segment: &str| {
            if key.is_empty() { segment.to_owned() } else { format!("{key}.{segment}") }
        };
        match value {
            // An empty table is kept, so that a misspelt section is found even when it says nothing.
            empty @ toml::Value::Table(_)
                if !key.is_empty() && empty.as_table().is_some_and(toml::Table::is_empty) =>
            {
                let entry = Entry { value: empty, source: source.to_owned(), from_environment: false };
                self.0.insert(key.to_owned(), entry);
            }
            toml::Value::Table(table) => {
                for (name, inner) in table {
                    self.flatten(&under(&name), inner, source);
                }
            }
            toml::Value::Array(items) if !items.is_empty() && items.iter().all(toml::Value::is_table) => {
                for (index, inner) in items.into_iter().enumerate() {
                    self.flatten(&under(&index.to_string()), inner, source);
                }
            }
            leaf @ (toml::Value::String(_)
            | toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_)) => {
                let entry = Entry { value: leaf, source: source.to_owned(), from_environment: false };
                self.0.insert(key.to_owned(), entry);
            }
        }
    }
}

/// The text of a settings file.
pub(super) fn content_of(path: &Path) -> Result<String, SourceError> {
    if std::fs::metadata(path)?.len() > MAX_FILE_BYTES {
        return Err(SourceError::TooLarge);
    }
    Ok(std::fs::read_to_string(path)?)
}

fn read_toml(path: &Path) -> Result<toml::Table, SourceError> {
    let text = content_of(path)?;
    text.parse::<toml::Table>().map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        SourceError::NotToml(before.lines().count().max(1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_links_of_kubernetes_services_are_told_from_settings() {
        for name in [
            "JOINGATE_PORT",
            "JOINGATE_SERVICE_HOST",
            "JOINGATE_PORTAL_PORT",
            "JOINGATE_PORTAL_PORT_80_TCP_ADDR",
            "JOINGATE_PORT_53_UDP",
            "JOINGATE_PORT_9_SCTP_PROTO",
            "JOINGATE_ADMIN_SERVICE_PORT_HTTP",
        ] {
            assert!(is_kubernetes_service_link(name), "{name}");
        }
        for name in
            ["JOINGATE_SERVER__LISTEN", "JOINGATE_GRAPH_TOKEN", "JOINGATE_PORTAL", "JOINGATE_X__SERVICE_PORT"]
        {
            assert!(!is_kubernetes_service_link(name), "{name}");
        }
    }

    #[test]
    fn the_prefix_is_taken_off_once() {
        let pairs = [("JOINGATE_JOINGATE_SERVER__LISTEN".to_owned(), "x".to_owned())];
        let (entries, _) = Entries::gather(None, &Environment::from_pairs(pairs));
        assert!(entries.0.contains_key("joingate_server.listen"));
    }
}
