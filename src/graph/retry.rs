//! When a call of Graph may be sent again: the one place that decides it.

use std::fmt;
use std::time::Duration;

use tower::retry::budget::{Budget as _, TpsBudget};

use super::codes::ErrorClass;
use super::fault::GraphError;
use crate::limits::Budget;

/// Retries count against the calls of this long.
const WINDOW: Duration = Duration::from_secs(10);
/// Retries a second that are allowed however few calls there are.
const FLOOR: u32 = 3;

/// What a second execution would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Safety {
    /// Nothing: it may be repeated after anything that may pass.
    Read,
    /// It might decide about another request under the same id: it may be repeated only when it surely was not executed.
    Write,
}

/// What to do after a failed try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing more.
    Stop,
    /// Wait so long, then send again.
    Wait(Duration),
    /// Send again; the pause that Graph asked for is waited for where all calls wait.
    AfterPause,
    /// Send again with the other token.
    OtherToken,
}

/// Full jitter: a random part of a ceiling that doubles with every try.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// Panics unless `first` is more than nothing and at most `longest`; in a constant, that is the compiler's doing.
    pub(super) const fn new(first: Duration, longest: Duration) -> Self {
        assert!(!first.is_zero() && first.as_nanos() <= longest.as_nanos(), "waits out of order");
        Self { first, longest }
    }

    /// The wait before the next try; `share` is random, 0 to 255.
    fn wait(self, tries: u32, share: u8) -> Duration {
        let ceiling = self.first.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(self.longest);
        ceiling * u32::from(share) / u32::from(u8::MAX)
    }
}

/// The rules for all calls, and the one budget that their retries share.
pub(super) struct RetryPolicy {
    max_attempts: u32,
    backoff: Backoff,
    budget: TpsBudget,
    /// What a write needs to be sent.
    least_for_write: Duration,
}

impl RetryPolicy {
    /// At most `max_attempts` tries of one call; retries are at most the share `budget` (0 to 1) of all calls, and
    /// [`FLOOR`] a second more. A write is tried again only when `least_for_write` will be left.
    pub(super) fn new(max_attempts: u32, backoff: Backoff, budget: f32, least_for_write: Duration) -> Self {
        let budget = TpsBudget::new(WINDOW, FLOOR, budget.clamp(0.0, 1.0));
        Self { max_attempts, backoff, budget, least_for_write }
    }

    /// A call begins: it earns its share of a retry.
    pub(super) fn begin(&self) {
        self.budget.deposit();
    }

    /// Takes one retry out of the shared budget.
    pub(super) fn may_retry(&self) -> bool {
        self.budget.withdraw()
    }

    /// What to do after the try number `tries` ended with `error`; `other_token` when there is one that this call
    /// has not tried.
    pub(super) fn next(
        &self,
        safety: Safety,
        error: &GraphError,
        tries: u32,
        other_token: bool,
        left: &Budget,
    ) -> Next {
        let next = match error {
            // Another token is another call: it takes nothing from the tries or the budget, and comes once.
            GraphError::Refused(refusal) if refusal.class == ErrorClass::Credential => {
                return if refusal.not_executed && other_token { Next::OtherToken } else { Next::Stop };
            }
            GraphError::Refused(refusal) if refusal.class == ErrorClass::Throttle && refusal.not_executed => {
                let wait = refusal.wait.unwrap_or_default();
                if wait < left.wait_left { Next::AfterPause } else { Next::Stop }
            }
            // A smaller page is asked for instead, by whoever knows the size.
            GraphError::Refused(refusal) if refusal.asks_for_less => Next::Stop,
            GraphError::NotConnected => self.wait(error, tries),
            _ if safety == Safety::Read && error.read_repeatable() => self.wait(error, tries),
            GraphError::Held(_)
            | GraphError::TimedOut
            | GraphError::Broken
            | GraphError::Unreadable { .. }
            | GraphError::Refused(_) => Next::Stop,
        };
        let wait = match next {
            Next::Stop | Next::OtherToken => return next,
            Next::Wait(wait) => wait,
            Next::AfterPause => error.retry_after().unwrap_or_default(),
        };
        let needed = match safety {
            Safety::Read => wait,
            Safety::Write => wait.saturating_add(self.least_for_write),
        };
        let fits = needed < left.deadline.left();
        if tries < self.max_attempts && fits && self.may_retry() { next } else { Next::Stop }
    }

    /// A wait that Graph asks for is obeyed, and never shorter than our own.
    fn wait(&self, error: &GraphError, tries: u32) -> Next {
        Next::Wait(self.backoff.wait(tries, random_share()).max(error.retry_after().unwrap_or_default()))
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { max_attempts, backoff, budget: _, least_for_write: _ } = self;
        formatter
            .debug_struct("RetryPolicy")
            .field("max_attempts", max_attempts)
            .field("backoff", backoff)
            .finish_non_exhaustive()
    }
}

