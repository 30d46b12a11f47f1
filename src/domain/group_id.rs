//! The id of a WhatsApp group, opaque but safe to put into a path.

use std::fmt;

/// Meta's id of a group. Opaque: never decoded. Only its alphabet (letters, digits, `_`, `-`, `=`) and length
/// (1 to 256) are checked, which is what keeps a caller from reaching another Graph object through the path.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(String);

/// The text is no group id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a group id is 1 to 256 characters of A-Z, a-z, 0-9, '_', '-' and '='")]
pub struct InvalidGroupId;

impl GroupId {
    /// Longest id accepted, in bytes. Meta states none; its samples have 60.
    pub const MAX_LENGTH: usize = 256;

    /// Checks alphabet and length.
    pub fn parse(text: &str) -> Result<Self, InvalidGroupId> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'=');
        if (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidGroupId)
        }
    }

    /// The id as Meta wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Hidden: a group id contains the business's phone number.
impl fmt::Debug for GroupId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("GroupId(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::GroupId;

    #[test]
    fn ids_that_could_change_the_path_are_refused() {
        for text in ["", ".", "..", "a/b", "a?b", "a#b", "a%2fb", "a b", "a\0b", "ä", "a.b", &"a".repeat(257)]
        {
            assert!(GroupId::parse(text).is_err(), "{text:?} must be refused");
        }
    }

    #[test]
    fn the_forms_meta_shows_are_accepted() {
        for text in ["Y2FwaV9ncm91cDow", "a_b-c=", &"a".repeat(256)] {
            assert!(GroupId::parse(text).is_ok(), "{text:?} must be accepted");
        }
    }

    proptest! {
        /// As the way to Graph puts it into a path: between a version and the name of the edge.
        #[test]
        fn an_id_is_one_segment_of_a_path_whatever_its_text(
            text in prop_oneof!["[A-Za-z0-9_=-]{0,300}", "[A-Za-z0-9._~%/\\\\?#;@: =-]{0,12}", "\\PC{0,12}", any::<String>()],
        ) {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_=-".contains(&byte);
            let safe = (1..=256).contains(&text.len()) && text.bytes().all(allowed);
            let parsed = GroupId::parse(&text);
            prop_assert_eq!(parsed.is_ok(), safe);
            if let Ok(id) = parsed {
                prop_assert_eq!(id.as_str(), &text);
                let mut url = url::Url::parse("https://graph.facebook.com").unwrap();
                url.path_segments_mut().unwrap().clear().extend(["v23.0", id.as_str(), "join_requests"]);
                let expected = format!("https://graph.facebook.com/v23.0/{text}/join_requests");
                prop_assert_eq!(url.as_str(), &expected);
                let segments = url.path_segments().unwrap().collect::<Vec<_>>();
                prop_assert_eq!(segments, ["v23.0", text.as_str(), "join_requests"]);
            }
        }
    }
}
