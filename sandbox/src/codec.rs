//! The base64 dialect of Meta's identifiers: alphanumeric only, with `Z` as the escape character.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Encodes bytes so that only letters and digits remain.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    for letter in STANDARD.encode(bytes).chars() {
        match letter {
            'Z' => out.push_str("ZA"),
            '+' => out.push_str("ZB"),
            '/' => out.push_str("ZC"),
            '=' => out.push_str("ZD"),
            other => out.push(other),
        }
    }
    out
}

/// The bytes behind an encoded text, or nothing when it was not made by [`encode`].
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            'Z' => match letters.next()? {
                'A' => 'Z',
                'B' => '+',
                'C' => '/',
                'D' => '=',
                _ => return None,
            },
            other => other,
        });
    }
    STANDARD.decode(plain).ok()
}

/// Ordinary base64, the form of join request ids.
pub(crate) fn plain(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn every_byte_survives_and_only_letters_and_digits_are_used() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = encode(&bytes);
        assert!(text.chars().all(|letter| letter.is_ascii_alphanumeric()));
        assert_eq!(decode(&text), Some(bytes));
    }

    #[test]
    fn foreign_text_is_refused() {
        assert_eq!(decode("Zx"), None);
        assert_eq!(decode("a b"), None);
    }
}
