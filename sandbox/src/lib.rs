//! A simulator of the *group join request* edge of Meta's Graph API for WhatsApp.
//!
//! [`Sandbox::start`] opens a server on a socket of its own. It answers
//! `/{version}/{group_id}/join_requests` and `/{version}/debug_token` the way Graph is documented to,
//! and refuses what Graph would refuse. [`Control`] arranges groups and requests, injects trouble and
//! reads back every call received; the same functions are served as JSON under `/_sandbox`.
//!
//! Rule: nothing here is shared with the gateway, so that a misreading of Graph on one side is not
//! repeated on the other. Everything lives in memory and is bounded.

mod codec;
mod codes;
mod control;
mod control_http;
mod graph;
mod options;
mod server;
mod world;

pub use control::error::ControlError;
pub use control::seed::SeededGroup;
pub use control::spec::{GroupSpec, GroupView, RequestSpec, RequestView};
pub use control::{Control, MAX_GROUPS, MAX_REQUESTS};
pub use control_http::document::control_openapi;
pub use options::SandboxOptions;
pub use server::{RunningSandbox, Sandbox};
pub use world::calls::{MAX_CALLS, MAX_RECORDED_BODY, RecordedCall};
pub use world::clock::MAX_CLOCK_OFFSET;
pub use world::executions::{Execution, HeldDecision, MAX_EXECUTIONS, MAX_HELD};
pub use world::faults::{
    AnswerFault, Effect, Fault, FaultOrder, FaultOrderView, Length, MAX_FAULT_BODY, MAX_FAULTS, MAX_WAIT,
};
pub use world::latency::{Latency, MAX_LATENCY_MS};
pub use world::quota::{MAX_QUOTA_CALLS, MAX_QUOTA_WINDOW_S, Quota, QuotaUse, QuotaView, Quotas};
pub use world::styles::{
    AbsentWaId, DecisionStyle, ErrorDataStyle, PartialStyle, RefusalStyle, Styles, UnknownGroupStyle,
};
pub use world::token::{MAX_TOKENS, Standing, TokenSpec, TokenView};
pub use world::verb::Verb;
