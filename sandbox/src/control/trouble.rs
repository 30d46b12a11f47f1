//! The calls: what was received and done, and what shall go wrong.

use crate::control::Control;
use crate::control::error::ControlError;
use crate::world::calls::RecordedCall;
use crate::world::executions::{Execution, HeldDecision};
use crate::world::faults::{Fault, FaultOrder, FaultOrderView};
use crate::world::throttle::Throttle;

#[expect(clippy::multiple_inherent_impl, reason = "one handle, and a file for each part of the world")]
impl Control {
    /// Every Graph call since the last [`Self::clear_calls`], oldest first.
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.shared.lock().calls.all()
    }

    /// Forgets the calls recorded so far.
    pub fn clear_calls(&self) {
        self.shared.lock().calls.clear();
    }

    /// What decisions really did since the last [`Self::clear_effects`], in order: one entry for every
    /// join request that was taken off a list.
    pub fn effects(&self) -> Vec<Execution> {
        self.shared.lock().executions.all()
    }

    /// Forgets the executions recorded so far.
    pub fn clear_effects(&self) {
        self.shared.lock().executions.clear();
    }

    /// Orders a fault for the next `calls` Graph calls, after those ordered before. Gives the order's
    /// number; bounds as for [`Self::order_fault`].
    pub fn fail_next(&self, calls: usize, fault: Fault) -> Result<u64, ControlError> {
        self.order_fault(FaultOrder::next(calls, fault))
    }

    /// Orders a fault and gives the order's number. Orders are looked at from the oldest to the newest,
    /// and a call meets the first that matches. At most [`MAX_FAULTS`](crate::MAX_FAULTS) wait.
    pub fn order_fault(&self, order: FaultOrder) -> Result<u64, ControlError> {
        self.shared.lock().faults.push(order)
    }

    /// The orders that wait, oldest first.
    pub fn fault_orders(&self) -> Vec<FaultOrderView> {
        self.shared.lock().faults.all()
    }

    /// Cancels one order.
    pub fn cancel_fault(&self, order: u64) -> Result<(), ControlError> {
        self.shared.lock().faults.cancel(order)
    }

    /// Cancels every ordered fault and the throttle. Decisions that are held stay so.
    pub fn clear_faults(&self) {
        let mut world = self.shared.lock();
        world.faults.clear();
        world.throttle = None;
    }

    /// Decisions that were promised and wait: held ones and late ones, oldest first.
    pub fn held(&self) -> Vec<HeldDecision> {
        self.shared.lock().held.all()
    }

    /// Carries out every decision that waits, in the order of the calls, and gives their number.
    pub fn release(&self) -> usize {
        let mut world = self.shared.lock();
        let waiting = world.held.take_all();
        for intent in &waiting {
            world.execute(intent);
        }
        waiting.len()
    }

    /// Refuses the next `calls` authorised calls with a throttle code such as 4, 80007, 131208 or
    /// 130429, with usage headers at 100 percent. Replaces the throttle before; 0 calls lifts it.
    pub fn throttle(&self, code: i64, calls: usize, regain_minutes: Option<u32>) {
        self.shared.lock().throttle = Some(Throttle { code, calls, regain_minutes });
    }
}
