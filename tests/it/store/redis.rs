//! What only a store in Redis has to promise.

use std::sync::Arc;
use std::time::{Duration, Instant};

use joingate::config::{RedisSettings, Secret, SecretForm};
use joingate::domain::{Action, Deadline};
use joingate::store::{Claimed, OwnerId, RecordEnd, Store, StoreError, StoreUnavailable};
use joingate::telemetry::Metrics;

use super::state::{
    LONG, Replica, SECRET, TIMES, caller, claim, eventually, fingerprint, group, id, key, plain, save, soon,
};
use crate::support::{RedisServer, TestApp, Tls};

/// The bound of one operation and what a busy machine adds to it.
const BOUND: Duration = Duration::from_millis(1_500);
const NOEVICTION: [&str; 2] = ["--maxmemory-policy", "noeviction"];

async fn mark(store: &Store) -> Result<u64, StoreUnavailable> {
    store.mark(&group("one"), soon()).await
}

async fn until_it_works(store: &Store) {
    eventually("the store", async || mark(store).await.ok()).await;
}

async fn connect(redis: &RedisSettings) -> Result<Store, StoreError> {
    Store::connect(redis, &TIMES, SECRET, Arc::new(Metrics::new("v23.0").unwrap())).await
}

#[tokio::test]
async fn replicas_see_each_others_state() {
    let server = RedisServer::start();
    let (one, other) =
        (Replica::start(&plain(&server.url())).await, Replica::start(&plain(&server.url())).await);
    assert!(one.store.is_shared());
    let (group, id) = (group("one"), id("a"));
    assert_eq!(claim(&one.store, &OwnerId::generate(), LONG).await, Claimed::New);
    let claimed = claim(&other.store, &OwnerId::generate(), LONG).await;
    assert!(matches!(claimed, Claimed::InProgress { .. }), "{claimed:?}");
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    one.store.remember(&group, &[&id], Action::Reject, at, soon()).await.unwrap();
    let recalled = other.store.recall(&group, &[&id], soon()).await.unwrap();
    assert_eq!(recalled[0].unwrap().action, Action::Reject);
    let bumped = one.store.bump_mark(&group, soon()).await;
    assert_eq!(other.store.mark(&group, soon()).await, bumped);
    assert_eq!(one.store.digest(&group, &id), other.store.digest(&group, &id));
}

#[tokio::test]
async fn nothing_in_redis_is_in_clear_and_everything_there_ends() {
    let server = RedisServer::start();
    let store = connect(&plain(&server.url())).await.unwrap();
    let (group, id) = (group("Y2xlYXItZ3JvdXA"), id("Y2xlYXItcmVxdWVzdA"));
    let key = store.record_key(&caller("clear-subject"), "/clear-route", "clear-key");
    let (held, kept) =
        (OwnerId::generate(), store.record_key(&caller("clear-subject"), "/clear-route", "other"));
    let fingerprint = store.fingerprint(["approve", id.as_str()]);
    for key in [&key, &kept] {
        assert_eq!(store.claim(key, &fingerprint, &held, LONG, soon()).await, Ok(Claimed::New));
    }
    let content = serde_json::to_vec(&store.digest(&group, &id)).unwrap();
    let _held = store.release(&kept, &held, RecordEnd::Keep(&content), soon()).await.unwrap();
    store.remember(&group, &[&id], Action::Approve, jiff::Timestamp::now(), soon()).await.unwrap();
    store.mark(&group, soon()).await.unwrap();

    let keys = server.tell::<Vec<String>>(&["KEYS", "*"]);
    assert_eq!(keys.len(), 4, "{keys:?}");
    let mut seen = keys.join("\n");
    for key in &keys {
        assert!(key.starts_with("joingate:1:"), "{key}");
        assert!(server.tell::<i64>(&["PTTL", key]) > 0, "{key} never ends");
        seen += &match server.tell::<String>(&["TYPE", key]).as_str() {
            "hash" => server.tell::<Vec<String>>(&["HGETALL", key]).join("\n"),
            _ => server.tell::<String>(&["GET", key]),
        };
    }
    for clear in ["main", "clear", group.as_str(), id.as_str()] {
        assert!(!seen.contains(clear), "{clear} in {seen}");
    }
}

