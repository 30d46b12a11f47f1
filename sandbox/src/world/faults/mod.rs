//! Trouble that was ordered in advance: what goes wrong, and which calls it meets.

mod fault;
mod orders;

pub use self::fault::{AnswerFault, Effect, Fault, Length, MAX_FAULT_BODY, MAX_WAIT};
pub use self::orders::{FaultOrder, FaultOrderView, MAX_FAULTS};
pub(crate) use self::orders::{FaultOrders, MetFault};
