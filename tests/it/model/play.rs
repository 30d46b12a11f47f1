//! Plays a program against a gateway and writes down what happened.

use std::time::Duration;

use futures_util::future::{Either, select};
use jiff::Timestamp;
use joingate_sandbox::{Fault, FaultOrder, GroupSpec, RequestSpec, Verb};
use reqwest::Method;
use serde_json::{Value, json};

use super::gateway::{Gateway, wait_until};
use super::program::{Accepted, Age, Ask, Change, GROUPS, Program, Step};
use super::record::{Call, Instance, Record, Request};
use crate::support::Answer;

const LONG_AGO: i64 = 1_755_548_877;
/// Longer than any answer of the gateway.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn play(gateway: &Gateway, program: &Program) -> Record {
    gateway.clear();
    let mut play = Play { gateway, groups: Vec::new(), ids: Vec::new(), record: Record::default(), sent: 0 };
    play.set_up(program);
    for step in &program.steps {
        play.step(step).await;
    }
    play.end()
}

struct Play<'g> {
    gateway: &'g Gateway,
    groups: Vec<String>,
    /// The id of each person in each group.
    ids: Vec<Vec<String>>,
    record: Record,
    /// Requests so far.
    sent: usize,
}

/// A request on its way.
struct OnTheWay {
    request: Request,
    request_id: String,
    path: String,
    /// Which gateway it goes to.
    gateway: usize,
}

