//! Graph's own clock.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use joingate_sandbox::{ControlError, Fault, MAX_CLOCK_OFFSET};
use serde_json::json;

use crate::support::{Edge, GROUP, JSON, Reply};

/// Seconds by which the `Date` of an answer is ahead of the machine's clock.
fn ahead(reply: &Reply) -> i64 {
    let date = reply.header("date").expect("a date");
    let date = rfc2822::parse(date).expect("a date").timestamp();
    date.as_second() - Timestamp::now().as_second()
}

#[tokio::test]
async fn an_offset_moves_the_date_and_the_time_of_new_requests() {
    let edge = Edge::start().await;
    assert!(ahead(&edge.list("").await).abs() <= 2);
    for offset in [86_400, -86_400] {
        let body = json!({"offset_s": offset}).to_string();
        assert_eq!(edge.send("PUT", "/_sandbox/clock", &[JSON], &body).await.status, 204);
        assert!((ahead(&edge.list("").await) - offset).abs() <= 2);
        edge.control().fail_next(1, Fault::html(502)).expect("room");
        assert!((ahead(&edge.list("").await) - offset).abs() <= 2, "an edge has the same clock");
        edge.open(1);
        let created = edge.control().requests(GROUP).expect("a group").last().map(|one| one.created_at);
        assert!((created.expect("a request") - Timestamp::now().as_second() - offset).abs() <= 2);
    }
}

#[tokio::test]
async fn an_offset_of_more_than_ten_years_is_refused() {
    let edge = Edge::start().await;
    for offset in [MAX_CLOCK_OFFSET, -MAX_CLOCK_OFFSET] {
        assert_eq!(edge.control().set_clock_offset(offset), Ok(()));
        let past = offset + offset.signum();
        assert_eq!(edge.control().set_clock_offset(past), Err(ControlError::InvalidValue));
    }
}
