//! Typed access to the settings of one section. Each method declares a setting: name, default, bounds, meaning.

mod kinds;
mod secrets;

use toml::Value;

use super::entries::Entry;
use super::reader::{Effective, Reader};
use super::value::without_credentials;

/// A setting whose values are a fixed list of words.
pub(super) trait Choice: Copy + PartialEq + 'static {
    /// Each word with its value.
    const WORDS: &'static [(&'static str, Self)];
}

/// One section, such as `server` or `auth.issuers.main`.
pub(super) struct Section<'r, 'e> {
    pub(super) reader: &'r mut Reader<'e>,
    pub(super) prefix: String,
}

/// The words that declare a setting, apart from its value.
struct Declaration<'d> {
    name: &'d str,
    form: String,
    doc: &'static str,
}

impl Section<'_, '_> {
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    /// The one path every setting takes: look it up, parse it, remember what took effect.
    fn read<T>(
        &mut self,
        declaration: Declaration<'_>,
        default: Option<T>,
        parse: impl Fn(&Entry) -> Option<T>,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        let key = self.key(declaration.name);
        let default_text = default.as_ref().map(&show).unwrap_or_default();
        let (value, source, from_environment) = match self.reader.take(&key) {
            None => (default, "default".to_owned(), false),
            Some(entry) => {
                let parsed = parse(entry);
                if parsed.is_none() {
                    let value = shown(declaration.name, &entry.value);
                    let message = format!("{value} is not {}", declaration.form);
                    self.reader.refuse(&key, &entry.source, message);
                }
                (parsed.or(default), entry.source.clone(), entry.from_environment)
            }
        };
        let shown = value.as_ref().map(&show).unwrap_or_default();
        let shown = without_credentials(declaration.name, shown);
        let Declaration { form, doc, .. } = declaration;
        let default = default_text;
        let effective = Effective { key, form, default, doc, value: shown, source, from_environment };
        self.reader.effective.push(effective);
        value
    }

    /// Reports that a setting is needed and absent, or does not go with the others.
    pub(super) fn missing(&mut self, name: &str, message: &str) {
        let key = self.key(name);
        // A value that was refused has been reported already.
        if !self.reader.problems.iter().any(|problem| problem.key == key) {
            let sources = self.reader.sources_of(&key);
            self.reader.refuse(&key, &sources, message);
        }
    }
}

/// A value in a message: short, without line ends, and left out where somebody may have put a secret in place of a
/// path.
fn shown(name: &str, value: &Value) -> String {
    if name.ends_with("_file") {
        return "the value".to_owned();
    }
    let text = match value {
        Value::String(text) => text.clone(),
        other @ (Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_)) => other.to_string(),
    };
    let plain = without_credentials(name, text);
    let short = plain.chars().filter(|character| !character.is_control()).take(80).collect::<String>();
    format!("`{short}`")
}
