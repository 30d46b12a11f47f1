//! The id of a join request: personal data, since it contains the requester's phone number.

use std::fmt;

/// Meta's id of a join request. Opaque: never decoded, and never shown by `Debug`, because it decodes to the
/// requester's phone number. The same person asking again may carry the same id.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JoinRequestId(String);

/// The text is no join request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a join request id is 1 to 512 characters of the base64 alphabets (A-Z, a-z, 0-9, '+', '/', '=', '_', '-')"
)]
pub struct InvalidJoinRequestId;

impl JoinRequestId {
    /// Longest id accepted, in bytes. Meta states none; its samples have 44.
    pub const MAX_LENGTH: usize = 512;

    /// Checks alphabet and length.
    pub fn parse(text: &str) -> Result<Self, InvalidJoinRequestId> {
        let allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-');
        if (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidJoinRequestId)
        }
    }

    /// The id as Meta wrote it. For bodies only: never for a log line, a path or a label.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for JoinRequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JoinRequestId(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::JoinRequestId;

    #[test]
    fn an_id_has_1_to_512_characters() {
        for (length, accepted) in [(0, false), (1, true), (512, true), (513, false)] {
            assert_eq!(JoinRequestId::parse(&"a".repeat(length)).is_ok(), accepted, "{length}");
        }
    }

    proptest! {
        #[test]
        fn an_id_is_base64_of_either_alphabet_and_comes_back_as_it_was(
            text in prop_oneof!["[A-Za-z0-9+/=_-]{0,600}", "[ -~]{0,12}", any::<String>()],
        ) {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte);
            let safe = (1..=512).contains(&text.len()) && text.bytes().all(allowed);
            let parsed = JoinRequestId::parse(&text);
            prop_assert_eq!(parsed.is_ok(), safe);
            if let Ok(id) = parsed {
                prop_assert_eq!(id.as_str(), &text);
                // What goes to Graph is JSON, in which such a text stands for itself.
                prop_assert_eq!(serde_json::to_string(id.as_str()).unwrap(), format!("\"{text}\""));
                prop_assert_eq!(format!("{id:?}"), "JoinRequestId(…)");
            }
        }
    }
}
