//! Where each id of a decision stands, and the record of it under an Idempotency-Key.
//!
//! What is about to be sent is recorded before it is sent. So whoever finds the record of a gateway that died knows which ids
//! may have been executed, and looks before sending any of them again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::look::Sent;
use super::outcome::Settled;
use super::{Outcome, Stopped};
use crate::domain::{Action, Deadline};
use crate::store::{OwnerId, Ownership, RecordEnd, RecordKey, Store, StoreUnavailable};

/// Where one id stands.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// It may be sent.
    Untried,
    /// It was sent by an earlier call, and nobody knows what became of it.
    InDoubt,
    /// This call has an outcome for it.
    Ended(Outcome),
}

/// An entry as it is stored. A record is a list of them, in the order of the ids.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Recorded {
    Untried,
    /// Sent, and in doubt.
    Sent {
        /// When the request was made that was seen last under the id before it was sent, in seconds since 1970.
        seen: Option<i64>,
        /// When this was written, it had been sent so many milliseconds ago at most…
        began: u64,
        /// …and the sending was over for so many at least. Negative: it may go on for so long.
        ended: i64,
    },
    Settled(Settled),
}

/// A record whose lease is ours.
#[derive(Debug)]
pub(super) struct OpenRecord {
    pub(super) store: Arc<Store>,
    pub(super) key: RecordKey,
    pub(super) owner: OwnerId,
    /// When the request that works on it must be answered. Nothing is sent after that.
    pub(super) until: Deadline,
}

/// A lease outlives the request by this, whose last call has ended before its deadline.
const MARGIN: Duration = Duration::from_secs(1);
/// A record is closed even when the deadline has come, if it takes no longer.
const CLOSING: Duration = Duration::from_millis(500);

/// The lease that a request with this deadline needs.
pub(super) fn lease_until(deadline: Deadline) -> Duration {
    deadline.left() + MARGIN
}

/// All ids of one call.
#[derive(Debug)]
pub(super) struct Ledger {
    entries: Vec<Entry>,
    /// The last sending of each id that was sent.
    sent: Vec<Option<Sent>>,
    /// Whether an earlier call left something.
    resumed: bool,
    record: Option<OpenRecord>,
}

impl Ledger {
    /// Nothing was tried yet.
    pub(super) fn untried(ids: usize, record: Option<OpenRecord>) -> Self {
        Self { entries: vec![Entry::Untried; ids], sent: vec![None; ids], resumed: false, record }
    }

    /// Takes up what an earlier call left, which was written so long ago. A record that cannot be read, such as one of a
    /// later release, leaves every id in doubt.
    pub(super) fn resumed(
        ids: usize,
        action: Action,
        content: &[u8],
        idle: Duration,
        record: OpenRecord,
    ) -> Self {
        let read = serde_json::from_slice::<Vec<Recorded>>(content).ok().filter(|read| read.len() == ids);
        let read = read.unwrap_or_else(|| (0..ids).map(|_| Recorded::UNREADABLE).collect());
        let (entries, sent) = read.into_iter().map(|entry| entry.taken_up(action, idle)).unzip();
        Self { entries, sent, resumed: true, record: Some(record) }
    }

    /// Whether an earlier call left something.
    pub(super) const fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// How many ids there is something left to do about.
    pub(super) fn unsettled(&self) -> usize {
        self.entries.iter().filter(|entry| !matches!(entry, Entry::Ended(_))).count()
    }

    /// The places that may be sent.
    pub(super) fn untried_places(&self) -> Vec<usize> {
        self.places(|entry| matches!(entry, Entry::Untried))
    }

    /// The places to look after before anything is sent, each with what is known of its sending.
    pub(super) fn places_in_doubt(&self) -> Vec<(usize, Sent)> {
        let entries = self.entries.iter().zip(&self.sent).enumerate();
        let in_doubt = entries.filter_map(|(place, (entry, sent))| match entry {
            Entry::InDoubt => Some((place, (*sent)?)),
            Entry::Untried | Entry::Ended(_) => None,
        });
        in_doubt.collect()
    }

    /// Records that these are about to be sent. Fails when that could not be stored: then nothing may be sent.
    pub(super) async fn about_to_send(
        &mut self,
        places: &[usize],
        seen: &[Option<Timestamp>],
    ) -> Result<(), Stopped> {
        let sending = places.iter().copied().zip(seen.iter().map(|seen| Sent::now(*seen)));
        let sending = sending.collect::<HashMap<_, _>>();
        if let Some(record) = &self.record {
            let lease = lease_until(record.until);
            let content = self.content(&sending, lease);
            let saved = record.store.save(&record.key, &record.owner, &content, lease, record.until).await;
            match saved {
                Ok(Ownership::Held) => (),
                // What is known of an earlier sending must stay as it is: this one does not take place.
                Ok(Ownership::Lost) | Err(_) => return Err(Stopped::StoreUnavailable),
            }
        }
        for (place, sending) in sending {
            if let Some(sent) = self.sent.get_mut(place) {
                *sent = Some(sending);
            }
        }
        Ok(())
    }

