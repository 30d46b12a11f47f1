//! What every store promises.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use joingate::config::IdempotencySettings;
use joingate::domain::Action;
use joingate::store::{
    Claimed, MAX_CONTENT, OwnerId, Ownership, RecordEnd, Remembered, Store, StoreUnavailable,
};

use super::state::{LONG, SHORT, State, caller, claim, eventually, fingerprint, group, id, key, save, soon};

#[expect(clippy::unnecessary_wraps, reason = "compared with what a claim found")]
fn resumed(content: &[u8]) -> Option<Vec<u8>> {
    Some(content.to_vec())
}

/// What an earlier owner left, if that is what the claim found.
fn content_of(claimed: Claimed) -> Option<Vec<u8>> {
    match claimed {
        Claimed::Resumed { content, .. } => Some(content),
        Claimed::New | Claimed::InProgress { .. } | Claimed::OtherFingerprint => None,
    }
}

async fn release(store: &Store, owner: &OwnerId, end: RecordEnd<'_>) -> Ownership {
    store.release(&key(store), owner, end, soon()).await.unwrap()
}

/// Claims for another owner as soon as the lease is free.
async fn take_over(store: &Store, owner: &OwnerId) -> Claimed {
    eventually("the end of the lease", async || {
        let claimed = claim(store, owner, LONG).await;
        (!matches!(claimed, Claimed::InProgress { .. })).then_some(claimed)
    })
    .await
}

pub(crate) async fn a_new_key_is_claimed_once_and_in_progress_for_everybody_else(state: &State) {
    let store = state.store().await;
    assert_eq!(claim(&store, &OwnerId::generate(), LONG).await, Claimed::New);
    let Claimed::InProgress { retry_after } = claim(&store, &OwnerId::generate(), LONG).await else {
        panic!("claimed twice")
    };
    assert!(retry_after <= LONG && retry_after > LONG / 2, "{retry_after:?}");
}

pub(crate) async fn of_fifty_claims_at_once_exactly_one_gets_the_key(state: &State) {
    let store = state.store().await;
    let mut claims = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let store = Arc::clone(&store);
        claims.spawn(async move { claim(&store, &OwnerId::generate(), LONG).await });
    }
    let claimed = claims.join_all().await;
    assert_eq!(claimed.iter().filter(|claimed| **claimed == Claimed::New).count(), 1);
    let waiting = claimed.iter().filter(|claimed| matches!(claimed, Claimed::InProgress { .. })).count();
    assert_eq!(waiting, 49);
}

pub(crate) async fn a_claim_made_again_by_its_owner_is_the_same_claim(state: &State) {
    let (store, owner) = (state.store().await, OwnerId::generate());
    assert_eq!(claim(&store, &owner, LONG).await, Claimed::New);
    assert_eq!(claim(&store, &owner, LONG).await, Claimed::New);
    assert_eq!(save(&store, &owner, b"intent", LONG).await, Ownership::Held);
    assert_eq!(content_of(claim(&store, &owner, LONG).await), resumed(b"intent"));
}

pub(crate) async fn a_lease_that_ran_out_is_taken_over_with_what_was_saved(state: &State) {
    let (store, first, second) = (state.store().await, OwnerId::generate(), OwnerId::generate());
    assert_eq!(claim(&store, &first, LONG).await, Claimed::New);
    assert_eq!(save(&store, &first, b"intent", SHORT).await, Ownership::Held);
    assert_eq!(content_of(take_over(&store, &second).await), resumed(b"intent"));
    let third = claim(&store, &OwnerId::generate(), LONG).await;
    assert!(matches!(third, Claimed::InProgress { .. }), "{third:?}");
}

pub(crate) async fn an_owner_whose_lease_ran_out_changes_nothing_any_more(state: &State) {
    let (store, first, second) = (state.store().await, OwnerId::generate(), OwnerId::generate());
    assert_eq!(claim(&store, &first, LONG).await, Claimed::New);
    assert_eq!(save(&store, &first, b"intent", SHORT).await, Ownership::Held);
    // Nobody else has it yet: the lease alone decides. Any look at it by a caller would change it.
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(save(&store, &first, b"late", LONG).await, Ownership::Lost);
    assert_eq!(release(&store, &first, RecordEnd::Keep(b"late")).await, Ownership::Lost);
    assert_eq!(release(&store, &first, RecordEnd::Remove).await, Ownership::Lost);
    assert_eq!(content_of(take_over(&store, &second).await), resumed(b"intent"));
    assert_eq!(save(&store, &first, b"late", LONG).await, Ownership::Lost);
    assert_eq!(release(&store, &first, RecordEnd::Remove).await, Ownership::Lost);
    assert_eq!(release(&store, &second, RecordEnd::Keep(b"done")).await, Ownership::Held);
}

pub(crate) async fn a_key_that_was_claimed_and_never_saved_is_new_again(state: &State) {
    let (store, first) = (state.store().await, OwnerId::generate());
    assert_eq!(claim(&store, &first, SHORT).await, Claimed::New);
    assert_eq!(take_over(&store, &OwnerId::generate()).await, Claimed::New);
    assert_eq!(save(&store, &first, b"intent", LONG).await, Ownership::Lost);
}

