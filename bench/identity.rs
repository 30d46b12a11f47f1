//! Who everybody is in a measurement, and the settings that every gateway needs.

use std::time::Duration;

use jiff::Timestamp;
use joingate::cli::token::{SigningKey, TokenContents, mint_token};

use crate::Fallible;

pub(crate) const GRAPH_TOKEN: &str = "graph-token-of-the-bench";
const ISSUER: &str = "https://issuer.bench.invalid";
const AUDIENCE: &str = "joingate";
const SECRET: &str = "a-secret-that-only-the-bench-knows";

/// Settings of a gateway on free ports in front of `graph`, and these: without the prefix in their names.
pub(crate) fn settings(graph: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let common = [
        ("SERVER__LISTEN", "127.0.0.1:0"),
        ("SERVER__ADMIN_LISTEN", "127.0.0.1:0"),
        ("SERVER__DRAIN_DELAY", "0s"),
        ("SERVER__SECRET_KEY", SECRET),
        ("AUTH__ISSUERS__BENCH__ISSUER", ISSUER),
        ("AUTH__ISSUERS__BENCH__AUDIENCE", AUDIENCE),
        ("AUTH__ISSUERS__BENCH__HMAC_SECRET", SECRET),
        ("GRAPH__BASE_URL", graph),
        ("GRAPH__TOKEN", GRAPH_TOKEN),
    ];
    let named = |(name, value): &(&str, &str)| (format!("JOINGATE_{name}"), (*value).to_owned());
    common.iter().chain(more).map(named).collect()
}

/// A token of somebody who may do everything.
pub(crate) fn token(subject: &str) -> Fallible<String> {
    let key = SigningKey::from_bytes(SECRET.as_bytes(), None)?;
    let contents = TokenContents {
        issuer: ISSUER,
        audience: AUDIENCE,
        subject,
        scope: "join_requests:read join_requests:decide",
        groups: Some("*"),
        ttl: Duration::from_hours(1),
        kid: None,
        issued_at: Timestamp::now(),
    };
    Ok(mint_token(&key, &contents)?)
}
