//! Page tokens: a cursor of Graph, sealed for one group, so that callers can neither read nor change it.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::GroupId;
use crate::graph::Cursor;

/// Longest token looked at, in bytes.
pub const MAX_PAGE_TOKEN: usize = 2048;

/// The token is not ours, was changed, or is for another group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageTokenInvalid;

/// Page tokens could not be set up.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the key of the page tokens cannot be derived")]
pub struct KeyUnusable;

/// Seals and opens page tokens.
pub struct PageTokens(LessSafeKey);

impl PageTokens {
    /// Derives its key from the process's secret, so that no two uses of the secret share a key.
    pub fn new(secret: &[u8]) -> Result<Self, KeyUnusable> {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"joingate page tokens v1");
        let key = UnboundKey::new(&AES_256_GCM, derived.as_ref()).map_err(|_unspecified| KeyUnusable)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// The token for a cursor. Random nonces: far fewer than 2³² tokens are made under one key.
    pub fn seal(&self, group: &GroupId, cursor: &Cursor) -> String {
        let mut nonce = [0_u8; NONCE_LEN];
        let mut sealed = cursor.as_str().as_bytes().to_vec();
        let random = rand::fill(&mut nonce);
        let aad = Aad::from(group.as_str().as_bytes());
        let closed = self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed);
        if random.is_err() || closed.is_err() {
            // A token that opens nothing: the caller starts again from the first page.
            return String::from("invalid");
        }
        URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())
    }

    /// The cursor in a token that was made here for this group.
    pub fn open(&self, group: &GroupId, token: &str) -> Result<Cursor, PageTokenInvalid> {
        let short = token.len() <= MAX_PAGE_TOKEN;
        let mut bytes =
            short.then(|| URL_SAFE_NO_PAD.decode(token).ok()).flatten().ok_or(PageTokenInvalid)?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(PageTokenInvalid)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_unspecified| PageTokenInvalid)?;
        let aad = Aad::from(group.as_str().as_bytes());
        let opened = self.0.open_in_place(nonce, aad, sealed).map_err(|_unspecified| PageTokenInvalid)?;
        std::str::from_utf8(opened).ok().and_then(Cursor::parse).ok_or(PageTokenInvalid)
    }
}

impl fmt::Debug for PageTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PageTokens(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn group(name: &str) -> GroupId {
        GroupId::parse(name).unwrap()
    }

    #[test]
    fn a_token_opens_only_for_its_group_and_key() {
        let tokens = PageTokens::new(&[7; 32]).unwrap();
        let cursor = Cursor::parse("eyJvZmZzZXQiOjB9").unwrap();
        let token = tokens.seal(&group("a"), &cursor);
        assert_eq!(tokens.open(&group("a"), &token), Ok(cursor));
        assert_eq!(tokens.open(&group("b"), &token), Err(PageTokenInvalid));
        assert_eq!(PageTokens::new(&[8; 32]).unwrap().open(&group("a"), &token), Err(PageTokenInvalid));
    }

    #[test]
    fn the_longest_cursor_makes_a_token_that_can_be_given_back() {
        let tokens = PageTokens::new(&[7; 32]).unwrap();
        let cursor = Cursor::parse(&"c".repeat(Cursor::MAX_LENGTH)).unwrap();
        assert_eq!(tokens.open(&group("a"), &tokens.seal(&group("a"), &cursor)), Ok(cursor));
    }

    fn cursors() -> impl Strategy<Value = Cursor> {
        prop_oneof![4 => "[!-~]{1,100}", 1 => "[!-~]{1000,1024}"]
            .prop_map(|text| Cursor::parse(&text).unwrap())
    }

    proptest! {
        #[test]
        fn no_other_text_opens(token in prop_oneof!["\\PC{0,100}", "[A-Za-z0-9_-]{0,2100}", any::<String>()]) {
            let tokens = PageTokens::new(&[7; 32]).unwrap();
            prop_assert_eq!(tokens.open(&group("a"), &token), Err(PageTokenInvalid));
        }

        #[test]
        fn a_token_gives_back_what_it_holds_and_never_the_same_text_twice(cursor in cursors()) {
            let tokens = PageTokens::new(&[7; 32]).unwrap();
            let token = tokens.seal(&group("a"), &cursor);
            prop_assert!(token.len() <= MAX_PAGE_TOKEN);
            prop_assert_ne!(&token, &tokens.seal(&group("a"), &cursor));
            prop_assert_eq!(tokens.open(&group("a"), &token), Ok(cursor));
        }

        #[test]
        fn a_token_opens_for_no_other_group(cursor in cursors(), other in "[A-Za-z0-9_=-]{1,20}") {
            prop_assume!(other != "a");
            let tokens = PageTokens::new(&[7; 32]).unwrap();
            let token = tokens.seal(&group("a"), &cursor);
            prop_assert_eq!(tokens.open(&group(&other), &token), Err(PageTokenInvalid));
        }

        #[test]
        fn a_token_with_one_byte_changed_added_or_taken_away_does_not_open(
            cursor in cursors(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let tokens = PageTokens::new(&[7; 32]).unwrap();
            let token = tokens.seal(&group("a"), &cursor).into_bytes();
            let at = at.index(token.len());
            let (before, after) = token.split_at(at);
            for hostile in [
                [before, &[byte], &after[1..]].concat(),
                [before, &[byte], after].concat(),
                [before, &after[1..]].concat(),
                before.to_vec(),
            ] {
                prop_assume!(hostile != token);
                let opened = String::from_utf8(hostile).map(|text| tokens.open(&group("a"), &text));
                prop_assert!(opened.is_err() || opened == Ok(Err(PageTokenInvalid)));
            }
        }
    }
}
