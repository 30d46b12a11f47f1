//! The limits of all replicas, in a real Redis.

use std::sync::Arc;
use std::time::Duration;

use joingate::store::{AskedFor, CallAnswer, LearnedRate, SharedPace, SharedPause, StoreUnavailable};
use tokio::task::JoinSet;

use super::state::{State, caller, group, soon};
use crate::support::RedisServer;

const MINUTE: Duration = Duration::from_mins(1);
/// One a minute, and seventeen at once.
const PACE: SharedPace = SharedPace { interval: MINUTE, burst: 17 };

fn about(duration: Duration, expected: Duration) {
    let second = Duration::from_secs(5);
    assert!(duration <= expected && duration + second > expected, "{duration:?} is not about {expected:?}");
}

#[tokio::test]
async fn units_are_there_once_for_all_who_ask_together() {
    let state = State::Redis(RedisServer::start());
    let stores = [state.store().await, state.store().await];
    let ask = |number: usize| {
        let store = Arc::clone(&stores[number % 2]);
        async move { store.take_units(&caller("app"), PACE, 1, soon()).await.unwrap() }
    };
    let answers = (0..60).map(ask).collect::<JoinSet<_>>().join_all().await;
    let (went, waits): (Vec<_>, Vec<_>) = answers.into_iter().partition(|taken| taken.wait.is_zero());
    assert_eq!(went.len(), 17);
    for taken in waits {
        about(taken.wait, MINUTE);
    }
    let other = stores[0].take_units(&caller("other"), PACE, 1, soon()).await.unwrap();
    assert!(other.wait.is_zero());
    about(other.full_in, MINUTE);
}

#[tokio::test]
async fn several_units_are_taken_together_or_not_at_all() {
    let state = State::Redis(RedisServer::start());
    let store = state.store().await;
    let take = async |units| store.take_units(&caller("app"), PACE, units, soon()).await.unwrap();
    assert!(take(10).await.wait.is_zero());
    let refused = take(10).await;
    about(refused.wait, 3 * MINUTE);
    about(refused.full_in, 10 * MINUTE);
    let last = take(7).await;
    assert!(last.wait.is_zero(), "what was refused was not taken");
    about(last.full_in, 17 * MINUTE);
    about(take(18).await.wait, 18 * MINUTE);
}

#[tokio::test]
async fn a_rate_that_was_learned_is_told_with_its_age() {
    let state = State::Redis(RedisServer::start());
    let store = state.store().await;
    let call = async || store.take_call(AskedFor::Group(&group("a")), PACE, MINUTE, soon()).await.unwrap();
    let before = call().await;
    assert_eq!((before.answer, before.epoch), (CallAnswer::Go, 0));
    about(before.full_in, MINUTE);
    let learned = LearnedRate { share: 0.123_456_789, ceiling: 0.75 };
    let pause = SharedPause {
        group: None,
        left: Duration::from_millis(1),
        reason: "quota",
        row: 3,
        pace: PACE,
        learned: Some(learned),
    };
    store.pause(pause, soon()).await.unwrap();
    let after = loop {
        let way = call().await;
        if !matches!(way.answer, CallAnswer::Paused { .. }) {
            break way;
        }
    };
    assert_eq!((after.answer, after.epoch, after.learned), (CallAnswer::Try, 1, learned));
    assert_eq!(after.row, 3);
    assert!(after.age >= Duration::from_millis(1) && after.age < MINUTE);
    about(after.full_in, 17 * MINUTE);
    // Nothing but the pause is news the next time.
    store.pause(SharedPause { learned: None, ..pause }, soon()).await.unwrap();
    assert_eq!(call().await.epoch, 1);
}

#[tokio::test]
async fn a_look_takes_nothing() {
    let state = State::Redis(RedisServer::start());
    let store = state.store().await;
    for _ in 0..20 {
        let way = store.take_call(AskedFor::Nobody, PACE, MINUTE, soon()).await.unwrap();
        assert_eq!((way.answer, way.full_in), (CallAnswer::Looked, Duration::ZERO));
    }
}

#[tokio::test]
async fn one_that_died_while_it_tried_is_followed_by_another() {
    let state = State::Redis(RedisServer::start());
    let store = state.store().await;
    let pause = SharedPause {
        group: None,
        left: Duration::from_millis(1),
        reason: "quota",
        row: 3,
        pace: SharedPace { interval: Duration::from_micros(1), burst: 2 },
        learned: None,
    };
    store.pause(pause, soon()).await.unwrap();
    let trying = Duration::from_millis(50);
    let mut tried = 0;
    while tried < 2 {
        match store.take_call(AskedFor::Group(&group("a")), pause.pace, trying, soon()).await.unwrap().answer
        {
            CallAnswer::Try => tried += 1,
            CallAnswer::Trying(left) => assert!(tried == 1 && left <= trying, "{left:?}"),
            CallAnswer::Paused { .. } | CallAnswer::Wait(_) => (),
            answer @ (CallAnswer::Go | CallAnswer::Looked) => panic!("{answer:?}"),
        }
    }
    store.resume(soon()).await.unwrap();
    let way = store.take_call(AskedFor::Group(&group("a")), pause.pace, trying, soon()).await.unwrap();
    assert_eq!((way.answer, way.row), (CallAnswer::Go, 0));
}

#[tokio::test]
async fn memory_has_no_limits_to_share() {
    let store = State::Memory.store().await;
    let taken = store.take_units(&caller("app"), PACE, 1, soon()).await;
    assert_eq!(taken, Err(StoreUnavailable::NotShared));
}

#[tokio::test]
async fn a_clock_that_goes_back_stops_nothing_for_long() {
    let state = State::Redis(RedisServer::start());
    let store = state.store().await;
    let State::Redis(redis) = &state else { panic!("no Redis") };
    let call = async || store.take_call(AskedFor::Group(&group("a")), PACE, MINUTE, soon()).await.unwrap();
    assert_eq!(call().await.answer, CallAnswer::Go);
    assert!(store.take_units(&caller("app"), PACE, 1, soon()).await.unwrap().wait.is_zero());
    // As after a clock that was a day ahead.
    let tomorrow = (jiff::Timestamp::now().as_microsecond() + 86_400_000_000).to_string();
    let way: Vec<String> = redis.tell(&["KEYS", "joingate:1:way:*"]);
    for field in ["full_at", "until", "group_until", "try_until"] {
        let _new: u8 = redis.tell(&["HSET", &way[0], field, &tomorrow]);
    }
    let _new: u8 = redis.tell(&["HSET", &way[0], "try", "1"]);
    let units: Vec<String> = redis.tell(&["KEYS", "joingate:1:caller:*"]);
    let _set: String = redis.tell(&["SET", &units[0], &tomorrow]);
    let CallAnswer::Wait(wait) = call().await.answer else { panic!("not a wait") };
    about(wait, MINUTE);
    about(store.take_units(&caller("app"), PACE, 1, soon()).await.unwrap().wait, MINUTE);
}
