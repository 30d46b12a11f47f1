//! Copies of complete lists, for callers who accept one of some age. None is older than the group's last decision
//! through the gateway.
//!
//! A copy holds as long as the group's mark is the one read before its walk began; decisions change the mark before
//! the first send and after the last. Where the mark cannot be read, there is no copy.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::Listing;
use crate::config::ReadSettings;
use crate::domain::{Deadline, GroupId, JoinRequest};
use crate::store::Store;

/// A mark is changed even when the deadline has come, if it takes no longer.
const TELLING: Duration = Duration::from_millis(500);
/// What one copy costs beside its requests, in bytes.
const OVERHEAD: usize = 512;
/// What one request costs where it is written down for callers, beside its texts: names of members, marks, and the time.
const WRITTEN: usize = 128;

/// The state of a group's decisions at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    shared: u64,
    /// Decisions of this process that the store could not be told of.
    untold: u64,
    /// The connection it was read on: behind another one may be a server that has lost the last marks.
    connection: u64,
}

#[derive(Clone)]
struct Copy {
    listing: Arc<Listing>,
    mark: Mark,
}

#[derive(Clone)]
struct Bytes;

/// The copies, all together no larger than `reads.max_copies`; those used least make room.
pub(super) struct Copies {
    by_group: Cache<GroupId, Copy, Bytes>,
    max_age: Duration,
    store: Arc<Store>,
    untold: AtomicU64,
}

impl Copies {
    pub(super) fn new(settings: ReadSettings, store: Arc<Store>) -> Self {
        let capacity = settings.max_copies as u64;
        // One shard: a list may take all of the room.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(settings.max_copies / (4 * OVERHEAD))
            .weight_capacity(capacity)
            .build();
        let by_group = match options {
            Ok(options) => Cache::with_options(
                options,
                Bytes,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            // Never: all that is needed is set.
            Err(_incomplete) => Cache::with_weighter(1, capacity, Bytes),
        };
        Self { by_group, max_age: settings.max_copy_age, store, untold: AtomicU64::new(0) }
    }

    /// The mark for a walk that is about to begin; `None` when its list cannot become a copy.
    pub(super) async fn mark(&self, group: &GroupId, until: Deadline) -> Option<Mark> {
        if self.max_age.is_zero() {
            return None;
        }
        let untold = self.untold.load(Ordering::SeqCst);
        let connection = self.store.connection_number();
        match self.store.mark(group, until).await {
            Ok(shared) => Some(Mark { shared, untold, connection }),
            Err(error) => {
                tracing::debug!(%error, "without the group's mark there is no copy");
                None
            }
        }
    }

    /// Keeps the list of a walk that began after `mark` was read. A part of a list is no copy, nor is one with entries that could not be read.
    pub(super) fn keep(&self, group: &GroupId, listing: &Arc<Listing>, mark: Mark) {
        if listing.next_page_token.is_none() && listing.is_whole {
            self.by_group.insert(group.clone(), Copy { listing: Arc::clone(listing), mark });
        }
    }

    /// The copy, if it is no older than that and no decision was made since.
    pub(super) async fn find(
        &self,
        group: &GroupId,
        max_age: Duration,
        until: Deadline,
    ) -> Option<Arc<Listing>> {
        let Copy { listing, mark } = self.by_group.get(group)?;
        let fresh = |listing: &Listing| listing.age() <= max_age.min(self.max_age);
        if !fresh(&listing) || self.mark(group, until).await != Some(mark) {
            return None;
        }
        // Asking for the mark took its time.
        fresh(&listing).then_some(listing)
    }

    /// A decision on the group is about to be sent, or has been.
    pub(super) async fn decided(&self, group: &GroupId, until: Deadline) {
        // A decision that took all of its time must be told of all the same.
        let until = Deadline::after(until.left().max(TELLING));
        if let Err(error) = self.store.bump_mark(group, until).await {
            tracing::debug!(%error, "no copy in this process holds any more, since a group's mark could not be changed");
            self.untold.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Drops what is too old for everybody: it holds personal data. Called on a timer.
    pub(super) fn sweep(&self) {
        self.by_group.retain(|_, copy| copy.listing.age() <= self.max_age);
    }
}

impl Weighter<GroupId, Copy> for Bytes {
    fn weight(&self, group: &GroupId, copy: &Copy) -> u64 {
        // Twice, since it is written down for callers, too.
        let text = |text: &Option<String>| text.as_ref().map_or(0, |text| text.capacity() + written(text));
        let requests = copy.listing.requests.iter().map(|request| {
            let JoinRequest { id, wa_id, user_id, parent_user_id, username, requested_at: _ } = request;
            let texts = [wa_id, user_id, parent_user_id, username].map(text);
            size_of::<JoinRequest>() + WRITTEN + 2 * id.as_str().len() + texts.iter().sum::<usize>()
        });
        (OVERHEAD + group.as_str().len() + requests.sum::<usize>()) as u64
    }
}

/// How many bytes a text has in JSON.
fn written(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        0..0x20 => r"\u0000".len(),
        b'"' | b'\\' => 2,
        _ => 1,
    };
    text.bytes().map(escaped).sum()
}

impl fmt::Debug for Copies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Copies").field("bytes", &self.by_group.weight()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::domain::JoinRequestId;

    fn copies(max_copies: usize) -> Copies {
        let settings = ReadSettings { max_copy_age: Duration::from_secs(10), max_copies };
        Copies::new(settings, Store::for_tests())
    }

    fn group(name: &str) -> GroupId {
        GroupId::parse(name).unwrap()
    }

    fn ago(seconds: u64) -> Instant {
        Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap()
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(10))
    }

