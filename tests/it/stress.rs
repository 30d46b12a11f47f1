//! Many callers on few groups at once: order, shared reads and keys together. The sandbox's record is the witness.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use joingate_sandbox::{Fault, FaultOrder, SandboxOptions, Verb};
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Answer, Client, TestApp};

const CALLERS: u64 = 32;
const STEPS: usize = 30;
const GROUPS: usize = 4;
const PEOPLE: usize = 40;
/// How long Graph works on a call before it does what the call asks for.
const WORK: u64 = 8;
/// More than there can be.
const ALL: usize = 100_000;

/// What all callers together know.
#[derive(Default)]
struct Known {
    /// Since when answers say that an id is not open any more.
    settled: HashMap<String, Timestamp>,
    /// Ids that were ever sent to the gateway.
    asked: HashSet<String>,
    /// The outcomes that were said under each key.
    told: HashMap<String, Vec<String>>,
    /// Ids that Graph said it has decided.
    decided: HashSet<String>,
    /// Answers that came from copies, or that replayed a record.
    copies: usize,
    replays: usize,
}

struct Caller {
    client: Client,
    groups: Arc<[(String, Vec<String>)]>,
    known: Arc<Mutex<Known>>,
    chance: TestRng,
    number: u64,
    keys: usize,
}

impl Caller {
    fn below(&mut self, bound: usize) -> usize {
        self.chance.next_u32() as usize % bound
    }

    async fn step(&mut self) {
        let group = self.below(GROUPS);
        match self.below(20) {
            0 | 1 => self.list(group, &[]).await,
            2..=11 => self.list(group, &[("cache-control", "max-age=5")]).await,
            kind => {
                let ids = self.some_ids(group);
                self.known.lock().unwrap().asked.extend(ids.iter().cloned());
                let verb = if self.below(2) == 0 { "approve" } else { "reject" };
                self.keys += 1;
                let key = format!("{}-{}", self.number, self.keys);
                match kind {
                    12 | 13 => self.leave(group, verb, &ids, &key).await,
                    14 | 15 => self.twice(group, verb, &ids, &key).await,
                    _ => (),
                }
                self.decide(group, verb, &ids, &key).await;
            }
        }
    }

    fn some_ids(&mut self, group: usize) -> Vec<String> {
        let (first, count) = (self.below(PEOPLE), 1 + self.below(3));
        (first..first + count).map(|person| self.groups[group].1[person % PEOPLE].clone()).collect()
    }

    async fn list(&self, group: usize, headers: &[(&str, &str)]) {
        let (group, people) = &self.groups[group];
        let settled = self.known.lock().unwrap().settled.clone();
        let asked = Timestamp::now();
        let path = format!("/v1/groups/{group}/join-requests");
        let answer = self.client.send(Method::GET, &path, headers, "").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let body = answer.json();
        let listed = body["join_requests"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap());
        let listed = listed.collect::<HashSet<_>>();
        for id in &listed {
            assert!(!settled.contains_key(*id), "{id} is listed after an answer said that it is decided");
        }
        let as_of = body["as_of"].as_str().unwrap().parse::<Timestamp>().unwrap();
        if answer.headers.contains_key("age") {
            assert!(!headers.is_empty(), "nobody asked for a copy");
            self.known.lock().unwrap().copies += 1;
        } else {
            let millisecond = Timestamp::from_millisecond(asked.as_millisecond()).unwrap();
            assert!(as_of >= millisecond, "read before it was asked for: {as_of} {asked}");
        }
        let asked = self.known.lock().unwrap().asked.clone();
        for id in people.iter().filter(|id| !asked.contains(*id)) {
            assert!(listed.contains(id.as_str()), "nobody has decided on {id}, and it is not listed");
        }
    }

    /// Sends the request and goes away.
    async fn leave(&mut self, group: usize, verb: &str, ids: &[String], key: &str) {
        let patience = Duration::from_micros(self.below(5_000) as u64);
        drop(tokio::time::timeout(patience, self.send(group, verb, ids, key)).await);
    }

    /// Sends the request twice at once.
    async fn twice(&self, group: usize, verb: &str, ids: &[String], key: &str) {
        let both = futures_util::join!(self.send(group, verb, ids, key), self.send(group, verb, ids, key));
        for answer in [both.0, both.1].into_iter().filter(|answer| answer.status != 409) {
            self.note(key, verb, &answer);
        }
    }

