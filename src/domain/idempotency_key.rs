//! The caller's own name for one decision.

use std::fmt;

/// An Idempotency-Key: 1 to 255 visible ASCII characters, bare or as a quoted string (RFC 9651 §3.3.3), which are the same
/// key. Source: draft-ietf-httpapi-idempotency-key-header.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// The text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is 1 to 255 visible ASCII characters, bare or in quotes")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// Longest key, in characters, without quotes.
    pub const MAX_LENGTH: usize = 255;

    /// Reads the value of the header field.
    pub fn parse(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        let key = match text.strip_prefix('"') {
            Some(rest) => unquoted(rest.strip_suffix('"').ok_or(InvalidIdempotencyKey)?)?,
            None if text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') => text.to_owned(),
            None => return Err(InvalidIdempotencyKey),
        };
        if (1..=Self::MAX_LENGTH).contains(&key.len()) { Ok(Self(key)) } else { Err(InvalidIdempotencyKey) }
    }

    /// The key without quotes. It may hold anything the caller likes: keep it out of logs.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What stands between the quotes, where only quotes and backslashes are escaped.
fn unquoted(text: &str) -> Result<String, InvalidIdempotencyKey> {
    let mut key = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let character = match character {
            '\\' => characters.next().filter(|escaped| matches!(escaped, '"' | '\\')),
            '"' => None,
            plain => Some(plain).filter(|plain| matches!(plain, ' '..='~')),
        };
        key.push(character.ok_or(InvalidIdempotencyKey)?);
    }
    Ok(key)
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdempotencyKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_and_quoted_are_the_same_key() {
        let key = |text: &str| IdempotencyKey::parse(text).map(|key| key.as_str().to_owned());
        assert_eq!(key("8e03978e-40d5"), Ok("8e03978e-40d5".to_owned()));
        assert_eq!(key(r#""8e03978e-40d5""#), key("8e03978e-40d5"));
        assert_eq!(key(r#""a \" b \\""#), Ok(r#"a " b \"#.to_owned()));
        assert!(key(&"k".repeat(255)).is_ok());
        assert!(key(&format!("\"{}\"", "k".repeat(255))).is_ok());
    }

    #[test]
    fn anything_else_is_no_key() {
        for text in [
            "",
            "\"\"",
            "\"",
            "\"a",
            "a\"",
            "a b",
            "a\"b",
            r#""a"b""#,
            r#""a\b""#,
            "ä",
            "\"ä\"",
            &"k".repeat(256),
        ] {
            assert_eq!(IdempotencyKey::parse(text), Err(InvalidIdempotencyKey), "{text}");
        }
    }
}
