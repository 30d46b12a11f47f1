//! What one request may still spend, and what it has spent.

use std::ops::AddAssign;
use std::time::Duration;

use super::Priority;
use crate::domain::Deadline;

/// What a request has spent outside the gateway's own work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Waiting for Graph's limits.
    pub queue: Duration,
    /// Waiting for Graph's answers and between tries.
    pub graph: Duration,
    /// Calls sent to Graph.
    pub attempts: u32,
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.queue += other.queue;
        self.graph += other.graph;
        self.attempts = self.attempts.saturating_add(other.attempts);
    }
}

/// The time and the waiting that one request has left. Handed down to everything that waits.
#[derive(Debug)]
pub struct Budget {
    /// What its calls are for.
    pub priority: Priority,
    /// When the request must be answered.
    pub deadline: Deadline,
    /// How much longer it may wait for Graph's limits, over all its calls.
    pub wait_left: Duration,
    /// What it has spent so far.
    pub spent: Spent,
}

impl Budget {
    /// A fresh budget.
    pub fn new(priority: Priority, deadline: Deadline, max_wait: Duration) -> Self {
        Self { priority, deadline, wait_left: max_wait, spent: Spent::default() }
    }

    /// Notes that the request waited.
    pub(super) fn waited(&mut self, wait: Duration) {
        self.spent.queue += wait;
        self.wait_left = self.wait_left.saturating_sub(wait);
    }
}
