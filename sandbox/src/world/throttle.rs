//! A limit that was ordered to be reached.

use crate::codes;
use crate::world::usage::Usage;

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

    /// Takes one call of those that are refused.
    pub(crate) fn refuse(throttle: &mut Option<Self>) -> Option<Self> {
        let throttle = throttle.as_mut().filter(|throttle| throttle.calls > 0)?;
        throttle.calls -= 1;
        Some(*throttle)
    }
}
