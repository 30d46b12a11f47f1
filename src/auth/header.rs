//! The header of a token (RFC 7515 §4): what may stand in it, and what must not.

use jsonwebtoken::Algorithm;

use super::AuthFailure;
use crate::json::{self, Value};

/// Parameters that change what the token means or bring a key along. None is understood, so none is skipped
/// over: `crit` and `b64` (RFC 7797) change what is signed, `zip` and `enc` what is carried, and the rest would
/// let the token choose its own key.
const REFUSED: [&str; 8] = ["crit", "zip", "b64", "enc", "jwk", "jku", "x5u", "x5c"];

/// What is used of a header.
pub(super) struct TokenHeader {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    pub(super) typ: Option<String>,
}

impl TokenHeader {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, AuthFailure> {
        let members = json::object(bytes).ok().ok_or(AuthFailure::Malformed)?;
        if REFUSED.iter().any(|name| members.contains_key(name)) {
            return Err(AuthFailure::UnsupportedHeader);
        }
        let algorithm = match members.get("alg") {
            // `none` is no name of an algorithm here, in whatever case.
            Some(Value::String(name)) => name.parse().ok().ok_or(AuthFailure::Algorithm)?,
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))
            | None => return Err(AuthFailure::Malformed),
        };
        Ok(Self { algorithm, kid: text(members.get("kid"))?, typ: text(members.get("typ"))? })
    }

    /// Whether the token is of the type asked for. RFC 7515 §4.1.9: compared as media types, so without regard
    /// to case and with or without `application/`.
    pub(super) fn is_of_type(&self, wanted: &str) -> bool {
        let essence = |text: &str| {
            let text = text.to_ascii_lowercase();
            text.strip_prefix("application/").map(str::to_owned).unwrap_or(text)
        };
        self.typ.as_deref().map(essence) == Some(essence(wanted))
    }
}

fn text(value: Option<&Value<'_>>) -> Result<Option<String>, AuthFailure> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone().into_owned())),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(AuthFailure::Malformed)
        }
    }
}
