//! Values that live in files of their own and are re-read when they change: tokens, secrets and keys.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use secrecy::{ExposeSecret, SecretSlice};

/// What a secret must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretForm {
    /// One line of visible ASCII, 1 to 4,096 bytes: a bearer token or an app secret.
    Token,
    /// Any bytes but a PEM document, at least 32 and at most 4,096 (RFC 7518 §3.2 asks for the size of the hash).
    Key,
    /// A document such as a JWKS or a PEM file, 1 byte to 256 KiB.
    Document,
}

impl SecretForm {
    const fn bounds(self) -> (usize, usize) {
        match self {
            Self::Token => (1, 4096),
            Self::Key => (32, 4096),
            Self::Document => (1, 256 * 1024),
        }
    }

    /// What would be right, for messages and tables.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Token => "one line of visible ASCII, at most 4096 bytes",
            Self::Key => "32 to 4096 bytes, and no PEM document",
            Self::Document => "1 byte to 256 KiB",
        }
    }

    fn accepts(self, bytes: &[u8]) -> bool {
        let (least, most) = self.bounds();
        let suits = match self {
            Self::Token => bytes.iter().all(u8::is_ascii_graphic),
            // A public key is known to everybody: taken for a shared secret, anybody could sign with it.
            Self::Key => !bytes.trim_ascii_start().starts_with(b"-----BEGIN"),
            Self::Document => true,
        };
        suits && (least..=most).contains(&bytes.len())
    }
}

/// Why a secret could not be taken. Never contains any of it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read. Its path is left out: a secret set in place of a path would be shown.
    #[error("cannot read the file: {0}")]
    Unreadable(std::io::Error),
    /// The content is not of the form asked for.
    #[error("the content is not {0}")]
    WrongForm(&'static str),
}

/// One state of a secret. The generation changes with every change of the content.
#[derive(Debug)]
pub struct Loaded {
    bytes: SecretSlice<u8>,
    /// Counts the changes seen since start.
    pub generation: u64,
}

impl Loaded {
    /// The secret itself. Callers pass it on to where it is used and keep no copy.
    pub fn expose(&self) -> &[u8] {
        self.bytes.expose_secret()
    }

    /// The secret as text; a [`SecretForm::Token`] always is.
    pub fn expose_text(&self) -> &str {
        std::str::from_utf8(self.expose()).unwrap_or_default()
    }
}

/// A secret (or key document) given by file or by value. Shown by nothing: printing it names its setting, and it
/// cannot be serialised.
///
/// ```compile_fail,E0277
/// fn serialised<T: serde::Serialize>() {}
/// serialised::<joingate::config::Secret>();
/// ```
pub struct Secret {
    key: String,
    file: Option<PathBuf>,
    form: SecretForm,
    loaded: ArcSwap<Loaded>,
}

impl Secret {
    /// Takes a value given directly.
    pub fn from_value(key: &str, value: &str, form: SecretForm) -> Result<Self, SecretError> {
        Self::new(key, None, form, value.as_bytes())
    }

    /// Reads a file; one trailing line end is not part of the value.
    pub fn from_file(key: &str, path: &Path, form: SecretForm) -> Result<Self, SecretError> {
        let bytes = read_bounded(path, form)?;
        Self::new(key, Some(path.to_owned()), form, &bytes)
    }

    fn new(key: &str, file: Option<PathBuf>, form: SecretForm, bytes: &[u8]) -> Result<Self, SecretError> {
        let loaded = ArcSwap::from_pointee(Loaded { bytes: checked(bytes, form)?, generation: 0 });
        Ok(Self { key: key.to_owned(), file, form, loaded })
    }

    /// The dotted key of the setting it came from.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The state at this moment.
    pub fn current(&self) -> Arc<Loaded> {
        self.loaded.load_full()
    }

    /// Looks at the file again. `Ok(true)` when the content changed and was taken; on an error the old content
    /// stays in force.
    pub fn reload(&self) -> Result<bool, SecretError> {
        let Some(path) = &self.file else { return Ok(false) };
        let bytes = checked(&read_bounded(path, self.form)?, self.form)?;
        let current = self.loaded.load();
        if bytes.expose_secret() == current.expose() {
            return Ok(false);
        }
        self.loaded.store(Arc::new(Loaded { bytes, generation: current.generation + 1 }));
        Ok(true)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secret").field("key", &self.key).finish_non_exhaustive()
    }
}

fn read_bounded(path: &Path, form: SecretForm) -> Result<Vec<u8>, SecretError> {
    let (_, most) = form.bounds();
    // Opening a pipe would wait for whoever writes into it.
    if !std::fs::metadata(path).map_err(SecretError::Unreadable)?.is_file() {
        return Err(SecretError::Unreadable(std::io::Error::other("not a regular file")));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(SecretError::Unreadable)?;
    // Two more than allowed: a trailing line end is dropped, anything beyond is refused by the form.
    file.take(most as u64 + 3).read_to_end(&mut bytes).map_err(SecretError::Unreadable)?;
    let without_line_end = bytes.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    Ok(without_line_end.map_or_else(|| bytes.clone(), <[u8]>::to_vec))
}

fn checked(bytes: &[u8], form: SecretForm) -> Result<SecretSlice<u8>, SecretError> {
    if form.accepts(bytes) {
        Ok(SecretSlice::from(bytes.to_vec()))
    } else {
        Err(SecretError::WrongForm(form.describe()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_taken_and_an_invalid_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        std::fs::write(&path, "first\n").unwrap();
        let secret = Secret::from_file("graph.token_file", &path, SecretForm::Token).unwrap();
        assert_eq!(secret.current().expose_text(), "first");
        assert!(!secret.reload().unwrap());
        std::fs::write(&path, "second\r\n").unwrap();
        assert!(secret.reload().unwrap());
        std::fs::write(&path, "two lines\nof text\n").unwrap();
        assert!(secret.reload().is_err());
        assert_eq!(secret.current().expose_text(), "second");
        assert_eq!(secret.current().generation, 1);
    }

    #[test]
    fn a_public_key_is_never_taken_for_a_shared_secret() {
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", "A".repeat(64));
        assert!(Secret::from_value("auth.issuers.x.hmac_secret", &pem, SecretForm::Key).is_err());
        assert!(Secret::from_value("auth.issuers.x.public_key", &pem, SecretForm::Document).is_ok());
    }

    #[test]
    fn what_is_no_file_is_refused_without_waiting_for_a_writer() {
        let directory = tempfile::tempdir().unwrap();
        assert!(Secret::from_file("graph.token_file", directory.path(), SecretForm::Token).is_err());
    }

    #[test]
    fn no_debug_output_shows_the_value() {
        let secret = Secret::from_value("graph.token", "EAAnotshown", SecretForm::Token).unwrap();
        let shown = format!("{secret:?} {:?}", secret.current());
        assert!(!shown.contains("EAAnotshown"), "{shown}");
    }
}