#[tokio::test]
async fn a_killed_redis_is_noticed_at_once_and_one_that_is_back_is_used_again() {
    let mut server = RedisServer::start();
    let replica = Replica::start(&plain(&server.url())).await;
    assert!(mark(&replica.store).await.is_ok() && replica.is_up());
    server.kill();
    let began = Instant::now();
    assert_eq!(mark(&replica.store).await, Err(StoreUnavailable::NoConnection));
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    assert!(!replica.is_up());
    server.start_again();
    until_it_works(&replica.store).await;
    assert!(replica.is_up());
    // Redis has lost its scripts and the marks with them.
    assert_eq!(claim(&replica.store, &OwnerId::generate(), LONG).await, Claimed::New);
}

#[tokio::test]
async fn a_redis_that_answers_nothing_holds_nobody_up() {
    let server = RedisServer::start();
    let replica = Replica::start(&plain(&server.url())).await;
    assert!(mark(&replica.store).await.is_ok());
    server.freeze();
    let began = Instant::now();
    let refused = mark(&replica.store).await;
    assert_eq!(refused, Err(StoreUnavailable::TimedOut));
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    // Once it is known, nobody waits any more.
    eventually("the end of the connection", async || {
        (mark(&replica.store).await == Err(StoreUnavailable::NoConnection)).then_some(())
    })
    .await;
    server.thaw();
    until_it_works(&replica.store).await;
}

#[tokio::test]
async fn a_deadline_shorter_than_the_bound_is_kept() {
    let server = RedisServer::start();
    let replica = Replica::start(&plain(&server.url())).await;
    let long_ago = Deadline::after(Duration::ZERO);
    let late = replica.store.mark(&group("one"), long_ago).await;
    assert_eq!(late, Err(StoreUnavailable::TimedOut));
    assert!(server.tell::<Vec<String>>(&["KEYS", "*"]).is_empty());
}

