//! Limits in Redis: one script each, by the clock of Redis.

use std::time::Duration;

use super::{SharedStore, keys, milliseconds, unreadable};
use crate::domain::Deadline;
use crate::store::answer::StoreUnavailable;
use crate::store::digests::{AccountDigest, CallerDigest, GroupDigest};
use crate::store::limits::{CallAnswer, LearnedRate, SharedPace, SharedPause, SharedWay, UnitsTaken};

/// How long it is kept what Graph lets us do: a rate that was learned holds for hours.
const WAY_KEPT: Duration = Duration::from_hours(24);

/// Word, wait, reason, time until the burst is there, pauses in a row, epoch, share, share before, and age of the rate.
type Row = (String, u64, String, u64, u32, u64, f64, f64, u64);

#[expect(clippy::multiple_inherent_impl, reason = "limits are an idea of their own")]
impl SharedStore {
    pub(in crate::store) async fn take_units(
        &self,
        caller: CallerDigest,
        pace: SharedPace,
        units: u32,
        until: Deadline,
    ) -> Result<UnitsTaken, StoreUnavailable> {
        let mut call = self.scripts.units.key(keys::caller(caller));
        call.arg(microseconds(pace.interval)).arg(pace.burst).arg(units);
        let (wait, full_in) = self.run::<(u64, u64)>(&call, until).await?;
        Ok(UnitsTaken { wait: Duration::from_micros(wait), full_in: Duration::from_micros(full_in) })
    }

    pub(in crate::store) async fn take_call(
        &self,
        account: AccountDigest,
        group: String,
        pace: SharedPace,
        trying: Duration,
        until: Deadline,
    ) -> Result<SharedWay, StoreUnavailable> {
        let mut call = self.scripts.call.key(keys::way(account));
        call.arg(microseconds(pace.interval)).arg(pace.burst).arg(group);
        call.arg(microseconds(trying)).arg(milliseconds(WAY_KEPT));
        let (word, wait, reason, full_in, row, epoch, share, ceiling, age) =
            self.run::<Row>(&call, until).await?;
        let wait = Duration::from_micros(wait);
        let answer = match word.as_str() {
            "go" => CallAnswer::Go,
            "try" => CallAnswer::Try,
            "looked" => CallAnswer::Looked,
            "wait" => CallAnswer::Wait(wait),
            "trying" => CallAnswer::Trying(wait),
            "paused" => CallAnswer::Paused { left: wait, reason, of_group: false },
            "group_paused" => CallAnswer::Paused { left: wait, reason, of_group: true },
            _ => return Err(unreadable()),
        };
        let (full_in, age) = (Duration::from_micros(full_in), Duration::from_micros(age));
        Ok(SharedWay { answer, full_in, row, epoch, learned: LearnedRate { share, ceiling }, age })
    }

    pub(in crate::store) async fn pause(
        &self,
        account: AccountDigest,
        group: Option<GroupDigest>,
        pause: &SharedPause<'_>,
        until: Deadline,
    ) -> Result<(), StoreUnavailable> {
        let SharedPause { group: _, left, reason, row, pace, learned } = pause;
        let mut call = self.scripts.pause.key(keys::way(account));
        let group = group.map(|group| group.to_string()).unwrap_or_default();
        call.arg(group).arg(microseconds(*left)).arg(*reason);
        call.arg(microseconds(pace.interval)).arg(pace.burst).arg(milliseconds(WAY_KEPT)).arg(row);
        if let Some(LearnedRate { share, ceiling }) = learned {
            call.arg(share).arg(ceiling);
        }
        self.run::<u8>(&call, until).await.map(drop)
    }

    pub(in crate::store) async fn resume(
        &self,
        account: AccountDigest,
        until: Deadline,
    ) -> Result<(), StoreUnavailable> {
        let call = self.scripts.resume.key(keys::way(account));
        self.run::<u8>(&call, until).await.map(drop)
    }
}

fn microseconds(duration: Duration) -> u64 {
    // What is counted in doubles stays exact below this: 100 days.
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).min(8_640_000_000_000)
}
