//! Internal tokens: from an `Authorization` field to a caller with its rights.
//!
//! The rule of this module: nothing a token says is believed before its signature has been checked. Two things
//! have to be read earlier, and only to choose what checks the signature: `iss` picks the issuer in the settings,
//! `kid` picks one of that issuer's keys. Which algorithms are possible is then a property of the key; the
//! token's `alg` can only agree with it.
//!
//! Nothing here knows of HTTP beyond the text of one header field, and nothing here logs a token or a claim.

mod bearer;
mod cache;
mod claims;
mod compact;
mod failure;
mod header;
mod issuer;
mod keys;
mod peek;
pub(crate) mod pem;
mod rights;
#[cfg(test)]
mod tests;
mod verified;
mod verifier;

pub use bearer::bearer_token;
pub use failure::AuthFailure;
pub use keys::{KeyProblem, KeyProblems};
pub use verified::Verified;
pub use verifier::Verifier;

/// Longest token accepted, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;
