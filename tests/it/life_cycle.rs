//! The program from its start to its end, as a cluster treats it: rolled under load, cut off, and in a hurry.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use joingate_sandbox::{AnswerFault, Fault, GroupSpec, RequestSpec, RunningSandbox, Sandbox, SandboxOptions};
use reqwest::Method;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::store::state::eventually;
use crate::support::process::{Process, Variables, run, serving, set};
use crate::support::{Answer, Client, DECIDE, GRAPH_TOKEN, READ, RedisServer, token};

/// Requests a second while replicas are exchanged.
const RATE: u64 = 200;
/// How often each replica is exchanged.
const ROLLS: usize = 3;
/// How often the balancer looks who is ready.
const LOOK_EVERY: Duration = Duration::from_millis(50);

async fn sandbox() -> RunningSandbox {
    let options = SandboxOptions { token: GRAPH_TOKEN.to_owned(), ..SandboxOptions::default() };
    Sandbox::start(options).await.unwrap()
}

fn moderator() -> String {
    token("moderator", &format!("{READ} {DECIDE}"), Some("*"))
}

/// A backend: where it serves, where it is asked, and whether it was ready when it was asked last.
#[derive(Clone)]
struct Backend {
    api: SocketAddr,
    admin: Client,
    ready: Arc<AtomicBool>,
}

