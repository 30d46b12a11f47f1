//! A JWS in compact form (RFC 7515 §7.1), taken apart and decoded, nothing more.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::AuthFailure;

/// The parts of a token; none of them checked.
pub(super) struct Compact<'t> {
    /// What the signature is over: the first two parts as they stand.
    pub(super) signing_input: &'t str,
    /// The header as JSON.
    pub(super) header: Vec<u8>,
    /// The claims as JSON.
    pub(super) payload: Vec<u8>,
    /// The signature, still encoded.
    pub(super) signature: &'t str,
}

impl<'t> Compact<'t> {
    /// Exactly three parts, none empty, each base64url without padding, line ends or stray bits: one token has
    /// one way to be written. A JWE has five parts.
    pub(super) fn parse(token: &'t str) -> Result<Self, AuthFailure> {
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(AuthFailure::Malformed);
        };
        let (signing_input, _) = token.rsplit_once('.').ok_or(AuthFailure::Malformed)?;
        decode(signature)?;
        Ok(Self { signing_input, header: decode(header)?, payload: decode(payload)?, signature })
    }
}

fn decode(part: &str) -> Result<Vec<u8>, AuthFailure> {
    // This engine refuses padding and trailing bits that are not zero.
    let bytes = URL_SAFE_NO_PAD.decode(part).ok();
    bytes.filter(|bytes| !bytes.is_empty()).ok_or(AuthFailure::Malformed)
}
