//! The account of one request: its log line and its metrics, written exactly once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{Level, Span};

use super::finish::Ending;
use crate::api::extract::RequestContext;
use crate::limits::Spent;
use crate::telemetry::{Fault, InFlight, Metrics, Route, spans};

/// What stands for the status when the caller went away before there was an answer.
const CALLER_WENT_AWAY: u16 = 499;

/// A request that is being served. Dropped without an answer, it tells that the caller went away.
#[derive(Debug)]
pub(super) struct Account {
    metrics: Arc<Metrics>,
    context: RequestContext,
    span: Span,
    route: Route,
    method: &'static str,
    started: Instant,
    closed: bool,
    _in_flight: InFlight,
}

impl Account {
    pub(super) fn open(
        metrics: &Arc<Metrics>,
        (context, span): (&RequestContext, &Span),
        route: Route,
        method: &'static str,
    ) -> Self {
        Self {
            metrics: Arc::clone(metrics),
            context: context.clone(),
            span: span.clone(),
            route,
            method,
            started: Instant::now(),
            closed: false,
            _in_flight: metrics.enter_request(),
        }
    }

    /// There is an answer.
    pub(super) fn close(mut self, status: u16, ending: Ending, spent: Spent) {
        let took = self.started.elapsed();
        self.metrics.overhead(self.route, took.saturating_sub(spent.queue).saturating_sub(spent.graph));
        self.write(status, ending, took, spent);
    }

    fn write(&mut self, status: u16, ending: Ending, took: Duration, spent: Spent) {
        self.closed = true;
        self.metrics.request_answered(self.route, self.method, status, ending.fault, took);
        spans::answered(&self.span, status, ending.problem);
        // The path is left out: it holds a group id.
        macro_rules! line {
            ($level:expr) => {
                tracing::event!(
                    $level,
                    request_id = &*self.context.request_id,
                    trace_id = %self.context.trace.trace_id(),
                    method = self.method,
                    route = self.route.as_str(),
                    status,
                    problem = ending.problem,
                    fault = ending.fault.as_str(),
                    took_ms = milliseconds(took),
                    queue_ms = milliseconds(spent.queue),
                    graph_ms = milliseconds(spent.graph),
                    graph_calls = spent.attempts,
                    "request answered"
                )
            };
        }
        match status {
            500.. => line!(Level::ERROR),
            400.. => line!(Level::WARN),
            0..400 => line!(Level::INFO),
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if !self.closed {
            let ending = Ending { fault: Fault::Caller, problem: None };
            self.write(CALLER_WENT_AWAY, ending, self.started.elapsed(), Spent::default());
        }
    }
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}