/// Passes connections on to those that are ready, as a Service of Kubernetes does: what is connected stays so.
struct Balancer {
    backends: Arc<Mutex<Vec<Backend>>>,
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Balancer {
    async fn start() -> Self {
        let backends = Arc::<Mutex<Vec<Backend>>>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        let known = Arc::clone(&backends);
        tasks.spawn(async move {
            let (mut connections, turn) = (JoinSet::new(), AtomicUsize::new(0));
            while let Ok((mut client, _)) = listener.accept().await {
                let ready = || {
                    known
                        .lock()
                        .unwrap()
                        .iter()
                        .filter(|one| one.ready.load(Ordering::SeqCst))
                        .map(|one| one.api)
                        .collect::<Vec<_>>()
                };
                let ready = ready();
                let api = ready[turn.fetch_add(1, Ordering::SeqCst) % ready.len()];
                connections.spawn(async move {
                    let mut backend = TcpStream::connect(api).await.unwrap();
                    // Either end may go first.
                    drop(tokio::io::copy_bidirectional(&mut client, &mut backend).await);
                });
            }
        });
        let known = Arc::clone(&backends);
        tasks.spawn(async move {
            loop {
                let all = known.lock().unwrap().clone();
                for backend in all {
                    let ready = backend.admin.asked("/readyz").await == Some(200);
                    backend.ready.store(ready, Ordering::SeqCst);
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        Self { backends, address, _tasks: tasks }
    }

    /// Takes a replica in, and waits until it gets connections.
    async fn add(&self, replica: &Process) {
        let ready = Arc::new(AtomicBool::new(false));
        let backend = Backend { api: replica.api, admin: replica.operator(), ready: Arc::clone(&ready) };
        self.backends.lock().unwrap().push(backend);
        eventually("readiness", async || ready.load(Ordering::SeqCst).then_some(())).await;
    }

    fn forget(&self, api: SocketAddr) {
        self.backends.lock().unwrap().retain(|backend| backend.api != api);
    }
}

/// One caller of many; decides about a request of its own every other time.
async fn one_request(caller: Client, sandbox: Arc<RunningSandbox>, group: String, number: u64) -> Answer {
    if number.is_multiple_of(2) {
        return caller.list(&group).await;
    }
    let id = sandbox.control().add_request(&group, RequestSpec::default()).unwrap();
    let verb = if number % 4 == 1 { "approve" } else { "reject" };
    let key = format!("decision-{number}");
    let headers = [("content-type", "application/json"), ("idempotency-key", &*key)];
    let body = json!({ "join_request_ids": [id] }).to_string();
    caller.send(Method::POST, &format!("/v1/groups/{group}/join-requests/{verb}"), &headers, body).await
}

/// Requests at a steady rate until it is over, whatever becomes of those before.
async fn calling(caller: Client, sandbox: Arc<RunningSandbox>, over: Arc<AtomicBool>) -> Vec<Answer> {
    let group =
        |_| sandbox.control().create_group(GroupSpec { capacity: 1000, ..GroupSpec::default() }).unwrap();
    let groups = (0..20).map(group).collect::<Vec<_>>();
    let mut requests = JoinSet::new();
    let mut tick = tokio::time::interval(Duration::from_millis(1000 / RATE));
    for (number, group) in (0..).zip(groups.iter().cycle()) {
        tick.tick().await;
        if over.load(Ordering::SeqCst) {
            break;
        }
        requests.spawn(one_request(caller.clone(), Arc::clone(&sandbox), group.clone(), number));
    }
    requests.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn three_rolls_of_two_replicas_under_load_fail_no_request() {
    let (sandbox, redis) = (Arc::new(sandbox().await), RedisServer::start());
    let mut settings = serving(&sandbox);
    for (name, value) in [
        ("STORE__REDIS_URL", &*redis.url()),
        // Longer than the balancer takes to see it.
        ("SERVER__DRAIN_DELAY", "500ms"),
        ("LIMITS__CALLER", "10000/s"),
        ("LIMITS__CALLER_BURST", "10000"),
        ("LIMITS__GRAPH", "10000/s"),
        ("LIMITS__GRAPH_BURST", "10000"),
        // Limits have tests of their own: a machine that stands still for two seconds shall not refuse anything here.
        ("LIMITS__MAX_WAIT", "10s"),
    ] {
        set(&mut settings, name, value);
    }
    let start = async || Process::start(&["serve"], settings.clone()).await;
    let balancer = Balancer::start().await;
    let mut replicas = Vec::new();
    for _ in 0..2 {
        let replica = start().await;
        balancer.add(&replica).await;
        replicas.push(replica);
    }
    let over = Arc::new(AtomicBool::new(false));
    let caller = Client::new(format!("http://{}", balancer.address), Some(moderator()));
    let (mut load, began) = (JoinSet::new(), Instant::now());
    load.spawn(calling(caller, Arc::clone(&sandbox), Arc::clone(&over)));
    for roll in 0..ROLLS * 2 {
        let fresh = start().await;
        balancer.add(&fresh).await;
        let old = std::mem::replace(&mut replicas[roll % 2], fresh);
        old.terminate();
        let api = old.api;
        let ended = old.ended().await;
        assert_eq!(ended.code, Some(0), "{:?}", ended.log.last());
        balancer.forget(api);
    }
    over.store(true, Ordering::SeqCst);
    let (took, answers) = (began.elapsed(), load.join_all().await.concat());
    for answer in &answers {
        assert_eq!(answer.status, 200, "{answer:?}");
        let outcomes = if answer.text.contains("results") { answer.outcomes() } else { Vec::new() };
        assert!(outcomes.iter().all(|outcome| matches!(&**outcome, "approved" | "rejected")), "{answer:?}");
    }
    let sent = answers.len();
    let intended = took.as_secs() * RATE;
    assert!(u64::try_from(sent).unwrap() > intended * 8 / 10, "only {sent} requests in {took:?}");
    assert_eq!(sandbox.control().effects().len(), sent / 2, "each decided once");
}

/// A gateway whose decision Graph never answers, and the answer to come.
async fn stuck(sandbox: &RunningSandbox, more: &[(&str, &str)]) -> (Process, JoinSet<Answer>) {
    let group = sandbox.control().create_group(GroupSpec::default()).unwrap();
    let id = sandbox.control().add_request(&group, RequestSpec::default()).unwrap();
    let mut settings: Variables = serving(sandbox);
    for (name, value) in more {
        set(&mut settings, name, *value);
    }
    let mut process = Process::start(&["serve"], settings).await;
    sandbox.control().fail_next(1000, Fault::answer(AnswerFault::Stall)).unwrap();
    let caller = process.caller(Some(moderator()));
    let mut deciding = JoinSet::new();
    deciding.spawn(async move { caller.approve(&group, &[id]).await });
    process.audit.next_with(r#""event":"intended""#).await;
    (process, deciding)
}

#[tokio::test]
async fn a_graph_that_never_answers_does_not_hold_the_end() {
    let sandbox = sandbox().await;
    let settings = [
        ("SERVER__REQUEST_DEADLINE", "3s"),
        ("SERVER__SHUTDOWN_TIMEOUT", "4s"),
        ("GRAPH__ATTEMPT_TIMEOUT", "1s"),
        ("GRAPH__LOOK_RESERVE", "1s"),
    ];
    let (process, mut deciding) = stuck(&sandbox, &settings).await;
    let began = Instant::now();
    process.terminate();
    let answer = deciding.join_next().await.unwrap().unwrap();
    assert_eq!((answer.status, answer.outcomes()), (207, vec!["unknown".to_owned()]));
    let ended = process.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert!(ended.audit.last().unwrap().contains(r#""outcome":"unknown""#), "{ended:?}");
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let sandbox = sandbox().await;
    let (mut process, _deciding) = stuck(&sandbox, &[("SERVER__DRAIN_DELAY", "60s")]).await;
    process.terminate();
    process.log.next_with("going down").await;
    let began = Instant::now();
    process.terminate();
    let ended = process.ended().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    let last = ended.log.last().unwrap();
    assert_eq!(last, "joingate: cut off by a second signal: what was under way was not waited for");
}

/// Where a machine has no IPv6 at all, it says so, with the setting's name.
#[tokio::test]
async fn one_listener_serves_both_families() {
    let sandbox = sandbox().await;
    let mut settings = serving(&sandbox);
    set(&mut settings, "SERVER__LISTEN", "[::]:0");
    set(&mut settings, "SERVER__ADMIN_LISTEN", "[::]:0");
    if std::net::TcpListener::bind("[::]:0").is_err() {
        let environment =
            settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>();
        let ran = run(&["serve"], &environment);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains("server.listen"), "{ran:?}");
        return;
    }
    let process = Process::start(&["serve"], settings).await;
    for host in ["127.0.0.1", "[::1]"] {
        let at = |port: u16, path: &str| reqwest::get(format!("http://{host}:{port}{path}"));
        assert_eq!(at(process.admin.port(), "/readyz").await.unwrap().status(), 200, "{host}");
        assert_eq!(at(process.api.port(), "/problems/gone").await.unwrap().status(), 200, "{host}");
    }
}

#[tokio::test]
async fn it_starts_without_redis_and_without_an_issuer_and_takes_them_up_when_they_come() {
    let (sandbox, mut redis) = (sandbox().await, RedisServer::start());
    redis.kill();
    let group = sandbox.control().create_group(GroupSpec::default()).unwrap();
    let id = sandbox.control().add_request(&group, RequestSpec::default()).unwrap();
    let mut settings = serving(&sandbox);
    for (name, value) in [
        ("STORE__REDIS_URL", &*redis.url()),
        ("AUTH__ISSUERS__ABSENT__ISSUER", "https://absent.test.invalid"),
        ("AUTH__ISSUERS__ABSENT__AUDIENCE", "joingate"),
        ("AUTH__ISSUERS__ABSENT__JWKS_URL", "http://127.0.0.1:9/keys"),
    ] {
        set(&mut settings, name, value);
    }
    let process = Process::start(&["serve"], settings).await;
    assert_eq!(process.operator().get("/readyz").await.status, 200);
    let caller = process.caller(Some(moderator()));
    assert_eq!(caller.list(&group).await.status, 200);
    let approve = async || {
        let headers = [("content-type", "application/json"), ("idempotency-key", "one")];
        let body = json!({ "join_request_ids": [id] }).to_string();
        caller.send(Method::POST, &format!("/v1/groups/{group}/join-requests/approve"), &headers, body).await
    };
    approve().await.expect_problem(503, "store_unavailable");
    redis.start_again();
    let answer =
        eventually("the store", async || Some(approve().await).filter(|answer| answer.status == 200)).await;
    assert_eq!(answer.outcomes(), ["approved"]);
    assert_eq!(process.stop().await.code, Some(0));
}
