//! What the tests stand on: the gateway under test, callers as values, and upstreams that misbehave on command.

mod app;
mod client;
pub(crate) mod process;
mod raw_upstream;

pub(crate) use app::{AUDIENCE, DECIDE, GRAPH_TOKEN, ISSUER, READ, SECRET, TestApp, token};
pub(crate) use client::Client;
pub(crate) use raw_upstream::{RawUpstream, Reply};
