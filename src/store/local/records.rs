//! The records of Idempotency-Keys.

use std::time::{Duration, Instant};

use super::expiring_map::{ExpiringMap, NoRoom};
use crate::store::answer::{Claimed, Ownership, StoreUnavailable};
use crate::store::digests::{Fingerprint, OwnerId, RecordKey};

/// What a record weighs beside its content, in bytes.
const RECORD_WEIGHT: usize = 320;
/// Most that all records may weigh, in bytes: about 50,000 decisions on a few ids.
const MOST: usize = 32 * 1024 * 1024;
/// What is left to records that exist, so that what has been sent can be written down when no new ones are taken.
const RESERVE: usize = 4 * 1024 * 1024;

#[derive(Clone)]
struct Record {
    fingerprint: Fingerprint,
    /// Who holds it, and until when.
    lease: Option<(OwnerId, Instant)>,
    /// Empty: nothing was saved yet.
    content: Vec<u8>,
    /// When the content was saved.
    written: Instant,
}

impl Record {
    fn lease_left(&self, now: Instant) -> Option<(OwnerId, Duration)> {
        let (owner, until) = self.lease?;
        let left = until.checked_duration_since(now).filter(|left| !left.is_zero());
        left.map(|left| (owner, left))
    }
}

pub(super) struct Records {
    by_key: ExpiringMap<RecordKey, Record>,
    ttl: Duration,
}

impl Records {
    pub(super) fn new(ttl: Duration) -> Self {
        Self { by_key: ExpiringMap::new(), ttl }
    }

    pub(super) fn claim(
        &mut self,
        key: &RecordKey,
        fingerprint: &Fingerprint,
        owner: &OwnerId,
        lease: Duration,
        now: Instant,
    ) -> Result<Claimed, StoreUnavailable> {
        let (mut content, mut written) = (Vec::new(), now);
        if let Some(record) = self.by_key.get(key, now) {
            if record.fingerprint != *fingerprint {
                return Ok(Claimed::OtherFingerprint);
            }
            if let Some((_, left)) = record.lease_left(now).filter(|(holder, _)| holder != owner) {
                return Ok(Claimed::InProgress { retry_after: left });
            }
            content.clone_from(&record.content);
            written = record.written;
        }
        // Nothing was sent under a record without content, so it need not outlive its lease.
        let (kept, most) = if content.is_empty() { (lease, MOST - RESERVE) } else { (self.ttl, MOST) };
        let lease_end = Some((*owner, now + lease));
        let record =
            Record { fingerprint: *fingerprint, lease: lease_end, content: content.clone(), written };
        self.put(key, record, kept.max(lease), now, most)?;
        let idle = now.saturating_duration_since(written);
        Ok(if content.is_empty() { Claimed::New } else { Claimed::Resumed { content, idle } })
    }

    pub(super) fn save(
        &mut self,
        key: &RecordKey,
        owner: &OwnerId,
        content: &[u8],
        lease: Duration,
        now: Instant,
    ) -> Result<Ownership, StoreUnavailable> {
        let Some(fingerprint) = self.held(key, owner, now) else { return Ok(Ownership::Lost) };
        let record = Record {
            fingerprint,
            lease: Some((*owner, now + lease)),
            content: content.to_vec(),
            written: now,
        };
        self.put(key, record, self.ttl.max(lease), now, MOST)?;
        Ok(Ownership::Held)
    }

    pub(super) fn release(
        &mut self,
        key: &RecordKey,
        owner: &OwnerId,
        kept: Option<&[u8]>,
        now: Instant,
    ) -> Result<Ownership, StoreUnavailable> {
        let Some(fingerprint) = self.held(key, owner, now) else { return Ok(Ownership::Lost) };
        match kept {
            Some(content) => {
                let record = Record { fingerprint, lease: None, content: content.to_vec(), written: now };
                self.put(key, record, self.ttl, now, MOST)?;
            }
            None => self.by_key.remove(key),
        }
        Ok(Ownership::Held)
    }

    /// The fingerprint of a record whose lease is the owner's.
    fn held(&self, key: &RecordKey, owner: &OwnerId, now: Instant) -> Option<Fingerprint> {
        let record = self.by_key.get(key, now)?;
        record.lease_left(now).filter(|(holder, _)| holder == owner).map(|_| record.fingerprint)
    }

    fn put(
        &mut self,
        key: &RecordKey,
        record: Record,
        kept: Duration,
        now: Instant,
        most: usize,
    ) -> Result<(), StoreUnavailable> {
        let weight = RECORD_WEIGHT + record.content.len();
        let put = self.by_key.insert(*key, (record, weight), (now, now + kept), most);
        put.map_err(|NoRoom| StoreUnavailable::Full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Caller;
    use crate::store::digests::Digests;

    #[test]
    fn when_no_new_records_are_taken_those_that_exist_can_still_be_written() {
        let (mut records, digests) = (Records::new(Duration::from_hours(1)), Digests::new(&[7; 32]));
        let (owner, now, lease) = (OwnerId::generate(), Instant::now(), Duration::from_mins(1));
        let caller = Caller { issuer: "main".to_owned(), subject: "app".to_owned() };
        let key = |number: u32| digests.record_key(&caller, "/approve", &number.to_string());
        let fingerprint = digests.fingerprint(["approve"]);
        let mut claim = |number, now| records.claim(&key(number), &fingerprint, &owner, lease, now);
        let taken = (0..200_000).take_while(|number| claim(*number, now) == Ok(Claimed::New)).count();
        assert_eq!(taken, (MOST - RESERVE) / RECORD_WEIGHT);
        assert_eq!(claim(u32::MAX, now), Err(StoreUnavailable::Full));
        assert_eq!(claim(u32::MAX, now + lease), Ok(Claimed::New), "what has ended makes room");
        assert_eq!(
            records.save(&key(u32::MAX), &owner, &vec![b'x'; 200_000], lease, now),
            Ok(Ownership::Held)
        );
    }
}
