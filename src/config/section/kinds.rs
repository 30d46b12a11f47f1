//! A method for every kind of value a setting may have.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use toml::Value;

use super::{Choice, Declaration, Section};
use crate::config::entries::Entry;
use crate::config::value::{Rate, format_duration, format_size, parse_duration, parse_size};

#[expect(
    clippy::multiple_inherent_impl,
    reason = "the one path of every setting and the kinds of values are two ideas"
)]
impl Section<'_, '_> {
    pub(in crate::config) fn duration(
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
        let value =
            self.read(Declaration { name, form, doc }, Some(default), parse, |value| format_duration(*value));
        value.unwrap_or(default)
    }

    /// A duration, or the word `off`, which is the default.
    pub(in crate::config) fn duration_or_off(
        &mut self,
        name: &str,
        bounds: RangeInclusive<Duration>,
        doc: &'static str,
    ) -> Option<Duration> {
        let form = format!(
            "a duration from {} to {}, or `off`",
            format_duration(*bounds.start()),
            format_duration(*bounds.end())
        );
        let parse = |entry: &Entry| match entry.value.as_str()? {
            "off" => Some(None),
            text => parse_duration(text).filter(|value| bounds.contains(value)).map(Some),
        };
        let show = |value: &Option<Duration>| value.map_or_else(|| "off".to_owned(), format_duration);
        self.read(Declaration { name, form, doc }, Some(None), parse, show).flatten()
    }

    pub(in crate::config) fn size(
        &mut self,
        name: &str,
        default: u64,
        bounds: RangeInclusive<u64>,
        doc: &'static str,
    ) -> usize {
        let form = format!("a size from {} to {}", format_size(*bounds.start()), format_size(*bounds.end()));
        let parse = |entry: &Entry| parse_size(entry.value.as_str()?).filter(|value| bounds.contains(value));
        let value =
            self.read(Declaration { name, form, doc }, Some(default), parse, |value| format_size(*value));
        usize::try_from(value.unwrap_or(default)).unwrap_or(usize::MAX)
    }

    pub(in crate::config) fn count(
        &mut self,
        name: &str,
        default: u32,
        bounds: RangeInclusive<u32>,
        doc: &'static str,
    ) -> u32 {
        self.optional_count(name, Some(default), bounds, doc).unwrap_or(default)
    }

    pub(in crate::config) fn optional_count(
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

    /// A share between `least` and all.
    pub(in crate::config) fn share(
        &mut self,
        name: &str,
        least: f32,
        default: f32,
        doc: &'static str,
    ) -> f32 {
        let parse = |entry: &Entry| {
            #[expect(clippy::cast_possible_truncation, reason = "a share needs no more digits")]
            let number = match &entry.value {
                Value::Float(number) => Some(*number as f32),
                Value::Integer(number) => u8::try_from(*number).ok().map(f32::from),
                Value::String(text) if entry.from_environment => text.parse().ok(),
                Value::String(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Array(_)
                | Value::Table(_) => None,
            };
            number.filter(|number| (least..=1.0).contains(number))
        };
        let declaration = Declaration { name, form: format!("a number from {least} to 1"), doc };
        self.read(declaration, Some(default), parse, f32::to_string).unwrap_or(default)
    }

    pub(in crate::config) fn rate(&mut self, name: &str, default: Rate, doc: &'static str) -> Rate {
        let declaration =
            Declaration { name, form: "a rate such as `600/min` (s, min or h)".to_owned(), doc };
        self.read(declaration, Some(default), |entry| Rate::parse(entry.value.as_str()?), Rate::to_string)
            .unwrap_or(default)
    }

    /// A rate, or the word `off`.
    pub(in crate::config) fn rate_or_off(
        &mut self,
        name: &str,
        default: Rate,
        doc: &'static str,
    ) -> Option<Rate> {
        let form = "a rate such as `600/min` (s, min or h), or `off`".to_owned();
        let parse = |entry: &Entry| match entry.value.as_str()? {
            "off" => Some(None),
            text => Rate::parse(text).map(Some),
        };
        let show = |rate: &Option<Rate>| rate.as_ref().map_or_else(|| "off".to_owned(), Rate::to_string);
        self.read(Declaration { name, form, doc }, Some(Some(default)), parse, show).unwrap_or(Some(default))
    }

    pub(in crate::config) fn flag(&mut self, name: &str, default: bool, doc: &'static str) -> bool {
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
        let declaration = Declaration { name, form: "`true` or `false`".to_owned(), doc };
        self.read(declaration, Some(default), parse, bool::to_string).unwrap_or(default)
    }

    pub(in crate::config) fn choice<T: Choice>(&mut self, name: &str, default: T, doc: &'static str) -> T {
        let words = T::WORDS.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>();
        let parse = |entry: &Entry| {
            let text = entry.value.as_str()?;
            T::WORDS.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
        };
        let show = |value: &T| {
            T::WORDS
                .iter()
                .find(|(_, known)| known == value)
                .map_or_else(String::new, |(word, _)| (*word).to_owned())
        };
        self.read(Declaration { name, form: words.join(" or "), doc }, Some(default), parse, show)
            .unwrap_or(default)
    }

    /// Any value that reads itself from text, such as a URL or an address.
    pub(in crate::config) fn parsed<T: FromStr + Display>(
        &mut self,
        name: &str,
        default: Option<T>,
        form: &str,
        accept: impl Fn(&T) -> bool,
        doc: &'static str,
    ) -> Option<T> {
        let parse = |entry: &Entry| entry.value.as_str()?.parse().ok().filter(&accept);
        self.read(Declaration { name, form: form.to_owned(), doc }, default, parse, T::to_string)
    }

    pub(in crate::config) fn address(
        &mut self,
        name: &str,
        default: SocketAddr,
        doc: &'static str,
    ) -> SocketAddr {
        let form = "an IP address with a port, such as `0.0.0.0:8080`";
        self.parsed(name, Some(default), form, |_| true, doc).unwrap_or(default)
    }

    pub(in crate::config) fn text(
        &mut self,
        name: &str,
        default: Option<&str>,
        doc: &'static str,
    ) -> Option<String> {
        let accept = |text: &String| (1..=1024).contains(&text.len()) && !text.chars().any(char::is_control);
        self.parsed(name, default.map(str::to_owned), "text of 1 to 1024 bytes", accept, doc)
    }

    /// Like [`Self::text`], and its absence is a problem.
    pub(in crate::config) fn required_text(&mut self, name: &str, doc: &'static str) -> String {
        let value = self.text(name, None, doc);
        if value.is_none() {
            self.missing(name, "it must be set");
        }
        value.unwrap_or_default()
    }

    /// A path; `content` says what the file must hold.
    pub(in crate::config) fn path(
        &mut self,
        name: &str,
        content: &str,
        doc: &'static str,
    ) -> Option<PathBuf> {
        let accept = |text: &String| (1..=4096).contains(&text.len()) && !text.chars().any(char::is_control);
        self.parsed(name, None, &format!("the path of a file with {content}"), accept, doc).map(PathBuf::from)
    }

    pub(in crate::config) fn list(&mut self, name: &str, doc: &'static str) -> Option<Vec<String>> {
        let parse = |entry: &Entry| match &entry.value {
            Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
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
        self.read(Declaration { name, form, doc }, None, bounded, |items| items.join(", "))
    }
}
