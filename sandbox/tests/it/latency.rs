//! How long answers take.

use std::time::{Duration, Instant};

use joingate_sandbox::{ControlError, Latency, MAX_LATENCY_MS};
use serde_json::json;

use crate::support::{Edge, JSON};

#[tokio::test]
async fn a_latency_is_added_to_every_answer_until_it_is_taken_away() {
    let edge = Edge::start().await;
    let body = json!({"fixed": {"ms": 60}}).to_string();
    assert_eq!(edge.send("PUT", "/_sandbox/latency", &[JSON], &body).await.status, 204);
    assert_eq!(edge.control().latency(), Latency::Fixed { ms: 60 });
    let start = Instant::now();
    edge.list("").await;
    edge.list("?limit=0").await;
    assert!(start.elapsed() >= Duration::from_millis(120));
    assert_eq!(edge.send("PUT", "/_sandbox/latency", &[JSON], "\"none\"").await.status, 204);
    assert_eq!(edge.control().latency(), Latency::None);
}

#[tokio::test]
async fn a_latency_out_of_bounds_is_refused() {
    let edge = Edge::start().await;
    for odd in [
        Latency::Fixed { ms: MAX_LATENCY_MS + 1 },
        Latency::Uniform { min_ms: 2, max_ms: 1 },
        Latency::LogNormal { median_ms: 0, p99_ms: 1 },
        Latency::LogNormal { median_ms: 2, p99_ms: 1 },
    ] {
        assert_eq!(edge.control().set_latency(odd), Err(ControlError::InvalidValue), "{odd:?}");
    }
}
