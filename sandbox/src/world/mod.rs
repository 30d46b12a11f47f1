//! The simulated world: groups, tokens, quotas, trouble to come, and the calls seen. No HTTP here.

pub(crate) mod calls;
pub(crate) mod clock;
pub(crate) mod executions;
pub(crate) mod faults;
pub(crate) mod group;
pub(crate) mod ids;
pub(crate) mod latency;
pub(crate) mod quota;
pub(crate) mod styles;
pub(crate) mod throttle;
pub(crate) mod token;
pub(crate) mod usage;
pub(crate) mod verb;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;

use self::calls::CallLog;
use self::clock::Clock;
use self::executions::{ExecutionLog, Held, Intent};
use self::faults::FaultOrders;
use self::group::Group;
use self::ids::Numbers;
use self::latency::Latency;
use self::quota::Meter;
use self::styles::Styles;
use self::throttle::Throttle;
use self::token::{TokenSpec, Tokens};
use self::usage::Usage;
use crate::options::SandboxOptions;

/// Everything that changes while the sandbox runs.
pub(crate) struct World {
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) tokens: Tokens,
    pub(crate) styles: Styles,
    pub(crate) usage: Usage,
    pub(crate) meter: Meter,
    pub(crate) latency: Latency,
    /// From which latencies are drawn.
    pub(crate) chance: Rng,
    pub(crate) faults: FaultOrders,
    pub(crate) throttle: Option<Throttle>,
    pub(crate) calls: CallLog,
    pub(crate) executions: ExecutionLog,
    pub(crate) held: Held,
    pub(crate) clock: Clock,
    pub(crate) numbers: Numbers,
}

/// What became of one id: nothing to add, or the code of its failure.
pub(crate) type ItemResult = (String, Result<(), i64>);

impl World {
    /// Carries a decision out and notes what it changed; nothing for a group that is no more.
    pub(crate) fn execute(&mut self, intent: &Intent) -> Vec<ItemResult> {
        let Some(group) = self.groups.get_mut(&intent.group) else { return Vec::new() };
        let mut results = Vec::new();
        for id in &intent.ids {
            let result = group.decide(intent.decision, id).map(|request| {
                self.executions.push(intent, id, request.created_at);
            });
            results.push((id.clone(), result));
        }
        results
    }

    /// What would become of a decision, which is not carried out.
    pub(crate) fn preview(&self, intent: &Intent) -> Vec<ItemResult> {
        let Some(group) = self.groups.get(&intent.group) else { return Vec::new() };
        let mut group = group.clone();
        let decide = |id: &String| (id.clone(), group.decide(intent.decision, id).map(drop));
        intent.ids.iter().map(decide).collect()
    }

    /// Keeps a decision for later.
    pub(crate) fn hold(&mut self, intent: Intent) {
        if let Some(oldest) = self.held.push(intent) {
            self.execute(&oldest);
        }
    }
}

/// The world and its fixed settings, shared by the Graph edge and the control API.
#[derive(Clone)]
pub(crate) struct Shared {
    /// What the sandbox was started with.
    pub(crate) options: Arc<SandboxOptions>,
    /// Scheme, host and port under which the sandbox is reached.
    pub(crate) base_url: Arc<str>,
    world: Arc<Mutex<World>>,
}

impl Shared {
    pub(crate) fn new(options: SandboxOptions, base_url: &str) -> Self {
        let world = World {
            groups: BTreeMap::new(),
            tokens: Tokens::only(TokenSpec::new(options.token.clone())),
            styles: options.styles,
            usage: Usage::default(),
            meter: Meter::default(),
            latency: Latency::None,
            chance: Rng::with_seed(options.seed),
            faults: FaultOrders::new(options.seed),
            throttle: None,
            calls: CallLog::default(),
            executions: ExecutionLog::default(),
            held: Held::default(),
            clock: Clock::default(),
            numbers: Numbers::default(),
        };
        Self { options: Arc::new(options), base_url: Arc::from(base_url), world: Arc::new(Mutex::new(world)) }
    }

    /// Never held across an await. A panic elsewhere leaves the world usable.
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
