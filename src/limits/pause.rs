//! A pause in which nothing is sent to Graph, because Graph said so or is in trouble.

use std::time::{Duration, Instant};

/// Our own backoff: the shortest first pause; doubled with every pause in a row, up to [`LONGEST_BACKOFF`].
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_mins(5);
/// No single answer of Graph stops the gateway for longer.
const LONGEST: Duration = Duration::from_hours(1);

/// Why nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseReason {
    /// A quota of Meta's is used up.
    Quota,
    /// The account or number is in maintenance.
    Maintenance,
    /// Graph does not answer, or not as it should.
    Trouble,
}

impl PauseReason {
    /// The word that other replicas know it by.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Quota => "quota",
            Self::Maintenance => "maintenance",
            Self::Trouble => "trouble",
        }
    }

    /// The reason behind a word of another replica. One that we do not know is Graph's, whatever it is.
    pub(super) fn of_word(word: &str) -> Self {
        let known = [Self::Quota, Self::Maintenance, Self::Trouble];
        known.into_iter().find(|reason| reason.as_str() == word).unwrap_or(Self::Quota)
    }
}

/// Whether nothing may be sent, and until when.
#[derive(Debug, Default)]
pub(super) struct Pause {
    until: Option<(Instant, PauseReason)>,
    /// Pauses since the last answer that was none.
    in_a_row: u32,
}

impl Pause {
    /// What is left of the pause.
    pub(super) fn left(&self, now: Instant) -> Option<(Duration, PauseReason)> {
        let (until, reason) = self.until?;
        until.checked_duration_since(now).filter(|left| !left.is_zero()).map(|left| (left, reason))
    }

    /// Graph throttled a call. The longest of the wait it stated, our own backoff, and what is left of the present
    /// pause counts. Answers the length from now.
    pub(super) fn begin(&mut self, stated: Option<Duration>, reason: PauseReason, now: Instant) -> Duration {
        // Calls that were under way together are one throttling, not several.
        if self.left(now).is_none() {
            self.in_a_row = self.in_a_row.saturating_add(1);
        }
        let backoff = FIRST_BACKOFF.saturating_mul(1 << self.in_a_row.saturating_sub(1).min(16));
        let wait = stated.unwrap_or_default().max(backoff.min(LONGEST_BACKOFF)).min(LONGEST);
        self.rest(wait, reason, now)
    }

    /// Pauses since the last answer that was none.
    pub(super) const fn row(&self) -> u32 {
        self.in_a_row
    }

    /// Another replica has met so many in a row.
    pub(super) fn adopt_row(&mut self, row: u32) {
        self.in_a_row = self.in_a_row.max(row);
    }

    /// Nothing for so long, or for what is left of the present pause. Answers the length from now.
    pub(super) fn rest(&mut self, wait: Duration, reason: PauseReason, now: Instant) -> Duration {
        let present = self.left(now).map(|(left, _)| left).unwrap_or_default();
        let wait = wait.max(present);
        self.until = Some((now + wait, reason));
        wait
    }

    /// Graph served a call; unless a pause has begun meanwhile, the next one starts short again.
    pub(super) fn served(&mut self, now: Instant) {
        if self.left(now).is_none() {
            self.in_a_row = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PauseReason::Quota;
    use super::*;

    #[test]
    fn a_stated_wait_is_kept_and_never_shortened() {
        let (mut pause, now) = (Pause::default(), Instant::now());
        assert_eq!(pause.begin(Some(Duration::from_mins(1)), Quota, now), Duration::from_mins(1));
        assert_eq!(pause.begin(Some(Duration::from_secs(2)), Quota, now), Duration::from_mins(1));
        assert_eq!(pause.left(now + Duration::from_secs(59)), Some((Duration::from_secs(1), Quota)));
        assert_eq!(pause.left(now + Duration::from_mins(1)), None);
    }

    #[test]
    fn pauses_in_a_row_double_even_when_graph_states_less() {
        let (mut pause, mut now) = (Pause::default(), Instant::now());
        let mut next = |stated| {
            let wait = pause.begin(stated, Quota, now);
            now += wait;
            wait.as_secs()
        };
        let second = Some(Duration::from_secs(1));
        assert_eq!([next(second), next(second), next(None), next(second)], [1, 2, 4, 8]);
        pause.served(now);
        assert_eq!(pause.begin(second, Quota, now).as_secs(), 1);
    }

    #[test]
    fn no_pause_is_longer_than_an_hour() {
        assert_eq!(Pause::default().begin(Some(Duration::MAX), Quota, Instant::now()), LONGEST);
    }

    #[test]
    fn an_answer_to_an_earlier_call_does_not_end_the_row() {
        let (mut pause, now) = (Pause::default(), Instant::now());
        let first = pause.begin(None, Quota, now);
        pause.served(now);
        assert_eq!(pause.begin(None, Quota, now + first).as_secs(), 2);
    }
}
