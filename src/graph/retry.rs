//! The one loop that repeats calls. Only reads come here: no write is ever sent twice.

use std::time::Duration;

use super::fault::GraphError;
use crate::limits::Budget;

/// Full jitter between zero and `FIRST` · 2ⁿ, at most `LONGEST`.
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// Calls until it succeeds, fails for good, has been tried `max_attempts` times, or the next wait would not end
/// before the deadline. `on_retry` is told the fault before each further try.
pub(super) async fn repeat_read<T>(
    max_attempts: u32,
    budget: &mut Budget,
    mut attempt: impl AsyncFnMut(&mut Budget) -> Result<T, GraphError>,
    on_retry: impl Fn(&GraphError),
) -> Result<T, GraphError> {
    let mut tries = 0;
    loop {
        let error = match attempt(budget).await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        tries += 1;
        // A wait that Graph asks for is obeyed if it fits, else the caller is told.
        let wait = backoff(tries, random_share()).max(error.retry_after().unwrap_or_default());
        if !error.read_repeatable() || tries >= max_attempts || wait >= budget.deadline.left() {
            return Err(error);
        }
        on_retry(&error);
        tokio::time::sleep(wait).await;
        budget.spent.graph += wait;
    }
}

/// The wait before the next try; `share` is random, 0 to 255.
fn backoff(tries: u32, share: u8) -> Duration {
    let ceiling = FIRST.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST);
    ceiling * u32::from(share) / u32::from(u8::MAX)
}

fn random_share() -> u8 {
    let mut byte = [0_u8; 1];
    // Without randomness the wait is the whole ceiling: later, never sooner.
    if aws_lc_rs::rand::fill(&mut byte).is_err() {
        return u8::MAX;
    }
    byte[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_second_and_start_at_nothing() {
        let longest = (1..=7).map(|tries| backoff(tries, u8::MAX).as_millis()).collect::<Vec<_>>();
        assert_eq!(longest, [50, 100, 200, 400, 800, 1000, 1000]);
        assert_eq!(backoff(7, 0), Duration::ZERO);
        assert_eq!(backoff(u32::MAX, u8::MAX), LONGEST);
    }
}
