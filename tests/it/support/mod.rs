//! What the tests stand on: the gateway under test, callers as values, and upstreams that misbehave on command.

mod app;
mod certificate;
mod client;
mod collector;
mod document;
mod issuer;
pub(crate) mod process;
mod program;
pub(crate) mod raw_client;
mod raw_upstream;
mod redis_server;
mod rust_source;

pub(crate) use app::{
    AUDIENCE, DECIDE, GRAPH_TOKEN, ISSUER, READ, SECRET, TestApp, TestAppBuilder, settings_for, token,
};
pub(crate) use certificate::LoopbackCertificate;
pub(crate) use client::{Answer, Client};
pub(crate) use collector::{Collector, Received};
pub(crate) use document::{Operation, document};
pub(crate) use issuer::{Issuer, IssuerKey, REMOTE_ISS, key_set};
pub(crate) use program::run_program;
pub(crate) use raw_upstream::{RawUpstream, Reply, read_request};
pub(crate) use redis_server::{RedisServer, Tls};
pub(crate) use rust_source::{SourceFile, own_modules, source_files, tokens};