pub(crate) async fn saving_begins_the_lease_anew(state: &State) {
    let (store, owner) = (state.store().await, OwnerId::generate());
    claim(&store, &owner, SHORT).await;
    assert_eq!(save(&store, &owner, b"intent", LONG).await, Ownership::Held);
    let other = claim(&store, &OwnerId::generate(), LONG).await;
    let Claimed::InProgress { retry_after } = other else { panic!("{other:?}") };
    assert!(retry_after > SHORT, "{retry_after:?}");
}

pub(crate) async fn a_kept_record_is_free_and_holds_its_last_content(state: &State) {
    let (store, owner) = (state.store().await, OwnerId::generate());
    claim(&store, &owner, LONG).await;
    assert_eq!(save(&store, &owner, b"intent", LONG).await, Ownership::Held);
    assert_eq!(release(&store, &owner, RecordEnd::Keep(b"done")).await, Ownership::Held);
    assert_eq!(release(&store, &owner, RecordEnd::Keep(b"twice")).await, Ownership::Lost);
    assert_eq!(content_of(claim(&store, &OwnerId::generate(), LONG).await), resumed(b"done"));
}

pub(crate) async fn a_record_tells_how_long_ago_it_was_written_whoever_claimed_it_since(state: &State) {
    let (store, owner) = (state.store().await, OwnerId::generate());
    claim(&store, &owner, LONG).await;
    assert_eq!(release(&store, &owner, RecordEnd::Keep(b"done")).await, Ownership::Held);
    eventually("time that passes", async || {
        // Each claim is the owner's own, so that all of them find the same record.
        let Claimed::Resumed { idle, .. } = claim(&store, &owner, LONG).await else { panic!("it is there") };
        (idle >= SHORT).then_some(())
    })
    .await;
}

pub(crate) async fn a_removed_record_is_new_even_to_another_fingerprint(state: &State) {
    let (store, owner) = (state.store().await, OwnerId::generate());
    claim(&store, &owner, LONG).await;
    assert_eq!(save(&store, &owner, b"intent", LONG).await, Ownership::Held);
    assert_eq!(release(&store, &owner, RecordEnd::Remove).await, Ownership::Held);
    let other = store.fingerprint(["approve", "b", "a"]);
    let claimed = store.claim(&key(&store), &other, &OwnerId::generate(), LONG, soon()).await;
    assert_eq!(claimed, Ok(Claimed::New));
}

pub(crate) async fn another_fingerprint_never_gets_the_record(state: &State) {
    let (store, owner) = (state.store().await, OwnerId::generate());
    let other = store.fingerprint(["approve", "b", "a"]);
    let claim_other =
        async || store.claim(&key(&store), &other, &OwnerId::generate(), LONG, soon()).await.unwrap();
    claim(&store, &owner, LONG).await;
    assert_eq!(claim_other().await, Claimed::OtherFingerprint);
    assert_eq!(release(&store, &owner, RecordEnd::Keep(b"done")).await, Ownership::Held);
    assert_eq!(claim_other().await, Claimed::OtherFingerprint);
    assert_eq!(content_of(claim(&store, &OwnerId::generate(), LONG).await), resumed(b"done"));
}

pub(crate) async fn content_above_the_bound_is_refused_and_changes_nothing(state: &State) {
    let (store, owner) = (state.store().await, OwnerId::generate());
    claim(&store, &owner, LONG).await;
    let largest = vec![b'x'; MAX_CONTENT];
    assert_eq!(save(&store, &owner, &largest, LONG).await, Ownership::Held);
    let larger = vec![b'y'; MAX_CONTENT + 1];
    let refused = Err(StoreUnavailable::ContentTooLarge);
    assert_eq!(store.save(&key(&store), &owner, &larger, LONG, soon()).await, refused);
    assert_eq!(store.release(&key(&store), &owner, RecordEnd::Keep(&larger), soon()).await, refused);
    assert_eq!(content_of(claim(&store, &owner, LONG).await), resumed(&largest));
}

pub(crate) async fn content_is_any_bytes(state: &State) {
    let (store, owner) = (state.store().await, OwnerId::generate());
    let bytes = (0..=255).chain([b'\r', b'\n', 0]).collect::<Vec<u8>>();
    claim(&store, &owner, LONG).await;
    assert_eq!(release(&store, &owner, RecordEnd::Keep(&bytes)).await, Ownership::Held);
    assert_eq!(content_of(claim(&store, &owner, LONG).await), resumed(&bytes));
}

pub(crate) async fn a_record_ends_after_its_ttl(state: &State) {
    let settings = IdempotencySettings { require_key: false, ttl: SHORT, remember_decisions: LONG };
    let (store, owner) = (state.store_with(settings).await, OwnerId::generate());
    claim(&store, &owner, LONG).await;
    assert_eq!(release(&store, &owner, RecordEnd::Keep(b"done")).await, Ownership::Held);
    let other = store.fingerprint(["reject", "a"]);
    eventually("the end of the record", async || {
        let claimed = store.claim(&key(&store), &other, &OwnerId::generate(), LONG, soon()).await.unwrap();
        (claimed == Claimed::New).then_some(())
    })
    .await;
}

