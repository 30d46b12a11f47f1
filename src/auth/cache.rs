//! Tokens verified before, so that a caller's next request costs a hash instead of a signature check.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::verified::Verified;
use crate::domain::GroupAccess;

const TYPICAL_TOKENS: usize = 10_000;
/// In groups named (one more for each token), at some 100 bytes apiece: 10,000 tokens of nine groups.
const MAX_WEIGHT: u64 = 100_000;
/// Fixed, so that the largest token fits its share of the weight on a machine with many cores too.
const SHARDS: usize = 16;

/// SHA-256 of a token: the cache holds no token.
pub(super) type Fingerprint = [u8; 32];

/// A verified token, with what it stands on.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) verified: Arc<Verified>,
    /// Place of the issuer in the verifier.
    pub(super) issuer: usize,
    /// Generation of the issuer's keys that checked it.
    pub(super) generation: u64,
}

#[derive(Clone, Debug)]
struct ByGroups;

impl Weighter<Fingerprint, Entry> for ByGroups {
    fn weight(&self, _: &Fingerprint, entry: &Entry) -> u64 {
        match &entry.verified.rights.groups {
            GroupAccess::All => 1,
            GroupAccess::Only(groups) => 1 + groups.len() as u64,
        }
    }
}

/// Bounded; refused tokens are never kept, so nobody without a key can push others out.
pub(super) struct VerifiedTokens {
    entries: Cache<Fingerprint, Entry, ByGroups>,
}

impl fmt::Debug for VerifiedTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("VerifiedTokens").finish_non_exhaustive()
    }
}

impl VerifiedTokens {
    pub(super) fn new() -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(TYPICAL_TOKENS)
            .weight_capacity(MAX_WEIGHT)
            .shards(SHARDS)
            .build();
        let (hasher, lifecycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        let entries = match options {
            Ok(options) => Cache::with_options(options, ByGroups, hasher, lifecycle),
            // Only reached if a bound were left out above; the crate then chooses the number of shards.
            Err(_) => Cache::with(TYPICAL_TOKENS, MAX_WEIGHT, ByGroups, hasher, lifecycle),
        };
        Self { entries }
    }

    pub(super) fn fingerprint(token: &str) -> Fingerprint {
        let mut fingerprint = Fingerprint::default();
        let hash = digest(&SHA256, token.as_bytes());
        for (to, from) in fingerprint.iter_mut().zip(hash.as_ref()) {
            *to = *from;
        }
        fingerprint
    }

    /// The entry, if `holds` still says so; one that no longer holds is dropped.
    pub(super) fn find(
        &self,
        fingerprint: &Fingerprint,
        holds: impl Fn(&Entry) -> bool,
    ) -> Option<Arc<Verified>> {
        let entry = self.entries.get(fingerprint)?;
        if holds(&entry) {
            return Some(entry.verified);
        }
        self.entries.remove(fingerprint);
        None
    }

    pub(super) fn keep(&self, fingerprint: Fingerprint, entry: Entry) {
        self.entries.insert(fingerprint, entry);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{Caller, GroupId, Rights};

    fn entry(groups: usize) -> Entry {
        let groups = (0..groups).map(|number| GroupId::parse(&format!("g{number}")).unwrap());
        let caller = Caller { issuer: "main".to_owned(), subject: "app".to_owned() };
        let rights =
            Rights { scopes: std::collections::BTreeSet::new(), groups: GroupAccess::Only(groups.collect()) };
        let verified = Arc::new(Verified { caller, rights, expires_at: Timestamp::UNIX_EPOCH });
        Entry { verified, issuer: 0, generation: 0 }
    }

    fn kept(tokens: usize, groups: usize) -> usize {
        let cache = VerifiedTokens::new();
        for number in 0..tokens {
            cache.keep(VerifiedTokens::fingerprint(&number.to_string()), entry(groups));
        }
        cache.entries.len()
    }

    #[test]
    fn what_is_remembered_is_bounded_by_tokens_and_by_groups() {
        assert_eq!(kept(5_000, 2), 5_000);
        assert!((1..=100).contains(&kept(500, 1_000)), "{} tokens of 1,000 groups", kept(500, 1_000));
        assert!((50_000..=100_000).contains(&kept(110_000, 0)));
    }

    #[test]
    fn an_entry_that_no_longer_holds_is_dropped() {
        let cache = VerifiedTokens::new();
        let fingerprint = VerifiedTokens::fingerprint("a token");
        cache.keep(fingerprint, entry(1));
        assert!(cache.find(&fingerprint, |_| true).is_some());
        assert!(cache.find(&fingerprint, |_| false).is_none());
        assert!(cache.find(&fingerprint, |_| true).is_none());
    }
}
