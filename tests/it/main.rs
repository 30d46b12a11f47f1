//! Black-box tests: the real server on a free port, Graph's sandbox or a scripted upstream at the other end of a
//! socket.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod admission;
mod architecture;
mod audit_file;
mod commands;
mod contract;
mod corpus;
mod decide;
mod docs_page;
mod fault_outcomes;
mod generated;
mod graph_answers;
mod graph_tokens;
mod in_doubt;
mod inbound;
mod issuer_keys;
mod kubernetes;
mod kubernetes_guide;
mod life_cycle;
mod limits;
mod list;
mod log_reader;
mod logs;
mod metrics;
mod model;
mod monitoring;
mod pacing;
mod privacy;
mod reloading;
mod repeats;
mod replicas;
mod rights;
mod series;
mod shared_limits;
mod shared_reads;
mod store;
mod stress;
mod support;
mod traces;
mod transport;