    /// These have an outcome.
    pub(super) fn ended(&mut self, outcomes: impl Iterator<Item = (usize, Outcome)>) {
        for (place, outcome) in outcomes {
            if let Some((entry, sent)) = self.entries.get_mut(place).zip(self.sent.get_mut(place)) {
                if let (Entry::Untried | Entry::Ended(_), Some(sent)) = (&*entry, sent) {
                    sent.is_over();
                }
                *entry = Entry::Ended(outcome);
            }
        }
    }

    /// Closes the record and answers every outcome. What nothing was done about was not sent, because of `stopped`; what was
    /// in doubt and could not be looked after still is.
    pub(super) async fn close(mut self, stopped: &Stopped) -> Vec<Outcome> {
        for entry in &mut self.entries {
            match entry {
                Entry::Untried => *entry = Entry::Ended(Outcome::NotSent(stopped.clone())),
                Entry::InDoubt | Entry::Ended(_) => (),
            }
        }
        if let Some(record) = &self.record {
            let sent_something =
                self.entries.iter().any(|entry| !matches!(entry, Entry::Ended(Outcome::NotSent(_))));
            let content = self.content(&HashMap::new(), Duration::ZERO);
            let end = if self.is_resumed() || sent_something {
                RecordEnd::Keep(&content)
            } else {
                RecordEnd::Remove
            };
            let until = Deadline::after(record.until.left().max(CLOSING));
            let released = record.store.release(&record.key, &record.owner, end, until).await;
            report(released);
        }
        let outcomes = self.entries.into_iter().map(|entry| match entry {
            Entry::Ended(outcome) => outcome,
            Entry::Untried | Entry::InDoubt => Outcome::in_doubt(None),
        });
        outcomes.collect()
    }

    fn places(&self, which: impl Fn(&Entry) -> bool) -> Vec<usize> {
        let entries = self.entries.iter().enumerate();
        entries.filter(|(_, entry)| which(entry)).map(|(place, _)| place).collect()
    }

    /// The content of the record, with these about to be sent, which will be over within the lease.
    fn content(&self, sending: &HashMap<usize, Sent>, lease: Duration) -> Vec<u8> {
        let entries = self.entries.iter().zip(&self.sent).enumerate();
        let entries = entries.map(|(place, (entry, sent))| match (sending.get(&place), entry) {
            (Some(sending), _) => Recorded::sending(*sending, lease),
            (None, Entry::Untried) => Recorded::Untried,
            (None, Entry::InDoubt | Entry::Ended(Outcome::Unknown { .. })) => Recorded::sent(*sent),
            (None, Entry::Ended(outcome)) => outcome.settled().map_or(Recorded::Untried, Recorded::Settled),
        });
        // A list of plain values has no form that cannot be written.
        serde_json::to_vec(&entries.collect::<Vec<_>>()).unwrap_or_default()
    }
}

impl Recorded {
    /// What stands for an entry of which nothing is known: nothing can tell its request from a newer one.
    const UNREADABLE: Self = Self::Sent { seen: None, began: u64::MAX, ended: i64::MIN };

    /// Sent, and over.
    fn sent(sent: Option<Sent>) -> Self {
        sent.map_or(Self::UNREADABLE, |Sent { seen, since, began, ended }| {
            let passed = since.elapsed();
            Self::Sent {
                seen: seen.map(Timestamp::as_second),
                began: milliseconds(began.saturating_add(passed)),
                ended: i64::try_from(milliseconds(ended.saturating_add(passed))).unwrap_or(i64::MAX),
            }
        })
    }

    /// About to be sent, and over within the lease.
    fn sending(sent: Sent, lease: Duration) -> Self {
        let ended = i64::try_from(milliseconds(lease)).map_or(i64::MIN, i64::wrapping_neg);
        Self::Sent { seen: sent.seen.map(Timestamp::as_second), began: 0, ended }
    }