    fn listing(requests: usize, began: Instant) -> Arc<Listing> {
        let request = |_| JoinRequest {
            id: JoinRequestId::parse("YQ==").unwrap(),
            wa_id: Some("1".repeat(1000)),
            user_id: None,
            parent_user_id: None,
            username: None,
            requested_at: None,
        };
        Arc::new(Listing::for_tests((0..requests).map(request).collect(), began))
    }

    async fn keep(copies: &Copies, group: &GroupId, listing: &Arc<Listing>) {
        let mark = copies.mark(group, soon()).await.unwrap();
        copies.keep(group, listing, mark);
    }

    async fn has(copies: &Copies, group: &GroupId, max_age: u64) -> bool {
        copies.find(group, Duration::from_secs(max_age), soon()).await.is_some()
    }

    #[tokio::test]
    async fn a_copy_is_as_old_as_its_walk() {
        let (copies, group) = (copies(1 << 20), group("a"));
        keep(&copies, &group, &listing(1, ago(5))).await;
        assert!(!has(&copies, &group, 4).await);
        assert!(has(&copies, &group, 6).await);
        keep(&copies, &group, &listing(1, ago(11))).await;
        assert!(!has(&copies, &group, 3600).await, "older than any copy may be");
        copies.sweep();
        assert_eq!(copies.by_group.len(), 0);
    }

    #[tokio::test]
    async fn a_decision_ends_the_copies_of_its_group_and_what_was_read_meanwhile() {
        let (copies, [one, other]) = (copies(1 << 20), [group("a"), group("b")]);
        let fresh = listing(1, Instant::now());
        keep(&copies, &one, &fresh).await;
        keep(&copies, &other, &fresh).await;
        copies.decided(&one, soon()).await;
        assert_eq!((has(&copies, &one, 10).await, has(&copies, &other, 10).await), (false, true));
        let before = copies.mark(&one, soon()).await.unwrap();
        copies.decided(&one, soon()).await;
        copies.keep(&one, &fresh, before);
        assert!(!has(&copies, &one, 10).await);
    }

    #[tokio::test]
    async fn copies_take_no_more_room_than_they_may() {
        let copies = copies(128 * 1024);
        for number in 0..200 {
            keep(&copies, &group(&format!("g{number}")), &listing(10, Instant::now())).await;
            assert!(copies.by_group.weight() <= 128 * 1024);
        }
        assert!(copies.by_group.len() >= 4, "{copies:?}");
        keep(&copies, &group("too-large"), &listing(100, Instant::now())).await;
        assert!(!has(&copies, &group("too-large"), 10).await);
        assert!(copies.by_group.weight() <= 128 * 1024);
    }
}
