//! What things are called in Redis. The part in braces decides the slot of a cluster: all keys of one script share it.

use crate::store::digests::{GroupDigest, IdDigest, RecordKey};

pub(super) fn record(key: &RecordKey) -> String {
    format!("joingate:1:record:{{{key}}}")
}

pub(super) fn decision(group: GroupDigest, id: &IdDigest) -> String {
    format!("joingate:1:decision:{{{group}}}:{id}")
}

pub(super) fn mark(group: GroupDigest) -> String {
    format!("joingate:1:mark:{{{group}}}")
}