    /// Sends the request until no other with its key is under way.
    async fn decide(&self, group: usize, verb: &str, ids: &[String], key: &str) {
        loop {
            let answer = self.send(group, verb, ids, key).await;
            if answer.status != 409 {
                return self.note(key, verb, &answer);
            }
            answer.expect_problem(409, "idempotency_in_progress");
        }
    }

    async fn send(&self, group: usize, verb: &str, ids: &[String], key: &str) -> Answer {
        let path = format!("/v1/groups/{}/join-requests/{verb}", self.groups[group].0);
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.client.send(Method::POST, &path, &headers, json!({ "join_request_ids": ids }).to_string()).await
    }

    fn note(&self, key: &str, verb: &str, answer: &Answer) {
        assert!(matches!(answer.status, 200 | 207), "{}", answer.text);
        let outcomes = answer.outcomes();
        let body = answer.json();
        let ids =
            body["results"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned());
        let known = &mut *self.known.lock().unwrap();
        known.replays += usize::from(answer.header("idempotency-replayed") == "true");
        for (id, outcome) in ids.zip(&outcomes) {
            assert!(
                ["approved", "rejected", "already_approved", "already_rejected", "gone"]
                    .contains(&outcome.as_str())
            );
            if ["approved", "rejected"].contains(&outcome.as_str()) {
                assert!(outcome.starts_with(verb), "{verb}: {outcome}");
                known.decided.insert(id.clone());
            }
            known.settled.entry(id).or_insert_with(Timestamp::now);
        }
        let before = known.told.entry(key.to_owned()).or_insert_with(|| outcomes.clone());
        assert_eq!(*before, outcomes, "what was said under a key stays what it was");
    }
}

#[tokio::test]
async fn order_shared_reads_and_keys_hold_under_many_callers() {
    // Lists of one page: one of several pages that keeps changing is answered with 503.
    let options = SandboxOptions { page_size: PEOPLE, ..SandboxOptions::default() };
    let app = TestApp::builder()
        .sandbox(options)
        .set("LIMITS__CALLER_BURST", "100000")
        .set("LIMITS__GRAPH_BURST", "100000")
        .spawn()
        .await;
    let groups = (0..GROUPS).map(|_| app.group_with_requests(PEOPLE)).collect::<Vec<_>>();
    for verb in [Verb::List, Verb::Approve, Verb::Reject] {
        app.graph().order_fault(FaultOrder::next(ALL, Fault::delay(WORK)).for_verb(verb)).unwrap();
    }
    let groups = Arc::<[_]>::from(groups);
    let known = Arc::new(Mutex::new(Known::default()));
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes());
        let chance = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let (groups, known) = (Arc::clone(&groups), Arc::clone(&known));
        let mut caller = Caller { client: app.moderator(), groups, known, chance, number, keys: 0 };
        callers.spawn(async move {
            for _ in 0..STEPS {
                caller.step().await;
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    for (group, _) in groups.iter() {
        check_order(&app, group);
    }
    let effects = app.graph().effects();
    let shared = app.metric(&["joingate_shared_reads_total{", "joined"]).await;
    assert!(shared > 0, "no read was shared");
    app.stop().await;
    let known = known.lock().unwrap();
    let executed = effects.iter().map(|effect| effect.join_request_id.clone()).collect::<HashSet<_>>();
    assert_eq!(executed.len(), effects.len(), "nothing is executed twice");
    assert_eq!(executed, known.decided, "what was done was said, and what was said was done");
    assert!(known.copies > 20 && known.replays > 20, "{} copies, {} replays", known.copies, known.replays);
}

/// No call of a kind was received before the one before it had been carried out: one decision at a time, and one walk.
fn check_order(app: &TestApp, group: &str) {
    let calls = app.graph().calls();
    let calls = calls.iter().filter(|call| call.path.contains(group)).collect::<Vec<_>>();
    for reads in [true, false] {
        let of_kind = calls.iter().filter(|call| (call.method == "GET") == reads).collect::<Vec<_>>();
        assert!(of_kind.len() > 10, "{} calls", of_kind.len());
        for pair in of_kind.windows(2) {
            let between = pair[1].received_at.duration_since(pair[0].received_at).as_millis();
            assert!(between >= i128::from(WORK), "two at a time: {pair:?}");
        }
    }
}