#[tokio::test]
async fn a_store_without_its_redis_starts_and_works_once_redis_is_there() {
    let mut server = RedisServer::start();
    server.kill();
    let replica = Replica::start(&plain(&server.url())).await;
    assert_eq!(mark(&replica.store).await, Err(StoreUnavailable::NoConnection));
    server.start_again();
    until_it_works(&replica.store).await;
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_can_be_made_again() {
    let server = RedisServer::start();
    let replica = Replica::start(&plain(&server.url())).await;
    let (store, owner) = (&replica.store, OwnerId::generate());
    server.freeze();
    let lost = store.claim(&key(store), &fingerprint(store), &owner, LONG, soon()).await;
    assert_eq!(lost, Err(StoreUnavailable::TimedOut));
    server.thaw();
    until_it_works(store).await;
    assert_eq!(claim(store, &owner, LONG).await, Claimed::New);
}

#[tokio::test]
async fn a_claim_dropped_half_way_leaves_a_whole_record_or_none() {
    let server = RedisServer::start();
    let replica = Replica::start(&plain(&server.url())).await;
    let (store, owner) = (&replica.store, OwnerId::generate());
    for microseconds in [0, 1, 50, 200, 1_000] {
        let dropped = claim(store, &owner, LONG);
        drop(tokio::time::timeout(Duration::from_micros(microseconds), dropped).await);
    }
    assert_eq!(claim(store, &owner, LONG).await, Claimed::New);
    let fields = server.tell::<Vec<String>>(&["KEYS", "*"]);
    assert_eq!(fields.len(), 1, "{fields:?}");
    assert_eq!(server.tell::<u32>(&["HLEN", &fields[0]]), 3);
    assert!(server.tell::<i64>(&["PTTL", &fields[0]]) > 0);
}

#[tokio::test]
async fn a_redis_that_drops_entries_is_refused_at_start_and_later() {
    let server = RedisServer::start();
    let replica = Replica::start(&plain(&server.url())).await;
    let _set: String = server.tell(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let refused = connect(&plain(&server.url())).await;
    assert!(matches!(&refused, Err(StoreError::Evicting(policy)) if policy == "allkeys-lru"), "{refused:?}");
    eventually("the refusal", async || {
        (mark(&replica.store).await == Err(StoreUnavailable::Evicting)).then_some(())
    })
    .await;
    assert!(!replica.is_up());
    let _set: String = server.tell(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    until_it_works(&replica.store).await;
}

#[tokio::test]
async fn a_full_redis_refuses_and_the_store_says_so() {
    let server = RedisServer::start();
    let replica = Replica::start(&plain(&server.url())).await;
    let owner = OwnerId::generate();
    claim(&replica.store, &owner, LONG).await;
    let _set: String = server.tell(&["CONFIG", "SET", "maxmemory", "1"]);
    let saved = replica.store.save(&key(&replica.store), &owner, b"intent", LONG, soon()).await;
    assert_eq!(saved, Err(StoreUnavailable::Refused("OOM".to_owned())));
}

#[tokio::test]
async fn a_user_who_may_only_run_scripts_and_read_is_enough() {
    let server = RedisServer::start();
    let allowed =
        ["+eval", "+evalsha", "+script", "+mget", "+get", "+set", "+time", "+hset", "+hmget", "+pexpire"];
    let rights =
        [&["ACL", "SETUSER", "gateway", "on", ">visible", "~joingate:*", "+select"], &allowed[..]].concat();
    let _set: String = server.tell(&rights);
    let url = server.url().replace("redis://", "redis://gateway@");
    let password = Secret::from_value("store.redis_password", "visible", SecretForm::Token).unwrap();
    let redis = RedisSettings { password: Some(Arc::new(password)), ..plain(&url) };
    let store = connect(&redis).await.unwrap();
    let owner = OwnerId::generate();
    assert_eq!(claim(&store, &owner, LONG).await, Claimed::New);
    let _held = save(&store, &owner, b"intent", LONG).await;
    assert_eq!(store.recall(&group("one"), &[&id("a")], soon()).await, Ok(vec![None]));
}

#[tokio::test]
async fn a_changed_password_is_taken_without_a_restart() {
    let mut server = RedisServer::with(&[&NOEVICTION[..], &["--requirepass", "first"]].concat(), ":first@");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    std::fs::write(&file, "first\n").unwrap();
    let secret = Arc::new(Secret::from_file("store.redis_password_file", &file, SecretForm::Token).unwrap());
    let redis = RedisSettings { password: Some(Arc::clone(&secret)), ..plain(&server.url()) };
    let replica = Replica::start(&redis).await;
    assert!(mark(&replica.store).await.is_ok());
    assert_eq!(
        mark(&connect(&plain(&server.url())).await.unwrap()).await,
        Err(StoreUnavailable::NoConnection)
    );

    let _set: String = server.tell(&["CONFIG", "SET", "requirepass", "second"]);
    server.log_in_with(":second@");
    let _killed: u32 = server.tell(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    eventually("the refusal", async || mark(&replica.store).await.err()).await;
    std::fs::write(&file, "second\n").unwrap();
    assert!(secret.reload().unwrap());
    until_it_works(&replica.store).await;
}

#[tokio::test]
async fn redis_behind_tls_is_reached_with_its_authority_and_not_without() {
    let tls = Tls::new();
    let server = RedisServer::with_tls(&tls);
    let ca = Secret::from_file("store.redis_ca_file", &tls.ca_file, SecretForm::Document).unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("rediss://{host}:{}", server.port());
        assert_eq!(mark(&connect(&plain(&url)).await.unwrap()).await, Err(StoreUnavailable::NoConnection));
    }
    let url = format!("rediss://localhost:{}", server.port());
    let redis = RedisSettings { ca: Some(Arc::new(ca)), ..plain(&url) };
    let store = connect(&redis).await.unwrap();
    assert_eq!(claim(&store, &OwnerId::generate(), LONG).await, Claimed::New);
}

#[tokio::test]
async fn the_gateway_tells_whether_its_store_can_be_used() {
    let mut server = RedisServer::start();
    let app = TestApp::builder().set("STORE__REDIS_URL", server.url()).spawn().await;
    assert_eq!(app.metric(&["joingate_store_up "]).await, 1);
    server.kill();
    eventually("the alarm", async || (app.metric(&["joingate_store_up "]).await == 0).then_some(())).await;
    server.start_again();
    eventually("the all-clear", async || (app.metric(&["joingate_store_up "]).await == 1).then_some(()))
        .await;
    app.stop().await;
    let app = TestApp::spawn().await;
    assert_eq!(app.metric(&["joingate_store_up "]).await, 1, "memory is always there");
    app.stop().await;
}
