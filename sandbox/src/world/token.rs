//! The one access token the sandbox knows.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

/// What a presented token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The current token.
    Valid,
    /// The current token after it was revoked.
    Revoked,
    /// Any other text.
    Unknown,
}

/// The accepted token.
pub(crate) struct Token {
    value: String,
    revoked: bool,
}

impl Token {
    pub(crate) fn new(value: String) -> Self {
        Self { value, revoked: false }
    }

    pub(crate) fn revoke(&mut self) {
        self.revoked = true;
    }

    pub(crate) fn value(&self) -> &str {
        &self.value
    }

    pub(crate) fn standing(&self, presented: &str) -> Standing {
        if verify_slices_are_equal(self.value.as_bytes(), presented.as_bytes()).is_err() {
            Standing::Unknown
        } else if self.revoked {
            Standing::Revoked
        } else {
            Standing::Valid
        }
    }

    /// Whether `proof` is the lowercase hex HMAC-SHA256 of the token under the app secret.
    pub(crate) fn is_proved_by(&self, proof: &str, app_secret: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes());
        let tag = hmac::sign(&key, self.value.as_bytes());
        let expected = hex(tag.as_ref());
        verify_slices_are_equal(expected.as_bytes(), proof.as_bytes()).is_ok()
    }
}

fn hex(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn the_proof_is_the_hex_hmac_of_the_token() {
        let token = Token::new("EAAtesttoken".to_owned());
        let secret = "0123456789abcdef0123456789abcdef";
        let proof = "558080b299ccfabcdbfaf45bd3a4f6c06b5703c83f3c6d3023c8efc960fef88b";
        assert!(token.is_proved_by(proof, secret));
        assert!(!token.is_proved_by(&proof.to_uppercase(), secret));
        assert!(!token.is_proved_by(proof, "another"));
    }
}
