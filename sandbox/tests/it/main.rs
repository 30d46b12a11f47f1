//! The sandbox as its callers meet it: over real sockets, through its control handle, from a shell.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking; the general exemption covers test functions but not their helpers"
)]

mod access;
mod binary;
mod broken_answers;
mod clock;
mod control_api;
mod deciding;
mod effects;
mod envelope;
mod fault_orders;
mod latency;
mod listing;
mod paging;
mod quotas;
mod recording;
mod requests;
mod routing;
mod styles;
mod support;
mod throttling;
mod tokens;