pub(crate) async fn keys_of_other_callers_and_routes_are_other_keys(state: &State) {
    let store = state.store().await;
    let keys = [
        store.record_key(&caller("app"), "/approve", "key-1"),
        store.record_key(&caller("other"), "/approve", "key-1"),
        store.record_key(&caller("app"), "/reject", "key-1"),
        store.record_key(&caller("app"), "/approve", "key-2"),
    ];
    for key in keys {
        let claimed = store.claim(&key, &fingerprint(&store), &OwnerId::generate(), LONG, soon()).await;
        assert_eq!(claimed, Ok(Claimed::New));
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(crate) async fn decisions_are_remembered_per_group_and_id(state: &State) {
    let (store, one, other) = (state.store().await, group("one"), group("other"));
    let (a, b, c) = (id("a"), id("b"), id("c"));
    let precise = at(1) + SignedDuration::from_nanos(1_999);
    store.remember(&one, &[&a, &b], Action::Approve, precise, soon()).await.unwrap();
    store.remember(&other, &[&a], Action::Reject, at(2), soon()).await.unwrap();
    let approved = Remembered { action: Action::Approve, at: at(1) + SignedDuration::from_micros(1) };
    let rejected = Remembered { action: Action::Reject, at: at(2) };
    let of_one = store.recall(&one, &[&c, &b, &a], soon()).await;
    assert_eq!(of_one, Ok(vec![None, Some(approved), Some(approved)]));
    assert_eq!(store.recall(&other, &[&a, &b], soon()).await, Ok(vec![Some(rejected), None]));
    assert_eq!(store.recall(&other, &[], soon()).await, Ok(vec![]));
    assert_eq!(store.remember(&other, &[], Action::Reject, at(2), soon()).await, Ok(()));
}

pub(crate) async fn a_later_decision_replaces_an_earlier_one_whatever_the_order(state: &State) {
    let (store, group, id) = (state.store().await, group("one"), id("a"));
    for (action, second) in [(Action::Reject, 2), (Action::Approve, 3), (Action::Reject, 1)] {
        store.remember(&group, &[&id], action, at(second), soon()).await.unwrap();
    }
    let latest = Remembered { action: Action::Approve, at: at(3) };
    assert_eq!(store.recall(&group, &[&id], soon()).await, Ok(vec![Some(latest)]));
}

pub(crate) async fn a_read_forgets_only_what_was_decided_before_it_began(state: &State) {
    let (store, group, ids) = (state.store().await, group("one"), [id("a"), id("b"), id("c")]);
    for (id, second) in ids.iter().zip([1, 2, 3]) {
        store.remember(&group, &[id], Action::Approve, at(second), soon()).await.unwrap();
    }
    let all = ids.iter().collect::<Vec<_>>();
    store.forget(&group, &all, at(2), soon()).await.unwrap();
    let kept = |second| Some(Remembered { action: Action::Approve, at: at(second) });
    assert_eq!(store.recall(&group, &all, soon()).await, Ok(vec![None, kept(2), kept(3)]));
    store.forget(&group, &all[..2], at(9), soon()).await.unwrap();
    assert_eq!(store.recall(&group, &all, soon()).await, Ok(vec![None, None, kept(3)]));
}

pub(crate) async fn remembered_decisions_end_by_themselves(state: &State) {
    let settings = IdempotencySettings { require_key: false, ttl: LONG, remember_decisions: SHORT };
    let (store, group, id) = (state.store_with(settings).await, group("one"), id("a"));
    store.remember(&group, &[&id], Action::Approve, at(1), soon()).await.unwrap();
    eventually("the end of the memory", async || {
        (store.recall(&group, &[&id], soon()).await == Ok(vec![None])).then_some(())
    })
    .await;
    let settings = IdempotencySettings { require_key: false, ttl: LONG, remember_decisions: Duration::ZERO };
    let store = state.store_with(settings).await;
    store.remember(&group, &[&id], Action::Approve, at(1), soon()).await.unwrap();
    assert_eq!(store.recall(&group, &[&id], soon()).await, Ok(vec![None]));
}

pub(crate) async fn a_mark_changes_with_each_decision_on_its_group_only(state: &State) {
    let (store, one, other) = (state.store().await, group("one"), group("other"));
    let (before, elsewhere) =
        (store.mark(&one, soon()).await.unwrap(), store.mark(&other, soon()).await.unwrap());
    assert_eq!(store.mark(&one, soon()).await, Ok(before));
    let mut seen = vec![before];
    for _ in 0..3 {
        let bumped = store.bump_mark(&one, soon()).await.unwrap();
        assert!(!seen.contains(&bumped), "{bumped} comes again");
        assert_eq!(store.mark(&one, soon()).await, Ok(bumped));
        seen.push(bumped);
    }
    assert_eq!(store.mark(&other, soon()).await, Ok(elsewhere));
}
