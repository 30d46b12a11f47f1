//! What things are called in Redis. The part in braces decides the slot of a cluster: all keys of one script share it.

use crate::store::digests::{AccountDigest, CallerDigest, GroupDigest, IdDigest, RecordKey};

pub(super) fn record(key: &RecordKey) -> String {
    format!("joingate:1:record:{{{key}}}")
}

pub(super) fn decision(group: GroupDigest, id: &IdDigest) -> String {
    format!("joingate:1:decision:{{{group}}}:{id}")
}

pub(super) fn mark(group: GroupDigest) -> String {
    format!("joingate:1:mark:{{{group}}}")
}

pub(super) fn caller(caller: CallerDigest) -> String {
    format!("joingate:1:caller:{{{caller}}}")
}

/// The way to Graph.
pub(super) fn way(account: AccountDigest) -> String {
    format!("joingate:1:way:{{{account}}}")
}
