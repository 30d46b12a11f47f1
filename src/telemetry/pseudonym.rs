//! Turns ids into hashes that can be compared but not read back.

use std::fmt;

use aws_lc_rs::hmac;

/// Hashes ids for logs: the first 12 hex digits of HMAC-SHA-256 under a key of its own. The same id gives the same
/// hash as long as `server.secret_key_file` stays the same.
pub struct Pseudonyms(hmac::Key);

impl Pseudonyms {
    /// Derives its key from the process's secret, so that no two uses of the secret share a key.
    pub fn new(secret: &[u8]) -> Self {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"joingate pseudonyms v1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// The hash of an id.
    pub fn of(&self, id: &str) -> String {
        let tag = hmac::sign(&self.0, id.as_bytes());
        hex::encode(tag.as_ref().first_chunk::<6>().unwrap_or(&[0; 6]))
    }
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pseudonyms(…)")
    }
}
