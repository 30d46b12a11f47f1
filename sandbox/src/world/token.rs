//! The access tokens the sandbox knows.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Tokens known at most.
pub const MAX_TOKENS: usize = 100;
/// Longest token, in bytes; as many scopes of as many bytes at most.
const MAX_TOKEN_LENGTH: usize = 1_024;
/// The permission for the groups of a number. Without it: code 10.
pub(crate) const MESSAGING: &str = "whatsapp_business_messaging";
/// The permission for the account that the number belongs to. Without it: code 200.
pub(crate) const MANAGEMENT: &str = "whatsapp_business_management";

/// A token to accept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenSpec {
    /// The token: 1 to 1024 visible ASCII characters. Use a made-up one.
    pub token: String,
    /// What it permits; by default both scopes that the join request edge needs.
    #[serde(default = "both_scopes")]
    pub scopes: Vec<String>,
    /// When it expires by Graph's clock, in seconds since 1970; never when absent.
    #[serde(default)]
    pub expires_at: Option<i64>,
}

impl TokenSpec {
    /// A token with both scopes that never expires.
    pub fn new(token: impl Into<String>) -> Self {
        Self { token: token.into(), scopes: both_scopes(), expires_at: None }
    }

    pub(crate) fn is_within_bounds(&self) -> bool {
        let fits = |text: &str| {
            (1..=MAX_TOKEN_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        fits(&self.token)
            && self.scopes.len() <= MAX_TOKEN_LENGTH
            && self.scopes.iter().all(|scope| fits(scope))
    }
}

fn both_scopes() -> Vec<String> {
    [MANAGEMENT, MESSAGING].map(str::to_owned).to_vec()
}

/// What a token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is accepted.
    Valid,
    /// Its time is over: refused with 190, subcode 463.
    Expired,
    /// It was revoked: refused with 190, subcode 467.
    Revoked,
}

/// A known token as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenView {
    /// The token.
    pub token: String,
    /// What it permits.
    pub scopes: Vec<String>,
    /// When it expires, in seconds since 1970; never when absent.
    pub expires_at: Option<i64>,
    /// What it is worth now.
    pub standing: Standing,
}

/// A known token.
pub(crate) struct Token {
    pub(crate) spec: TokenSpec,
    revoked: bool,
}

impl Token {
    pub(crate) fn standing(&self, now: Timestamp) -> Standing {
        if self.revoked {
            Standing::Revoked
        } else if self.spec.expires_at.is_some_and(|end| end <= now.as_second()) {
            Standing::Expired
        } else {
            Standing::Valid
        }
    }

    pub(crate) fn permits(&self, scope: &str) -> bool {
        self.spec.scopes.iter().any(|own| own == scope)
    }

    /// Whether `proof` is the lowercase hex HMAC-SHA256 of the token under the app secret.
    pub(crate) fn is_proved_by(&self, proof: &str, app_secret: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes());
        let tag = hmac::sign(&key, self.spec.token.as_bytes());
        let expected = hex(tag.as_ref());
        verify_slices_are_equal(expected.as_bytes(), proof.as_bytes()).is_ok()
    }

    fn is(&self, presented: &str) -> bool {
        verify_slices_are_equal(self.spec.token.as_bytes(), presented.as_bytes()).is_ok()
    }
}

/// The known tokens; all of them belong to one app.
pub(crate) struct Tokens(Vec<Token>);

impl Tokens {
    pub(crate) fn only(spec: TokenSpec) -> Self {
        Self(vec![Token { spec, revoked: false }])
    }

    pub(crate) fn find(&self, presented: &str) -> Option<&Token> {
        self.0.iter().find(|token| token.is(presented))
    }

    /// Knows one more, or an old one anew. False when there are too many.
    pub(crate) fn add(&mut self, spec: TokenSpec) -> bool {
        self.0.retain(|token| token.spec.token != spec.token);
        let fits = self.0.len() < MAX_TOKENS;
        if fits {
            self.0.push(Token { spec, revoked: false });
        }
        fits
    }

    /// Revokes one; false when it is not known.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        let known = self.0.iter_mut().find(|known| known.spec.token == token);
        known.map(|known| known.revoked = true).is_some()
    }

    pub(crate) fn revoke_all(&mut self) {
        for token in &mut self.0 {
            token.revoked = true;
        }
    }

    pub(crate) fn all(&self, now: Timestamp) -> Vec<TokenView> {
        let view = |token: &Token| TokenView {
            token: token.spec.token.clone(),
            scopes: token.spec.scopes.clone(),
            expires_at: token.spec.expires_at,
            standing: token.standing(now),
        };
        self.0.iter().map(view).collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::{TokenSpec, Tokens};

    #[test]
    fn the_proof_is_the_hex_hmac_of_the_token() {
        let tokens = Tokens::only(TokenSpec::new("EAAtesttoken"));
        let token = tokens.find("EAAtesttoken").unwrap();
        let secret = "0123456789abcdef0123456789abcdef";
        let proof = "558080b299ccfabcdbfaf45bd3a4f6c06b5703c83f3c6d3023c8efc960fef88b";
        assert!(token.is_proved_by(proof, secret));
        assert!(!token.is_proved_by(&proof.to_uppercase(), secret));
        assert!(!token.is_proved_by(proof, "another"));
    }
}