impl Play<'_> {
    fn set_up(&mut self, program: &Program) {
        let graph = self.gateway.graph();
        graph.set_styles(program.styles);
        self.record.styles.push((Timestamp::now(), program.styles));
        for group in 0..GROUPS {
            let spec = GroupSpec { capacity: program.capacity, ..GroupSpec::default() };
            self.groups.push(graph.create_group(spec).unwrap());
            self.ids.push(Vec::new());
            for (person, age) in program.people.iter().enumerate() {
                let now = self.graphs_now();
                let created_at = match age {
                    Age::Old | Age::Absent => LONG_AGO,
                    Age::Recent => now - 3,
                    Age::New => now,
                };
                let id = self.open(group, person, created_at);
                self.ids[group].push(id.clone());
                if let Some((_, code)) = program.blocked.filter(|(blocked, _)| *blocked == person) {
                    graph.fail_item(&self.groups[group], &id, code).unwrap();
                    if code == 131_000 {
                        self.record.unclear.push(id);
                    }
                }
                if *age == Age::Absent {
                    self.change(group, Change::Withdraw(person));
                }
            }
        }
    }

    fn graphs_now(&self) -> i64 {
        Timestamp::now().as_second() + self.gateway.clock_offset
    }

    fn open(&mut self, group: usize, person: usize, created_at: i64) -> String {
        let from = Timestamp::now();
        let wa_id = Some(format!("1555010000{person}"));
        let spec = RequestSpec { wa_id, created_at: Some(created_at), ..RequestSpec::default() };
        let id = self.gateway.graph().add_request(&self.groups[group], spec).unwrap();
        let instance = Instance {
            group: self.groups[group].clone(),
            id: id.clone(),
            created_at,
            opened: (from, Timestamp::now()),
            closed: None,
        };
        self.record.instances.push(instance);
        id
    }

    fn change(&mut self, group: usize, change: Change) {
        let graph = self.gateway.graph().clone();
        match change {
            Change::Withdraw(person) => {
                let id = self.ids[group][person].clone();
                let from = Timestamp::now();
                if graph.withdraw(&self.groups[group], &id).is_ok() {
                    let open = self
                        .record
                        .instances
                        .iter_mut()
                        .rev()
                        .find(|one| one.group == self.groups[group] && one.id == id);
                    open.unwrap().closed = Some((from, Timestamp::now()));
                }
            }
            Change::AskAgain(person) => {
                let id = &self.ids[group][person];
                let now = self.graphs_now();
                let last = self.record.instances_of(&self.groups[group], id).map(|one| one.created_at).max();
                // In the same second nothing would tell the two apart.
                if !graph.open_requests(&self.groups[group]).contains(id)
                    && last.is_none_or(|last| last < now)
                {
                    self.open(group, person, now);
                }
            }
            Change::Release => {
                graph.release();
            }
        }
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Decide(ask) => self.alone(ask).await,
            Step::Repeat(number) => {
                let keyed = self.record.requests.iter().filter(|request| request.key.is_some());
                let keyed = keyed.cloned().collect::<Vec<_>>();
                if !keyed.is_empty() {
                    let earlier = &keyed[number % keyed.len()];
                    let (group, verb, ids) = (earlier.group.clone(), earlier.verb, earlier.ids.clone());
                    let way = self.prepare(group, verb, ids, earlier.key, None);
                    let answer = send(self.gateway, &way).await;
                    self.finish(way, Some(answer)).await;
                }
            }
            Step::Leave(ask) => self.leave(ask).await,
            Step::Meanwhile(ask, change) => self.meanwhile(ask, *change).await,
            Step::Both(one, other) => {
                let (one, other) = (self.prepare_ask(one), self.prepare_ask(other));
                let (first, second) =
                    futures_util::join!(send(self.gateway, &one), send(self.gateway, &other));
                self.finish(one, Some(first)).await;
                self.finish(other, Some(second)).await;
            }
            Step::Contest(ask) => self.contest(ask).await,
            Step::List(group, accepted) => self.list(*group, *accepted).await,
            Step::Change(group, change) => self.change(*group, *change),
            Step::Trouble(group, trouble) => {
                self.order(&self.groups[*group], trouble.verb, &trouble.fault, trouble.calls);
            }
            Step::Styles(styles) => {
                self.gateway.graph().set_styles(*styles);
                self.record.styles.push((Timestamp::now(), *styles));
            }
        }
    }

    fn order(&self, group: &str, verb: Verb, fault: &Fault, calls: usize) {
        let order = FaultOrder::next(calls, fault.clone()).for_group(group).for_verb(verb);
        self.gateway.graph().order_fault(order).unwrap();
    }

    fn prepare_ask(&mut self, ask: &Ask) -> OnTheWay {
        let ids = ask.people.iter().map(|person| self.ids[ask.group][*person].clone()).collect();
        self.prepare(self.groups[ask.group].clone(), ask.verb, ids, ask.key, ask.fault.as_ref())
    }

    fn prepare(
        &mut self,
        group: String,
        verb: Verb,
        ids: Vec<String>,
        key: Option<u8>,
        fault: Option<&Fault>,
    ) -> OnTheWay {
        if let Some(fault) = fault {
            self.order(&group, verb, fault, 1);
        }
        self.sent += 1;
        let word = if verb == Verb::Approve { "approve" } else { "reject" };
        let path = format!("/v1/groups/{group}/join-requests/{word}");
        let now = Timestamp::now();
        // Until it is finished, `calls` has the last call before it.
        let calls = vec![self.gateway.last_call()];
        let request = Request {
            group,
            verb,
            ids,
            key,
            began: now,
            ended: now,
            calls,
            answer: None,
            decided: Vec::new(),
        };
        OnTheWay {
            request,
            request_id: format!("{}-{}", self.groups[0], self.sent),
            path,
            gateway: self.sent,
        }
    }

    async fn finish(&mut self, mut way: OnTheWay, answer: Option<Answer>) {
        let before = way.request.calls[0];
        way.request.ended = Timestamp::now();
        let calls = self.gateway.graph().calls().iter().map(Call::of).collect::<Vec<_>>();
        let own = calls.iter().filter(|call| call.sequence > before && call.group == way.request.group);
        way.request.calls = own.map(|call| call.sequence).collect();
        self.close(way, answer).await;
    }

    async fn close(&mut self, mut way: OnTheWay, answer: Option<Answer>) {
        way.request.answer = answer.map(|answer| (answer.status, answer.json()));
        let expected = way
            .request
            .answer
            .as_ref()
            .map_or(way.request.ids.len(), |(_, body)| body["results"].as_array().map_or(0, Vec::len));
        let written = wait_until(|| self.gateway.decided(&way.request_id).len() >= expected).await;
        if !written {
            self.record.findings.push(format!("{}: no `decided` events came", way.request_id));
        }
        way.request.decided = self.gateway.decided(&way.request_id);
        self.record.requests.push(way.request);
    }

    async fn alone(&mut self, ask: &Ask) {
        let way = self.prepare_ask(ask);
        let answer = send(self.gateway, &way).await;
        self.finish(way, Some(answer)).await;
    }

    async fn leave(&mut self, ask: &Ask) {
        let way = self.prepare_ask(ask);
        let answer = {
            let called = std::pin::pin!(wait_until(|| graph_was_called(self.gateway, &way)));
            match select(std::pin::pin!(send(self.gateway, &way)), called).await {
                Either::Left((answer, _)) => Some(answer),
                Either::Right(_) => None,
            }
        };
        if answer.is_none() {
            // It goes on without its caller.
            wait_until(|| self.gateway.decided(&way.request_id).len() >= way.request.ids.len()).await;
        }
        self.finish(way, answer).await;
    }

    async fn meanwhile(&mut self, ask: &Ask, change: Change) {
        let way = self.prepare_ask(ask);
        let answer = {
            let sending = std::pin::pin!(send(self.gateway, &way));
            let called = std::pin::pin!(wait_until(|| graph_was_called(self.gateway, &way)));
            match select(sending, called).await {
                Either::Left((answer, _)) => answer,
                Either::Right((_, sending)) => {
                    self.change(ask.group, change);
                    sending.await
                }
            }
        };
        self.finish(way, Some(answer)).await;
    }

    async fn contest(&mut self, ask: &Ask) {
        let other = if ask.verb == Verb::Approve { Verb::Reject } else { Verb::Approve };
        let one = self.prepare_ask(&Ask { key: None, ..ask.clone() });
        let mut other = self.prepare_ask(&Ask { key: None, fault: None, verb: other, ..ask.clone() });
        // Only in one process do they wait for each other.
        other.gateway = one.gateway;
        let (first, second) = futures_util::join!(send(self.gateway, &one), send(self.gateway, &other));
        // They went one after the other: the calls of each begin with its verb.
        let before = one.request.calls[0];
        let calls = self.gateway.graph().calls().iter().map(Call::of).collect::<Vec<_>>();
        let all = calls.iter().filter(|call| call.sequence > before && call.group == one.request.group);
        let all = all.collect::<Vec<_>>();
        let start = |verb| all.iter().position(|call| call.verb == verb).unwrap_or(all.len());
        let (one_at, other_at) = (start(one.request.verb), start(other.request.verb));
        let split = one_at.max(other_at);
        for (mut way, at, answer) in [(one, one_at, first), (other, other_at, second)] {
            let own = if at == split { &all[split..] } else { &all[..split] };
            way.request.calls = own.iter().map(|call| call.sequence).collect();
            way.request.ended = Timestamp::now();
            self.close(way, Some(answer)).await;
        }
    }

    async fn list(&mut self, group: usize, accepted: Accepted) {
        let asked = Timestamp::now();
        self.sent += 1;
        let path = format!("/v1/groups/{}/join-requests", self.groups[group]);
        let headers: &[_] = match accepted {
            Accepted::Fresh => &[],
            Accepted::Copy => &[("cache-control", "max-age=60")],
        };
        let answer = self.gateway.caller(self.sent).send(Method::GET, &path, headers, "").await;
        let to = Timestamp::now();
        if answer.status != 200 {
            return;
        }
        let body = answer.json();
        let mut from = asked;
        if answer.headers.contains_key("age") {
            self.record.copies += 1;
            from = body["as_of"].as_str().unwrap().parse().unwrap();
            let mut decided = self.record.requests.iter().filter(|one| one.group == self.groups[group]);
            if accepted == Accepted::Fresh || decided.any(|one| !one.calls.is_empty() && one.began > from) {
                self.record.findings.push(format!("a copy of {from} was given to who asked at {asked}"));
            }
        }
        self.record_effects();
        let listed = body["join_requests"].as_array().unwrap();
        let listed = listed.iter().filter_map(|one| one["id"].as_str()).collect::<Vec<_>>();
        let whole = body["next_page_token"] == Value::Null;
        for id in &self.ids[group] {
            let instances = self.record.instances_of(&self.groups[group], id).collect::<Vec<_>>();
            let sure = instances.iter().any(|one| one.surely_open(from, to));
            let possible = instances.iter().any(|one| one.may_be_open_between(from, to));
            if listed.contains(&id.as_str()) && !possible || !listed.contains(&id.as_str()) && sure && whole {
                let finding = format!("list from {from} to {to} is wrong about {id}: {listed:?}");
                self.record.findings.push(finding);
            }
        }
    }

    /// Closes the instances that have been decided.
    fn record_effects(&mut self) {
        self.record.effects = self.gateway.graph().effects();
        for effect in &self.record.effects {
            let decided = self.record.instances.iter_mut().find(|one| {
                (&one.group, &one.id, one.created_at)
                    == (&effect.group, &effect.join_request_id, effect.created_at)
            });
            if let Some(decided) = decided {
                decided.closed = Some((effect.executed_at, effect.executed_at));
            }
        }
    }

    fn end(mut self) -> Record {
        self.gateway.graph().release();
        self.record_effects();
        let calls = self.gateway.graph().calls();
        // A call that the program before gave up may come as late as now.
        let own = calls.iter().map(Call::of).filter(|call| self.groups.contains(&call.group));
        self.record.calls = own.collect();
        for group in &self.groups {
            self.gateway.graph().delete_group(group).unwrap();
        }
        self.record
    }
}

async fn send(gateway: &Gateway, way: &OnTheWay) -> Answer {
    // A key belongs to one group and verb, and no group is another program's.
    let key = way.request.key.map(|key| format!("key-{key}"));
    let mut headers = vec![("content-type", "application/json"), ("x-request-id", &way.request_id)];
    headers.extend(key.iter().map(|key| ("idempotency-key", key.as_str())));
    let body = json!({ "join_request_ids": way.request.ids }).to_string();
    let answer = gateway.caller(way.gateway).send(Method::POST, &way.path, &headers, body);
    tokio::time::timeout(PATIENCE, answer).await.expect("no answer came")
}

/// Whether Graph has received a decision of this request.
fn graph_was_called(gateway: &Gateway, way: &OnTheWay) -> bool {
    let calls = gateway.graph().calls();
    let mut new = calls.iter().rev().take_while(|call| call.sequence > way.request.calls[0]);
    new.any(|call| call.method != "GET" && call.path.contains(&way.request.group))
}
