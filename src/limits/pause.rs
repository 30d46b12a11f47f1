//! A pause in which nothing is sent to Graph, because Graph said so.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The first wait when Graph asks for a pause and names none; doubled each time up to [`LONGEST_UNSTATED`].
const FIRST_UNSTATED: Duration = Duration::from_secs(5);
const LONGEST_UNSTATED: Duration = Duration::from_mins(5);
/// No single answer of Graph stops the gateway for longer.
const LONGEST: Duration = Duration::from_hours(1);

#[derive(Debug, Default)]
struct State {
    until: Option<Instant>,
    /// Pauses since the last answer that was none.
    in_a_row: u32,
}

/// Whether Graph asked us to stop, and until when.
#[derive(Debug, Default)]
pub(super) struct Pause(Mutex<State>);

impl Pause {
    /// What is left of the pause.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.until.and_then(|until| until.checked_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// Graph throttled a call. The longest of the wait it stated, our own backoff when it stated none, and what is
    /// left of the present pause counts. Answers the length from now.
    pub(super) fn begin(&self, stated: Option<Duration>, now: Instant) -> Duration {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let present = state.until.and_then(|until| until.checked_duration_since(now)).unwrap_or_default();
        // Calls that were under way together are one throttling, not several.
        if present.is_zero() {
            state.in_a_row = state.in_a_row.saturating_add(1);
        }
        let doubled = FIRST_UNSTATED.saturating_mul(1 << state.in_a_row.saturating_sub(1).min(16));
        let wait =
            stated.unwrap_or_else(|| doubled.min(LONGEST_UNSTATED)).clamp(Duration::from_secs(1), LONGEST);
        let wait = wait.max(present);
        state.until = Some(now + wait);
        wait
    }

    /// Graph served a call; the next pause without a stated wait starts short again.
    pub(super) fn served(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.in_a_row = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stated_wait_is_kept_and_never_shortened() {
        let (pause, now) = (Pause::default(), Instant::now());
        assert_eq!(pause.begin(Some(Duration::from_mins(1)), now), Duration::from_mins(1));
        assert_eq!(pause.begin(Some(Duration::from_secs(2)), now), Duration::from_mins(1));
        assert_eq!(pause.left(now + Duration::from_secs(59)), Some(Duration::from_secs(1)));
        assert_eq!(pause.left(now + Duration::from_mins(1)), None);
    }

    #[test]
    fn unstated_waits_double_until_graph_serves_again() {
        let (pause, mut now) = (Pause::default(), Instant::now());
        let mut next = || {
            let wait = pause.begin(None, now);
            now += wait;
            wait.as_secs()
        };
        assert_eq!([next(), next(), next()], [5, 10, 20]);
        pause.served();
        assert_eq!(pause.begin(None, now + Duration::from_secs(1)).as_secs(), 5);
    }

    #[test]
    fn no_pause_is_longer_than_an_hour() {
        assert_eq!(Pause::default().begin(Some(Duration::MAX), Instant::now()), LONGEST);
    }
}
