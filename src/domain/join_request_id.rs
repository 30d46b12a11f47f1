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
