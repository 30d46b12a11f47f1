//! The pace of calls to Graph: a rate, a number at the same time, and pauses that Graph asks for.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::budget::Budget;
use super::pause::{Pause, PauseReason};
use super::quota;
use crate::config::LimitSettings;
use crate::telemetry::{LimitName, Metrics};

/// Why a call was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Graph asked for a pause that lasts longer than the request may wait.
    Paused {
        /// What is left of it.
        retry_after: Duration,
        /// Why Graph asked.
        reason: PauseReason,
    },
    /// Our own limit towards Graph is used up for longer than the request may wait.
    Limited {
        /// When there is room again, as far as known.
        retry_after: Duration,
    },
    /// The deadline passed while waiting.
    DeadlinePassed,
}

/// The right to send one call; given back when dropped.
#[derive(Debug)]
pub struct Permit {
    _slot: OwnedSemaphorePermit,
}

/// Lets calls to Graph through one by one. Everything that waits here waits at most as long as its [`Budget`].
#[derive(Debug)]
pub struct GraphPacing {
    limiter: DefaultDirectRateLimiter,
    slots: Arc<Semaphore>,
    pause: Pause,
    metrics: Arc<Metrics>,
}

impl GraphPacing {
    /// No calls made, no pause.
    pub fn new(settings: &LimitSettings, metrics: Arc<Metrics>) -> Self {
        Self {
            limiter: RateLimiter::direct(quota(settings.graph, settings.graph_burst)),
            slots: Arc::new(Semaphore::new(settings.graph_max_concurrency)),
            pause: Pause::default(),
            metrics,
        }
    }

    /// Waits for a slot, first come first served, and then for the rate.
    pub async fn admit(&self, budget: &mut Budget) -> Result<Permit, Held> {
        let started = Instant::now();
        let result = self.wait_in_turn(budget).await;
        let waited = started.elapsed();
        budget.waited(waited);
        self.metrics.waited(LimitName::Graph, waited);
        if let Err(held) = result {
            let reason = match held {
                Held::Paused { .. } => "paused",
                Held::Limited { .. } => "rate",
                Held::DeadlinePassed => "deadline",
            };
            self.metrics.limited(LimitName::Graph, reason);
        }
        result
    }

    async fn wait_in_turn(&self, budget: &Budget) -> Result<Permit, Held> {
        let until = budget.deadline.capped(budget.wait_left).at();
        let too_late = |retry_after| {
            if budget.deadline.left().is_zero() {
                Held::DeadlinePassed
            } else {
                Held::Limited { retry_after }
            }
        };
        let slot = tokio::time::timeout_at(until.into(), Arc::clone(&self.slots).acquire_owned())
            .await
            .map_err(|_elapsed| too_late(Duration::from_secs(1)))?
            // The semaphore is never closed.
            .map_err(|_closed| Held::DeadlinePassed)?;
        loop {
            let now = Instant::now();
            if let Some((left, reason)) = self.pause.left(now) {
                if now + left > until {
                    return Err(Held::Paused { retry_after: left, reason });
                }
                tokio::time::sleep(left).await;
                continue;
            }
            match self.limiter.check() {
                Ok(()) => return Ok(Permit { _slot: slot }),
                Err(not_until) => {
                    let wait = not_until.wait_time_from(DefaultClock::default().now());
                    if now + wait > until {
                        return Err(too_late(wait));
                    }
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// Graph throttled a call: nothing more is sent until the wait it stated (or our own backoff) is over.
    pub fn throttled(&self, stated: Option<Duration>, reason: PauseReason) -> Duration {
        let wait = self.pause.begin(stated, reason, Instant::now());
        self.metrics.graph_paused(Some(SystemTime::now() + wait));
        wait
    }

    /// Graph served a call.
    pub fn served(&self) {
        self.pause.served(Instant::now());
        if self.pause.left(Instant::now()).is_none() {
            self.metrics.graph_paused(None);
        }
    }
}
