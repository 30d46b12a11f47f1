//! Trouble that was ordered in advance: throttling and faults for the next calls.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::codes;
use crate::world::usage::Usage;

/// One kind of trouble, applied before the call is processed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum FaultSpec {
    /// Answer at once with this status and body; the call changes nothing.
    HttpError {
        /// HTTP status, 200 to 599.
        status: u16,
        /// The body, sent as it is.
        body: String,
        /// Value of `Content-Type`.
        content_type: String,
    },
    /// Wait this many milliseconds, then process the call as usual, even if the caller has gone.
    Delay(u64),
}

/// A limit that is reached for a number of calls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Throttle {
    pub(crate) code: i64,
    pub(crate) calls: usize,
    pub(crate) regain_minutes: Option<u32>,
}

impl Throttle {
    /// The usage that goes with the refusal: the quota that is used up stands at 100 percent.
    pub(crate) fn usage(self, ordinary: Usage) -> Usage {
        let app_percent = if self.code == codes::APP_LIMIT { Some(100) } else { ordinary.app_percent };
        let business = self.code != codes::APP_LIMIT || self.regain_minutes.is_some();
        Usage {
            app_percent,
            business_percent: if business { Some(100) } else { ordinary.business_percent },
            regain_minutes: self.regain_minutes.or(ordinary.regain_minutes),
        }
    }
}

/// What is in store for the next calls.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    queue: VecDeque<(usize, FaultSpec)>,
    throttle: Option<Throttle>,
}

impl Faults {
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn push(&mut self, calls: usize, fault: FaultSpec) {
        if calls > 0 {
            self.queue.push_back((calls, fault));
        }
    }

    pub(crate) fn set_throttle(&mut self, throttle: Throttle) {
        self.throttle = Some(throttle);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The fault of the call that begins now.
    pub(crate) fn next_fault(&mut self) -> Option<FaultSpec> {
        let (calls, fault) = self.queue.front_mut()?;
        *calls -= 1;
        let (left, fault) = (*calls, fault.clone());
        if left == 0 {
            self.queue.pop_front();
        }
        Some(fault)
    }

    /// The throttle that refuses the call, if one is in force.
    pub(crate) fn next_throttle(&mut self) -> Option<Throttle> {
        let throttle = self.throttle.as_mut().filter(|throttle| throttle.calls > 0)?;
        throttle.calls -= 1;
        Some(*throttle)
    }
}
