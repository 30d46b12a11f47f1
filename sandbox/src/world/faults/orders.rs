//! Which calls an ordered fault meets.

use std::sync::Arc;

use fastrand::Rng;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::error::ControlError;
use crate::world::faults::fault::Fault;
use crate::world::verb::Verb;

/// Orders that wait at most.
pub const MAX_FAULTS: usize = 1_000;

/// A fault and the calls it meets. Exactly one of `calls` and `rate` is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultOrder {
    /// What goes wrong.
    pub fault: Fault,
    /// Meets the next so many matching calls, at least 1.
    #[serde(default)]
    pub calls: Option<usize>,
    /// Meets this share of the matching calls, 0 to 1, until it is cancelled.
    #[serde(default)]
    pub rate: Option<f64>,
    /// Only calls about this group; by default any call of Graph.
    #[serde(default)]
    pub group: Option<String>,
    /// Only calls with this verb; by default any.
    #[serde(default)]
    pub verb: Option<Verb>,
}

impl FaultOrder {
    /// Meets the next so many calls.
    pub fn next(calls: usize, fault: Fault) -> Self {
        Self { fault, calls: Some(calls), ..Self::default() }
    }

    /// Meets a share of the calls, 0 to 1.
    pub fn at_rate(rate: f64, fault: Fault) -> Self {
        Self { fault, rate: Some(rate), ..Self::default() }
    }

    /// The same for calls about one group only.
    #[must_use]
    pub fn for_group(self, group: &str) -> Self {
        Self { group: Some(group.to_owned()), ..self }
    }

    /// The same for calls with one verb only.
    #[must_use]
    pub fn for_verb(self, verb: Verb) -> Self {
        Self { verb: Some(verb), ..self }
    }

    fn is_within_bounds(&self) -> bool {
        let calls = match (self.calls, self.rate) {
            (Some(calls), None) => calls > 0,
            (None, Some(rate)) => (0.0..=1.0).contains(&rate),
            (Some(_), Some(_)) | (None, None) => false,
        };
        calls && self.fault.is_within_bounds()
    }
}

/// An order that waits.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FaultOrderView {
    /// By which it is cancelled; counts up from 1.
    pub id: u64,
    /// The order; `calls` says how many are left.
    pub order: FaultOrder,
    /// Calls it has met.
    pub met: u64,
}

/// The fault that a call meets.
#[derive(Debug, Clone, Default)]
pub(crate) struct MetFault {
    pub(crate) order: Option<u64>,
    pub(crate) fault: Arc<Fault>,
}

struct Waiting {
    id: u64,
    order: FaultOrder,
    fault: Arc<Fault>,
    met: u64,
}

/// The orders, first come first looked at.
pub(crate) struct FaultOrders {
    waiting: Vec<Waiting>,
    last: u64,
    chance: Rng,
}

impl FaultOrders {
    pub(crate) fn new(seed: u64) -> Self {
        Self { waiting: Vec::new(), last: 0, chance: Rng::with_seed(seed) }
    }

    /// Begins the sequence of chances anew.
    pub(crate) fn seed(&mut self, seed: u64) {
        self.chance = Rng::with_seed(seed);
    }

    pub(crate) fn push(&mut self, order: FaultOrder) -> Result<u64, ControlError> {
        if !order.is_within_bounds() {
            return Err(ControlError::InvalidValue);
        }
        if self.waiting.len() >= MAX_FAULTS {
            return Err(ControlError::TooMany);
        }
        self.last += 1;
        let fault = Arc::new(order.fault.clone());
        self.waiting.push(Waiting { id: self.last, order, fault, met: 0 });
        Ok(self.last)
    }

    pub(crate) fn cancel(&mut self, id: u64) -> Result<(), ControlError> {
        let at = self.waiting.iter().position(|waiting| waiting.id == id);
        self.waiting.remove(at.ok_or(ControlError::UnknownOrder)?);
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn all(&self) -> Vec<FaultOrderView> {
        let view = |one: &Waiting| FaultOrderView { id: one.id, order: one.order.clone(), met: one.met };
        self.waiting.iter().map(view).collect()
    }

    /// The fault of the call that begins now: of the first order that matches and, by rate, hits.
    pub(crate) fn meet(&mut self, group: Option<&str>, verb: Option<Verb>) -> MetFault {
        let Self { waiting, chance, .. } = self;
        let hit = waiting.iter_mut().enumerate().find(|(_, Waiting { order, .. })| {
            (order.group.is_none() || order.group.as_deref() == group)
                && (order.verb.is_none() || order.verb == verb)
                && order.rate.is_none_or(|rate| chance.f64() < rate)
        });
        let Some((at, hit)) = hit else { return MetFault::default() };
        hit.met += 1;
        let met = MetFault { order: Some(hit.id), fault: Arc::clone(&hit.fault) };
        if let Some(calls) = &mut hit.order.calls {
            *calls -= 1;
            if *calls == 0 {
                waiting.remove(at);
            }
        }
        met
    }
}
