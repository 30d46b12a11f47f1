//! Typed access to the settings of one section. Each method declares a setting: name, default, bounds, meaning.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use toml::Value;

use super::entries::Entry;
use super::reader::{Effective, Reader};
use super::secret::{Secret, SecretForm};
use super::value::{Rate, format_duration, format_size, parse_duration, parse_size};

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
        let (value, source) = match self.reader.take(&key) {
            None => (default, "default".to_owned()),
            Some(entry) => {
                let parsed = parse(entry);
                if parsed.is_none() {
                    let message = format!("`{}` is not {}", shown(&entry.value), declaration.form);
                    self.reader.refuse(&key, &entry.source, message);
                }
                (parsed.or(default), entry.source.clone())
            }
        };
        let shown = value.as_ref().map(&show).unwrap_or_default();
        let Declaration { form, doc, .. } = declaration;
        self.reader.effective.push(Effective {
            key,
            form,
            default: default_text,
            doc,
            value: shown,
            source,
        });
        value
    }

    pub(super) fn duration(
        &mut self,
        name: &str,
        default: Duration,
        bounds: RangeInclusive<Duration>,
        doc: &'static str,
    ) -> Duration {
        let form = format!(
            "a duration from {} to {}",
            format_duration(*bounds.start()),
            format_duration(*bounds.end())
        );
        let parse =
            |entry: &Entry| parse_duration(entry.value.as_str()?).filter(|value| bounds.contains(value));
        let value = self.read(Declaration { name, form, doc }, Some(default), parse, |value| {
            format_duration(*value)
        });
        value.unwrap_or(default)
    }

    pub(super) fn size(
        &mut self,
        name: &str,
        default: u64,
        bounds: RangeInclusive<u64>,
        doc: &'static str,
    ) -> usize {
        let form = format!(
            "a size from {} to {}",
            format_size(*bounds.start()),
            format_size(*bounds.end())
        );
        let parse = |entry: &Entry| parse_size(entry.value.as_str()?).filter(|value| bounds.contains(value));
        let value = self.read(Declaration { name, form, doc }, Some(default), parse, |value| {
            format_size(*value)
        });
        usize::try_from(value.unwrap_or(default)).unwrap_or(usize::MAX)
    }

    pub(super) fn count(
        &mut self,
        name: &str,
        default: u32,
        bounds: RangeInclusive<u32>,
        doc: &'static str,
    ) -> u32 {
        self.optional_count(name, Some(default), bounds, doc)
            .unwrap_or(default)
    }

    pub(super) fn optional_count(
        &mut self,
        name: &str,
        default: Option<u32>,
        bounds: RangeInclusive<u32>,
        doc: &'static str,
    ) -> Option<u32> {
        let form = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        let parse = |entry: &Entry| {
            let number = match &entry.value {
                Value::Integer(number) => u32::try_from(*number).ok(),
                Value::String(text) if entry.from_environment => text.parse().ok(),
                Value::String(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Array(_)
                | Value::Table(_) => None,
            };
            number.filter(|number| bounds.contains(number))
        };
        self.read(Declaration { name, form, doc }, default, parse, u32::to_string)
    }

    pub(super) fn rate(&mut self, name: &str, default: Rate, doc: &'static str) -> Rate {
        let declaration = Declaration {
            name,
            form: "a rate such as `600/min` (s, min or h)".to_owned(),
            doc,
        };
        self.read(
            declaration,
            Some(default),
            |entry| Rate::parse(entry.value.as_str()?),
            Rate::to_string,
        )
        .unwrap_or(default)
    }

    pub(super) fn flag(&mut self, name: &str, default: bool, doc: &'static str) -> bool {
        let parse = |entry: &Entry| match &entry.value {
            Value::Boolean(flag) => Some(*flag),
            Value::String(text) if entry.from_environment => text.parse().ok(),
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Datetime(_)
            | Value::Array(_)
            | Value::Table(_) => None,
        };
        let declaration = Declaration {
            name,
            form: "`true` or `false`".to_owned(),
            doc,
        };
        self.read(declaration, Some(default), parse, bool::to_string)
            .unwrap_or(default)
    }

    pub(super) fn choice<T: Choice>(&mut self, name: &str, default: T, doc: &'static str) -> T {
        let words = T::WORDS
            .iter()
            .map(|(word, _)| format!("`{word}`"))
            .collect::<Vec<_>>();
        let parse = |entry: &Entry| {
            let text = entry.value.as_str()?;
            T::WORDS
                .iter()
                .find(|(word, _)| *word == text)
                .map(|(_, value)| *value)
        };
        let show = |value: &T| {
            T::WORDS
                .iter()
                .find(|(_, known)| known == value)
                .map_or_else(String::new, |(word, _)| (*word).to_owned())
        };
        self.read(
            Declaration {
                name,
                form: words.join(" or "),
                doc,
            },
            Some(default),
            parse,
            show,
        )
        .unwrap_or(default)
    }

    /// Any value that reads itself from text, such as a URL or an address.
    pub(super) fn parsed<T: FromStr + Display>(
        &mut self,
        name: &str,
        default: Option<T>,
        form: &str,
        accept: impl Fn(&T) -> bool,
        doc: &'static str,
    ) -> Option<T> {
        let parse = |entry: &Entry| entry.value.as_str()?.parse().ok().filter(&accept);
        self.read(
            Declaration {
                name,
                form: form.to_owned(),
                doc,
            },
            default,
            parse,
            T::to_string,
        )
    }

    pub(super) fn address(&mut self, name: &str, default: SocketAddr, doc: &'static str) -> SocketAddr {
        let form = "an address with a port, such as `0.0.0.0:8080`";
        self.parsed(name, Some(default), form, |_| true, doc)
            .unwrap_or(default)
    }

    pub(super) fn text(&mut self, name: &str, default: Option<&str>, doc: &'static str) -> Option<String> {
        let accept = |text: &String| (1..=1024).contains(&text.len()) && !text.chars().any(char::is_control);
        self.parsed(
            name,
            default.map(str::to_owned),
            "text of 1 to 1024 bytes",
            accept,
            doc,
        )
    }

    /// Like [`Self::text`], and its absence is a problem.
    pub(super) fn required_text(&mut self, name: &str, doc: &'static str) -> String {
        let value = self.text(name, None, doc);
        if value.is_none() {
            self.missing(name, "it must be set");
        }
        value.unwrap_or_default()
    }

    /// A path; `content` says what the file must hold.
    pub(super) fn path(&mut self, name: &str, content: &str, doc: &'static str) -> Option<PathBuf> {
        let accept = |text: &String| (1..=4096).contains(&text.len()) && !text.chars().any(char::is_control);
        self.parsed(
            name,
            None,
            &format!("the path of a file with {content}"),
            accept,
            doc,
        )
        .map(PathBuf::from)
    }

    pub(super) fn list(&mut self, name: &str, doc: &'static str) -> Option<Vec<String>> {
        let parse = |entry: &Entry| match &entry.value {
            Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect(),
            Value::String(text) if entry.from_environment => {
                Some(text.split(',').map(|item| item.trim().to_owned()).collect())
            }
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Table(_) => None,
        };
        let form = "a list of texts, at most 1000".to_owned();
        let bounded = |entry: &Entry| parse(entry).filter(|items: &Vec<String>| items.len() <= 1000);
        self.read(Declaration { name, form, doc }, None, bounded, |items| {
            items.join(", ")
        })
    }

    /// A secret under `name_file` (a path) or `name` (the value itself), never both.
    pub(super) fn secret(&mut self, name: &str, form: SecretForm, doc: &'static str) -> Option<Arc<Secret>> {
        let file_name = format!("{name}_file");
        let inline_key = self.key(name);
        let inline = self.reader.take(&inline_key);
        let file = self.secret_file(&file_name, form, doc);
        let entry = inline?;
        if file.is_some() {
            let message = format!("both `{name}` and `{file_name}` are set; keep one");
            self.reader.refuse(&inline_key, &entry.source, message);
            return file;
        }
        let made = entry
            .value
            .as_str()
            .map(|value| Secret::from_value(&inline_key, value, form));
        match made {
            Some(Ok(secret)) => Some(self.keep(secret, &inline_key, &entry.source)),
            Some(Err(error)) => {
                self.reader.refuse(&inline_key, &entry.source, error.to_string());
                None
            }
            None => {
                self.reader
                    .refuse(&inline_key, &entry.source, "a secret is a text");
                None
            }
        }
    }

    /// A file whose content is read now and again whenever it changes.
    pub(super) fn secret_file(
        &mut self,
        name: &str,
        form: SecretForm,
        doc: &'static str,
    ) -> Option<Arc<Secret>> {
        let key = self.key(name);
        let source = self
            .reader
            .entries
            .0
            .get(&key)
            .map(|entry| entry.source.clone())
            .unwrap_or_default();
        let path = self.path(name, form.describe(), doc)?;
        match Secret::from_file(&key, &path, form) {
            Ok(secret) => {
                let secret = Arc::new(secret);
                self.reader.secrets.push(Arc::clone(&secret));
                Some(secret)
            }
            Err(error) => {
                self.reader.refuse(&key, &source, error.to_string());
                None
            }
        }
    }

    fn keep(&mut self, secret: Secret, key: &str, source: &str) -> Arc<Secret> {
        self.reader.effective.push(Effective {
            key: key.to_owned(),
            form: "the value itself, for development".to_owned(),
            default: String::new(),
            doc: "",
            value: "(set)".to_owned(),
            source: source.to_owned(),
        });
        Arc::new(secret)
    }

    /// Reports that a setting is needed and absent.
    pub(super) fn missing(&mut self, name: &str, message: &str) {
        let key = self.key(name);
        // A value that was refused has been reported already.
        if !self.reader.problems.iter().any(|problem| problem.key == key) {
            self.reader.refuse(&key, "not set", message);
        }
    }
}

/// A value in a message: short, and without line ends.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other @ (Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_)) => other.to_string(),
    };
    text.chars()
        .filter(|character| !character.is_control())
        .take(80)
        .collect()
}
