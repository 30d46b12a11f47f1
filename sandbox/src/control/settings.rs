//! How Graph is disposed: tokens, styles, quotas, latency, clock and chance.

use std::time::Instant;

use fastrand::Rng;

use crate::control::Control;
use crate::control::error::ControlError;
use crate::world::clock::{Clock, MAX_CLOCK_OFFSET};
use crate::world::latency::Latency;
use crate::world::quota::{Meter, QuotaView, Quotas};
use crate::world::styles::Styles;
use crate::world::token::{TokenSpec, TokenView, Tokens};
use crate::world::usage::Usage;

#[expect(clippy::multiple_inherent_impl, reason = "one handle, and a file for each part of the world")]
impl Control {
    /// Accepts this token from now on, with both scopes, and no other.
    pub fn set_token(&self, token: &str) {
        self.shared.lock().tokens = Tokens::only(TokenSpec::new(token));
    }

    /// Accepts one more token, or an old one anew. At most [`MAX_TOKENS`](crate::MAX_TOKENS) are known.
    pub fn add_token(&self, spec: TokenSpec) -> Result<(), ControlError> {
        if !spec.is_within_bounds() {
            return Err(ControlError::InvalidValue);
        }
        if self.shared.lock().tokens.add(spec) { Ok(()) } else { Err(ControlError::TooMany) }
    }

    /// The known tokens, oldest first.
    pub fn tokens(&self) -> Vec<TokenView> {
        let world = self.shared.lock();
        world.tokens.all(world.clock.now())
    }

    /// Revokes every token: calls with one are refused with 190, subcode 467.
    pub fn revoke_token(&self) {
        self.shared.lock().tokens.revoke_all();
    }

    /// Revokes one token.
    pub fn revoke(&self, token: &str) -> Result<(), ControlError> {
        if self.shared.lock().tokens.revoke(token) { Ok(()) } else { Err(ControlError::UnknownToken) }
    }

    /// How answers look.
    pub fn styles(&self) -> Styles {
        self.shared.lock().styles
    }

    /// Sets how answers look from now on.
    pub fn set_styles(&self, styles: Styles) {
        self.shared.lock().styles = styles;
    }

    /// The quotas and their use.
    pub fn quota(&self) -> QuotaView {
        self.shared.lock().meter.view(Instant::now())
    }

    /// Sets the quotas; their use begins anew.
    pub fn set_quotas(&self, quotas: Quotas) -> Result<(), ControlError> {
        if !quotas.is_within_bounds() {
            return Err(ControlError::InvalidValue);
        }
        self.shared.lock().meter = Meter::new(quotas);
        Ok(())
    }

    /// Sets what the usage headers report, in percent and minutes; `None` leaves a header out. Where a
    /// quota of the app is set, its use is reported instead.
    pub fn set_usage(
        &self,
        app_percent: Option<u32>,
        business_percent: Option<u32>,
        regain_minutes: Option<u32>,
    ) {
        self.shared.lock().usage = Usage { app_percent, business_percent, regain_minutes };
    }

    /// The latency of answers.
    pub fn latency(&self) -> Latency {
        self.shared.lock().latency
    }

    /// Adds this latency to every answer from now on; at most a minute.
    pub fn set_latency(&self, latency: Latency) -> Result<(), ControlError> {
        if !latency.is_within_bounds() {
            return Err(ControlError::InvalidValue);
        }
        self.shared.lock().latency = latency;
        Ok(())
    }

    /// Puts Graph's own clock so many seconds before (or, below 0, behind) the machine's: the `Date`
    /// header, the time of new requests, the life of tokens. At most [`MAX_CLOCK_OFFSET`] either way.
    pub fn set_clock_offset(&self, seconds: i64) -> Result<(), ControlError> {
        if !(-MAX_CLOCK_OFFSET..=MAX_CLOCK_OFFSET).contains(&seconds) {
            return Err(ControlError::InvalidValue);
        }
        self.shared.lock().clock = Clock { offset_s: seconds };
        Ok(())
    }

    /// Begins all chance anew: the same seed and the same calls give the same faults and latencies.
    pub fn set_seed(&self, seed: u64) {
        let mut world = self.shared.lock();
        world.faults.seed(seed);
        world.chance = Rng::with_seed(seed);
    }
}
