//! One block of PEM (RFC 7468): its label and its bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A decoded block.
pub(crate) struct PemBlock {
    /// What stands after `BEGIN`, such as `PUBLIC KEY`.
    pub(crate) label: String,
    /// The DER inside.
    pub(crate) der: Vec<u8>,
}

/// Hidden: it may be a private key.
impl std::fmt::Debug for PemBlock {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PemBlock").field("label", &self.label).finish_non_exhaustive()
    }
}

impl PemBlock {
    /// The only block of the text. Text before and after it is allowed (RFC 7468 §2), a second block is not:
    /// it would be left unused without a word.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        let (_, after_begin) = text.split_once("-----BEGIN ")?;
        let (label, after_label) = after_begin.split_once("-----")?;
        let (body, after_end) = after_label.split_once(&format!("-----END {label}-----"))?;
        if after_end.contains("-----BEGIN ") {
            return None;
        }
        let encoded = body.chars().filter(|character| !character.is_ascii_whitespace()).collect::<String>();
        let der = STANDARD.decode(encoded).ok()?;
        Some(Self { label: label.to_owned(), der })
    }
}

#[cfg(test)]
mod tests {
    use super::PemBlock;

    #[test]
    fn one_block_is_read_and_two_are_not() {
        let block = "-----BEGIN PUBLIC KEY-----\nAAEC\nAwQ=\n-----END PUBLIC KEY-----\n";
        let parsed = PemBlock::parse(format!("a comment\n{block}").as_bytes()).unwrap();
        assert_eq!((parsed.label.as_str(), parsed.der), ("PUBLIC KEY", vec![0, 1, 2, 3, 4]));
        assert!(PemBlock::parse(format!("{block}{block}").as_bytes()).is_none());
    }

    #[test]
    fn a_broken_block_is_refused() {
        for text in [
            "",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\nAAEC\n-----END PRIVATE KEY-----",
            "-----BEGIN PUBLIC KEY-----\nA*EC\n-----END PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAEC\n-----END PUBLIC KEY-----",
        ] {
            assert!(PemBlock::parse(text.as_bytes()).is_none(), "{text}");
        }
    }
}
