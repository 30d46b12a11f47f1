//! The whole list of a group: complete, without duplicates, and from one version of the list.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use bytes::Bytes;
use jiff::Timestamp;

use super::walk::Walk;
use super::{GraphError, PageTokenInvalid, PageTokens};
use crate::domain::{GroupId, JoinRequest};
use crate::graph::Cursor;

/// A group's open requests.
#[derive(Debug)]
pub struct Listing {
    /// The requests, in Graph's order, each id once.
    pub requests: Vec<JoinRequest>,
    /// When the walk began: every request open since then is in it.
    pub as_of: Timestamp,
    /// Where the list goes on, if it was cut.
    pub next_page_token: Option<String>,
    /// The same for the same requests, whenever and wherever they were read.
    pub fingerprint: String,
    /// Whether every entry that Graph listed could be read. Otherwise it shows of no id that it is absent.
    pub is_whole: bool,
    /// The moment of `as_of` on the clock that never jumps.
    began: Instant,
    /// How it looks to callers, once one of them has asked.
    written: OnceLock<Bytes>,
}

impl Listing {
    /// What a walk brought.
    pub(super) fn of(group: &GroupId, walk: Walk, page_tokens: &PageTokens) -> Self {
        let Walk { requests, as_of, began, next, unreadable, .. } = walk;
        Self {
            fingerprint: fingerprint(&requests, next.as_ref()),
            next_page_token: next.map(|cursor| page_tokens.seal(group, &cursor)),
            requests,
            as_of,
            is_whole: unreadable == 0,
            began,
            written: OnceLock::new(),
        }
    }

    /// How long ago its walk began.
    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// How it looks to callers. It is written once, for all who share it and for all copies.
    pub fn written(&self, write: impl FnOnce(&Self) -> Bytes) -> Bytes {
        self.written.get_or_init(|| write(self)).clone()
    }

    /// A complete list.
    #[cfg(test)]
    pub(super) fn for_tests(requests: Vec<JoinRequest>, began: Instant) -> Self {
        let fingerprint = fingerprint(&requests, None);
        let as_of = Timestamp::UNIX_EPOCH;
        let written = OnceLock::new();
        Self { requests, as_of, next_page_token: None, fingerprint, is_whole: true, began, written }
    }
}

/// Why there is no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListError {
    /// Graph, or the way to it.
    Graph(GraphError),
    /// The page token is not ours, is for another group, or the list behind it has changed.
    PageTokenExpired,
    /// The list changed under the walk, twice.
    Changing,
    /// Graph's pages lead in a circle or nowhere.
    Endless,
    /// The list is longer than one walk goes, and a part of it would not do.
    TooLong,
    /// The task that read it died.
    Died,
}

impl From<PageTokenInvalid> for ListError {
    fn from(_: PageTokenInvalid) -> Self {
        Self::PageTokenExpired
    }
}

/// A hash over every field, each followed by a byte that no text has, and over where the list goes on.
fn fingerprint(requests: &[JoinRequest], next: Option<&Cursor>) -> String {
    const END: u8 = 0xff;
    const ABSENT: u8 = 0xfe;
    // All at once: a hash of many small pieces costs several times as much. A request has about a hundred bytes.
    let mut bytes = Vec::with_capacity(128 * (requests.len() + 1));
    let mut add = |field: Option<&[u8]>| {
        bytes.extend_from_slice(field.unwrap_or(&[ABSENT]));
        bytes.push(END);
    };
    for request in requests {
        let JoinRequest { id, wa_id, user_id, parent_user_id, username, requested_at } = request;
        add(Some(id.as_str().as_bytes()));
        for text in [wa_id, user_id, parent_user_id, username] {
            add(text.as_ref().map(String::as_bytes));
        }
        // Of a fixed length, whatever bytes it has; no time in reach begins like an absent one.
        let seconds = requested_at.map(|at| at.as_second().to_be_bytes());
        add(seconds.as_ref().map(<[u8; 8]>::as_slice));
    }
    add(next.map(|cursor| cursor.as_str().as_bytes()));
    let hash = digest::digest(&digest::SHA256, &bytes);
    // Half of it: nobody gains from two lists that only look the same, least of all who could make them.
    hex::encode(hash.as_ref().get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::JoinRequestId;

    fn request(id: &str, wa_id: Option<&str>, username: Option<&str>, made: i64) -> JoinRequest {
        JoinRequest {
            id: JoinRequestId::parse(id).unwrap(),
            wa_id: wa_id.map(str::to_owned),
            user_id: None,
            parent_user_id: None,
            username: username.map(str::to_owned),
            requested_at: Timestamp::from_second(made).ok(),
        }
    }

    #[test]
    fn lists_that_differ_in_anything_have_different_fingerprints() {
        let cursor = Cursor::parse("c1");
        let base = || request("YQ==", Some("1"), None, 1);
        let lists = [
            (vec![], None),
            (vec![], cursor.as_ref()),
            (vec![base()], None),
            (vec![base()], cursor.as_ref()),
            (vec![base(), request("Yg==", None, None, 1)], None),
            (vec![request("Yg==", None, None, 1), base()], None),
            (vec![request("YQ==", None, Some("1"), 1)], None),
            (vec![request("YQ==", Some("1"), Some(""), 1)], None),
            (vec![request("YQ==", Some("1"), None, 2)], None),
            (vec![request("YQ==", None, None, 1)], None),
        ];
        let fingerprints = lists.iter().map(|(requests, next)| fingerprint(requests, *next));
        let different = fingerprints.collect::<std::collections::HashSet<_>>();
        assert_eq!(different.len(), lists.len());
        assert_eq!(fingerprint(&[base()], None), fingerprint(&[base()], None));
    }
}
