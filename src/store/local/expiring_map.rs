//! A map whose entries end by themselves, and are never dropped before.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Instant;

use foldhash::fast::RandomState;

/// Ended entries taken out with each insertion. More than one, so that they cannot pile up.
const SWEPT_PER_INSERTION: usize = 2;

struct Entry<V> {
    value: V,
    weight: usize,
    until: Instant,
}

/// Holds at most a given weight. Ended entries are taken out little by little, never all at once: nobody waits for
/// a scan of the whole map. Its keys are digests that nobody can choose, so that a quick hash will do.
pub(super) struct ExpiringMap<K, V> {
    entries: HashMap<K, Entry<V>, RandomState>,
    by_end: BTreeSet<(Instant, K)>,
    weight: usize,
}

/// There is no room.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoRoom;

impl<K: Copy + Ord + Hash, V> ExpiringMap<K, V> {
    pub(super) fn new() -> Self {
        Self { entries: HashMap::default(), by_end: BTreeSet::new(), weight: 0 }
    }

    pub(super) fn get(&self, key: &K, now: Instant) -> Option<&V> {
        self.entries.get(key).filter(|entry| entry.until > now).map(|entry| &entry.value)
    }

    /// Sets the value of a key until then. Without room for it the map stays as it was.
    pub(super) fn insert(
        &mut self,
        key: K,
        (value, weight): (V, usize),
        (now, until): (Instant, Instant),
        most: usize,
    ) -> Result<(), NoRoom> {
        for _ in 0..SWEPT_PER_INSERTION {
            self.sweep_one(now);
        }
        while self.weight_without(&key) + weight > most {
            if !self.sweep_one(now) {
                return Err(NoRoom);
            }
        }
        self.remove(&key);
        self.weight += weight;
        self.by_end.insert((until, key));
        self.entries.insert(key, Entry { value, weight, until });
        Ok(())
    }

    pub(super) fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.weight -= entry.weight;
            self.by_end.remove(&(entry.until, *key));
        }
    }

    fn weight_without(&self, key: &K) -> usize {
        self.weight - self.entries.get(key).map_or(0, |entry| entry.weight)
    }

    /// Takes out the entry that ended first; false when none has.
    fn sweep_one(&mut self, now: Instant) -> bool {
        match self.by_end.first() {
            Some((until, key)) if *until <= now => {
                let key = *key;
                self.remove(&key);
                true
            }
            Some(_) | None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn seconds(from: Instant, seconds: u64) -> (Instant, Instant) {
        (from, from + Duration::from_secs(seconds))
    }

    #[test]
    fn an_entry_is_there_until_its_end_and_not_a_moment_longer() {
        let (mut map, now) = (ExpiringMap::new(), Instant::now());
        map.insert("a", (1, 1), seconds(now, 10), 9).unwrap();
        assert_eq!(map.get(&"a", now + Duration::from_millis(9_999)), Some(&1));
        assert_eq!(map.get(&"a", now + Duration::from_secs(10)), None);
    }

    #[test]
    fn a_full_map_takes_nothing_new_and_drops_nothing_early() {
        let (mut map, now) = (ExpiringMap::new(), Instant::now());
        map.insert("a", (1, 6), seconds(now, 10), 9).unwrap();
        assert_eq!(map.insert("b", (2, 4), seconds(now, 10), 9), Err(NoRoom));
        assert_eq!(map.insert("a", (3, 10), seconds(now, 10), 9), Err(NoRoom));
        assert_eq!((map.get(&"a", now), map.get(&"b", now)), (Some(&1), None));
        map.insert("a", (3, 5), seconds(now, 10), 9).unwrap();
        map.insert("b", (2, 4), seconds(now, 10), 9).unwrap();
        assert_eq!((map.get(&"a", now), map.get(&"b", now)), (Some(&3), Some(&2)));
    }

    #[test]
    fn what_has_ended_makes_room_even_for_something_heavy() {
        let (mut map, now) = (ExpiringMap::new(), Instant::now());
        for number in 0..90 {
            map.insert(number, ((), 1), seconds(now, 10), 100).unwrap();
        }
        let later = now + Duration::from_secs(10);
        map.insert(1000, ((), 100), seconds(later, 10), 100).unwrap();
        assert_eq!((map.entries.len(), map.by_end.len(), map.weight), (1, 1, 100));
    }

    #[test]
    fn replacing_an_ended_entry_of_a_full_map_keeps_the_count() {
        let (mut map, now) = (ExpiringMap::new(), Instant::now());
        for number in 0..5 {
            map.insert(number, ((), 2), seconds(now, 10 + number), 10).unwrap();
        }
        let later = now + Duration::from_secs(13);
        map.insert(3, ((), 8), seconds(later, 10), 10).unwrap();
        assert_eq!((map.entries.len(), map.by_end.len(), map.weight), (2, 2, 10));
    }

    #[test]
    fn ended_entries_do_not_pile_up() {
        let (mut map, start) = (ExpiringMap::new(), Instant::now());
        for number in 0..10_000 {
            let now = start + Duration::from_secs(number);
            map.insert(number, ((), 1), seconds(now, 100), usize::MAX).unwrap();
        }
        assert!(map.entries.len() <= 102, "{} entries", map.entries.len());
    }
}