    /// The entry, and its last sending if it is in doubt, when it was written so long ago.
    fn taken_up(self, action: Action, idle: Duration) -> (Entry, Option<Sent>) {
        match self {
            Self::Untried => (Entry::Untried, None),
            Self::Sent { seen, began, ended } => {
                let idle_ms = i64::try_from(milliseconds(idle)).unwrap_or(i64::MAX);
                let ended = u64::try_from(ended.saturating_add(idle_ms)).unwrap_or(0);
                let sent = Sent {
                    seen: seen.and_then(|second| Timestamp::from_second(second).ok()),
                    since: Instant::now(),
                    began: Duration::from_millis(began).saturating_add(idle),
                    ended: Duration::from_millis(ended),
                };
                (Entry::InDoubt, Some(sent))
            }
            Self::Settled(settled) => (Entry::Ended(Outcome::of_settled(action, settled)), None),
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A record that could not be closed is free again when its lease ends, and the next call looks first.
fn report(released: Result<Ownership, StoreUnavailable>) {
    match released {
        Ok(Ownership::Held) => (),
        Ok(Ownership::Lost) => tracing::warn!("the lease of an Idempotency-Key ended before its request did"),
        Err(error) => tracing::warn!(%error, "the record of an Idempotency-Key could not be closed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Caller;
    use crate::store::{Claimed, Fingerprint};

    fn name(store: &Store) -> (RecordKey, Fingerprint) {
        let caller = Caller { issuer: "main".to_owned(), subject: "app".to_owned() };
        (store.record_key(&caller, "a/approve", "k"), store.fingerprint(["approve", "YQ==", "Yg=="]))
    }

    /// A record of a call that has no time left, so that its lease ends soon.
    async fn claimed(store: &Arc<Store>) -> (Claimed, OpenRecord) {
        let (key, fingerprint) = name(store);
        let (owner, until) = (OwnerId::generate(), Deadline::after(Duration::from_mins(1)));
        let lease = MARGIN;
        let claimed = store.claim(&key, &fingerprint, &owner, lease, until).await.unwrap();
        let until = Deadline::after(Duration::ZERO);
        (claimed, OpenRecord { store: Arc::clone(store), key, owner, until })
    }

    #[tokio::test]
    async fn nothing_is_sent_without_the_lease_of_its_record() {
        let store = Store::for_tests();
        let (_, mut record) = claimed(&store).await;
        record.owner = OwnerId::generate();
        let mut ledger = Ledger::untried(2, Some(record));
        assert_eq!(ledger.about_to_send(&[0], &[None]).await, Err(Stopped::StoreUnavailable));
    }

    /// A sending that did not take place must not make the one before it look younger.
    #[tokio::test]
    async fn a_sending_that_could_not_be_recorded_changes_nothing() {
        let store = Store::for_tests();
        let (_, mut record) = claimed(&store).await;
        record.owner = OwnerId::generate();
        let content = br#"[{"sent":{"seen":null,"began":0,"ended":0}}]"#;
        let mut ledger = Ledger::resumed(1, Action::Approve, content, Duration::from_mins(1), record);
        let newer = Timestamp::from_second(1_755_548_877).unwrap();
        assert!(ledger.about_to_send(&[0], &[Some(newer)]).await.is_err());
        let (_, sent) = ledger.places_in_doubt()[0];
        assert_eq!((sent.seen, sent.began >= Duration::from_mins(1)), (None, true));
    }

    #[tokio::test]
    async fn what_a_gateway_was_sending_when_it_died_is_in_doubt_for_the_next_call() {
        let store = Store::for_tests();
        let (fresh, record) = claimed(&store).await;
        assert_eq!(fresh, Claimed::New);
        let mut ledger = Ledger::untried(2, Some(record));
        let seen = Timestamp::from_second(1_755_548_877).unwrap();
        ledger.about_to_send(&[1], &[Some(seen)]).await.unwrap();
        drop(ledger);

        let found = async {
            loop {
                match claimed(&store).await {
                    (Claimed::Resumed { content, idle }, record) => return (content, idle, record),
                    (other, _) => assert!(matches!(other, Claimed::InProgress { .. }), "{other:?}"),
                }
                tokio::task::yield_now().await;
            }
        };
        let (content, idle, record) = tokio::time::timeout(Duration::from_secs(10), found).await.unwrap();
        let ledger = Ledger::resumed(2, Action::Approve, &content, idle, record);
        assert_eq!(ledger.untried_places(), [0]);
        let in_doubt = ledger.places_in_doubt();
        assert_eq!(
            in_doubt.iter().map(|(place, sent)| (*place, sent.seen)).collect::<Vec<_>>(),
            [(1, Some(seen))]
        );
        let Sent { began, ended, .. } = in_doubt[0].1;
        assert!(began >= MARGIN, "sent after the last writing, which was a lease ago");
        assert!(ended < Duration::from_secs(1), "and perhaps until the end of the lease");
    }

    #[tokio::test]
    async fn a_record_that_cannot_be_read_leaves_every_id_in_doubt() {
        let store = Store::for_tests();
        for content in [&b"not json"[..], b"[]", br#"["untried"]"#, br#"[{"later":1},"untried"]"#] {
            let (_, record) = claimed(&store).await;
            let ledger = Ledger::resumed(2, Action::Reject, content, Duration::ZERO, record);
            assert_eq!((ledger.places_in_doubt().len(), ledger.untried_places().len()), (2, 0));
            assert!(
                ledger.places_in_doubt().iter().all(|(_, sent)| sent.began > Duration::from_hours(1_000_000))
            );
            let outcomes = ledger.close(&Stopped::LineFull).await;
            assert_eq!(outcomes, vec![Outcome::in_doubt(None); 2]);
        }
    }

    /// However often a record is written anew, a sending does not become younger, or a request made after it would pass for
    /// the one that was sent.
    #[test]
    fn a_sending_grows_older_with_every_call() {
        let seconds = Duration::from_secs;
        let sending = Recorded::sending(Sent::now(None), seconds(16));
        let (_, first) = sending.taken_up(Action::Approve, seconds(40));
        let (_, second) = Recorded::sent(first).taken_up(Action::Approve, seconds(5));
        let sent = second.unwrap();
        assert!(
            sent.began >= seconds(45) && sent.ended >= seconds(29) && sent.ended < seconds(30),
            "{sent:?}"
        );
    }
}