pub(super) fn random_share() -> u8 {
    let mut byte = [0_u8; 1];
    // Without randomness the wait is the whole ceiling: later, never sooner.
    if aws_lc_rs::rand::fill(&mut byte).is_err() {
        return u8::MAX;
    }
    byte[0]
}

#[cfg(test)]
mod tests {
    use super::super::refusal::{NamedError, Refusal};
    use super::*;
    use crate::domain::Deadline;
    use crate::limits::{Held, Priority};

    fn policy() -> RetryPolicy {
        let millisecond = Duration::from_millis(1);
        RetryPolicy::new(3, Backoff::new(millisecond, millisecond), 0.1, Duration::from_secs(4))
    }

    fn left() -> Budget {
        Budget::new(Priority::Read, Deadline::after(Duration::from_mins(1)), Duration::from_secs(2))
    }

    fn refused(code: u32, http_status: u16, seconds: Option<u64>) -> GraphError {
        let error = NamedError { code: Some(code), ..NamedError::default() };
        GraphError::Refused(Refusal::of_call(error, http_status, seconds.map(Duration::from_secs)))
    }

    /// What follows the first try: of a read, and of a write.
    fn after(error: &GraphError) -> [&'static str; 2] {
        [Safety::Read, Safety::Write].map(|safety| match policy().next(safety, error, 1, true, &left()) {
            Next::Stop => "stop",
            Next::Wait(_) => "wait",
            Next::AfterPause => "after pause",
            Next::OtherToken => "other token",
        })
    }

    #[test]
    fn a_write_is_repeated_only_when_it_surely_was_not_executed() {
        for (error, expected) in [
            (GraphError::NotConnected, ["wait", "wait"]),
            (GraphError::TimedOut, ["wait", "stop"]),
            (GraphError::Broken, ["wait", "stop"]),
            (GraphError::Unreadable { http_status: 200, drift: None }, ["wait", "stop"]),
            (GraphError::Held(Held::DeadlinePassed), ["stop", "stop"]),
            (refused(2, 503, None), ["wait", "stop"]),
            (refused(1, 500, None), ["wait", "stop"]),
            (refused(131_000, 500, None), ["wait", "stop"]),
            (refused(987_654, 500, None), ["wait", "stop"]),
            // Nothing says that a bare 429 executed nothing.
            (refused(987_654, 429, Some(1)), ["stop", "stop"]),
            (refused(80_007, 400, Some(1)), ["after pause", "after pause"]),
            (refused(80_007, 400, Some(3)), ["stop", "stop"]),
            (refused(190, 401, None), ["other token", "other token"]),
            (refused(131_204, 400, None), ["stop", "stop"]),
            (refused(3, 500, None), ["stop", "stop"]),
            (refused(131_041, 400, None), ["stop", "stop"]),
        ] {
            assert_eq!(after(&error), expected, "{error:?}");
        }
    }

    #[test]
    fn tries_time_and_tokens_come_to_an_end() {
        let policy = policy();
        let error = GraphError::NotConnected;
        assert_eq!(policy.next(Safety::Read, &error, 3, false, &left()), Next::Stop);
        let late = Budget::new(Priority::Read, Deadline::after(Duration::ZERO), Duration::from_secs(2));
        assert_eq!(policy.next(Safety::Read, &error, 1, false, &late), Next::Stop);
        let short =
            Budget::new(Priority::Read, Deadline::after(Duration::from_secs(4)), Duration::from_secs(2));
        assert_eq!(policy.next(Safety::Write, &error, 1, false, &short), Next::Stop, "no time for a look");
        assert_eq!(policy.next(Safety::Read, &refused(190, 401, None), 1, false, &left()), Next::Stop);
    }

    #[test]
    fn retries_share_one_budget() {
        let policy = policy();
        let retried = |calls: u32| {
            (0..calls).for_each(|_| policy.begin());
            std::iter::repeat_with(|| policy.next(Safety::Read, &GraphError::TimedOut, 1, false, &left()))
                .take_while(|next| *next != Next::Stop)
                .count()
        };
        // The floor alone, over the window; then a tenth of a hundred calls.
        assert_eq!([retried(0), retried(100)], [30, 10]);
    }

    #[test]
    fn waits_double_up_to_the_longest_and_start_at_nothing() {
        let milliseconds = Duration::from_millis;
        let backoff = Backoff::new(milliseconds(50), milliseconds(1000));
        let longest = (1..=7).map(|tries| backoff.wait(tries, u8::MAX).as_millis()).collect::<Vec<_>>();
        assert_eq!(longest, [50, 100, 200, 400, 800, 1000, 1000]);
        assert_eq!(backoff.wait(7, 0), Duration::ZERO);
        assert_eq!(backoff.wait(u32::MAX, u8::MAX), milliseconds(1000));
    }

    #[test]
    #[should_panic(expected = "waits out of order")]
    fn waits_that_shrink_cannot_be_built() {
        Backoff::new(Duration::from_millis(2), Duration::from_millis(1));
    }
}
