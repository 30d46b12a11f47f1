//! The words of the business: plain values without input or output. Everything that enters the gateway is parsed
//! into one of these types first, so no unchecked text travels inward.

mod caller;
mod deadline;
mod decision;
mod group_id;
mod idempotency_key;
mod join_request;
mod join_request_id;

pub use caller::{Caller, GroupAccess, Rights, Scope};
pub use deadline::Deadline;
pub use decision::{Action, DecisionId};
pub use group_id::{GroupId, InvalidGroupId};
pub use idempotency_key::{IdempotencyKey, InvalidIdempotencyKey};
pub use join_request::JoinRequest;
pub use join_request_id::{InvalidJoinRequestId, JoinRequestId};
