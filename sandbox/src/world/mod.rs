//! The simulated world: groups, the token, trouble to come, and the calls seen. No HTTP here.

pub(crate) mod calls;
pub(crate) mod faults;
pub(crate) mod group;
pub(crate) mod ids;
pub(crate) mod token;
pub(crate) mod usage;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::calls::CallLog;
use self::faults::Faults;
use self::group::Group;
use self::ids::Numbers;
use self::token::Token;
use self::usage::Usage;
use crate::options::SandboxOptions;

/// Everything that changes while the sandbox runs.
pub(crate) struct World {
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) token: Token,
    pub(crate) usage: Usage,
    pub(crate) faults: Faults,
    pub(crate) calls: CallLog,
    pub(crate) numbers: Numbers,
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
            token: Token::new(options.token.clone()),
            usage: Usage::default(),
            faults: Faults::default(),
            calls: CallLog::default(),
            numbers: Numbers::default(),
        };
        Self { options: Arc::new(options), base_url: Arc::from(base_url), world: Arc::new(Mutex::new(world)) }
    }

    /// Never held across an await. A panic elsewhere leaves the world usable.
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
